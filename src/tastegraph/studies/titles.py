"""The parts of result.json by what their models are called in tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tastegraph.studies.models import LIGHTGCN, title_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["rows_of"]


def rows_of(result: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The part of each model in result.json, LightGCN first, by its title."""
    return {
        title_of(LIGHTGCN): result,
        **{title_of(name): part for name, part in result["baselines"].items()},
    }
