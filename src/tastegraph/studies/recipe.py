"""Recipes: every choice of a run in one TOML file, checked key by key."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tastegraph.baselines.models import BASELINES
from tastegraph.data.cleaning import CleaningConfig
from tastegraph.data.options import ColumnOptions, Duplicates, ReadOptions
from tastegraph.data.splits import SplitConfig
from tastegraph.errors import ModelError, RecipeError
from tastegraph.files import reason_of
from tastegraph.lightgcn.config import ModelConfig, TrainingConfig, without_unread
from tastegraph.ranking.metrics import METRICS
from tastegraph.studies.fusions import fusion_config, is_fusion
from tastegraph.studies.models import LIGHTGCN, MF, known_models, known_single_models
from tastegraph.studies.recipe_faults import in_words, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["DataConfig", "EvaluationConfig", "Recipe", "load_recipe"]

LONGEST_LIST = 1_000_000  # places
WITHOUT_QUOTES = str.maketrans("", "", "\"'")  # of a key as TOML has it, such as models."lightgcn+ease".constant
NOT_TOML = (ValueError, RecursionError)  # TOMLDecodeError, no UTF-8, a number of thousands of digits; brackets as many
Checked = TypeVar("Checked")


class DataConfig(BaseModel):
    """What is learned from.

    Attributes:
        source: a known data set's name, or a path.
        threshold: a rating from here on is a positive; "none" takes every interaction. Data without ratings has
            no threshold.
        columns: which column of a file holds what, where its name does not say.
        duplicates: which of several rows of one pair counts: "last" by time, "first", "highest"; "refuse" fails.
        item_features, user_features: files with tables of features, joined by id.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = "ml-100k"
    threshold: Annotated[float, Field(allow_inf_nan=False)] | Literal["none"] = 3.0
    columns: ColumnOptions = ColumnOptions()
    duplicates: Duplicates = "last"
    item_features: str | None = None
    user_features: str | None = None

    @property
    def reading(self) -> ReadOptions:
        """How the source is read."""
        return ReadOptions(
            columns=self.columns,
            duplicates=self.duplicates,
            item_features=self.item_features,
            user_features=self.user_features,
        )


class EvaluationConfig(BaseModel):
    """How the model is judged.

    Attributes:
        k: lengths of the lists.
        select: the validation metric that early stopping raises.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    k: tuple[int, ...] = (10, 20)
    select: str = "ndcg@10"

    @field_validator("k")
    @classmethod
    def _lengths(cls, k: tuple[int, ...]) -> tuple[int, ...]:
        if not k or min(k) < 1 or max(k) > LONGEST_LIST:
            raise ValueError(f"lengths must be from 1 to {LONGEST_LIST:,}")
        return k

    @field_validator("select")
    @classmethod
    def _metric(cls, select: str) -> str:
        name, _, length = select.partition("@")
        if name not in METRICS or not length.isdecimal() or not 1 <= int(length) <= LONGEST_LIST:
            raise ValueError(f"a metric is written name@K, with one of {', '.join(METRICS)}")
        return select

    @property
    def validation_k(self) -> tuple[int, ...]:
        """The lengths that validation needs: `k` and the one of `select`."""
        return tuple(sorted({*self.k, int(self.select.partition("@")[2])}))


class Recipe(BaseModel):
    """All settings of a run. The defaults are those of `tastegraph quickstart`.

    Attributes:
        baselines: models fitted and judged beside LightGCN in a run, by name: "popularity", "mf" (matrix
            factorization: LightGCN's training with K = 0), "ease", ...
        models: settings of the baselines, a table each: `[models.ease]` with hyperparameters; `[models.mf.model]` and
            `[models.mf.training]` with what differs from LightGCN's; `[models."lightgcn+ease"]` with those of a fusion.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: DataConfig = DataConfig()
    cleaning: CleaningConfig = CleaningConfig()
    split: SplitConfig = SplitConfig()
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    baselines: tuple[str, ...] = ("popularity", MF)
    models: dict[str, dict[str, Any]] = {}

    @model_validator(mode="after")
    def _part_column_is_read(self) -> Recipe:
        if self.data.columns.part is not None and self.split.method != "column":
            raise ValueError(
                f"data.columns.part names a column that split.method {self.split.method} does not read; set column"
            )
        return self

    @field_validator("baselines")
    @classmethod
    def _known_baselines(cls, baselines: tuple[str, ...]) -> tuple[str, ...]:
        if LIGHTGCN in baselines:
            raise ValueError(f"{LIGHTGCN} is no baseline of itself")
        return _in_value_errors(known_single_models, baselines, "a baseline of a run")

    @field_validator("models")
    @classmethod
    def _known_settings(cls, models: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name in models:
            (known,) = _in_value_errors(known_models, (name,))
            if known != name:
                raise ValueError(f"{name}: its weights are in the order of {known}; name it so")
        if LIGHTGCN in models:
            raise ValueError(f"{LIGHTGCN} has the tables model and training")
        for name, settings in models.items():
            if is_fusion(name):
                _in_value_errors(fusion_config, name, settings)
            elif name != MF:
                _in_value_errors(lambda name=name, settings=settings: BASELINES[name](**settings))
            elif unknown := settings.keys() - {"model", "training"}:
                raise ValueError(f"{MF} has the tables model and training, no {min(unknown)}")
            elif bad := [key for key, table in settings.items() if not isinstance(table, dict)]:
                raise ValueError(f"{MF}.{bad[0]} is a table of settings")
        return models

    @model_validator(mode="after")
    def _mf_works_out(self) -> Recipe:
        if MF in self.models:
            try:
                self.of_mf()
            except ValidationError as error:
                raise ValueError(f"models.{MF}: {in_words(error, Recipe)}") from None
        return self

    def of_mf(self) -> Recipe:
        """The recipe of matrix factorization: LightGCN's with K = 0, and what its own tables say."""
        own = self.models.get(MF, {})
        flat = {**self.model.model_dump(), "alpha": "uniform", **own.get("model", {}), "num_layers": 0}
        changes = own.get("training", {})
        training = without_unread({**self.training.model_dump(), **changes}, keep=changes)
        update = {"model": ModelConfig.model_validate(flat), "training": TrainingConfig.model_validate(training)}
        return self.model_copy(update=update)

    def at_seed(self, number: int) -> Recipe:
        """The same recipe with every seed raised by `number`."""
        seeds = {"split.seed": self.split.seed + number, "training.seed": self.training.seed + number}
        for name in BASELINES:
            seed = getattr(BASELINES[name](**self.models.get(name, {})).config, "seed", None)
            if seed is not None:
                seeds[f"models.{name}.seed"] = seed + number
        return self.with_keys(seeds) if number else self

    def with_keys(self, keys: Mapping[str, Any]) -> Recipe:
        """The recipe with other values for some keys, such as {"training.epochs": 5}.

        Another objective, or other negatives, leave behind what only the former ones read.

        Raises:
            RecipeError: a key is unknown, or a value out of range.
        """
        tree = self.model_dump(mode="json", exclude_none=True)
        for key, value in keys.items():
            _set(tree, key, value)
        _leave_unread(tree, keys)
        return _recipe_of(tree)

    def to_toml(self) -> str:
        """The recipe, everything resolved, as the text of a TOML file."""
        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))

    def flat(self) -> dict[str, Any]:
        """All settings by dotted key, such as {"training.epochs": 5}; lists as they are."""
        return dict(_flat(self.model_dump(mode="json", exclude_none=True)))

    @property
    def threshold(self) -> float | None:
        """The threshold as a number, or None."""
        return None if self.data.threshold == "none" else self.data.threshold


