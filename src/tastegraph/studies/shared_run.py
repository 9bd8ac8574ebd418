"""A run by several ranks: all prepare the same, train and rank together; rank 0 writes and speaks."""

from __future__ import annotations

import hashlib
import platform
from typing import TYPE_CHECKING, Any

import tastegraph
from tastegraph.errors import ModelError, RanksError, TasteGraphError
from tastegraph.files import reason_of
from tastegraph.graph.devices import CPU
from tastegraph.ranks.alone import widest_share
from tastegraph.studies.contenders import contend, score_test
from tastegraph.studies.differences import said_of
from tastegraph.studies.free_memory import available_bytes, own_bytes
from tastegraph.studies.memory import need_of_run
from tastegraph.studies.models import LIGHTGCN
from tastegraph.studies.shared_keeper import SharedCheckpoints
from tastegraph.studies.watcher import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import torch

    from tastegraph.ranks.alone import Ranks
    from tastegraph.studies.memory import Need
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.run import Prepared
    from tastegraph.studies.stopping import Stop
    from tastegraph.studies.trial import Trial

__all__ = ["check_memory_of_ranks", "follow", "prepared_alike"]

LOCAL = ("data.source",)  # settings that may differ from rank to rank: the same data may lie elsewhere


def prepared_alike(ranks: Ranks, recipe: Recipe, prepare: Callable[[], Prepared]) -> Prepared:
    """What each rank has prepared for itself: settings, data and split, the same on all.

    Args:
        ranks: who run together.
        recipe: this rank's settings.
        prepare: loads and splits.

    Raises:
        RanksError: another rank failed at it, or has something else; which and what is told, on all ranks.
        TasteGraphError, OSError: this rank failed at it.
    """
    try:
        prepared = prepare()
    except (TasteGraphError, OSError) as error:
        said = reason_of(error) if isinstance(error, OSError) else str(error)
        ranks.all_told({"failed": said})
        raise
    facts = ranks.all_told(_facts(recipe, prepared))
    for rank, found in enumerate(facts):
        if "failed" in found:
            raise RanksError(f"rank {rank}: {found['failed']}")
    for rank, found in enumerate(facts[1:], start=1):
        if difference := _difference(facts[0], found, rank):
            raise RanksError(f"{difference}; all ranks need the same settings, data and version")
    return prepared


def check_memory_of_ranks(ranks: Ranks, recipe: Recipe, trial: Trial, *, force: bool) -> tuple[Need, int | None]:
    """What the ranks of one machine need together, and what is free for them there, on the machine with the least.

    Args:
        ranks: who run together; each has loaded its data.
        recipe: what is to be run.
        trial: what is learned from.
        force: go on in any case.

    Raises:
        ModelError: it does not do, on some machine; told on all ranks.
    """
    width = widest_share(recipe.model.embedding_dim, ranks.size)
    there = ranks.all_told((platform.node(), available_bytes(), own_bytes()))
    machines = {node: [told for told in there if told[0] == node] for node, _, _ in there}
    least: tuple[Need, int | None] | None = None
    for node, told in machines.items():
        need = need_of_run(trial, recipe, ranks=len(told), width=width)
        known = [free for _, free, _ in told if free is not None]
        free = min(known) + sum(own for _, _, own in told) if known else None
        if free is not None and need.total > free and not force:
            on = f" on {node}" if len(machines) > 1 else ""
            raise ModelError(f"{need.refusal(free)}, or fewer ranks{on}" if len(told) > 1 else need.refusal(free))
        if least is None or (free or 0) - need.total < (least[1] or 0) - least[0].total:
            least = need, free
    assert least is not None  # noqa: S101 (there is a rank)
    return least


def follow(recipe: Recipe, trial: Trial, ranks: Ranks, stop: Stop, device: torch.device = CPU) -> None:
    """What a rank other than 0 does of a run: it trains and ranks along, and writes nothing.

    Raises:
        RanksError: another rank has gone.
        StoppedError, DivergedError: as rank 0 ends.
    """
    keepers = SharedCheckpoints(ranks, recipe.model.embedding_dim, stop)
    score_test(contend(LIGHTGCN, trial, recipe, Silent(), keepers, device=device, ranks=ranks), trial, recipe)


def _facts(recipe: Recipe, prepared: Prepared) -> dict[str, Any]:
    settings = {key: value for key, value in recipe.flat().items() if key not in LOCAL}
    part = prepared.trial.split.part
    return {
        "tastegraph": tastegraph.__version__,
        **settings,
        "data": prepared.dataset.digest,
        "the split's digest": hashlib.sha256(part.tobytes()).hexdigest(),
    }


def _difference(first: Mapping[str, Any], other: Mapping[str, Any], rank: int) -> str:
    """The first fact in which a rank differs from rank 0, or nothing."""
    for key in {**first, **other}:
        ours, theirs = first.get(key), other.get(key)
        if ours != theirs:
            return f"rank {rank} has {key} {said_of(theirs)}, rank 0 {said_of(ours)}"
    return ""
