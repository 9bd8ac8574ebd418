"""A saved run, and lists of other tools, judged under every protocol; what leaks is not judged at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from tastegraph.data.load import load
from tastegraph.data.splits import FIT, TEST, VALIDATION, Split
from tastegraph.errors import DataError, EvaluationError, LeakError
from tastegraph.files import sha256_of
from tastegraph.saved_model import SavedModel
from tastegraph.studies.evaluate import evaluate, evaluate_lists, evaluate_lists_on
from tastegraph.studies.evidence import Evidence
from tastegraph.studies.manner import Manner
from tastegraph.studies.recipe import load_recipe
from tastegraph.studies.run import run
from tastegraph.studies.trial import Trial
from tastegraph.studies.watcher import Silent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


SMALL = ["training.epochs=3", "training.batch_size=128", "model.embedding_dim=8", "baselines=[]"]


@pytest.fixture
def finished(ratings_csv: Path, tmp_path: Path) -> Path:
    recipe = load_recipe(None, SMALL, str(ratings_csv))
    run(recipe, load(str(ratings_csv)), tmp_path / "run", Silent())
    return tmp_path / "run"


def _lists_of(run: Path, path: Path, k: int = 20, **columns: object) -> pl.DataFrame:
    """What another tool would write: the model's own lists, by original ids."""
    model = SavedModel.load(run / "model")
    trial = Trial(Split.load(run / "split.parquet"), refits=False)
    lists = model.rank(np.arange(len(model.users)), k, trial.known)
    user, place = np.nonzero(lists >= 0)
    table = pl.DataFrame(
        {
            "user": model.users.ids.gather(user),
            "item": model.items.ids.gather(lists[user, place]),
            "rank": place + 1,
            "score": (model.e_users[user] * model.e_items[lists[user, place]]).sum(axis=1),
        }
    )
    table.write_csv(path)
    return table


def test_lists_of_another_tool_score_as_the_model_they_came_from(finished: Path, tmp_path: Path) -> None:
    path = tmp_path / "lists.csv"
    table = _lists_of(finished, path)
    ours = evaluate(finished, [5, 20], Manner(beyond=True, groups=True))
    for columns in (["user", "item", "rank"], ["user", "item", "score"], ["user", "item", "rank", "score"]):
        table.select(columns).sample(fraction=1, shuffle=True, seed=0).write_csv(path)
        theirs = evaluate_lists(path, finished, Manner([5, 20], beyond=True, groups=True))
        for part in ("metrics", "intervals", "users", "groups", "protocol"):
            assert theirs[part] == ours[part], (columns, part)
        assert theirs["warnings"] == []


def test_lists_are_judged_by_data_and_recipe_without_a_run(finished: Path, ratings_csv: Path, tmp_path: Path) -> None:
    _lists_of(finished, tmp_path / "lists.csv")
    recipe = load_recipe(None, [], str(ratings_csv))
    found = evaluate_lists_on(tmp_path / "lists.csv", load(str(ratings_csv)), recipe, Manner(groups=True))
    assert found["metrics"] == evaluate(finished)["metrics"]
    assert found["data"] == "ratings"


def _refused(finished: Path, tmp_path: Path, table: pl.DataFrame) -> str:
    table.write_csv(tmp_path / "lists.csv")
    with pytest.raises(DataError) as error:
        evaluate_lists(tmp_path / "lists.csv", finished, Manner())
    return str(error.value).removeprefix(f"{tmp_path}/")


def test_lists_that_are_no_lists_are_refused_by_line(finished: Path, tmp_path: Path) -> None:
    table = _lists_of(finished, tmp_path / "lists.csv").select("user", "item", "rank")
    strange = table.with_columns(item=pl.when(pl.int_range(pl.len()) == 3).then(pl.lit("film 7x")).otherwise("item"))
    assert _refused(finished, tmp_path, strange).startswith(
        "lists.csv:5: item film 7x is not among the 40 items of the fit part; nearest: film 7"
    )
    user, item = table.row(0)[:2]
    again = pl.concat([table, pl.DataFrame({"user": [user], "item": [item], "rank": [99]})])
    assert _refused(finished, tmp_path, again) == (
        f"lists.csv:{len(table) + 2}: item {item} stands twice in the list of user {user}, first in line 2"
    )
    other = table.filter(pl.col("user") == user).row(2)[1]
    twice = table.filter((pl.col("user") != user) | (pl.col("item") != other))
    twice = pl.concat([twice, pl.DataFrame({"user": [user], "item": [other], "rank": [1]})])
    assert f"rank 1 stands twice in the list of user {user}, first in line 2" in _refused(finished, tmp_path, twice)
    disagree = table.head(2).with_columns(score=pl.Series([0.1, 0.2]))
    assert "lists.csv:3: rank 2 of user" in _refused(finished, tmp_path, disagree)


