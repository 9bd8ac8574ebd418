"""Whether models fit into memory: told before anything is fitted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tastegraph.baselines.models import BASELINES
from tastegraph.errors import ModelError
from tastegraph.studies.models import LIGHTGCN, MF, title_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.trial import Trial

__all__ = ["available_bytes", "bytes_needed", "check_memory"]

GIB = 1 << 30
COPIES_OF_E0 = 8  # parameters, gradient, Adam's two moments, the best state, the layers of a step


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
    """About how much memory a model's fitting takes at its peak."""
    graph = trial.graph
    if name in (LIGHTGCN, MF):
        return COPIES_OF_E0 * 4 * graph.num_nodes * recipe.model.embedding_dim + 40 * graph.num_edges
    model = BASELINES[name](**recipe.models.get(name, {}))
    return model.bytes_needed(graph.num_users, graph.num_items, graph.num_edges)


def available_bytes() -> int | None:
    """Memory that is free for the asking, or None where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:  # noqa: PTH123 (no file of ours)
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None
