from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tastegraph.baselines.gf_cf import GFCF
from tastegraph.data.load import load
from tastegraph.errors import DataError, RunError, StoppedError
from tastegraph.lightgcn.ranking import InnerProduct
from tastegraph.lightgcn.training import train
from tastegraph.ranking.full_ranking import full_ranking
from tastegraph.studies.benchmark_records import read_records, settings_read, write_record
from tastegraph.studies.benchmark_table import table_of
from tastegraph.studies.benchmarks import run_benchmark
from tastegraph.studies.known_recipes import known_recipe, known_recipes, recipe_path
from tastegraph.studies.pages import BEGIN, END, write_into
from tastegraph.studies.published import PUBLISHED, table_metrics
from tastegraph.studies.recipe import load_recipe
from tastegraph.studies.stopping import Stop
from tastegraph.studies.trial import Trial
from tastegraph.studies.watcher import Silent

from .published_split import published_split

if TYPE_CHECKING:
    from tastegraph.lightgcn.checkpoint import Epoch


def test_a_record_tells_what_was_run_on_what_and_what_it_came_to(tmp_path: Path) -> None:
    source = str(published_split(tmp_path / "tastes"))
    settings = ["training.epochs=20", "training.objective=softmax", "model.start=xavier", "training.seed=4"]
    recipe = load_recipe(None, [*settings, "evaluation.k=[5,10]", "evaluation.select=ndcg@5"], source)
    record = run_benchmark("tastes", recipe, Silent(), lambda _: None)
    assert record["seed"] == record["environment"]["seed"] == 4
    assert record["recipe"]["training"]["objective"] == "softmax"
    assert set(record["seconds"]) == {"load", "prepare", "train", "evaluate"}
    assert 1 <= record["best_epoch"] <= 20
    assert record["metrics"]["test"]["recall@5"] > 0.5  # two of seven of one's own taste at random: 0.7 of them
    path = write_record(record, tmp_path / "records")
    assert path.name == "tastes-seed-4.json"
    assert read_records(path.parent) == [json.loads(path.read_text(encoding="utf-8"))]


def test_a_closed_form_is_judged_as_lightgcn_is_and_has_a_record_and_a_row_of_its_own(tmp_path: Path) -> None:
    source = str(published_split(tmp_path / "tastes"))
    settings = ["models.gfcf.vectors=4", "evaluation.k=[10]", "evaluation.select=ndcg@10"]
    recipe = load_recipe(None, settings, source)
    record = run_benchmark("tastes", recipe, Silent(), lambda _: None, "gfcf")
    trial = Trial.of(load(source, lambda _: None), recipe)
    ranker = GFCF(vectors=4).fit(trial.final.split.fit)
    assert record["metrics"]["test"] == full_ranking(ranker, trial.final.test, trial.final.known, [10]).means()
    assert record["best_epoch"] is None
    assert record["recipe"]["models"] == {"gfcf": {"vectors": 4}}
    path = write_record(record, tmp_path / "records")
    assert path.name == "tastes-gfcf-seed-0.json"
    row = next(line for line in table_of(read_records(path.parent)).splitlines() if "GF-CF" in line)
    assert row.startswith("| ours, GF-CF, `tastes` |  | **")
    assert row.endswith("| `tastegraph reproduce benchmarks --only tastes --models gfcf` |")


class _Counts(Silent):
    def __init__(self) -> None:
        self.epochs = 0

    def epoch(self, record: Epoch) -> None:
        self.epochs += 1


def test_where_validation_has_nothing_to_choose_from_a_published_split_is_trained_on_once(tmp_path: Path) -> None:
    source = str(published_split(tmp_path / "tastes"))
    settings = ["training.epochs=4", "training.validate_every=4", "evaluation.k=[5]", "evaluation.select=ndcg@5"]
    recipe, counts = load_recipe(None, settings, source), _Counts()
    record = run_benchmark("tastes", recipe, counts, lambda _: None)
    assert (counts.epochs, record["best_epoch"], record["metrics"]["validation"]) == (4, 4, {})
    final = Trial.of(load(source, lambda _: None), recipe).final
    ranker = InnerProduct(train(final.graph, recipe.model, recipe.training).embeddings)
    assert record["metrics"]["test"] == full_ranking(ranker, final.test, final.known, [5]).means()
    chosen = run_benchmark("tastes", recipe.with_keys({"training.validate_every": 2}), counts, lambda _: None)
    assert counts.epochs > 4 + 4
    assert chosen["metrics"]["validation"]["ndcg@5"] > 0


def test_whether_there_is_something_to_choose_from_is_asked_of_the_models_own_settings(tmp_path: Path) -> None:
    source = str(published_split(tmp_path / "tastes"))
    settings = ["training.epochs=4", "training.validate_every=4", "evaluation.k=[5]", "evaluation.select=ndcg@5"]
    for name, of_mf, chosen in (("one", "models.mf.training.validate_every=2", True), ("two", "baselines=[]", False)):
        recipe = load_recipe(None, [*settings, of_mf], source)
        record = run_benchmark(name, recipe, Silent(), lambda _: None, "mf")
        assert ("ndcg@5" in record["metrics"]["validation"]) == chosen


