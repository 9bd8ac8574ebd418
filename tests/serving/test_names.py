from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tastegraph.errors import AmbiguousItemError, UnknownItemError
from tastegraph.serving.names import ItemNames, _names_of

if TYPE_CHECKING:
    from .conftest import Small


def test_an_item_is_found_by_id_or_title_without_case(small: Small) -> None:
    names = ItemNames(small.saved)
    assert [names.index_of(name) for name in (10, "10", "alien", "ALIEN (1979)", " Alien ")] == [0] * 5
    assert names.index_of("dune (2021)") == 6
    assert names.indices_of(["Fargo", "fargo", 80, 10]) == [7, 0]
    assert (names.called(0), names.called(8)) == ("Alien (1979)", "90")


def test_a_title_of_several_is_told_with_ids_and_years(small: Small) -> None:
    with pytest.raises(AmbiguousItemError, match=r'2 items are called "heat": id 30 \(1995\), id 40 \(1986\)'):
        ItemNames(small.saved).index_of("heat")


def test_the_nearest_titles_are_offered(small: Small) -> None:
    with pytest.raises(UnknownItemError, match=r'"Aliens" is neither .* of the 9 items .*; nearest: "Alien \(1979\)"'):
        ItemNames(small.saved).index_of("Aliens")
    with pytest.raises(UnknownItemError, match=r'nearest: "Casablanca \(1942\)"'):
        ItemNames(small.saved).index_of("blanca")


def test_an_article_may_stand_before_or_behind() -> None:
    assert _names_of("Rock, The", 1996) == {"rock, the", "the rock", "rock, the (1996)", "the rock (1996)"}
    assert _names_of("Theremin", None) == {"theremin"}


def test_a_name_of_blanks_is_none_and_runs_of_blanks_are_one(small: Small) -> None:
    names = ItemNames(small.saved)
    assert names.index_of("alien   (1979)") == 0
    for blank in ("", "  "):
        with pytest.raises(UnknownItemError, match="found an empty name"):
            names.index_of(blank)


def test_a_line_stays_a_line_whatever_the_name(small: Small) -> None:
    for name in ("a\nb", "x" * 100_000):
        with pytest.raises(UnknownItemError) as told:
            ItemNames(small.saved).index_of(name)
        assert "\n" not in str(told.value)
        assert len(str(told.value)) < 400
