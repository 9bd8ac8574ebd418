"""Whether models fit into memory: estimated from counts and settings, and told before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tastegraph.baselines.models import BASELINES
from tastegraph.data.estimated_rows import estimated_rows
from tastegraph.errors import ModelError
from tastegraph.lightgcn.choices import OBJECTIVES
from tastegraph.studies.free_memory import available_bytes, own_bytes
from tastegraph.studies.fusions import is_fusion, parts_of
from tastegraph.studies.models import BY_GRADIENT, LIGHTGCN, title_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tastegraph.graph.bipartite import BipartiteGraph
    from tastegraph.lightgcn.config import TrainingConfig
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.trial import Trial

__all__ = [
    "DeviceNeed",
    "Need",
    "bytes_needed",
    "check_memory",
    "check_reading",
    "need_of_device",
    "need_of_run",
]

GIB = 1 << 30
LIBRARIES = 580 << 20  # Python, torch, numba with compiled kernels, polars, the plots of the report
A_POSITIVE = 120  # its row as read, sorted and split, and its two places in the graph
A_REFIT = 120  # of a positive: the same again, of fit and validation together
A_ROW = 80  # of those what reading, splitting and the graph take at their peak: 65 without a rating, at 10^8 rows
AN_AGE = 80  # of an edge, where a user's later items weigh more: its age, its weight, and what they are computed of
COPIES_OF_E0 = 11  # E0, its gradient, Adam's moments, the best state, layers of a step, what is saved and folds in
COPIES_OF_WHOLE = 4  # of several ranks: embeddings put together from all, and the model at the end
# On a GPU: both ways of an edge in P (index, float32, float16), and the lists and keys that draws and masks search;
# a pair's user, item and negative, once in order and once in the epoch's.
AN_EDGE_KEPT, AN_EDGE_DRAWN = 2 * 10 + 3 * 8, 6 * 8
A_BLOCK_THERE = 2 << 30  # scores of a block of users, as floats and as keys, and what selects the largest
COPIES_OF_SCORES = 4  # a batch's scores against shared negatives, shifted, exponentiated, with their gradient


@dataclass(frozen=True)
class Need:
    """About how much memory a run takes at its peak.

    Attributes:
        libraries: bytes that any run takes.
        data: bytes of the interactions, their split and graph.
        fitting: bytes of the one model that takes most.
        model: that model, by name.
    """

    libraries: int
    data: int
    fitting: int
    model: str

    @property
    def total(self) -> int:
        """Bytes in all."""
        return self.libraries + self.data + self.fitting

    def line(self, free: int | None) -> str:
        """The need beside what there is, for people."""
        there = "" if free is None else f" of {free / GIB:.1f} GiB free"
        return f"memory: about {self.total / GIB:.1f} GiB{there}"

    def refusal(self, free: int) -> str:
        """Why a run is not begun, and what would help."""
        advice = "fewer interactions would help (data.threshold, cleaning)"
        if self.fitting > self.data:
            learned = self.model in BY_GRADIENT
            remedy = "lower model.embedding_dim or training.batch_size" if learned else "leave it out"
            advice = f"most is {title_of(self.model)}'s: {remedy}"
        return (
            f"the run needs about {self.total / GIB:.1f} GiB of memory, {free / GIB:.1f} GiB are free; {advice}, "
            f"or --force to try all the same"
        )


@dataclass(frozen=True)
class DeviceNeed:
    """About how much of its own memory a device needs at its peak.

    Attributes:
        total: bytes.
    """

    total: int

    def line(self, free: int) -> str:
        """The need beside what there is, for people."""
        return f"memory: about {self.total / GIB:.1f} GiB of {free / GIB:.1f} GiB free"

    def refusal(self, free: int) -> str:
        """Why a run is not begun, and what would help."""
        return (
            f"the run needs about {self.total / GIB:.1f} GiB of the GPU's memory, {free / GIB:.1f} GiB are free; lower "
            f"model.embedding_dim or training.batch_size, leave --device out, or --force to try all the same"
        )


def need_of_device(trial: Trial, recipe: Recipe) -> DeviceNeed:
    """What LightGCN takes of a GPU, beside the CUDA libraries' own."""
    graph, training, width = trial.graph, recipe.training, recipe.model.embedding_dim
    graphs = 2 if trial.refits else 1  # the one that was chosen by stays beside the one of the refit
    rows = COPIES_OF_E0 * 4 * graph.num_nodes * width
    edges = (graphs * AN_EDGE_KEPT + AN_EDGE_DRAWN) * graph.num_edges
    batch = _bytes_of_a_batch(graph, training, a_row=4 * width, beside=4)
    return DeviceNeed(rows + edges + batch + A_BLOCK_THERE)


