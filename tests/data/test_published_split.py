from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tastegraph.data.load import load
from tastegraph.data.splits import FIT, TEST, VALIDATION, SplitConfig
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _folder(folder: Path, train: str, test: str) -> str:
    (folder / "train.txt").write_text(train, encoding="utf-8")
    (folder / "test.txt").write_text(test, encoding="utf-8")
    return str(folder)


def test_test_pairs_stay_the_test_part(tmp_path: Path) -> None:
    data = load(_folder(tmp_path, "u a b c\nv a\nw\n", "u d \nv b\r\n\nx a\n"))
    split = data.split(3.0, SplitConfig())
    rows = split.positives.to_frame().select("user", "item").rows()
    parts = dict(zip(rows, split.part.tolist(), strict=True))
    assert {pair for pair, part in parts.items() if part == TEST} == {("u", "d"), ("v", "b"), ("x", "a")}
    assert list(parts.values()).count(VALIDATION) == 1  # a tenth of u's three, at least one; v keeps its only one
    assert parts["v", "a"] == FIT
    final = split.refit()
    assert len(final.fit) == 4
    assert len(final.validation) == 0
    assert final.test.cold == 1  # item d
    assert final.test.strangers == 1  # user x


def test_a_pair_in_both_parts_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"test.txt:2: user 1, item 9 is in train.txt too"):
        load(_folder(tmp_path, "0 5 6\n1 9 8\n", "0 7\n1 9\n"))


def test_an_empty_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train.txt: holds no pair"):
        load(_folder(tmp_path, "\n", "0 7\n"))


@pytest.mark.parametrize(
    ("name", "users", "items", "train", "test"),
    [("gowalla", 29_858, 40_981, 810_128, 217_242), ("yelp2018", 31_668, 38_048, 1_237_259, 324_147)],
)
def test_the_benchmarks_have_their_published_counts(
    real_data: Callable[[str], Path], name: str, users: int, items: int, train: int, test: int
) -> None:
    real_data(name)
    dataset = load(name)
    assert (len(dataset.interactions.users), len(dataset.interactions.items)) == (users, items)
    assert dataset.published_test is not None
    assert (int((~dataset.published_test).sum()), int(dataset.published_test.sum())) == (train, test)


@pytest.mark.parametrize("name", ["valid.txt", "validation.txt"])
def test_a_validation_file_that_is_not_read_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "train.txt").write_text("0 1 2 3\n", encoding="utf-8")
    (tmp_path / "test.txt").write_text("0 4\n", encoding="utf-8")
    assert load(str(tmp_path)).understood == "published split (train.txt, test.txt)"
    (tmp_path / name).write_text("0 5\n", encoding="utf-8")
    dataset = load(str(tmp_path))
    assert f"{name} is not read: validation is held out of train.txt" in dataset.understood
    assert len(dataset.interactions) == 4


def test_a_part_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "0 5 6\n", "")
    (tmp_path / "test.txt").write_bytes(b"0 7\n1 \xff\n")
    with pytest.raises(DataError, match=r"test.txt:2: is not UTF-8 text"):
        load(folder)
