from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import pytest

from tastegraph.errors import ModelError
from tastegraph.serving.onnx_export import FOLD_IN, KNOWN, export_onnx
from tastegraph.serving.person import new_person
from tastegraph.serving.recommender import Recommender

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Small


def test_the_runtime_scores_known_users_as_the_recommender_does(small: Small, tmp_path: Path) -> None:
    export_onnx(small.saved, tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / KNOWN)
    (scores,) = session.run(["scores"], {"user": np.array([7, 2, 7], np.int64)})
    np.testing.assert_allclose(scores, small.saved.e_users[[7, 2, 7]] @ small.saved.e_items.T, atol=1e-6)
    for place in Recommender(small.saved).recommend("u02", 5):
        assert scores[1, place.item // 10 - 1] == pytest.approx(place.score, abs=1e-6)  # type: ignore[operator]


def test_the_runtime_folds_new_people_in_as_the_recommender_does(small: Small, tmp_path: Path) -> None:
    export_onnx(small.saved, tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / FOLD_IN)
    people = [([0], []), ([1, 7, 4], []), ([3, 8], [5])]
    likes = np.zeros((len(people), 9), np.float32)
    for row, (liked, disliked) in enumerate(people):
        likes[row, liked], likes[row, disliked] = 1, -1
    (scores,) = session.run(["scores"], {"likes": likes})
    for row, (liked, disliked) in enumerate(people):
        vector = new_person(small.saved, liked, disliked).vector
        np.testing.assert_allclose(scores[row], small.saved.e_items @ vector, atol=1e-5)
    listed = Recommender(small.saved).recommend(likes=[20, 80, 50], k=6)
    best = [item * 10 + 10 for item in np.argsort(-scores[1], kind="stable").tolist() if not likes[1, item]]
    assert [place.item for place in listed] == best


def test_a_missing_package_is_told(small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModelError, match=r'needs the extra "onnx": pip install "tastegraph\[onnx\]"'):
        export_onnx(small.saved, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_row_of_nothing_scores_by_the_prior_alone(small: Small, tmp_path: Path) -> None:
    """And a user index below 0 counts from the end, as Gather has it."""
    export_onnx(small.saved, tmp_path)
    (scores,) = onnxruntime.InferenceSession(tmp_path / FOLD_IN).run(
        ["scores"], {"likes": np.zeros((2, 9), np.float32)}
    )
    width, items = small.saved.width, small.saved.e_items
    prior = items[:, width] if items.shape[1] > width else np.zeros(9)
    np.testing.assert_allclose(scores, [prior, prior], atol=1e-6)
    known = onnxruntime.InferenceSession(tmp_path / KNOWN)
    np.testing.assert_array_equal(*(known.run(None, {"user": np.array([user])})[0] for user in (-1, 11)))
    with pytest.raises(Exception, match="out of data bounds"):  # the runtime's own error
        known.run(None, {"user": np.array([12])})
