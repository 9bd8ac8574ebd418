"""Everything that is told of a model: lists, metrics at four lengths, beyond accuracy, intervals, groups; ML-1M."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import ours
from benchmarks.measurement import interleave, timed
from benchmarks.record import Measured, Target, rows_of
from benchmarks.workloads import workloads
from tastegraph.lightgcn.ranking import InnerProduct
from tastegraph.ranking.beyond import beyond_accuracy
from tastegraph.ranking.catalogue import Catalogue
from tastegraph.ranking.exposure import exposure
from tastegraph.ranking.full_ranking import full_ranking
from tastegraph.ranking.groups import activity_bands, by_user_group
from tastegraph.ranking.intervals import bootstrap_intervals
from tastegraph.ranking.significance import against_best

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.settings import Settings
    from benchmarks.workloads import Workload

LENGTHS = (5, 10, 20, 50)
ACCURACY, EVERYTHING, GROUPS, TEST = (
    "ours: ranking, accuracy, intervals",
    "ours: the same and beyond accuracy",
    "ours: by activity of users, from lists made",
    "ours: 9 models against the best, from values made",
)
GENRES, GENRES_AN_ITEM = 18, 2  # as MovieLens has them
BOUND = 5.0  # seconds


def run(settings: Settings) -> Measured:
    """Measure with random embeddings and genres: times do not depend on what they mean."""
    (work,) = workloads(settings, "ml-1m")
    rng = np.random.default_rng(0)
    sizes = (work.graph.num_users, work.graph.num_items)
    e_users, e_items = (rng.standard_normal((size, ours.DIMENSIONS), np.float32) for size in sizes)
    embeddings = (e_users, e_items)
    genres = [[f"genre {g}" for g in rng.choice(GENRES, GENRES_AN_ITEM)] for _ in range(sizes[1])]
    catalogue = Catalogue.of(work.graph.items_of, genres)
    judged = full_ranking(InnerProduct(embeddings), work.test, work.known, LENGTHS)
    bands = activity_bands(work.graph.items_of.counts[judged.users])
    models = {f"model {n}": rng.random(len(judged.users)) for n in range(9)}
    samples = interleave(
        {
            EVERYTHING: timed(lambda: _judge(work, embeddings, catalogue)),
            ACCURACY: timed(lambda: _judge(work, embeddings, None)),
            GROUPS: timed(lambda: by_user_group(judged, bands)),
            TEST: timed(lambda: against_best(models)),
        },
        settings.rounds,
    )
    measured = Measured(
        rows=tuple(rows_of(work.name, samples, ours=EVERYTHING, unit="s")),
        workloads={work.name: {**work.sizes, "test users": len(judged.users)}},
        notes=("95 % intervals from 1,000 resamples shared by all metrics; tests of 10,000 sign flips.",),
    )
    seconds = measured.median_of(work.name, EVERYTHING)
    target = Target(what="seconds for all metrics with intervals", comparison="<=", bound=BOUND, measured=seconds)
    return measured.model_copy(update={"targets": (target,)})


def _judge(work: Workload, embeddings: Any, catalogue: Catalogue | None) -> dict[str, tuple[float, float]]:
    judged = full_ranking(InnerProduct(embeddings), work.test, work.known, LENGTHS)
    values: dict[str, NDArray[np.float64]] = dict(judged.values)
    if catalogue is not None:
        values |= beyond_accuracy(judged.lists, judged.users, catalogue, LENGTHS)
        exposure(judged.lists, work.graph.num_items, LENGTHS)
    return bootstrap_intervals(values)
