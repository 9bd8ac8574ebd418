from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from tastegraph.data.load import load
from tastegraph.errors import DataError, ModelError, RunError
from tastegraph.files import sha256_of
from tastegraph.lightgcn.checkpoint import load_checkpoint
from tastegraph.saved_model import SavedModel
from tastegraph.studies.contenders import contend
from tastegraph.studies.evaluate import evaluate
from tastegraph.studies.recipe import Recipe, load_recipe
from tastegraph.studies.run import run
from tastegraph.studies.trial import Trial
from tastegraph.studies.watcher import Silent

if TYPE_CHECKING:
    from pathlib import Path


SMALL = ["training.epochs=6", "training.batch_size=128", "model.embedding_dim=8"]


def _run(csv: Path, out: Path, *settings: str, force: bool = False) -> dict[str, object]:
    recipe = load_recipe(None, [*SMALL, *settings], str(csv))
    return run(recipe, load(str(csv)), out, Silent(), force=force)


def test_a_run_directory_holds_all_that_was_promised(ratings_csv: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "run"
    result = _run(ratings_csv, out)
    assert {path.name for path in out.iterdir()} == {
        "recipe.toml", "environment.json", "metrics.jsonl", "result.json", "model", "checkpoints", "report.html",
        "split.parquet", "digests.json",
    }  # fmt: skip
    assert result == json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert load_recipe(out / "recipe.toml").training.epochs == 6
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4, 5, 6]
    best = max(lines, key=lambda line: line["validation"]["ndcg@10"])
    assert result["best_epoch"] == best["epoch"]
    assert result["metrics"]["validation"] == best["validation"]  # type: ignore[index]
    environment = json.loads((out / "environment.json").read_text(encoding="utf-8"))
    assert environment["machine"]["device"] == "cpu"
    assert environment["kernels"]["path"] == "compiled kernels (numba)"
    assert environment["kernels"]["first_use_seconds"].keys() == {"propagation", "negatives", "scores", "ranking"}
    assert all(seconds > 0 for seconds in environment["kernels"]["first_use_seconds"].values())
    assert environment["data"] == {"ratings.csv": sha256_of(ratings_csv)}
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "<svg" in report
    assert "MF (K = 0)" in report
    assert "src=" not in report  # self-contained
    assert 'href="http' not in report


def test_the_saved_model_is_the_best_epochs_and_is_judged_alike(ratings_csv: Path, tmp_path: Path) -> None:
    result = _run(ratings_csv, tmp_path / "run")
    again = evaluate(tmp_path / "run")
    assert again["metrics"] == {"test": result["metrics"]["test"]}  # type: ignore[index]
    assert again["intervals"] == result["intervals"]
    assert next(iter(evaluate(tmp_path / "run", [3])["metrics"]["test"])) == "recall@3"
    model = SavedModel.load(tmp_path / "run" / "model")
    assert load_checkpoint(tmp_path / "run" / "checkpoints" / "best.safetensors").num_users == len(model.users)


def test_a_split_that_leaks_is_told_in_result_and_report(ratings_csv: Path, tmp_path: Path) -> None:
    result = _run(ratings_csv, tmp_path / "run", "split.method=user-time", "baselines=[]")
    assert "the future leaks" in result["split"]["warning"]  # type: ignore[index]
    assert "the future leaks" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def _by_hand(run: Path, part: str, masked: set[str], k: int) -> tuple[float, float]:
    """NDCG@k and recall@k from a run's files alone, in plain Python; embeddings are those of the saved model."""
    model = SavedModel.load(run / "model")
    users, items = model.users.ids.to_list(), model.items.ids.to_list()
    split = pl.read_parquet(run / "split.parquet")
    ndcg, recall = [], []
    for index, user in enumerate(users):
        rows = split.filter(pl.col("user") == user)
        wanted = set(rows.filter(pl.col("part") == part)["item"])
        known = set(rows.filter(pl.col("part").is_in(list(masked)))["item"])
        if not wanted:
            continue
        score = model.e_items @ model.e_users[index]
        order = sorted((n for n, item in enumerate(items) if item not in known), key=lambda n: (-score[n], n))[:k]
        gains = [1 / math.log2(rank + 2) for rank, n in enumerate(order) if items[n] in wanted]
        ideal = sum(1 / math.log2(rank + 2) for rank in range(min(k, len(wanted))))
        ndcg.append(sum(gains) / ideal)
        recall.append(len(gains) / len(wanted))
    return sum(ndcg) / len(ndcg), sum(recall) / len(recall)


