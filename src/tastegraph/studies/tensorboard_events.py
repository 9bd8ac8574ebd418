"""TensorBoard: a run's figures as event files in its folder."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tastegraph.errors import needs_extra

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch.utils.tensorboard import SummaryWriter

    from tastegraph.studies.recipe import Recipe

__all__ = ["EVENTS", "TensorBoard"]

EVENTS = "tensorboard"


class TensorBoard:
    """Writes event files into RUN/tensorboard; needs the extra `tensorboard`, not TensorFlow.

    Raises:
        ModelError: the extra is missing.
    """

    name = "tensorboard"

    def __init__(self) -> None:
        with needs_extra("--track tensorboard", "tensorboard"):
            import tensorboard  # noqa: F401 (torch's writer stands on it)
        self._writer: SummaryWriter | None = None

    def begin(self, folder: Path, recipe: Recipe) -> None:
        """Begin anew: a run that is gone on with tells its first epochs again."""
        shutil.rmtree(folder / EVENTS, ignore_errors=True)
        self._writer = _writer(folder)
        self._writer.add_text("recipe", f"```toml\n{recipe.to_toml()}```")

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Figures of an epoch, to be seen at once."""
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)
            self._writer.flush()

    def finish(self, folder: Path, values: Mapping[str, float], step: int) -> None:
        """Figures of the test, in a file of their own: the folder may have been moved under the open one."""
        self.end(None)
        self._writer = _writer(folder)
        self.scalars(values, step)

    def end(self, error: BaseException | None) -> None:  # noqa: ARG002 (events do not say how a run ended)
        """Close the file."""
        if self._writer is not None:
            self._writer.close()


def _writer(folder: Path) -> SummaryWriter:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder / EVENTS))