def test_a_split_of_our_own_is_validated_all_the_same(ratings_csv: Path) -> None:
    settings = ["training.epochs=2", "training.validate_every=2", "evaluation.k=[5]", "evaluation.select=ndcg@5"]
    record = run_benchmark("own", load_recipe(None, settings, str(ratings_csv)), Silent(), lambda _: None)
    assert "ndcg@5" in record["metrics"]["validation"]


@dataclass(frozen=True)
class _StopsAfter(Silent):
    """Sends a signal after so many epochs, those of the refit counted on."""

    stop: Stop
    left: list[int]

    def epoch(self, record: Epoch) -> None:
        """An epoch is done."""
        self.left[0] -= 1
        if not self.left[0]:
            self.stop._hear(signal.SIGTERM, None)


@pytest.mark.parametrize("epochs", [3, 15])  # within the choice, and within the refit
def test_a_run_that_was_stopped_goes_on_and_comes_to_what_one_without_interruption_does(
    tmp_path: Path, epochs: int
) -> None:
    source = str(published_split(tmp_path / "tastes"))
    settings = ["training.epochs=12", "training.patience=12", "training.seed=4", "evaluation.k=[5]"]
    recipe = load_recipe(None, [*settings, "evaluation.select=ndcg@5"], source)
    whole = run_benchmark("tastes", recipe, Silent(), lambda _: None)
    said: list[str] = []
    states, stop = tmp_path / "unfinished", Stop()
    with pytest.raises(StoppedError, match="the same command goes on"):
        run_benchmark("tastes", recipe, _StopsAfter(stop, [epochs]), said.append, states=states, stop=stop)
    assert len(list(states.glob("tastes-lightgcn-seed-4-*/*.safetensors"))) >= 1
    other = recipe.with_keys({"training.seed": 5})  # has nothing to go on with, and takes nothing away
    run_benchmark("tastes", other, Silent(), said.append, states=states)
    assert not any("going on" in line for line in said)
    again = run_benchmark("tastes", recipe, Silent(), said.append, states=states)
    assert any(f"going on with lightgcn-{'select' if epochs < 12 else 'refit'}" in line for line in said)
    assert (again["metrics"], again["best_epoch"]) == (whole["metrics"], whole["best_epoch"])
    assert not states.exists()


@pytest.mark.parametrize("name", known_recipes())
def test_every_recipe_that_comes_along_trains_on_a_small_data_set_of_its_layout(
    name: str, ratings_csv: Path, tmp_path: Path
) -> None:
    told = load_recipe(recipe_path(name))
    source = str(published_split(tmp_path / "tastes") if told.data.threshold == "none" else ratings_csv)
    settings = ["training.epochs=2", "training.validate_every=1", f"data.source={source}"]
    recipe = load_recipe(recipe_path(name), settings)
    assert recipe.model == told.model
    record = run_benchmark(name, recipe, Silent(), lambda _: None)
    assert record["best_epoch"] in (1, 2)
    assert 0 <= record["metrics"]["test"][told.evaluation.select] <= 1


def test_amazon_books_recipe_is_gowallas() -> None:
    ours, other = (load_recipe(known_recipe(name)) for name in ("amazon-book", "gowalla"))
    for part in ("model", "training", "split", "evaluation"):
        assert getattr(ours, part) == getattr(other, part)


class _MustNotTrain(Silent):
    def epoch(self, record: Epoch) -> None:
        raise AssertionError("an epoch of what has a record")


def test_what_has_a_record_of_the_same_code_data_and_settings_is_not_run_again(tmp_path: Path) -> None:
    source = str(published_split(tmp_path / "tastes"))
    recipe = load_recipe(None, ["training.epochs=2", "evaluation.k=[5]", "evaluation.select=ndcg@5"], source)
    record = json.loads(json.dumps(run_benchmark("tastes", recipe, Silent(), lambda _: None)))
    assert run_benchmark("tastes", recipe, _MustNotTrain(), lambda _: None, there=record) is record
    for what in ("code", "recipe", "data"):
        stale = {**record, "of": {**record["of"], what: "another"}}
        again = run_benchmark("tastes", recipe, Silent(), lambda _: None, there=stale)
        assert again is not stale
        assert (again["metrics"], again["of"]) == (record["metrics"], record["of"])


def test_data_that_cannot_be_had_make_a_row_that_says_so_and_no_record_goes_for_it(tmp_path: Path) -> None:
    recipe = load_recipe(None, source=str(tmp_path / "nowhere"))
    record = run_benchmark("gone", recipe, Silent(), lambda _: None)
    assert "nowhere" in record["missing"]
    row = "| ours, `gone` | | not run here | not run here | | | `tastegraph reproduce benchmarks --only gone` |"
    assert row in table_of([record])
    measured = {**_record(0, 0.18, 40), "name": "gone"}
    path = write_record(measured, tmp_path)
    assert write_record(record, tmp_path) == path
    assert read_records(tmp_path) == [measured]


