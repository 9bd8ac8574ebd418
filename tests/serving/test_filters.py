from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tastegraph.errors import FilterError, UnknownItemError
from tastegraph.serving.filters import Filters, passing
from tastegraph.serving.names import ItemNames
from tastegraph.serving.recommender import Recommender

if TYPE_CHECKING:
    from pathlib import Path

    from tastegraph.saved_model import SavedModel

    from .conftest import Small


def left(model: SavedModel, filters: Filters) -> list[int]:
    return [int(item) * 10 + 10 for item in passing(model, ItemNames(model), filters).nonzero()[0]]


def test_what_passes_by_hand(small: Small) -> None:
    model = small.saved
    assert left(model, Filters()) == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert left(model, Filters(genres=("sci-fi",))) == [10, 20, 60, 70]
    assert left(model, Filters(genres=("Crime", "Drama"))) == [30, 40, 50, 70, 80]
    assert left(model, Filters(without_genres=("Sci-Fi", "Crime"))) == [50, 90]
    assert left(model, Filters(years=(1984, 1986))) == [20, 40, 60]
    assert left(model, Filters(years=(None, 1979))) == [10, 50]
    assert left(model, Filters(years=(1996, None), exclude=("Fargo",))) == [70]
    popular = [item * 10 + 10 for item in range(9) if small.adjacency[:, item].sum() >= 6]
    assert left(model, Filters(min_popularity=6)) == popular


def test_a_list_holds_what_passes_and_no_seen_item_unless_asked(small: Small) -> None:
    recommender = Recommender(small.saved)
    crime = {30, 40, 80}
    seen = {int(item) * 10 + 10 for item in small.saved.seen[1]}
    assert seen & crime
    assert (
        seen >= crime or {p.item for p in recommender.recommend("u01", 9, filters=Filters(("Crime",)))} == crime - seen
    )
    again = recommender.recommend("u01", 9, filters=Filters(("Crime",), seen=True))
    assert {place.item for place in again} == crime
    named = recommender.recommend("u01", 9, likes=[80], filters=Filters(("Crime",), seen=True))
    assert {place.item for place in named} == crime - {80}


def test_filters_that_nothing_passes_leave_no_file(small: Small, tmp_path: Path) -> None:
    with pytest.raises(FilterError, match="no item passes the filters; loosen one"):
        Recommender(small.saved).write_all(tmp_path / "lists.csv", 3, filters=Filters(min_popularity=1000))
    assert not list(tmp_path.iterdir())


def test_filters_without_sense_are_refused(small: Small) -> None:
    recommender = Recommender(small.saved)
    with pytest.raises(FilterError, match=r'no item has the genre "Scifi"; nearest: Sci-Fi'):
        recommender.recommend("u01", 3, filters=Filters(genres=("Scifi",)))
    with pytest.raises(FilterError, match=r"no item is left: 0 of 9 pass the filters"):
        recommender.recommend("u01", 3, filters=Filters(years=(1900, 1901)))
    with pytest.raises(FilterError, match="no year lies between 2000 and 1990"):
        Filters(years=(2000, 1990))
    with pytest.raises(FilterError, match="at least 0"):
        Filters(min_popularity=-1)
    with pytest.raises(UnknownItemError, match="nearest"):
        recommender.recommend("u01", 3, filters=Filters(exclude=("Nothing",)))
    bare = replace(small.saved, item_table=small.saved.item_table.select("item"))
    with pytest.raises(FilterError, match="items have no year"):
        Recommender(bare).recommend("u01", 3, filters=Filters(years=(1990, None)))


def test_one_value_may_stand_where_several_may(small: Small) -> None:
    model = small.saved
    assert left(model, Filters(genres="sci-fi")) == left(model, Filters(genres=["sci-fi"])) == [10, 20, 60, 70]
    assert left(model, Filters(years=1986)) == left(model, Filters(years=[1986, 1986])) == [40]
    assert left(model, Filters(years=None)) == left(model, Filters(genres=None)) == left(model, Filters())
    assert (
        left(model, Filters(exclude="Fargo")) == left(model, Filters(exclude=80)) == left(model, Filters(exclude=[80]))
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"genres": 7}, "genres are names of genres; found 7"),
        ({"genres": [("Drama",)]}, r"genres holds names and ids; found \('Drama',\)"),
        ({"without_genres": [None]}, "without_genres holds names and ids; found None"),
        ({"years": "1990-1999"}, "years are a pair, first and last, each a number or None; found '1990-1999'"),
        ({"years": (1990,)}, "years are a pair"),
        ({"years": ("1990", 1999)}, r"years are whole numbers of up to four digits, or None; found \('1990', 1999\)"),
        ({"years": (10**5000, None)}, r"four digits, or None; found a number of thousands of digits"),
        ({"exclude": 1.5}, "exclude holds names and ids; found 1.5"),
        ({"min_popularity": "3"}, "min_popularity is a whole number of at least 0; found '3'"),
        ({"seen": "no"}, "seen is true or false; found 'no'"),
    ],
)
def test_values_of_another_kind_are_refused_in_one_line(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(FilterError, match=message):
        Filters(**wrong)
