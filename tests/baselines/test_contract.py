"""What every baseline keeps to, whatever it learns."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.sparse import issparse

from tastegraph.baselines.models import BASELINES
from tastegraph.baselines.saved import load_baseline, save_baseline
from tastegraph.baselines.search_space import Choice, Integers, LogUniform
from tastegraph.errors import ModelError, UnknownUserError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.baselines.protocol import Baseline
    from tastegraph.data.interactions import Interactions
    from tastegraph.graph.neighbours import NeighbourLists

USERS, EMPTY_USER, NUM_ITEMS = np.arange(60), 59, 40
SMALL: dict[str, dict[str, Any]] = {  # defaults are for data sets of a million ratings
    "itemknn": {"neighbours": 10},
    "bpr": {"factors": 8, "iterations": 60, "learning_rate": 0.05},
    "als": {"factors": 4, "regularization": 0.1},
    "puresvd": {"factors": 4},
    "parafac": {"factors": 4},
    "slim": {"l1": 1.0, "l2": 1.0},
    "ease": {"l2": 10.0},
    "gfcf": {"vectors": 4},
    "chebycf": {"vectors": 4},
}


def small(name: str) -> Baseline:
    return BASELINES[name](**SMALL.get(name, {}))


def learned(model: Baseline) -> list[NDArray[Any]]:
    values = [getattr(model, name) for name in model.LEARNED]
    return [value.toarray() if issparse(value) else value for value in values]


@pytest.fixture(scope="module", params=BASELINES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def fitted(name: str, two_tastes: Interactions) -> Baseline:
    return small(name).fit(two_tastes)


def test_it_is_called_by_its_name(name: str) -> None:
    assert BASELINES[name].name == name
    assert BASELINES[name].title.lower().replace("-", "") == name


def test_lists_hold_different_items_and_none_that_is_masked(fitted: Baseline, known: NeighbourLists) -> None:
    lists = fitted.rank(USERS, 10, known)
    assert lists.dtype == np.int32
    assert lists.shape == (60, 10)
    assert ((lists >= 0) & (lists < NUM_ITEMS)).all()
    assert not known.contain(np.repeat(USERS, 10), lists.ravel()).any()
    assert all(len(set(row)) == 10 for row in lists.tolist())
    everything = fitted.rank(USERS, NUM_ITEMS, None)
    assert (np.sort(everything, axis=1) == np.arange(NUM_ITEMS)).all()


def test_two_fits_give_the_same_lists(fitted: Baseline, two_tastes: Interactions, known: NeighbourLists) -> None:
    again = small(fitted.name).fit(two_tastes)
    assert all(np.array_equal(*pair) for pair in zip(learned(fitted), learned(again), strict=True))
    assert np.array_equal(fitted.rank(USERS, 10, known), again.rank(USERS, 10, known))


def test_a_refit_starts_afresh(name: str, two_tastes: Interactions, known: NeighbourLists) -> None:
    half = two_tastes.where(two_tastes.item % 3 > 0)
    model = small(name).fit(half)
    model.rank(USERS, 3, known)
    fresh = small(name).fit(two_tastes)
    assert np.array_equal(model.fit(two_tastes).rank(USERS, 10, known), fresh.rank(USERS, 10, known))


def test_users_come_in_any_order_and_number(fitted: Baseline) -> None:
    assert fitted.rank(np.array([5, 5, 0]), 3, None).shape == (3, 3)
    assert fitted.rank(np.zeros(0, np.int64), 3, None).shape == (0, 3)


@pytest.mark.parametrize("user", [-1, 60])
def test_an_unknown_user_is_refused(fitted: Baseline, user: int) -> None:
    with pytest.raises(UnknownUserError, match=rf"no user index {user}; .* has learned 0\.\.59$"):
        fitted.rank(np.array([0, user]), 3, None)


def test_a_user_without_a_positive_gets_a_list(fitted: Baseline, known: NeighbourLists) -> None:
    (items,) = fitted.rank(np.array([EMPTY_USER]), 10, known).tolist()
    assert len(set(items) - {-1}) == 10


def test_places_beyond_the_catalogue_are_empty(fitted: Baseline, known: NeighbourLists) -> None:
    lists = fitted.rank(np.array([0]), NUM_ITEMS + 5, known)
    assert ((lists >= 0).sum(), (lists[0, -17:] == -1).all()) == (NUM_ITEMS - 12, True)


def test_a_list_needs_a_place(fitted: Baseline) -> None:
    with pytest.raises(ModelError, match="k = 0"):
        fitted.rank(USERS, 0, None)


def test_an_empty_fit_part_is_refused(name: str, two_tastes: Interactions) -> None:
    with pytest.raises(ModelError, match="the fit part is empty"):
        small(name).fit(two_tastes.where(np.zeros(len(two_tastes), bool)))


def test_what_is_not_fitted_ranks_and_saves_nothing(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not fitted; call fit first"):
        small(name).rank(USERS, 3, None)
    with pytest.raises(ModelError, match="is not fitted"):
        save_baseline(small(name), tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_it_comes_back_as_it_was_saved(fitted: Baseline, known: NeighbourLists, tmp_path: Path) -> None:
    save_baseline(fitted, tmp_path)
    back = load_baseline(tmp_path)
    assert (type(back), back.config) == (type(fitted), fitted.config)
    assert all(np.array_equal(*pair) for pair in zip(learned(fitted), learned(back), strict=True))
    assert np.array_equal(fitted.rank(USERS, 10, known), back.rank(USERS, 10, known))
    save_baseline(back, tmp_path)  # again, over what is there


def test_it_beats_chance(fitted: Baseline, known: NeighbourLists) -> None:
    if fitted.name in {"random", "popularity"}:
        pytest.skip("knows no taste")
    lists = fitted.rank(USERS[:EMPTY_USER], 5, known)
    of_own_taste = (lists >= 20) == (USERS[:EMPTY_USER, None] % 2 == 1)
    assert of_own_taste.mean() > 0.8  # of the 28 unknown items 10 are


def test_a_search_stays_within_what_is_allowed(name: str) -> None:
    model = BASELINES[name]
    for key, space in model.SEARCH.items():
        bounds = space.values if isinstance(space, Choice) else (space.low, space.high)
        for value in bounds:
            assert getattr(model(**{key: value}).config, key) == value
        if isinstance(space, Integers | LogUniform):
            assert space.low > 0
        default = getattr(model().config, key)
        assert default in bounds if isinstance(space, Choice) else space.low <= default <= space.high


def test_hyperparameters_are_checked_in_one_line(name: str) -> None:
    with pytest.raises(ModelError, match="has no hyperparameter 'colour'; it has") as told:
        BASELINES[name](colour=3)
    assert "\n" not in str(told.value)
    for key in BASELINES[name].SEARCH:
        with pytest.raises(ModelError, match=rf": {key}: .* greater than .*; found -1") as told:
            BASELINES[name](**{key: -1})
        assert "\n" not in str(told.value)


def test_memory_grows_with_the_data(name: str) -> None:
    needed = [BASELINES[name]().bytes_needed(n, n, 10 * n) for n in (1000, 100_000)]
    assert all(isinstance(number, int) for number in needed)
    assert needed[0] < needed[1] or name == "random"


def test_importing_all_of_them_imports_no_library_that_some_need() -> None:
    code = "import sys, tastegraph.baselines.models; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"torch", "numba", "sklearn", "implicit", "tensorly"} & set(done.stdout.split())


def test_the_page_on_baselines_has_a_row_for_each() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "baselines.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", page, re.MULTILINE)
    assert rows == [(name, kind.title) for name, kind in BASELINES.items()]
