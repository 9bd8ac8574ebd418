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


def _of_100k(folder: Path, **files: str) -> str:
    """A folder in MovieLens 100K's layout, with two genres."""
    usual = {
        "u_data": "1\t10\t5\t880000000\n2\t11\t3\t880000001\n",
        "u_genre": "unknown|0\nDrama|1\n\n",
        "u_user": "1|24|M|writer|85711\n2|53|F|other|94043\n",
        "u_item": "10|Alien (1979)|01-Jan-1979||http|0|1\n11|Brazil (1985)|01-Jan-1985||http|0|0\n",
    }
    for name, content in (usual | files).items():
        (folder / name.replace("_", ".")).write_text(content, encoding="latin-1")
    return str(folder)


def _of_1m(folder: Path, **files: str) -> str:
    """A folder in MovieLens 1M's layout."""
    usual = {
        "ratings": "1::10::5::978300000\n2::11::3::978300001\n",
        "users": "1::F::1::10::48067\n2::M::56::16::70072\n",
        "movies": "10::Alien (1979)::Horror|Sci-Fi\n11::Amélie (2001)::(no genres listed)\n",
    }
    for name, content in (usual | files).items():
        (folder / f"{name}.dat").write_text(content, encoding="latin-1")
    return str(folder)


def test_both_layouts_bring_titles_genres_and_people(tmp_path: Path) -> None:
    (tmp_path / "100k").mkdir()
    (tmp_path / "1m").mkdir()
    small, large = load(_of_100k(tmp_path / "100k")), load(_of_1m(tmp_path / "1m"))
    assert small.item_table is not None
    assert small.item_table.rows() == [(10, "Alien", 1979, ["Drama"]), (11, "Brazil", 1985, [])]
    assert small.user_table is not None
    assert small.user_table.rows() == [(1, "M", 24, "writer", "85711"), (2, "F", 53, "other", "94043")]
    assert large.item_table is not None
    assert large.item_table.rows() == [(10, "Alien", 1979, ["Horror", "Sci-Fi"]), (11, "Amélie", 2001, [])]
    assert large.user_table is not None
    assert large.user_table.rows() == [(1, "F", 1, "K-12 student", "48067"), (2, "M", 56, "self-employed", "70072")]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"u_user": "1|x|M|writer|85711\n"}, r"u.user:1: expected a whole number as age, found 'x'"),
        ({"u_user": "1|24|M|writer|85711\n2|53|F\n"}, r"u.user:2: expected 5 fields, found 3"),
        ({"u_genre": "unknown|0\n"}, r"u.item:1: expected 6 fields, found 7"),
        ({"u_item": "10|A|||h|0|1\n\n10|B|||h|0|1\n"}, r"u.item:3: '10' stands in line 1 already; expected it once"),
        ({"u_user": "1|24|M|\xe9|85711\n"}, r"u.user:1: is not UTF-8 text"),
    ],
)
def test_damage_in_the_layout_of_100k_is_told_with_its_line(tmp_path: Path, files: dict[str, str], told: str) -> None:
    with pytest.raises(DataError, match=told):
        load(_of_100k(tmp_path, **files))


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"users": "1::F::1::21::48067\n"}, r"users.dat:1: expected an occupation from 0 to 20, found 21"),
        ({"users": "1::F::1::x::48067\n"}, r"users.dat:1: expected a whole number as occupation, found 'x'"),
        ({"users": "1::F::1::-1::48067\n"}, r"users.dat:1: expected an occupation from 0 to 20, found -1"),
        ({"movies": "10::Alien (1979)\n"}, r"movies.dat:1: expected 3 fields, found 2"),
    ],
)
def test_damage_in_the_layout_of_1m_is_told_with_its_line(tmp_path: Path, files: dict[str, str], told: str) -> None:
    with pytest.raises(DataError, match=told):
        load(_of_1m(tmp_path, **files))


def test_a_layout_without_its_films_is_told(tmp_path: Path) -> None:
    (tmp_path / "100k").mkdir()
    (tmp_path / "1m").mkdir()
    small, large = _of_100k(tmp_path / "100k"), _of_1m(tmp_path / "1m")
    (tmp_path / "100k" / "u.genre").unlink()
    (tmp_path / "1m" / "movies.dat").unlink()
    with pytest.raises(DataError, match=r"u.genre: no such file"):
        load(small)
    with pytest.raises(DataError, match=r"movies.dat: cannot be read \(No such file or directory\)"):
        load(large)
