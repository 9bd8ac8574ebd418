from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from tastegraph.data.load import load
from tastegraph.errors import EvaluationError, ModelError, RecipeError, RunError
from tastegraph.ranking.intervals import bootstrap_intervals
from tastegraph.ranking.significance import against_best
from tastegraph.studies.comparison import compare
from tastegraph.studies.comparison_folder import compare_into
from tastegraph.studies.comparison_tables import cells_of, to_csv, to_latex, to_markdown, verdicts_of
from tastegraph.studies.manner import Manner
from tastegraph.studies.recipe import load_recipe
from tastegraph.studies.run import run
from tastegraph.studies.watcher import Silent

if TYPE_CHECKING:
    from pathlib import Path

    from tastegraph.studies.comparison import Comparison

SMALL = ["training.epochs=6", "training.batch_size=128", "model.embedding_dim=8", "evaluation.k=[5, 10]"]
SOME = ("lightgcn", "popularity", "ease", "random")


def _compare(csv_file: Path, *settings: str, names: tuple[str, ...] = SOME, seeds: int = 1) -> Comparison:
    recipe = load_recipe(None, [*SMALL, *settings], str(csv_file))
    return compare(recipe, load(str(csv_file)), names, Manner(), Silent(), seeds=seeds)


def test_lightgcn_comes_to_what_a_run_of_the_same_recipe_comes_to(ratings_csv: Path, tmp_path: Path) -> None:
    recipe = load_recipe(None, SMALL, str(ratings_csv))
    alone = run(recipe, load(str(ratings_csv)), tmp_path / "run", Silent())
    models = _compare(ratings_csv).result["models"]
    compared = models["lightgcn"]["metrics"]["test"]
    assert {name: compared[name] for name in alone["metrics"]["test"]} == alone["metrics"]["test"]
    assert models["popularity"]["metrics"]["validation"] == alone["baselines"]["popularity"]["metrics"]["validation"]


def test_intervals_and_tests_are_those_of_the_per_user_values(ratings_csv: Path) -> None:
    found = _compare(ratings_csv)
    tables = {name: found.per_user.filter(pl.col("model") == name) for name in SOME}
    users = tables["ease"]["user"].to_list()
    assert all(table["user"].to_list() == users for table in tables.values())
    values = {name: table["ndcg@5"].to_numpy() for name, table in tables.items()}
    expected = against_best(values)
    for name, part in found.result["models"].items():
        assert part["metrics"]["test"]["ndcg@5"] == pytest.approx(values[name].mean())
        assert part["intervals"]["test"]["ndcg@5"] == pytest.approx(list(bootstrap_intervals({"": values[name]})[""]))
        assert part["versus"]["ndcg@5"]["p_holm"] == expected[name].p_holm
        assert part["versus"]["ndcg@5"]["tied"] == expected[name].tied
    assert not found.result["models"]["random"]["versus"]["ndcg@5"]["tied"]  # two clear tastes: chance is told apart


def test_several_seeds_give_the_mean_and_the_spread_of_each_seeds_comparison(ratings_csv: Path) -> None:
    names = ("ease", "random")
    together = _compare(ratings_csv, names=names, seeds=2).result["models"]
    for name in names:
        alone = [
            _compare(ratings_csv, f"split.seed={s}", f"training.seed={s}", f"models.random.seed={s}", names=names)
            for s in (0, 1)
        ]
        figures = [one.result["models"][name]["metrics"]["test"]["recall@10"] for one in alone]
        assert together[name]["metrics"]["test"]["recall@10"] == pytest.approx(np.mean(figures))
        assert together[name]["spread"]["test"]["recall@10"] == pytest.approx(np.std(figures, ddof=1))


