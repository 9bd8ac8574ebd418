"""What each way to split keeps apart, on random data."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tastegraph.data.cleaning import CleaningConfig
from tastegraph.data.coded import CodedRows
from tastegraph.data.dataset import Dataset
from tastegraph.data.interactions import Interactions
from tastegraph.data.load import load
from tastegraph.data.options import ColumnOptions, ReadOptions
from tastegraph.data.split_methods import (
    FIT,
    TEST,
    VALIDATION,
    cuts_by_share,
    folds_split,
    leave_one_out,
    time_split,
    user_time_split,
)
from tastegraph.data.splits import SplitConfig
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tastegraph.data.times import Times

# (user, time) of each pair; few moments, so that many are the same.
EVENTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=60)
SHARES = (0.6, 0.2, 0.2)


def _arrays(events: list[tuple[int, int]]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    user, time = zip(*events, strict=True)
    return np.array(user, np.int32), np.array(time, np.int64)


@given(EVENTS, st.integers(0, 3))
def test_leave_one_out_holds_out_each_users_last(events: list[tuple[int, int]], seed: int) -> None:
    user, time = _arrays(events)
    part = leave_one_out(user, time, seed)
    for one in set(user.tolist()):
        mine, when = part[user == one], time[user == one]
        n = len(mine)
        assert [int((mine == which).sum()) for which in (FIT, VALIDATION, TEST)] == [
            max(1, n - 2), int(n > 2), int(n > 1),
        ]  # fmt: skip
        assert _in_order(mine, when, allow_same=True)
    assert np.array_equal(part, leave_one_out(user, time, seed))


@given(EVENTS, st.integers(0, 3))
def test_a_users_time_split_is_in_the_order_of_time(events: list[tuple[int, int]], seed: int) -> None:
    user, time = _arrays(events)
    part = user_time_split(user, time, SHARES, seed)
    for one in set(user.tolist()):
        assert _in_order(part[user == one], time[user == one], allow_same=True)
        assert (part[user == one] == FIT).any()


@given(EVENTS)
def test_one_cut_through_time_lets_nothing_later_into_fit(events: list[tuple[int, int]]) -> None:
    _, time = _arrays(events)
    part = time_split(time, *cuts_by_share(time, SHARES))
    assert _in_order(part, time, allow_same=False)


def _in_order(part: NDArray[np.uint8], time: Times, *, allow_same: bool) -> bool:
    """Whether no pair of an earlier part is later than one of a later part (nor of the same moment)."""
    spans = [(time[part == which].min(), time[part == which].max()) for which in (0, 1, 2) if (part == which).any()]
    return all(one[1] <= other[0] if allow_same else one[1] < other[0] for one, other in pairwise(spans))


def test_shares_of_time_are_met_where_times_differ() -> None:
    time = np.random.default_rng(0).permutation(1000).astype(np.int64)
    part = time_split(time, *cuts_by_share(time, (0.8, 0.1, 0.1)))
    assert np.bincount(part).tolist() == [800, 100, 100]


@given(st.integers(2, 7), st.integers(7, 80), st.integers(0, 3))
def test_folds_share_out_every_pair_once(folds: int, n: int, seed: int) -> None:
    tests = np.array([folds_split(n, folds, fold, seed) for fold in range(1, folds + 1)])
    assert (tests.sum(axis=0) == 1).all()
    assert np.ptp(tests.sum(axis=1)) <= 1


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """20 users, 30 items, times from 0 to 599; a column that says who is where."""
    rng = np.random.default_rng(1)
    rows = [(f"u{u}", f"i{i}", 20 * i + u) for u in range(20) for i in rng.permutation(30)[: 10 + u % 5]]
    frame = pl.DataFrame(rows, schema=["user", "item", "time"], orient="row")
    set_ = pl.when(pl.col("time") >= 500).then(pl.lit("test")).otherwise(pl.lit("train"))
    path = tmp_path / "r.csv"
    frame.with_columns(set=set_).write_csv(path)
    return load(str(path), options=ReadOptions(columns=ColumnOptions(part="set")))


METHODS: list[dict[str, Any]] = [
    {"method": "ratio"},
    {"method": "leave-one-out"},
    {"method": "time"},
    {"method": "time", "test_since": "1970-01-01T00:08:00"},
    {"method": "time", "validation_since": "300", "test_since": "480"},
    {"method": "user-time"},
    {"method": "folds", "folds": 4, "fold": 3},
    {"method": "column"},
]


# User, item, time and given part of each pair.
PAIRS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 8), st.integers(0, 600), st.integers(0, 2)),
    min_size=1, max_size=50, unique_by=lambda row: row[:2],
)  # fmt: skip


def _dataset(rows: list[tuple[int, int, int, int]]) -> Dataset:
    frame = pl.DataFrame(rows, schema=["user", "item", "time", "part"], orient="row")
    rated, _, part = Interactions.from_rows(CodedRows.from_frame(frame))
    return Dataset("made", Path("made"), rated, None, None, None, 0, "", {}, part)


@pytest.mark.parametrize("settings", METHODS, ids=json.dumps)
@given(rows=PAIRS, seed=st.integers(0, 3))
def test_no_method_lets_a_pair_into_two_parts(
    settings: dict[str, Any], rows: list[tuple[int, int, int, int]], seed: int
) -> None:
    config = SplitConfig(**settings, seed=seed)
    dataset = _dataset(rows)
    try:
        split = dataset.split(None, config)
    except DataError:  # all of the few pairs are held out
        return
    fit = set(split.fit.to_frame().select("user", "item").rows())
    known = [_pairs(split.fit, held) for held in (split.validation, split.test)]
    assert not fit & known[0]
    assert not fit & known[1]
    assert not known[0] & known[1]
    missing = sum(held.cold + held.strangers for held in (split.validation, split.test))
    assert len(fit) + len(known[0]) + len(known[1]) + missing == len(rows)
    assert np.array_equal(split.part, dataset.split(None, config).part)  # seeded
    if config.method in {"leave-one-out", "user-time", "ratio"}:
        assert split.test.strangers == 0  # every user keeps something to be known by
    if config.method == "time" and split.positives.time is not None:
        assert _in_order(split.part, split.positives.time, allow_same=False)


def _pairs(fit: Any, held: Any) -> set[tuple[str, str]]:
    warm = held.item >= 0
    return {
        (fit.users.ids[int(user)], fit.items.ids[int(item)])
        for user, item in zip(held.user[warm], held.item[warm], strict=True)
    }


def test_a_cut_through_time_tells_who_is_new(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("user,item,time\na,x,1\na,y,2\nb,x,3\nb,z,8\nc,x,9\na,z,7\n", encoding="utf-8")
    split = load(str(path)).split(None, SplitConfig(method="time", validation_since="3", test_since="5"))
    assert (len(split.fit), len(split.validation), split.validation.strangers) == (2, 0, 1)
    assert (len(split.test), split.test.cold, split.test.strangers) == (1, 1, 2)


def test_a_column_without_validation_has_a_tenth_held_out_and_is_refitted(dataset: Dataset) -> None:
    config = SplitConfig(method="column")
    split = dataset.split(None, config)
    time = split.positives.time
    assert time is not None
    assert np.array_equal(split.part == TEST, time >= 500)
    assert (split.part == VALIDATION).any()
    assert dataset.gives_test(config)
    assert not dataset.gives_test(SplitConfig())


def test_a_saved_split_is_used_exactly_and_only_for_its_data(dataset: Dataset, tmp_path: Path) -> None:
    split = dataset.split(None, SplitConfig(method="leave-one-out"))
    path = tmp_path / "split.parquet"
    split.save(path, dataset.digest)
    config = SplitConfig(method="file", file=str(path))
    assert np.array_equal(dataset.split(None, config).part, split.part)
    with pytest.raises(DataError, match=r"split.parquet: does not split these positives: it holds .* pairs, expected"):
        dataset.split(None, config, CleaningConfig(k_core=5, since="100"))
    split.save(path, "0" * 64)
    with pytest.raises(DataError, match=r"split.parquet: is a split of other data: digest 000000000000..., expected"):
        dataset.split(None, config)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"method": "shipped"}, "method shipped and shipped go together"),
        ({"file": "x"}, "method file and file go together"),
        ({"method": "folds", "fold": 6}, "fold must be from 1 to 5"),
        ({"test_since": "2000-01-01"}, "test_since belongs to method time"),
        ({"method": "time", "validation_since": "2000-01-01"}, "validation_since needs test_since"),
        ({"method": "time", "validation_since": "9", "test_since": "8"}, "must not be after test_since"),
        ({"method": "time", "test_since": "soon"}, "expected an ISO date or time"),
    ],
)
def test_settings_that_contradict_one_another_are_refused(settings: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        SplitConfig(**settings)


def test_methods_say_what_they_lack(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("user,item\na,x\na,y\n", encoding="utf-8")
    dataset = load(str(path))
    for method in ("leave-one-out", "time", "user-time"):
        with pytest.raises(DataError, match=rf"r.csv: split.method {method} needs times, and there are none"):
            dataset.split(None, SplitConfig.model_validate({"method": method}))
    with pytest.raises(DataError, match=r"split\.method column needs the column"):
        dataset.split(None, SplitConfig(method="column"))
    with pytest.raises(DataError, match=r"u1.base: no such file; the folds come with ml-100k's original archive"):
        dataset.split(None, SplitConfig(method="shipped", shipped="u1"))
    with pytest.raises(DataError, match=r"the folds that come with ml-100k are u1, u2"):
        dataset.split(None, SplitConfig(method="shipped", shipped="u9"))


def test_only_the_split_within_users_warns_of_the_future() -> None:
    assert "the future leaks" in str(SplitConfig(method="user-time").warning)
    assert SplitConfig(method="time").warning is None


@pytest.mark.parametrize(("name", "test"), [(f"u{n}", 20_000) for n in range(1, 6)] + [("ua", 9_430), ("ub", 9_430)])
def test_the_folds_of_movielens_100k_are_those_that_ship(
    real_data: Callable[[str], Path], name: str, test: int
) -> None:
    folder = real_data("ml-100k")
    split = load("ml-100k").split(None, SplitConfig(method="shipped", shipped=name))
    assert int((split.part == TEST).sum()) == test
    assert len(split.positives) == 100_000
    pairs = split.positives.to_frame().select("user", "item").filter(pl.Series(split.part == TEST)).rows()
    lines = (folder / f"{name}.test").read_text(encoding="utf-8").splitlines()
    assert set(pairs) == {(int(line.split("\t")[0]), int(line.split("\t")[1])) for line in lines}


def test_a_fold_that_shares_a_pair_is_refused(real_data: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tmp_path / "ml-100k"
    shutil.copytree(real_data("ml-100k"), folder)
    (folder / "u1.base").chmod(0o644)
    first = (folder / "u1.test").read_text(encoding="utf-8").splitlines()[0]
    with (folder / "u1.base").open("a", encoding="utf-8") as file:
        file.write(first + "\n")
    with pytest.raises(DataError, match=r"u1.test: shares 1 pair with u1.base"):
        load(str(folder)).split(None, SplitConfig(method="shipped", shipped="u1"))


def test_a_published_split_is_neither_cleaned_nor_split_anew(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("a x y\n", encoding="utf-8")
    (tmp_path / "test.txt").write_text("a z\n", encoding="utf-8")
    dataset = load(str(tmp_path))
    with pytest.raises(DataError, match="a published split is taken as it is; cleaning it"):
        dataset.split(None, SplitConfig(), CleaningConfig(k_core=2))
    with pytest.raises(DataError, match=r"a published split is taken as it is; split.method folds"):
        dataset.split(None, SplitConfig(method="folds"))


def test_validation_may_be_the_last_of_each_users_published_list(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("0 9 3 7 1\n1 5 2 8\n", encoding="utf-8")
    (tmp_path / "test.txt").write_text("0 4\n1 9\n", encoding="utf-8")
    dataset = load(str(tmp_path))
    split = dataset.split(None, SplitConfig(held_out="last", ratios=(0.5, 0.5, 0.0)))
    held, items = split.validation, split.fit.items.ids
    found = {(int(u), int(items[int(i)])) for u, i in zip(held.user, held.item, strict=True) if i >= 0}
    assert found <= {(0, 7), (0, 1), (1, 8)}
    assert len(held.item) == 3
    fit = {(int(u), int(items[int(i)])) for u, i in zip(split.fit.user, split.fit.item, strict=True)}
    assert fit == {(0, 9), (0, 3), (1, 5), (1, 2)}
    assert dataset.interactions.time is None


def test_the_last_of_a_list_needs_lists(movielens_100k: Dataset) -> None:
    with pytest.raises(DataError, match=r"split.held_out last needs a published split"):
        movielens_100k.split(3.0, SplitConfig(held_out="last"))