def test_what_a_reader_must_know_of_lists_is_said(finished: Path, tmp_path: Path) -> None:
    table = _lists_of(finished, tmp_path / "lists.csv").select("user", "item", "rank")
    users = table["user"].unique(maintain_order=True)
    split = pl.read_parquet(finished / "split.parquet")
    known = split.filter((pl.col("user") == users[1]) & (pl.col("part") == "fit")).row(0)[1]
    some = table.filter((pl.col("user") != users[0]) & (pl.col("rank") <= 5))
    moved = some.with_columns(rank=pl.when(pl.col("user") == users[1]).then(pl.col("rank") + 1).otherwise("rank"))
    extra = pl.DataFrame({"user": [users[1], "nobody"], "item": [known, known], "rank": [1, 1]})
    pl.concat([moved, extra]).write_csv(tmp_path / "lists.csv")
    found = evaluate_lists(tmp_path / "lists.csv", finished, Manner([3, 10]))
    said = "\n".join(found["warnings"])
    assert "1 listed user not judged: no held-out items, or not in the fit part" in said
    assert "1 of 60 users with held-out items have no list; what they find counts 0" in said
    assert "1 listed item taken out, the rest moved up: positives that the user is known to have" in said
    assert "no list has more than 6 places" in said
    # what is known is taken out and the rest moves up; a user without a list finds nothing
    ours = evaluate(finished, [3])["metrics"]["test"]["recall@3"] * 60
    model = SavedModel.load(finished / "model")
    lost = _recall_of(finished, model, str(users[0]))
    assert found["metrics"]["test"]["recall@3"] * 60 == pytest.approx(ours - lost)


def _recall_of(run: Path, model: SavedModel, user: str) -> float:
    trial = Trial(Split.load(run / "split.parquet"), refits=False)
    index = int(model.users.index_of([user])[0])
    listed = set(model.rank(np.array([index]), 3, trial.known)[0].tolist())
    wanted = set(trial.test.lists[index].tolist())
    return len(listed & wanted) / int(trial.test.total[index])


