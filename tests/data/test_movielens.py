from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tastegraph.data.load import load
from tastegraph.data.titles import split_title
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "title", "year"),
    [
        ("Toy Story (1995)", "Toy Story", 1995),
        ("Land Before Time III (1995) (V)", "Land Before Time III (V)", 1995),
        ("City of Lost Children, The (Cité des enfants perdus, La) (1995)",
         "City of Lost Children, The (Cité des enfants perdus, La)", 1995),
        ("2001 (1968)", "2001", 1968),
        ("Fawlty Towers (1975-1979)", "Fawlty Towers", 1975),
        ("unknown", "unknown", None),
    ],
)  # fmt: skip
def test_titles_and_years(text: str, title: str, year: int | None) -> None:
    assert split_title(text) == (title, year)


def test_movielens_100k_has_its_published_counts(real_data: Callable[[str], Path]) -> None:
    real_data("ml-100k")
    dataset = load("ml-100k")
    rated = dataset.interactions
    assert (len(rated.users), len(rated.items), len(rated)) == (943, 1_682, 100_000)
    assert len(rated.positives(3.0)) == 82_520
    assert dataset.item_table is not None
    assert dataset.item_table.row(0) == (1, "Toy Story", 1995, ["Animation", "Children's", "Comedy"])
    assert dataset.user_table is not None
    assert dataset.user_table.row(0) == (1, "M", 24, "technician", "85711")


def test_movielens_1m_has_its_published_counts(real_data: Callable[[str], Path]) -> None:
    real_data("ml-1m")
    dataset = load("ml-1m")
    rated = dataset.interactions
    assert (len(rated.users), len(rated.items), len(rated)) == (6_040, 3_706, 1_000_209)
    assert len(rated.positives(3.0)) == 836_478
    assert rated.value is not None
    assert [int((rated.value == stars).sum()) for stars in range(1, 6)] == [56_174, 107_557, 261_197, 348_971, 226_310]
    assert dataset.item_table is not None
    titles = dict(dataset.item_table.select("item", "title").rows())
    assert titles[73] == "Misérables, Les"  # latin-1 in the file


def test_a_folder_with_ratings_csv_takes_titles_from_movies_csv(real_data: Callable[[str], Path]) -> None:
    dataset = load(str(real_data("ml-latest-small")))
    rated = dataset.interactions
    assert (len(rated.users), len(rated.items), len(rated)) == (610, 9_724, 100_836)
    assert dataset.item_table is not None
    assert dataset.item_table.row(0)[1:3] == ("Toy Story", 1995)


def test_a_truncated_line_is_named(real_data: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("u.item", "u.user", "u.genre"):
        shutil.copy(real_data("ml-100k") / name, folder)
    (folder / "u.data").write_text("1\t2\t3\t4\n1\t3\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"u.data:2: expected 4 fields, found 2"):
        load(str(folder))