def test_what_is_reported_is_what_the_files_say(ratings_csv: Path, tmp_path: Path) -> None:
    """Validation masks fit; test masks fit and validation; the chosen epoch is the best on validation."""
    result = _run(ratings_csv, tmp_path / "run", "evaluation.k=[5]", "evaluation.select=ndcg@5")
    for part, masked in (("validation", {"fit"}), ("test", {"fit", "validation"})):
        metrics = result["metrics"][part]  # type: ignore[index]
        assert (metrics["ndcg@5"], metrics["recall@5"]) == pytest.approx(_by_hand(tmp_path / "run", part, masked, 5))


def test_the_mf_baseline_has_no_layers(ratings_csv: Path) -> None:
    recipe = load_recipe(None, [*SMALL, "model.alpha=[0.1, 0.2, 0.3, 0.4]"], str(ratings_csv))
    trained = contend("mf", Trial.of(load(str(ratings_csv)), recipe), recipe, Silent()).trained
    assert trained is not None
    assert len(trained.model.convs) == 0
    e0 = trained.model.E0.detach().numpy()
    assert np.array_equal(np.concatenate(trained.embeddings), e0)


def test_no_list_holds_an_item_its_user_has_rated(ratings_csv: Path, tmp_path: Path) -> None:
    _run(ratings_csv, tmp_path / "run")
    model = SavedModel.load(tmp_path / "run" / "model")
    lists = model.rank(np.arange(len(model.users)), 15, model.seen)
    listed = {
        (model.users.ids[user], model.items.ids[int(item)])
        for user, items in enumerate(lists) for item in items if item >= 0
    }  # fmt: skip
    rated = set(pl.read_csv(ratings_csv).select("user", "item").rows())
    assert len(listed) == 60 * 15
    assert not listed & rated
    assert {user for user, _ in listed} == {user for user, _ in rated}


def test_a_seed_repeats_a_run_bit_for_bit(ratings_csv: Path, tmp_path: Path) -> None:
    one, other = _run(ratings_csv, tmp_path / "1"), _run(ratings_csv, tmp_path / "2")
    assert one["metrics"] == other["metrics"]
    for name in ("model/embeddings.safetensors", "split.parquet", "checkpoints/best.safetensors"):
        assert sha256_of(tmp_path / "1" / name) == sha256_of(tmp_path / "2" / name)


def test_a_published_split_is_refitted_on_its_whole_training_part(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    data = tmp_path / "split"
    data.mkdir()
    lists = [rng.permutation(np.arange(15) + 15 * (u % 2))[:12] for u in range(30)]
    (data / "train.txt").write_text(
        "".join(f"{u} {' '.join(map(str, own[:9]))}\n" for u, own in enumerate(lists)), "utf-8"
    )
    (data / "test.txt").write_text(
        "".join(f"{u} {' '.join(map(str, own[9:]))}\n" for u, own in enumerate(lists)), "utf-8"
    )
    result = _run(data, tmp_path / "run")
    described = result["data"]
    assert isinstance(described, dict)
    assert described["refit"] is True
    assert described["fit"]["pairs"] == 270
    assert described["validation"]["pairs"] == 30
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text("utf-8").splitlines()]
    assert sum(line["stage"] == "refit" for line in lines) == result["best_epoch"]
    assert evaluate(tmp_path / "run")["metrics"]["test"] == result["metrics"]["test"]  # type: ignore[index]
    # what a user had in test is seen too: nobody is told to love what they have
    model = SavedModel.load(tmp_path / "run" / "model")
    assert model.seen.counts.tolist() == [12] * 30