def test_lists_of_nobody_with_held_out_items_are_refused(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "lists.csv").write_text("user,item,rank\nnobody,film 1,1\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"lists.csv: none of the 1 users listed has held-out items"):
        evaluate_lists(tmp_path / "lists.csv", finished, Manner())


def test_every_protocol_stands_in_its_result(finished: Path) -> None:
    found = {
        name: evaluate(finished, [5], Manner(protocol=name))
        for name in ("full-ranking", "tutorial", "rated-only", "sampled-negatives")
    }  # fmt: skip
    assert [part["protocol"] for part in found.values()] == list(found)
    assert found["tutorial"]["metrics"]["test"]["precision@5"] > found["full-ranking"]["metrics"]["test"]["precision@5"]
    assert "dislike_precision@5" in found["tutorial"]["metrics"]["test"]
    assert 0 < found["rated-only"]["metrics"]["test"]["auc"] < 1
    assert "Krichene and Rendle" in found["sampled-negatives"]["warnings"][0]
    assert found["sampled-negatives"]["negatives"] == 100


def test_rated_only_ranks_held_out_likes_and_ratings_below_the_threshold(finished: Path, ratings_csv: Path) -> None:
    """From the files alone, in plain Python."""
    rated = pl.read_csv(ratings_csv)
    split = pl.read_parquet(finished / "split.parquet")
    model = SavedModel.load(finished / "model")
    items = model.items.ids.to_list()
    shares = []
    for index, user in enumerate(model.users.ids):
        likes = set(split.filter((pl.col("user") == user) & (pl.col("part") == "test"))["item"]) & set(items)
        dislikes = set(rated.filter((pl.col("user") == user) & (pl.col("rating") < 3))["item"]) & set(items)
        score = dict(zip(items, model.e_items @ model.e_users[index], strict=True))
        pairs = [score[like] > score[dislike] for like in likes for dislike in dislikes]
        shares += [sum(pairs) / len(pairs)] if pairs else []
    found = evaluate(finished, [5], Manner(protocol="rated-only"))
    assert found["users"]["test"] == len(shares)
    assert found["metrics"]["test"]["auc"] == pytest.approx(sum(shares) / len(shares))


def test_without_the_runs_data_what_needs_it_is_refused_or_left_out(finished: Path, ratings_csv: Path) -> None:
    ratings_csv.write_text(ratings_csv.read_text("utf-8") + "person 1,film 1x,5,1\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"rated-only needs the run's data: .*is other data than the run's"):
        evaluate(finished, [5], Manner(protocol="rated-only"))
    ratings_csv.unlink()
    found = evaluate(finished, [5], Manner(protocol="tutorial"))
    assert "dislikes are left out" in found["warnings"][0]
    assert "groups" in evaluate(finished, [5], Manner(groups=True))


def test_a_protocol_that_needs_dislikes_says_so_where_there_are_none(ratings_csv: Path) -> None:
    recipe = load_recipe(None, ["data.threshold=none"], str(ratings_csv))
    dataset = load(str(ratings_csv))
    evidence = Evidence.of(Trial.of(dataset, recipe), dataset, recipe)
    with pytest.raises(EvaluationError, match="needs ratings below a threshold"):
        evidence.judge(object(), [5], "rated-only")  # type: ignore[arg-type]


def _doctored(split: Split, part_from: int, part_to: int) -> Split:
    """The split with its first pair of one part put into another as well."""
    at = int(np.flatnonzero(split.part == part_from)[0])
    pairs = split.positives
    more: Any = {
        name: np.append(getattr(pairs, name), getattr(pairs, name)[at])
        for name in ("user", "item", "value", "time") if getattr(pairs, name) is not None
    }  # fmt: skip
    return Split.of(replace(pairs, **more), np.append(split.part, part_to).astype(np.uint8))


@pytest.mark.parametrize("refits", [False, True])
@pytest.mark.parametrize(("of", "also"), [(TEST, FIT), (VALIDATION, FIT), (TEST, VALIDATION)])
def test_a_split_that_leaks_fails_the_run_and_leaves_nothing(
    ratings_csv: Path, tmp_path: Path, of: int, also: int, refits: bool
) -> None:
    recipe = load_recipe(None, SMALL, str(ratings_csv))
    dataset = load(str(ratings_csv))
    leaking = _doctored(Trial.of(dataset, recipe).split, of, also)
    with pytest.raises(LeakError, match=r"the split leaks: 1 pair is in more than one part; the first is user person"):
        run(recipe, dataset, tmp_path / "run", Silent(), trial=Trial(leaking, refits=refits))
    assert not (tmp_path / "run").exists()


def test_indices_that_leak_are_found_where_the_parts_do_not_tell(ratings_csv: Path) -> None:
    """As where a vocabulary is mixed up: the parts are sound, but the graph holds a pair to be found."""
    trial = Trial.of(load(str(ratings_csv)), load_recipe(None, [], str(ratings_csv)))
    split = trial.split
    warm = int(np.flatnonzero(split.test.item >= 0)[0])
    for part, place in (("fit", "the graph that the model learns from"), ("validation", "the validation part")):
        held: Any = getattr(split, part)
        more = {name: np.append(getattr(held, name), getattr(split.test, name)[warm]) for name in ("user", "item")}
        mixed = replace(split, **{part: replace(held, **more)})
        with pytest.raises(LeakError, match=f"1 test pair is in {place}; the first is user person .*, item film "):
            Trial(mixed, refits=False).check_leaks()


def test_a_saved_split_that_leaks_is_not_judged_by(finished: Path) -> None:
    path = finished / "split.parquet"
    (finished / "digests.json").unlink()  # who changes the split on purpose can change that too
    Split.load(path)
    table = pl.read_parquet(path)
    pair = table.filter(pl.col("part") == "test").head(1).with_columns(part=pl.lit("fit"))
    pl.concat([table, pair]).write_parquet(path)
    model = SavedModel.load(finished / "model")
    replace(model, about={**model.about, "split": sha256_of(path)}).save(finished / "model")
    with pytest.raises(LeakError, match="the split leaks"):
        evaluate(finished)


def test_an_empty_fit_part_is_told_with_its_file(ratings_csv: Path) -> None:
    settings = ["split.method=time", "split.validation_since=1", "split.test_since=2"]
    with pytest.raises(DataError, match=r"ratings.csv: no positive is left to learn from: the fit part is empty"):
        Trial.of(load(str(ratings_csv)), load_recipe(None, settings, str(ratings_csv)))


def test_ml_1m_groups_are_those_of_its_users(real_data: Callable[[str], Path]) -> None:
    real_data("ml-1m")
    dataset, recipe = load("ml-1m"), load_recipe(None, [], "ml-1m")
    evidence = Evidence.of(Trial.of(dataset, recipe), dataset, recipe)

    class ByIndex:
        def rank(self, users: np.ndarray, k: int, exclude: object) -> np.ndarray:
            return np.tile(np.arange(k, dtype=np.int32), (len(users), 1))

    judged = evidence.judge(ByIndex(), [10], "tutorial")
    groups = evidence.groups(judged, [10])
    assert [group.name for group in groups["gender"]] == ["F", "M"]
    # as users.dat has them, but for one user of 56 or over who gave no film 3 or more
    assert [group.users for group in groups["age"]] == [222, 1103, 2096, 1193, 550, 496, 380 - 1]
    assert len(groups["occupation"]) == 21
    assert sum(group.items or 0 for group in groups["item popularity"]) == len(evidence.trial.split.fit.items)