def test_a_models_own_settings_are_used_and_recorded(ratings_csv: Path) -> None:
    strong, weak = (
        _compare(ratings_csv, f"models.ease.l2={l2}", names=("ease",)).result["models"]["ease"] for l2 in (1.0, 1e6)
    )
    assert strong["settings"] == {"l2": 1.0}
    assert strong["metrics"]["validation"] != weak["metrics"]["validation"]
    mf = _compare(ratings_csv, "models.mf.training.epochs=2", names=("mf",)).result["models"]["mf"]
    assert mf["settings"]["training"]["epochs"] == 2
    assert mf["settings"]["model"]["num_layers"] == 0
    assert mf["best_epochs"][0] <= 2


def test_the_folder_holds_figures_tables_report_and_each_users_metrics(ratings_csv: Path, tmp_path: Path) -> None:
    out, recipe = tmp_path / "compared", load_recipe(None, SMALL, str(ratings_csv))
    found = compare_into(out, recipe, load(str(ratings_csv)), SOME, Manner(), Silent())
    assert {path.name for path in out.iterdir()} == {
        "recipe.toml", "environment.json", "comparison.json", "comparison.csv", "comparison.md", "comparison.tex",
        "report.html", "users.parquet",
    }  # fmt: skip
    assert json.loads((out / "comparison.json").read_text(encoding="utf-8")) == found.result
    assert load_recipe(out / "recipe.toml") == recipe
    report = (out / "report.html").read_text(encoding="utf-8")
    assert report.count("<svg") >= 4  # bars, trade-offs, groups by activity and by item popularity
    assert "src=" not in report
    assert 'href="http' not in report
    with pytest.raises(RunError, match="--force"):
        compare_into(out, recipe, load(str(ratings_csv)), SOME, Manner(), Silent())


def test_every_form_of_the_table_has_the_same_figures(ratings_csv: Path) -> None:
    result = _compare(ratings_csv).result
    header, rows = cells_of(result)
    assert header == ["model", "recall@5", "ndcg@5", "recall@10", "ndcg@10", "coverage@5", "fit, s"]
    ndcg = [float(row[4][:6]) for row in rows]
    assert ndcg == sorted(ndcg, reverse=True)  # the best first
    assert rows[0][4].endswith("*")
    markdown, latex = to_markdown(result), to_latex(result)
    for row in rows:
        assert f"| {row[0]}" in markdown
        assert all(cell.strip() in markdown and cell.strip() in latex for cell in row[1:])
    assert latex.count(r"\\") == len(rows) + 1
    lines = list(csv.DictReader(io.StringIO(to_csv(result))))
    by_name = {(line["model"], line["metric"]): float(line["value"]) for line in lines}
    assert by_name["ease", "ndcg@10"] == result["models"]["ease"]["metrics"]["test"]["ndcg@10"]


def test_the_verdict_says_when_lightgcn_loses(ratings_csv: Path) -> None:
    """Untrained but for one tiny step, it is behind EASE; alone with chance, it is the best."""
    settings = ("training.epochs=1", "training.learning_rate=1e-9", "model.init_std=1e-3")
    lost = verdicts_of(_compare(ratings_csv, *settings, names=("lightgcn", "ease")).result)
    assert any(line.startswith("ndcg@10: LightGCN is behind EASE by") for line in lost)
    won = verdicts_of(_compare(ratings_csv, names=("lightgcn", "random")).result)
    assert "ndcg@10: LightGCN is ahead of all" in won


def test_what_cannot_be_compared_is_told_in_a_line(ratings_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EvaluationError, match="found 4 models, 0 seeds"):
        _compare(ratings_csv, seeds=0)
    with pytest.raises(RecipeError, match="did you mean ease"):
        load_recipe(None, ["models.eas.l2=3"])
    with pytest.raises(RecipeError, match="l2"):
        load_recipe(None, ["models.ease.l2=-3"])
    monkeypatch.setattr("tastegraph.studies.memory.available_bytes", lambda: 1000)  # mocked: so little is hard to get
    with pytest.raises(ModelError, match=r"needs about .* are free; leave it out"):
        _compare(ratings_csv)
