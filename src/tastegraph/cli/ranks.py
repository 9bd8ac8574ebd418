"""Commands that torchrun starts as several ranks: rank 0 prints, all end together."""

from __future__ import annotations

import atexit
import os
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from tastegraph.errors import RankGoneError, RanksError, TasteGraphError
from tastegraph.ranks.alone import A_MOMENT, ALONE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tastegraph.ranks.alone import Ranks

__all__ = [
    "RankTimeout",
    "after_rank_0",
    "alone_here",
    "check_command",
    "is_other_rank",
    "let_rank_0_speak",
    "own_device",
    "ranks_here",
    "ranks_of_machine",
    "restarted",
]

RESTARTS = "TORCHELASTIC_RESTART_COUNT"
TOGETHER = ("train", "evaluate", "recommend")  # commands that several ranks may be started with

RankTimeout = Annotated[
    float,
    typer.Option(
        "--rank-timeout",
        min=1,
        metavar="SECONDS",
        help="Under torchrun: how long a rank waits for the others before it gives up.",
    ),
]


def let_rank_0_speak() -> None:
    """Print nothing where this process is another rank than 0."""
    if is_other_rank():
        sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (for the whole process)


def is_other_rank() -> bool:
    """Whether torchrun started this process beside a rank 0."""
    return _number("WORLD_SIZE") > 1 and _number("RANK") > 0


def after_rank_0() -> str:
    """Let rank 0 speak first of what failed; then who speaks, "rank 2: ", with its stderr back, where rank 0 did not.

    torchrun ends all ranks once one has ended. Where rank 0 fails as well, it says why, and this one is ended
    meanwhile; where it does not, what went wrong is this rank's to tell.
    """
    if not is_other_rank() or (_have_met.is_set() and not _unheard.is_set()):
        return ""
    if not _have_met.is_set():
        time.sleep(A_MOMENT)
    sys.stderr = sys.__stderr__
    return f"rank {_number('RANK')}: "


_have_met = Event()  # this rank is in a group: from then on it knows when rank 0 has ended
_unheard = Event()  # it has failed, and rank 0 has not ended


def check_command(words: Sequence[str]) -> None:
    """Refuse to run side by side what does not run together.

    Raises:
        RanksError: torchrun started several processes of another command.
    """
    command = next((word for word in words if not word.startswith("-")), "")
    if command and command not in TOGETHER:
        alone_here(command)


def alone_here(what: str) -> None:
    """Refuse to do in several processes what is done in one.

    Raises:
        RanksError: torchrun started several.
    """
    if _number("WORLD_SIZE") > 1:
        raise RanksError(f"torchrun goes with train, evaluate RUN and recommend --all; {what} runs in one process")


def restarted() -> bool:
    """Whether torchrun has started the ranks again, after one had failed."""
    return _number(RESTARTS) > 0


def ranks_of_machine() -> int:
    """How many ranks torchrun has started on this machine; 1 without it."""
    return max(1, _number("LOCAL_WORLD_SIZE"))


def own_device(name: str) -> str:
    """The device that a name means here: under torchrun each rank of a machine has a GPU of its own."""
    return f"cuda:{_number('LOCAL_RANK')}" if name == "cuda" and _number("WORLD_SIZE") > 1 else name


@contextmanager
def ranks_here(seconds: float, device: str = "cpu") -> Iterator[Ranks]:
    """The processes that torchrun has started with this one; this one alone where it was started by itself.

    A rank other than 0 that fails lets rank 0 say why before it ends, and says it where rank 0 does not. One that finds
    another gone has nothing to say of its own, unless the store where ranks meet has gone, with torchrun or rank 0.

    Args:
        seconds: how long to wait for a rank.
        device: name of what computes, which says how ranks speak with one another.

    Raises:
        RanksError: a rank does not come, or torchrun's variables are not whole.
    """
    if _number("WORLD_SIZE") <= 1:
        yield ALONE
        return
    from tastegraph.graph.devices import device_of
    from tastegraph.ranks.group import joined_group

    with ExitStack() as here:
        group = here.enter_context(joined_group(seconds, _number(RESTARTS), device_of(device)))
        _have_met.set()
        try:
            yield group
        except RankGoneError:
            # Rank 0 may be waiting for this one alone: it hears of it, and says it, once this has ended.
            if group.rank and not group.store_answers():
                _unheard.set()
            raise
        except (TasteGraphError, OSError):
            if group.rank and not group.let_the_first_speak():
                _unheard.set()
            # Once it leaves, the others fail as well and torchrun ends all: not before it has said why.
            atexit.register(here.pop_all().close)
            raise


def _number(variable: str) -> int:
    """One of torchrun's variables; 0 where it is not set, or no number."""
    text = os.environ.get(variable, "")
    return int(text) if text.isdecimal() else 0