def load_recipe(
    path: Path | None,
    settings: Sequence[str] = (),
    source: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> Recipe:
    """A recipe from a TOML file (the defaults without one), then `key=value` settings, then the data's name.

    Settings that choose another objective, or other negatives, leave behind what the file says for its own.

    Args:
        path: the file, or None.
        settings: such as "training.epochs=5"; the value is read as TOML, or as a plain string where it is none.
        source: replaces data.source.
        options: replace other keys, such as {"data.columns.user": "buyer"}, where they are not None.

    Raises:
        RecipeError: the file is missing or no TOML, a key is unknown (the nearest known one is named), or a
            value is out of range.
    """
    tree = _read(path) if path is not None else {}
    said = [_parse(setting) for setting in settings]
    for key, value in said:
        _set(tree, key, value)
    _leave_unread(tree, dict(said))
    if source is not None:
        _set(tree, "data.source", source)
    for key, value in (options or {}).items():
        if value is not None:
            _set(tree, key, value)
    return _recipe_of(tree, f"{path}: " if path is not None and not settings else "")


def _recipe_of(tree: Mapping[str, Any], place: str = "") -> Recipe:
    try:
        recipe = Recipe.model_validate(tree)
    except ValidationError as error:
        raise RecipeError(place + one_line(in_words(error, Recipe))) from None
    for key, value in recipe.flat().items():
        try:
            str(value).encode()
        except UnicodeEncodeError:  # bytes of a command line that are no text
            raise RecipeError(f"{place}{one_line(key)}: expected text in UTF-8; found {ascii(value)[:60]}") from None
    return recipe


def _in_value_errors(check: Callable[..., Checked], *given: Any) -> Checked:
    """What a check of ours answers, its errors as pydantic wants them."""
    try:
        return check(*given)
    except (ModelError, RecipeError) as error:
        raise ValueError(str(error)) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RecipeError(f"{path}: {reason_of(error)}") from error
    except NOT_TOML as error:
        raise RecipeError(f"{path}: not TOML ({' '.join(str(error).split())})") from error


def _parse(setting: str) -> tuple[str, Any]:
    key, equals, text = setting.partition("=")
    key = key.translate(WITHOUT_QUOTES).strip()
    if not equals or not key:
        raise RecipeError(f"expected key=value, found {setting!r}")
    try:
        return key, tomllib.loads(f"value = {text}")["value"]
    except NOT_TOML:
        return key, text


def _set(tree: dict[str, Any], key: str, value: Any) -> None:
    *tables, last = key.split(".")
    for table in tables:
        tree = tree.setdefault(table, {})
        if not isinstance(tree, dict):
            raise RecipeError(one_line(f"{key} cannot be set: {table} is no table of settings"))
    tree[last] = value


def _leave_unread(tree: Mapping[str, Any], said: Mapping[str, Any]) -> None:
    """Take out what a tree has for another objective or other negatives than those that were set after it."""
    places = ("training", f"models.{MF}.training")
    if not any(f"{place}.{key}" in said for place in places for key in ("objective", "negatives")):
        return
    whole: dict[str, Any] = {}
    for place in places:
        own = _table(tree, place)
        whole |= own
        kept = without_unread(
            whole, keep={key.removeprefix(f"{place}.") for key in said if key.startswith(f"{place}.")}
        )
        for key in own.keys() - kept.keys():
            del own[key]


def _table(tree: Any, place: str) -> dict[str, Any]:
    for table in place.split("."):
        tree = tree.get(table) if isinstance(tree, dict) else None
    return tree if isinstance(tree, dict) else {}


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
