"""The optional packages that some models stand on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tastegraph.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["finite_factors", "needs_extra"]


@contextmanager
def needs_extra(title: str) -> Iterator[None]:
    """Around an import: what is missing is told with the way to get it.

    Raises:
        ModelError: the package is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "a package").partition(".")[0]
        line = f'{title} needs {missing}, of the extra "compare": pip install "tastegraph[compare]"'
        raise ModelError(line) from error


@contextmanager
def finite_factors(title: str, advice: str) -> Iterator[None]:
    """Around a training by `implicit`: factors that are no numbers are told with what helps.

    Raises:
        ModelError: it did not train.
    """
    from implicit.recommender_base import ModelFitError

    try:
        yield
    except ModelFitError as error:
        raise ModelError(f"{title} did not train: its factors are not finite; {advice} helps") from error
