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


def test_the_metric_that_was_selected_by_is_a_further_column_where_it_is_none_already(
    capsys: pytest.CaptureFixture[str],
) -> None:
    metrics = {"ndcg@10": 0.25, "recall@10": 0.5, "mrr@10": 0.75}
    groups = [{"name": "M", "users": 3, "metrics": metrics, "intervals": {"ndcg@10": [0.125, 0.375]}}]
    for select, columns in (("mrr@10", 1), ("recall@10", 0), ("mrr@5", 0), (None, 0)):
        show_groups("gender", groups, 10, select)
        header, *rest = (line.split() for line in capsys.readouterr().out.splitlines() if line.strip())
        assert header[-1] == ("mrr@10" if columns else "recall@10")
        assert rest[-1] == ["M", "3", "0.2500", "0.1250", "to", "0.3750", "0.5000", *["0.7500"] * columns]
