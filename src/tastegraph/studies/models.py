"""The models that can be compared and tuned, by name: what they are called, their settings, their ranges."""

from __future__ import annotations

import contextlib
import difflib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from tastegraph.baselines.models import BASELINES
from tastegraph.baselines.search_space import Choice, Integers, LogUniform, Uniform
from tastegraph.errors import ModelError, RecipeError
from tastegraph.lightgcn.choices import OBJECTIVES
from tastegraph.studies.fusions import PLUS, fusion_config, is_fusion, parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tastegraph.baselines.search_space import SearchRange
    from tastegraph.studies.recipe import Recipe

__all__ = [
    "BY_GRADIENT",
    "LIGHTGCN",
    "MF",
    "MODELS",
    "known_models",
    "known_single_models",
    "ranges_of",
    "settings_of",
    "title_of",
    "warm_up",
    "with_settings",
]

LIGHTGCN, MF, ALL = "lightgcn", "mf", "all"
BY_GRADIENT = frozenset({LIGHTGCN, MF})  # what is trained by it, to embeddings of the recipe's width
TITLES: Mapping[str, str] = {LIGHTGCN: "LightGCN", MF: "MF (K = 0)"}
MODELS: tuple[str, ...] = (LIGHTGCN, MF, *BASELINES)

# What is searched of the models trained by gradient, by what batches are of: keys of a recipe.
OVER_PAIRS: Mapping[str, SearchRange] = MappingProxyType(
    {
        "training.learning_rate": LogUniform(5e-4, 5e-2),
        "training.weight_decay": LogUniform(1e-4, 1e-1),
        "training.batch_size": Choice((1024, 2048, 4096, 8192)),
        "model.num_layers": Integers(1, 4),
    }
)
OVER_USERS: Mapping[str, SearchRange] = MappingProxyType(
    {
        "training.learning_rate": LogUniform(1e-3, 2e-2),
        "training.weight_decay": LogUniform(1e-4, 1e-1),
        "training.temperature": LogUniform(0.05, 0.5),
        "training.popularity_correction": Uniform(0.0, 1.0),
        "model.popularity_prior": Uniform(0.0, 0.5),
        "model.num_layers": Integers(1, 4),
    }
)


def known_models(names: str | Sequence[str]) -> tuple[str, ...]:
    """The names, each once and in order; "all" is every single model, "a,b" some, "a+b" one list of both.

    The models of a fusion are named in the order of `MODELS`, however they are given.

    Raises:
        RecipeError: one is unknown, and the nearest known one is named; or a model is fused with itself.
    """
    if isinstance(names, str):
        told = [name.strip() for name in names.split(",")]
        names = [one for name in told for one in (MODELS if name == ALL else [name])]
    return tuple(dict.fromkeys(map(_known, names)))


def _known(name: str) -> str:
    """A name, if it is of known models, each once; in their order."""
    parts = [part.strip() for part in parts_of(name)]
    for part in parts:
        if not part and is_fusion(name):
            raise RecipeError(f"{name!r}: a fusion has a model before and after each plus, such as lightgcn+ease")
        if part not in MODELS:
            near = difflib.get_close_matches(part.lower(), MODELS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(MODELS)}"
            raise RecipeError(f"unknown model {part!r}; {hint}")
    if len(set(parts)) < len(parts):
        raise RecipeError(f"{name}: a model is fused with others, each once")
    return PLUS.join(sorted(parts, key=MODELS.index))


def known_single_models(names: str | Sequence[str], what: str) -> tuple[str, ...]:
    """`known_models` where only single ones can be had; `what` says for what.

    Raises:
        RecipeError: as there, or one is a fusion.
    """
    known = known_models(names)
    for name in known:
        if is_fusion(name):
            raise RecipeError(f"{name}: {what} is a single model; fusions are compared (tastegraph compare --models)")
    return known


def title_of(name: str) -> str:
    """What a model is called in tables."""
    return " + ".join(TITLES.get(part) or BASELINES[part].title for part in parts_of(name))


def ranges_of(name: str, recipe: Recipe) -> Mapping[str, SearchRange]:
    """What tuning may try of a model: by key of the recipe for LightGCN and MF, by hyperparameter for a baseline.

    Those of LightGCN and MF are of the recipe's objective; the objective itself is not searched.
    """
    if name not in TITLES:
        return BASELINES[name].SEARCH
    own = recipe if name == LIGHTGCN else recipe.of_mf()
    if OBJECTIVES[own.training.objective].over == "users":
        ranges = {**OVER_USERS}
        if own.model.ranking == "inner":
            del ranges["model.popularity_prior"]
    else:
        ranges = {**OVER_PAIRS}
    if name == MF:
        del ranges["model.num_layers"]
    return ranges


def settings_of(name: str, recipe: Recipe) -> dict[str, Any]:
    """All settings that a recipe has for a model, as numbers and words; for LightGCN and MF by table.

    A fusion's are those of the fusion, and of its models by name.
    """
    if is_fusion(name):
        fusion = fusion_config(name, recipe.models.get(name, {})).model_dump(mode="json")
        return {**fusion, "models": {part: settings_of(part, recipe) for part in parts_of(name)}}
    if name in TITLES:
        own = recipe if name == LIGHTGCN else recipe.of_mf()
        return {table: getattr(own, table).model_dump(mode="json") for table in ("model", "training")}
    config: dict[str, Any] = BASELINES[name](**recipe.models.get(name, {})).config.model_dump(mode="json")
    return config


def with_settings(recipe: Recipe, name: str, settings: Mapping[str, Any]) -> Recipe:
    """The recipe with other settings for one model, keyed as in `ranges_of`.

    Raises:
        RecipeError, ModelError: a value is out of range.
    """
    if name == LIGHTGCN:
        return recipe.with_keys(settings)
    return recipe.with_keys({f"models.{name}.{key}": value for key, value in settings.items()})


def warm_up(names: Sequence[str]) -> None:
    """Import what baselines stand on and compile their kernels, by fitting each to next to nothing."""
    import polars as pl

    from tastegraph.data.interactions import Interactions

    user, item = (list(side) for side in zip(*((u, i) for u in range(8) for i in range(8) if (u + i) % 3), strict=True))
    tiny, _ = Interactions.from_frame(pl.DataFrame({"user": user, "item": item}))
    for name in dict.fromkeys(part for several in names for part in parts_of(several)):
        if name not in TITLES:
            with contextlib.suppress(ModelError):  # too little for it: what it needs is loaded all the same
                BASELINES[name]().fit(tiny).rank(np.arange(1), 1, None)
