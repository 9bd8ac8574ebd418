from __future__ import annotations

import numpy as np
import pytest

from tastegraph.serving import scores
from tastegraph.serving.scores import scores_of


@pytest.mark.parametrize("threads_from", [1, 1 << 23])
def test_scores_are_inner_products_however_they_are_made(monkeypatch: pytest.MonkeyPatch, threads_from: int) -> None:
    monkeypatch.setattr(scores, "THREADS_FROM", threads_from)
    rng = np.random.default_rng(0)
    rows, vector = rng.normal(size=(300, 17)).astype(np.float32), rng.normal(size=17).astype(np.float32)
    found = scores_of(rows, vector)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, rows.astype(np.float64) @ vector, atol=1e-5)
