"""The tables of the tutorial's page and report, made of records: a title, a word of what is told, header and rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tastegraph.ranking.full_ranking import FULL_RANKING
from tastegraph.ranking.other_protocols import TUTORIAL
from tastegraph.studies.tutorial.experiments import experiments
from tastegraph.studies.tutorial.judging import SPLITS
from tastegraph.studies.tutorial.published import BY_RANK, BY_SAMPLES, BY_WEIGHT_DECAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tastegraph.studies.tutorial.experiments import Scale
    from tastegraph.studies.tutorial.results import Estimate, Results
    from tastegraph.studies.tutorial.settings import Setting

__all__ = ["Section", "sections"]

NOTHING = ""
FIGURES = ("P@10", "R@10", "dislikes, P@10", "full ranking: R@10", "NDCG@10", "epochs", "seconds")


@dataclass(frozen=True)
class Section:
    """A table.

    Attributes:
        title: its heading.
        text: what it tells.
        header: names of the columns; the first holds labels.
        rows: cells.
    """

    title: str
    text: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def sections(results: Results) -> list[Section]:
    """Every table that there are records for."""
    found: list[Section] = []
    for scale in results.scales:
        tables = experiments(scale)
        makers = (_weight_decay, _samples, _layers, _alpha, _factorisation)
        found += [make(results, scale, tables) for make in makers]
        if "loss" in tables:
            found.append(_loss(results, tables["loss"]))
            found += _readings(results, tables["readings"])
    return [section for section in found if section.rows]


def _weight_decay(results: Results, scale: Scale, tables: Mapping[str, Mapping[str, Setting]]) -> Section:
    return Section(
        f"Ablation 1: weight_decay, {scale.title}",
        "n = 20, K = 5. Published is the test column.",
        ("weight_decay", "published P@10", "R@10", *FIGURES),
        _rows(results, tables["weight decay"], lambda label: BY_WEIGHT_DECAY[float(label)][4:]),
    )


def _samples(results: Results, scale: Scale, tables: Mapping[str, Mapping[str, Setting]]) -> Section:
    fewer = scale.num_users is None or scale.same_steps
    words = "as many steps for every n." if fewer else f"{scale.epochs} epochs for every n, as published."
    return Section(
        f"Ablation 2: num_samples_per_user, {scale.title}",
        f"weight_decay 0.1, K = 5; {words}",
        ("n", "published P@10", "R@10", *FIGURES),
        _rows(results, tables["samples"], lambda label: BY_SAMPLES[int(label)][4:]),
    )


def _layers(results: Results, scale: Scale, tables: Mapping[str, Mapping[str, Setting]]) -> Section:
    rows = _rows(results, tables["layers"], None)
    return Section(f"Layers, {scale.title}", "n = 20, weight_decay 0.1.", ("K", *FIGURES), rows)


def _alpha(results: Results, scale: Scale, tables: Mapping[str, Mapping[str, Setting]]) -> Section:
    return Section(
        f"The layers' weights, {scale.title}",
        "n = 20, weight_decay 0.1, K = 5. The last row is the tutorial's code, which leaves layer 0 out.",
        ("alpha", *FIGURES),
        _rows(results, tables["alpha"], None),
    )


def _factorisation(results: Results, scale: Scale, tables: Mapping[str, Mapping[str, Setting]]) -> Section:
    named = (
        {f"PARAFAC, rank {rank}": setting for rank, setting in tables["parafac"].items()}
        | {f"PARAFAC, rank {rank}, likes of 20 pairs": setting for rank, setting in tables["parafac on pairs"].items()}
        | {
            "LightGCN, the tutorial's settings, n = 20": tables["samples"]["20"],
            "LightGCN, the tutorial's settings, n = 500": tables["samples"]["500"],
            "LightGCN, ours": tables["ours"]["ours"],
        }
    )
    ranks = {f"PARAFAC, rank {rank}": figures for rank, figures in BY_RANK.items()}
    return Section(
        f"Matrix factorization, {scale.title}",
        "On all likes of the training part unless said otherwise; n = 500 draws nearly all of them.",
        ("model", "published P@10", "R@10", *FIGURES),
        _rows(results, named, lambda label: ranks.get(label, ())),
    )


def _loss(results: Results, rows: Mapping[str, Setting]) -> Section:
    """What the last epoch comes to, by three readings of the loss."""
    made = []
    for label, setting in rows.items():
        if not results.runs(setting):
            continue
        loss, weight_decay = label.split(", ")
        cells = [
            *(f"{figure:g}" for figure in BY_WEIGHT_DECAY[float(weight_decay)][4:]),
            _cell(results.value(setting, "last", "by sigmoid", "precision")),
            _cell(results.value(setting, "last", "by sigmoid", "recall"), ".5f"),
            _cell(results.value(setting, "last", "by score", "precision")),
            _cell(results.value(setting, "last", "spread"), ".2g"),
            _cell(results.test(setting, TUTORIAL, "precision")),
        ]
        made.append((loss, weight_decay, *cells))
    return Section(
        "The loss read in three ways, and the last epoch, 200 users",
        "How λ‖E0‖² is added: `batch`, mean BPR + λ/2B on the rows of the batch (the authors' code, ours); `sum`, the "
        "equation: summed BPR + λ on all of E0; `mean`, mean BPR + λ on all of E0. Lists of the last epoch are made by "
        "sigmoid(y) in float32 and by y; spread is the standard deviation of y; chosen: the epoch chosen on "
        "validation.",
        (
            "loss", "weight_decay", "published P@10", "R@10", "last by sigmoid: P@10", "R@10", "last by y: P@10",
            "spread", "chosen: P@10",
        ),
        tuple(made),
    )  # fmt: skip


def _readings(results: Results, rows: Mapping[str, Setting]) -> list[Section]:
    base = next(iter(rows.values()))
    header = tuple(f"{split} {figure}" for split in SPLITS for figure in ("P@10", "R@10"))
    kinds: dict[str, Callable[[str], tuple[str, ...]]] = {
        "one list, against all likes": lambda _: ("protocols", TUTORIAL, "test"),
        "the same, places from threshold_pred 0.9 on alone": lambda _: ("readings", "threshold"),
        "a list a split, by its own graph, against all likes": lambda split: ("readings", "own graph", split),
        "one list, against the split's own likes": lambda split: ("readings", "own likes", split),
    }
    lists = []
    for label, path_of in kinds.items():
        cells = [
            _cell(results.value(base, *path_of(split), name), ".4f" if name == "precision" else ".5f")
            for split in SPLITS
            for name in ("precision", "recall")
        ]
        lists.append((label, *cells))
    published = tuple(f"{figure:g}" for figure in BY_SAMPLES[20])
    return [
        Section(
            "Precision and recall on each split, read in four ways, 200 users",
            "n = 20, weight_decay 0.1, the epoch chosen on validation.",
            ("reading", *header),
            (("published", *published), *lists) if results.runs(base) else (),
        ),
        Section(
            "The draw of pairs, read in other ways, 200 users",
            "n = 20, weight_decay 0.1. Pairs drawn first and then divided let a like into two parts; full ranking "
            "looks for the test likes that were not learned from.",
            ("reading", *FIGURES),
            _rows(results, rows, None),
        ),
    ]


def _rows(
    results: Results, rows: Mapping[str, Setting], published: Callable[[str], Sequence[float]] | None
) -> tuple[tuple[str, ...], ...]:
    made = []
    for label, setting in rows.items():
        if not results.runs(setting):
            continue
        known: tuple[str, ...] = ()
        if published is not None:
            figures = published(label)
            known = tuple(f"{figure:g}" for figure in figures) if figures else (NOTHING, NOTHING)
        made.append((label, *known, *_figures(results, setting)))
    return tuple(made)


def _figures(results: Results, setting: Setting) -> tuple[str, ...]:
    epochs = [results.value(setting, "protocols", protocol, "epoch") for protocol in (TUTORIAL, FULL_RANKING)]
    chosen = [f"{epoch.mean:.0f}" for epoch in epochs if epoch is not None]
    return (
        _cell(results.test(setting, TUTORIAL, "precision")),
        _cell(results.test(setting, TUTORIAL, "recall"), ".5f"),
        _cell(results.test(setting, TUTORIAL, "dislike_precision")),
        _cell(results.test(setting, FULL_RANKING, "recall")),
        _cell(results.test(setting, FULL_RANKING, "ndcg")),
        ", ".join(chosen),
        _cell(results.value(setting, "seconds"), ".1f").partition(" ")[0],
    )


def _cell(value: Estimate | None, spec: str = ".4f") -> str:
    return NOTHING if value is None else format(value, spec)
