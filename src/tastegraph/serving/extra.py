"""Packages of an extra that are not there, told in one line."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tastegraph.errors import ServeError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["needs_extra"]


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Around imports of packages that come with an extra.

    Raises:
        ServeError: one of them is not there.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        needed = f'this needs the extra "{extra}": pip install "tastegraph[{extra}]"'
        raise ServeError(f"{error.name} is missing; {needed}") from None
