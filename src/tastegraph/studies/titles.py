"""What models are called in tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TITLES", "rows_of"]

TITLES: Mapping[str, str] = {"lightgcn": "LightGCN", "mf": "MF (K = 0)", "popularity": "Popularity"}


def rows_of(result: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The part of each model in result.json, LightGCN first, by its title."""
    return {
        TITLES["lightgcn"]: result,
        **{TITLES[name]: part for name, part in result["baselines"].items()},
    }
