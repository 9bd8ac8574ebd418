"""Which settings go together: what an objective and its negatives would not read is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tastegraph.lightgcn import negatives, objective
from tastegraph.lightgcn.choices import OBJECTIVES, SAMPLERS, samplers_of, unread
from tastegraph.lightgcn.config import TrainingConfig, without_unread


def test_every_line_of_the_tables_names_what_is_there() -> None:
    assert all(known.loss in objective.__all__ for known in OBJECTIVES.values())
    assert all(known.draws is None or known.draws in negatives.__all__ for known in SAMPLERS.values())
    assert all(key in TrainingConfig.model_fields for known in SAMPLERS.values() for key in known.settings)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_has_the_default_negatives_and_its_defaults_are_settings_that_go_together(name: str) -> None:
    assert TrainingConfig().negatives in samplers_of(name)
    for drawn in samplers_of(name):
        whole = TrainingConfig(objective=name, negatives=drawn)
        assert TrainingConfig.model_validate(whole.model_dump()) == whole


def _other(key: str) -> Any:
    """A value that the key may have, besides its default."""
    default, about = TrainingConfig.model_fields[key].default, TrainingConfig.model_json_schema()["properties"][key]
    if "enum" in about:
        return next(choice for choice in about["enum"] if choice != default)
    return default + 1 if default + 1 <= about.get("maximum", default + 1) else default / 2


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_setting_that_would_not_be_read_is_refused_but_for_its_default(name: str) -> None:
    for drawn in samplers_of(name):
        for key in TrainingConfig.model_fields.keys() - {"objective", "negatives"}:
            settings = {"objective": name, "negatives": drawn, key: TrainingConfig.model_fields[key].default}
            TrainingConfig.model_validate(settings)
            if key in unread(name, drawn):
                with pytest.raises(ValidationError, match=f"{key} would not be read with objective"):
                    TrainingConfig.model_validate(settings | {key: _other(key)})


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"temperature": 0.2, "user_exponent": 0.5},
         'temperature, user_exponent would not be read with objective "bpr" and negatives "uniform"; leave it out'),
        ({"candidates": 4},
         'candidates would not be read with objective "bpr" and negatives "uniform"; leave it out'),
        ({"objective": "softmax", "negatives": "batch", "shared_negatives": 4},
         'shared_negatives would not be read with objective "softmax" and negatives "batch"; leave it out'),
        ({"negatives": "batch"},
         'negatives "batch" are not for objective "bpr"; take "uniform", '),
        ({"objective": "softmax", "negatives": "hardest"},
         'negatives "hardest" are not for objective "softmax"; take "uniform", '),
        ({"objective": "top2"}, "input should be 'bpr'"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_told_in_one_line(settings: dict[str, Any], line: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TrainingConfig.model_validate(settings)
    (fault,) = caught.value.errors()
    assert fault["msg"].startswith(f"Value error, {line}")
    assert "\n" not in fault["msg"]


def test_another_objective_leaves_behind_what_the_former_read_but_for_what_is_kept() -> None:
    former = {"temperature": 0.2, "negatives": "batch", "user_exponent": 0.5, "epochs": 9}
    assert without_unread({**former, "objective": "softmax"}) == {**former, "objective": "softmax"}
    assert without_unread({**former, "objective": "bpr"}) == {"epochs": 9, "objective": "bpr"}
    kept = without_unread({**former, "objective": "bpr"}, keep={"temperature", "negatives"})
    assert kept == {"temperature": 0.2, "negatives": "batch", "epochs": 9, "objective": "bpr"}
    unknown: list[dict[str, Any]] = [{"objective": "top2"}, {"negatives": ["batch"]}, {"objective": {}}]
    for choice in unknown:
        assert without_unread({**former, **choice}) == {**former, **choice}
