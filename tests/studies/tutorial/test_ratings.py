from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tastegraph.data.load import load
from tastegraph.errors import DataError
from tastegraph.studies.tutorial.ratings import FilmRatings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three users of four films, the third of which nobody rated, as MovieLens 1M lays them out."""
    (tmp_path / "ratings.dat").write_text(
        "1::10::3::1\n1::20::2::1\n2::40::5::1\n2::10::1::1\n3::20::4::1\n", encoding="latin-1"
    )
    films = "".join(f"{film}::Film {film} (1990)::Drama\n" for film in (10, 20, 30, 40))
    (tmp_path / "movies.dat").write_text(films, encoding="latin-1")
    (tmp_path / "users.dat").write_text("".join(f"{u}::F::25::1::0\n" for u in (1, 2, 3)), encoding="latin-1")
    return tmp_path


def test_a_three_is_a_like_and_films_that_nobody_rated_are_there(folder: Path) -> None:
    ratings = FilmRatings.of(load(folder), 2)
    assert ratings.users.ids.to_list() == [1, 2]
    assert ratings.films.ids.to_list() == [10, 20, 30, 40]
    assert [ratings.likes[u].tolist() for u in (0, 1)] == [[0], [3]]
    assert [ratings.dislikes[u].tolist() for u in (0, 1)] == [[1], [0]]
    assert ratings.likes.num_columns == 4
    assert len(FilmRatings.of(load(folder)).users) == 3


def test_more_users_than_there_are_and_data_without_ratings_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected from 1 to 3 users, the source's, found 4"):
        FilmRatings.of(load(folder), 4)
    clicks = tmp_path / "clicks.csv"
    clicks.write_text("user,item\na,b\nc,d\n", encoding="utf-8")
    with pytest.raises(DataError, match="need ratings; this source has none"):
        FilmRatings.of(load(clicks))
