"""The optional packages that some models stand on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tastegraph.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["needs_extra"]


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
