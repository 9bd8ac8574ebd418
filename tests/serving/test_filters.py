from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

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
