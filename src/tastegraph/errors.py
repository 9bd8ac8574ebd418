"""Every error a user of TasteGraph can meet: one tree.

A message is one line that says what is wrong and what was expected; the command line prints it and exits with 1.

TasteGraphError
    DataError
        MissingDataError
    DeviceError
    GraphError
    RecipeError
    ModelError
        DivergedError
        RequestError
    StoppedError
    EvaluationError
        LeakError
    RanksError
        RankGoneError
    RunError
    UnknownUserError
    UnknownItemError
        AmbiguousItemError
    FilterError
    FeedbackError
    ServeError
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

__all__ = [
    "NOTHING_TO_RANK",
    "AmbiguousItemError",
    "DataError",
    "DeviceError",
    "DivergedError",
    "EvaluationError",
    "FeedbackError",
    "FilterError",
    "GraphError",
    "LeakError",
    "MissingDataError",
    "ModelError",
    "RankGoneError",
    "RanksError",
    "RecipeError",
    "RequestError",
    "RunError",
    "ServeError",
    "StoppedError",
    "TasteGraphError",
    "UnknownItemError",
    "UnknownUserError",
    "needs_extra",
    "shown",
]

LONGEST_SHOWN = 100  # characters of a value in a line
NOTHING_TO_RANK = "every user has every item as a positive; there is nothing to learn a ranking from"


class TasteGraphError(Exception):
    """A mistake in what was handed in, said in one line."""


class DataError(TasteGraphError):
    """Data that cannot be read or verified, with the file and the line where they are known."""

    def __init__(self, message: str, *, path: str | PathLike[str] | None = None, line: int | None = None) -> None:
        self.message = message
        self.path = path
        self.line = line
        place = "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "
        super().__init__(place + message)


class MissingDataError(DataError):
    """Data that are not at hand and could not be fetched."""


class DeviceError(TasteGraphError):
    """A device, such as a GPU, that this machine does not have."""


class GraphError(TasteGraphError):
    """Edges that are not those of a bipartite, undirected graph."""


class RecipeError(TasteGraphError):
    """A recipe with an unknown key or a value out of range; the message names the key."""


class ModelError(TasteGraphError):
    """A model that cannot be built, loaded or asked."""


class DivergedError(ModelError):
    """A training whose loss is not finite."""


class RequestError(ModelError):
    """A request that no model can answer: a list of no length, nobody to make it for, a film both liked and disliked.

    What a sound model cannot do is told from what a damaged one cannot: that is a plain `ModelError`.
    """


class StoppedError(TasteGraphError):
    """A training that was told to stop by a signal, and can be gone on with.

    Attributes:
        signal: its number; the command line exits with 128 more.
    """

    def __init__(self, message: str, signal: int) -> None:
        self.signal = signal
        super().__init__(message)


class EvaluationError(TasteGraphError):
    """Lists that cannot be judged as asked."""


class LeakError(EvaluationError):
    """A held-out pair where the model or the mask has it: figures would mean nothing."""


class RanksError(TasteGraphError):
    """Ranks (processes of one training) that differ, are too many, do not come or have gone."""


class RankGoneError(RanksError):
    """Another rank has gone: this one has nothing to say of its own."""


class RunError(TasteGraphError):
    """A run directory that is in the way, missing or unfinished."""


class UnknownUserError(TasteGraphError):
    """A user that the model has not learned."""


class UnknownItemError(TasteGraphError):
    """An item that the model has not learned."""


class AmbiguousItemError(UnknownItemError):
    """A title that several items have."""


class FilterError(TasteGraphError):
    """A filter that makes no sense for the model's items, or that nothing passes."""


class FeedbackError(TasteGraphError):
    """A feedback store that cannot be opened, or is not ours."""


class ServeError(TasteGraphError):
    """A service that cannot start as asked."""


def shown(value: object) -> str:
    """A value as an error's line shows it: as Python writes it, on one line, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no integer of more than 4,300 digits
        text = "a number of thousands of digits"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


@contextmanager
def needs_extra(what: str, extra: str, kind: type[TasteGraphError] = ModelError) -> Iterator[None]:
    """Around an import of packages that come with an extra: what is missing is told with the way to get it.

    Args:
        what: needs them, for people.
        extra: of this package.
        kind: of the error.

    Raises:
        TasteGraphError: of that kind; one of the packages is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "a package").partition(".")[0]
        line = f'{what} needs {missing}, of the extra "{extra}": pip install "tastegraph[{extra}]"'
        raise kind(line) from error