def test_data_that_are_not_the_published_ones_are_an_error_and_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published_split(tmp_path / "gowalla")
    monkeypatch.setenv("TASTEGRAPH_DATA", str(tmp_path))
    with pytest.raises(DataError, match="is not the published file"):
        run_benchmark("gowalla", load_recipe(None, source="gowalla"), Silent(), lambda _: None)


def _record(seed: int, recall: float, seconds: float, **training: object) -> dict[str, object]:
    return {
        "schema": 1,
        "name": "gowalla",
        "data": "gowalla",
        "seed": seed,
        "recipe": {"model": {"embedding_dim": 64}, "training": {"seed": seed, **training}},
        "metrics": {"test": {"recall@20": recall, "ndcg@20": 0.15}},
        "seconds": {"load": 9.0, "prepare": 1.0, "train": seconds, "evaluate": 5.0},
        "environment": {"machine": {"processor": "Z80", "cores": 1, "threads": 1, "device": "cpu"}},
    }


def test_the_table_has_means_and_deviations_over_seeds_beside_the_published_figures() -> None:
    table = table_of([_record(0, 0.18, 40), _record(1, 0.19, 50)])
    assert "| LightGCN, paper | | 0.1830 | 0.1554 | | |" in table
    # The sample's standard deviation of .18 and .19 is .01 / sqrt 2.
    assert "| ours, `gowalla` | 64 | **0.1850** ± 0.0071 | **0.1500** ± 0.0000 | 46 | 0, 1 |" in table
    assert "| `tastegraph reproduce benchmarks --only gowalla --seeds 0,1` |" in table
    assert "Ours on Z80, 1 core, 1 thread." in table


def test_runs_of_other_settings_are_not_averaged(tmp_path: Path) -> None:
    earlier, here = _record(1, 0.17, 30, epochs=9), _record(0, 0.16, 20, epochs=5)
    for record in (_record(0, 0.18, 40), earlier, {**here, "changed": ["training.epochs=5"]}):
        write_record(record, tmp_path)
    table = table_of(read_records(tmp_path))
    command = "`tastegraph reproduce benchmarks --only gowalla"
    assert f"| **0.1800** | **0.1500** | 41 | 0 | {command}` |" in table
    assert f"| **0.1700** | **0.1500** | 31 | 1 | {command} --seeds 1` |" in table
    assert f"| **0.1600** | **0.1500** | 21 | 0 | {command} --set training.epochs=5` |" in table


def test_settings_that_a_run_does_not_read_keep_no_runs_apart() -> None:
    one, other = _record(0, 0.18, 40), _record(1, 0.19, 50)
    read = {"slim": {"l1": 2}, "lightgcn+slim": {"depth": 9}}
    tables = {**read, "ease": {"l2": 3}}
    recipe = {"model": {"embedding_dim": 64}, "training": {"seed": 1}, "baselines": ["ease"], "models": tables}
    before = {**one, "recipe": {**recipe, "baselines": [], "models": {}, "training": {"seed": 0}}}
    assert "| 0, 1 |" in table_of([before, {**other, "recipe": recipe}])
    fusion = {**other, "model": "lightgcn+slim", "recipe": recipe}
    assert settings_read(fusion)["models"] == read
    lists = [{**fusion, "seed": 0}, {**fusion, "recipe": {**recipe, "models": {**read, "slim": {"l1": 3}}}}]
    rows = [line for line in table_of(lists).splitlines() if "LightGCN + SLIM" in line]
    assert len(rows) == 2  # of another SLIM


def test_a_file_that_is_no_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "x-seed-0.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RunError, match=r"x-seed-0.json: no record"):
        read_records(tmp_path)


@pytest.mark.parametrize("lost", ["metrics", "seconds"])
def test_a_record_without_what_tables_show_is_named(tmp_path: Path, lost: str) -> None:
    record = _record(0, 0.18, 40)
    (tmp_path / "gowalla-seed-0.json").write_text(json.dumps({**record, lost: {}}), encoding="utf-8")
    with pytest.raises(RunError, match=r"gowalla-seed-0.json: no record"):
        read_records(tmp_path)


def test_the_published_figures_of_a_data_set_are_of_the_metrics_that_its_table_shows() -> None:
    for data, published in PUBLISHED.items():
        assert all(tuple(other.metrics) == table_metrics(data) for other in published)
    assert table_metrics("my.csv") == ("recall@10", "ndcg@10")


def test_a_page_gets_the_table_between_its_comments_and_nothing_else_is_touched(tmp_path: Path) -> None:
    page = tmp_path / "accuracy.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write_into(page, "| new |")
    assert page.read_text(encoding="utf-8") == f"before\n{BEGIN}\n\n| new |\n{END}\nafter\n"
    page.write_text("nothing", encoding="utf-8")
    with pytest.raises(RunError, match="needs the lines"):
        write_into(page, "| new |")


def test_the_docs_table_is_that_of_the_records() -> None:
    root = Path(__file__).parents[2]
    table = table_of(read_records(root / "benchmarks" / "results" / "accuracy"))
    assert f"{BEGIN}\n\n{table}\n{END}" in (root / "docs" / "accuracy.md").read_text(encoding="utf-8")