def need_of_run(trial: Trial, recipe: Recipe, *, ranks: int = 1, width: int | None = None) -> Need:
    """What LightGCN and the recipe's baselines take, one after the other.

    Args:
        trial: what is learned from.
        recipe: the settings.
        ranks: how many ranks of one training there are on the machine; the need is that of all of them.
        width: columns of E0 that a rank has at most; all by default.
    """
    names = (LIGHTGCN, *recipe.baselines)
    fitting = {name: bytes_needed(name, trial, recipe) for name in names}
    if width is not None and width < recipe.model.embedding_dim:
        fitting[LIGHTGCN] = ranks * _bytes_of_columns(trial, recipe, width)
    most = max(names, key=lambda name: fitting[name])
    a_positive = A_POSITIVE + (A_REFIT if trial.refits else 0)
    return Need(ranks * LIBRARIES, ranks * a_positive * len(trial.split.positives), fitting[most], most)


def _bytes_of_columns(trial: Trial, recipe: Recipe, width: int) -> int:
    """What LightGCN takes on a rank with so many columns; where lists are made, all are put together there."""
    own = recipe.model_copy(update={"model": recipe.model.model_copy(update={"embedding_dim": width})})
    table = 4 * trial.graph.num_nodes * recipe.model.embedding_dim
    return bytes_needed(LIGHTGCN, trial, own) + COPIES_OF_WHOLE * table


def check_reading(source: str, advice: str = "", *, readers: int = 1) -> None:
    """Refuse a file whose rows, read, split and made a graph of, need more memory than is free, before it is read.

    Args:
        source: a path, or a known data set's name, which is not checked.
        advice: ends the line: how to try all the same.
        readers: processes that read it on this machine, each for itself.

    Raises:
        ModelError: there is too little.
    """
    rows, free = estimated_rows(Path(source)), available_bytes()
    if rows is None:
        return
    needed = readers * (LIBRARIES + A_ROW * rows)
    if free is not None and needed > free + readers * own_bytes():
        raise ModelError(
            f"{source}: holds about {rows:,} rows; reading and splitting takes about {needed / GIB:.1f} GiB of memory, "
            f"{(free + readers * own_bytes()) / GIB:.1f} GiB are free; fewer rows or more memory would help{advice}"
        )


def check_memory(names: Sequence[str], trial: Trial, recipe: Recipe) -> None:
    """Refuse models whose fitting needs more memory than is free.

    Raises:
        ModelError: the first such model is named, with what it needs and what there is.
    """
    free = available_bytes()
    for name in names:
        needed = bytes_needed(name, trial, recipe)
        if free is not None and needed > free:
            raise ModelError(
                f"{title_of(name)} needs about {needed / GIB:.1f} GiB for {trial.graph.num_users:,} users and "
                f"{trial.graph.num_items:,} items, {free / GIB:.1f} GiB are free; leave it out (--models)"
            )


def bytes_needed(name: str, trial: Trial, recipe: Recipe) -> int:
    """About how much memory a model's fitting takes at its peak, beside the data; a fusion as all its models."""
    if is_fusion(name):
        return sum(bytes_needed(part, trial, recipe) for part in parts_of(name))
    graph, training = trial.graph, recipe.training
    if name not in BY_GRADIENT:
        model = BASELINES[name](**recipe.models.get(name, {}))
        return model.bytes_needed(graph.num_users, graph.num_items, graph.num_edges)
    rows = COPIES_OF_E0 * 4 * graph.num_nodes * recipe.model.embedding_dim
    rows += AN_AGE * graph.num_edges if recipe.model.recency else 0
    return rows + _bytes_of_a_batch(graph, training, a_row=8, beside=2)


def _bytes_of_a_batch(graph: BipartiteGraph, training: TrainingConfig, *, a_row: int, beside: int) -> int:
    """What a step's batch takes: of users their scores; of pairs a row for each candidate and for so much beside."""
    if OBJECTIVES[training.objective].over == "users":
        shared = graph.num_items if training.negatives == "batch" else min(training.shared_negatives, graph.num_items)
        return COPIES_OF_SCORES * 4 * min(training.batch_size, graph.num_users) * shared
    candidates = training.candidates if training.negatives == "hardest" else 1
    return a_row * min(training.batch_size, graph.num_edges) * (candidates + beside)
