"""Titles are found by beginnings, words and near spellings."""

from __future__ import annotations

import numpy as np
import pytest

from tastegraph.serving.title_search import TitleSearch, spoken

TITLES = [
    "Matrix, The", "Alien", "Aliens", "Amélie", "Rock, The", "Rocky", "Star Wars: Episode IV - A New Hope",
    "Star Trek: The Motion Picture", None, "Professional, The (a.k.a. Leon: The Professional)", "M",
]  # fmt: skip
USERS = np.array([90, 80, 70, 40, 30, 60, 99, 20, 5, 10, 3])


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("matirx", "Matrix, The"),
        ("THE MATRIX", "Matrix, The"),
        ("alien", "Alien"),
        ("aliens", "Aliens"),
        ("amelie", "Amélie"),
        ("the rock", "Rock, The"),
        ("star", "Star Wars: Episode IV - A New Hope"),
        ("new hope", "Star Wars: Episode IV - A New Hope"),
        ("leon", "Professional, The (a.k.a. Leon: The Professional)"),
        ("m", "M"),
    ],
)
def test_the_first_that_is_found(query: str, title: str) -> None:
    assert TITLES[TitleSearch(TITLES, USERS).find(query, 3)[0]] == title


@pytest.mark.parametrize("query", ["", " ", "qqqq", "!?", "\ud800"])
def test_nothing_is_found(query: str) -> None:
    assert TitleSearch(TITLES, USERS).find(query, 3) == []


def test_every_title_is_found_by_itself_with_one_letter_lost() -> None:
    search = TitleSearch(TITLES, USERS)
    for index, title in enumerate(TITLES):
        if title is not None and len(title) > 5:
            name = spoken(title)
            assert index in search.find(name[:3] + name[4:], 2), title


def test_no_titles() -> None:
    assert TitleSearch([None, None], np.array([0, 0])).find("a", 3) == []
    assert TitleSearch([], np.array([], np.int64)).find("a", 3) == []


def test_titles_as_people_say_them() -> None:
    assert spoken("Rock, The") == "The Rock"
    assert spoken("City of Lost Children, The") == "The City of Lost Children"
    assert spoken("Me, Myself and Irene") == "Me, Myself and Irene"
