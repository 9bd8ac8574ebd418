from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tastegraph.studies.tutorial.convergence import reached
from tastegraph.studies.tutorial.experiments import Scale, experiments, settings_of
from tastegraph.studies.tutorial.page import BEGIN, END, figures_of, to_html, to_markdown
from tastegraph.studies.tutorial.records import Record, read_records
from tastegraph.studies.tutorial.results import Estimate, Results, estimate

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {"python": "3.11", "packages": {"torch": "2"}, "cores": 2}


def _figures(value: float) -> dict[str, Any]:
    figures = {"precision": value, "recall": value / 10, "ndcg": value, "dislike_precision": 0.0}
    protocols = {name: {"epoch": 3, "validation": figures, "test": figures} for name in ("tutorial", "full-ranking")}
    curve = [
        {"epoch": n, "seconds": n / 10, "loss": 1 / n, "tutorial precision": value, "full-ranking ndcg": value * n / 3}
        for n in (1, 2, 3)
    ]
    untrained = {"tutorial": figures, "full-ranking": figures}
    last = {"by sigmoid": {"precision": 0.089, "recall": 0.007559}, "by score": figures, "spread": 0.0}
    return {
        "edges": 9, "pairs": 2800, "seconds": 2.0, "protocols": protocols, "epochs": curve, "untrained": untrained,
        "last": last, "readings": {},
    }  # fmt: skip


@pytest.fixture(scope="module")
def results() -> Results:
    """Made-up records of every run of two seeds."""
    return Results([
        Record(setting, seed, "code", "data", _figures(0.3 + 0.1 * seed + 0.01 * at), ENVIRONMENT)
        for scale in (Scale(), Scale(None, 50))
        for at, setting in enumerate(settings_of(scale))
        for seed in (0, 1)
    ])  # fmt: skip


def test_the_interval_of_a_mean_is_students() -> None:
    found = estimate([0.1, 0.2, 0.3])
    assert found.mean == pytest.approx(0.2)
    assert found.half == pytest.approx(4.302653 * 0.1 / 3**0.5)  # t of two degrees of freedom
    assert f"{estimate([0.25])}" == "0.2500"
    assert Estimate(0.5, 0.1).is_above(Estimate(0.3, 0.05))
    assert not Estimate(0.5, 0.1).is_above(Estimate(0.3, 0.11))


def test_near_the_best_is_95_percent_of_it() -> None:
    curve = [{"epoch": n, "x": x} for n, x in enumerate((0.5, 0.94, 0.96, 1.0), start=1)]
    assert reached(curve, "x")["epoch"] == 3


def test_every_experiment_of_the_tutorial_is_there() -> None:
    for scale in (Scale(), Scale(None, 50)):
        tables = experiments(scale)
        assert [row.weight_decay for row in tables["weight decay"].values()] == [0, 0.001, 0.01, 0.1, 1]
        assert [row.num_samples for row in tables["samples"].values()] == [20, 100, 200, 500]
        assert [row.num_layers for row in tables["layers"].values()] == [1, 2, 3, 4, 5]
        assert [row.rank for row in tables["parafac"].values()] == [2, 4, 8, 16, 32]
        steps = [row.epochs * (row.num_samples or 0) for row in tables["samples"].values()]
        assert (len(set(steps)) == 1) == (scale.num_users is None)


def test_page_and_report_have_every_table_and_each_published_row(results: Results) -> None:
    page, report = to_markdown(results), to_html(results, figures_of(results))
    for title in ("Ablation 1: weight_decay", "Ablation 2: num_samples_per_user", "Layers", "Matrix factorization"):
        for scale in ("200 users", "all users"):
            assert f"#### {title}, {scale}" in page
    assert "| 0.1 | 0.0865 | 0.00736 | " in page
    assert "±" in page
    assert set(figures_of(results)) == {"curves-by-epoch", "curves-by-seconds"}
    assert report.count("<svg") > 10
    assert not re.search(r'(src|href)="(?!#)', report)  # self-contained: nothing is fetched
    assert all(heading in report for heading in ("ten first films", "rewards memory", "fewer epochs"))


def test_the_scale_is_read_off_the_records() -> None:
    for scales in ([Scale()], [Scale(same_steps=True)], [Scale(), Scale(None, 25)], [Scale(epochs=3, same_steps=True)]):
        records = [
            Record(setting, 0, "code", "data", _figures(0.3), ENVIRONMENT)
            for scale in scales
            for setting in settings_of(scale)
        ]
        found = Results(records).scales
        assert [settings_of(scale) for scale in found] == [settings_of(scale) for scale in scales]


def test_half_of_the_records_make_a_page_as_well(results: Results) -> None:
    few = Results(results.records[:7])
    assert to_markdown(few)
    assert to_html(few, figures_of(few))


def test_the_docs_page_is_that_of_the_records() -> None:
    text = to_markdown(Results(read_records(ROOT / "benchmarks" / "results" / "tutorial")))
    assert f"{BEGIN}\n\n{text}\n{END}" in (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
