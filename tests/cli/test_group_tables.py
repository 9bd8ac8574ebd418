from __future__ import annotations

from typing import TYPE_CHECKING

from tastegraph.cli.evaluate import show_groups

if TYPE_CHECKING:
    import pytest


def test_a_band_of_items_that_nobody_has_held_out_has_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    bands = [
        {
            "name": "head",
            "items": 2,
            "users": 3,
            "metrics": {"recall@10": 0.5},
            "intervals": {"recall@10": [0.25, 1.0]},
        },
        {"name": "tail", "items": 4, "users": 0, "metrics": {}, "intervals": {}},
    ]
    show_groups("item popularity", bands, 10)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["head", "2", "3", "0.5000", "0.2500", "to", "1.0000"] in lines
    assert ["tail", "4", "0", "-"] in lines