def test_a_run_is_never_overwritten_without_force(ratings_csv: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    _run(ratings_csv, out)
    before = sha256_of(out / "result.json")
    with pytest.raises(RunError, match="holds a run already"):
        _run(ratings_csv, out)
    assert sha256_of(out / "result.json") == before
    _run(ratings_csv, out, "training.seed=1", force=True)
    assert sha256_of(out / "result.json") != before


def test_a_folder_that_is_no_run_is_never_replaced(ratings_csv: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(RunError, match="no run"):
        _run(ratings_csv, tmp_path / "thesis", force=True)
    assert (tmp_path / "thesis" / "chapter.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("1,2,5\n2,3,5\n", "r.csv: the validation part is empty"),
        ("1,2,1\n1,3,2\n2,2,1\n", "r.csv: no rating is 3 or more; the highest is 2"),
        ("1,2,5\n2,2,5\n", "r.csv: every user has every item as a positive"),
    ],
)
def test_data_that_cannot_be_judged_leaves_nothing_behind(tmp_path: Path, rows: str, expected: str) -> None:
    csv = tmp_path / "r.csv"
    csv.write_text("user,item,rating\n" + rows, encoding="utf-8")
    with pytest.raises(DataError, match=expected):
        _run(csv, tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["r.csv"]


def test_an_error_on_the_way_leaves_the_old_run_as_it_was(ratings_csv: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    _run(ratings_csv, out)
    before = {path: sha256_of(path) for path in out.rglob("*") if path.is_file()}
    with pytest.raises(ModelError, match="try a smaller"):
        _run(ratings_csv, out, "model.init_std=1e30", force=True)
    assert {path: sha256_of(path) for path in out.rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ratings.csv", "run"]


def test_a_folder_with_a_recipe_and_other_files_is_never_replaced(ratings_csv: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    _run(ratings_csv, out)
    (out / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(RunError, match="no run"):
        _run(ratings_csv, out, force=True)
    assert (out / "thesis.txt").exists()


def test_a_split_that_was_altered_is_not_judged_by(ratings_csv: Path, tmp_path: Path) -> None:
    _run(ratings_csv, tmp_path / "run", "baselines=[]")
    path = tmp_path / "run" / "split.parquet"
    pl.read_parquet(path).head(50).write_parquet(path)
    with pytest.raises(RunError, match=r"split.parquet: altered"):
        evaluate(tmp_path / "run")


@pytest.mark.parametrize("text", ["[]", "null", '{"k": null}', '{"k": []}', '{"k": ["a"]}', "{"])
def test_a_damaged_result_is_named(ratings_csv: Path, tmp_path: Path, text: str) -> None:
    _run(ratings_csv, tmp_path / "run", "baselines=[]")
    (tmp_path / "run" / "result.json").write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match=r"result.json: altered since it was written"):
        evaluate(tmp_path / "run", [5])
    (tmp_path / "run" / "digests.json").unlink()  # as runs of before have none
    with pytest.raises(RunError, match=r"result.json: does not say"):
        evaluate(tmp_path / "run")
    assert evaluate(tmp_path / "run", [5])["k"] == [5]


@pytest.mark.usefixtures("movielens_100k")
def test_lightgcn_is_ahead_of_both_baselines_on_movielens_100k(tmp_path: Path) -> None:
    recipe = load_recipe(None, ["training.epochs=25", "training.patience=25"])
    result = run(recipe, load("ml-100k"), tmp_path / "run", Silent())
    for name in ("popularity", "mf"):
        for metric in ("ndcg@10", "recall@20"):
            assert result["baselines"][name]["lead"][metric]["interval"][0] > 0, (name, metric)


def test_learned_alpha_trains_and_is_kept(ratings_csv: Path, tmp_path: Path) -> None:
    _run(ratings_csv, tmp_path / "run", "model.alpha=learned", "baselines=[]")
    model = load_checkpoint(tmp_path / "run" / "checkpoints" / "best.safetensors")
    assert model.alpha.sum().item() == pytest.approx(1, abs=1e-6)
    assert len(set(model.alpha.tolist())) == 4


def test_the_default_recipe_is_the_quickstarts() -> None:
    recipe = Recipe()
    assert (recipe.data.source, recipe.model.num_layers, recipe.model.embedding_dim) == ("ml-100k", 3, 64)
    assert (recipe.split.ratios, recipe.evaluation.k, recipe.evaluation.select) == (
        (0.8, 0.1, 0.1),
        (10, 20),
        "ndcg@10",
    )


def test_a_metric_that_never_rises_is_noted(ratings_csv: Path, tmp_path: Path) -> None:
    """Steps too small to change any list; and a training that rises has no note."""
    wild = _run(ratings_csv, tmp_path / "wild", "training.learning_rate=1e-12", "baselines=[]")
    assert wild["best_epoch"] == 1
    note = str(wild["notes"])
    assert "validation ndcg@10 never rose above the" in note
    assert "of epoch 1, its first: try another training.learning_rate" in note
    assert _run(ratings_csv, tmp_path / "calm", "baselines=[]", "training.learning_rate=0.05")["notes"] == []
