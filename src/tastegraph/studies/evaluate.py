"""Judge a saved run again, or lists that another tool made, by the same split and protocols."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tastegraph.data.load import load
from tastegraph.data.splits import Split
from tastegraph.errors import DataError, EvaluationError, ModelError, RecipeError, RunError
from tastegraph.files import sha256_of
from tastegraph.ranking.other_protocols import RATED_ONLY, TUTORIAL
from tastegraph.ranks.alone import ALONE
from tastegraph.saved_model import SavedModel
from tastegraph.studies.evidence import Evidence
from tastegraph.studies.manner import Manner, describe
from tastegraph.studies.outside_lists import OutsideLists
from tastegraph.studies.recipe import LONGEST_LIST, load_recipe
from tastegraph.studies.seal import SEAL, check_seal
from tastegraph.studies.shared_lists import SharedLists
from tastegraph.studies.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tastegraph.data.dataset import Dataset
    from tastegraph.graph.neighbours import NeighbourLists
    from tastegraph.ranking.full_ranking import Ranker
    from tastegraph.ranks.alone import Ranks
    from tastegraph.studies.recipe import Recipe

__all__ = ["evaluate", "evaluate_lists", "evaluate_lists_on", "known_positives"]


def evaluate(
    run: Path, k: Sequence[int] | None = None, manner: Manner | None = None, ranks: Ranks = ALONE
) -> dict[str, Any]:
    """The test metrics of a run's saved model, recomputed.

    Args:
        run: a run directory.
        k: lengths of the lists; those of the run by default.
        manner: protocol and what else to tell.
        ranks: processes that make the lists together, each of some users; all call this with the same run at hand.

    Returns:
        {"schema", "run", "select", "protocol", "k", "metrics": {"test": ...}, "intervals": {"test": ...}, "users":
        {"test": n}, "warnings": [...]} and, where asked for, "groups"; "select" is the metric the run was selected by,
        and not there of older runs.

    Raises:
        RunError: `run` is no finished run, or a length is below 1.
        ModelError: its model is damaged or does not fit its split.
        EvaluationError: the protocol needs what is not there.
        LeakError: its split leaks.
    """
    manner = replace(manner or Manner(), k=_lengths(run, k if k is not None else manner.k if manner else None))
    model, evidence, warnings = _evidence_of(run, manner)
    ranker = model if ranks.size == 1 else SharedLists(model, ranks, len(model.items))
    return {"schema": 1, "run": str(run), **_selected(run), **_judge(ranker, evidence, manner, warnings)}


def evaluate_lists(lists: Path, run: Path, manner: Manner) -> dict[str, Any]:
    """The test metrics of another tool's lists, judged as the run is, by its split.

    Returns:
        As `evaluate`, with "lists", the file.

    Raises:
        DataError: the file cannot be read, or a row is not as it should be; see `OutsideLists.read`.
        RunError, ModelError, EvaluationError, LeakError: as `evaluate`.
    """
    manner = replace(manner, k=_lengths(run, manner.k))
    _, evidence, warnings = _evidence_of(run, manner)
    about = {"schema": 1, "lists": str(lists), "run": str(run), **_selected(run)}
    return about | _judge_lists(lists, evidence, manner, warnings)


def evaluate_lists_on(lists: Path, dataset: Dataset, recipe: Recipe, manner: Manner) -> dict[str, Any]:
    """The test metrics of another tool's lists, by a data set split as a recipe says.

    Returns:
        As `evaluate`, with "lists", the file, and "data", the data set's name.

    Raises:
        DataError, EvaluationError, LeakError: as `evaluate_lists` and `Trial.of`.
    """
    manner = replace(manner, k=_in_range(recipe.evaluation.k if manner.k is None else manner.k))
    evidence = Evidence.of(Trial.of(dataset, recipe), dataset, recipe)
    warnings = [recipe.split.warning] if recipe.split.warning and dataset.published_test is None else []
    about = {"schema": 1, "lists": str(lists), "data": dataset.name, "select": recipe.evaluation.select}
    return about | _judge_lists(lists, evidence, manner, warnings)


def known_positives(run: Path) -> NeighbourLists:
    """The positives of each user that are masked when a run's test part is judged: fit and validation.

    Lists that leave out these alone are what `evaluate_lists` judges as `evaluate` does the run. Lists for people leave
    out all that was rated, the test part too, and find nothing in it.

    Raises:
        RunError, ModelError, LeakError: as `evaluate`.
    """
    if not run.exists():
        raise RunError(f"{run}: no such run")
    return _trial_of(run, SavedModel.load(run / "model")).known


def _judge(ranker: Ranker, evidence: Evidence, manner: Manner, warnings: Sequence[str]) -> dict[str, Any]:
    judged = evidence.judge(ranker, manner.k or (), manner.protocol, negatives=manner.negatives, seed=manner.seed)
    return describe(judged, evidence, manner, warnings)


def _judge_lists(path: Path, evidence: Evidence, manner: Manner, warnings: Sequence[str]) -> dict[str, Any]:
    fit = evidence.trial.split.fit
    outside = OutsideLists.read(path, fit.users, fit.items)
    noticed = outside.notices(str(path), evidence, manner.protocol, max(manner.k or (1,)))
    return _judge(outside, evidence, manner, [*warnings, *noticed])


def _evidence_of(run: Path, manner: Manner) -> tuple[SavedModel, Evidence, list[str]]:
    if (run / SEAL).exists():  # older runs have none
        check_seal(run, ["recipe.toml", "result.json", "split.parquet"])
    model = SavedModel.load(run / "model")
    trial = _trial_of(run, model)
    evidence = Evidence(trial, item_table=model.item_table)
    if not manner.asks_the_data:
        return model, evidence, []
    try:
        recipe = load_recipe(run / "recipe.toml")
        dataset = _data_of(recipe, model)
    except (DataError, RecipeError) as error:
        if manner.protocol == RATED_ONLY:
            raise EvaluationError(f"protocol {RATED_ONLY} needs the run's data: {error}") from None
        missing = "dislikes" if manner.protocol == TUTORIAL else "gender, age and occupation"
        return model, evidence, [f"the run's data is not at hand, so {missing} are left out: {error}"]
    found = Evidence.of(trial, dataset, recipe)
    return model, replace(found, item_table=model.item_table), []


def _data_of(recipe: Recipe, model: SavedModel) -> Dataset:
    dataset = load(recipe.data.source, options=recipe.data.reading)
    if dataset.digest != model.about.get("data", {}).get("digest"):
        raise DataError("is other data than the run's (its digest differs)", path=dataset.path)
    return dataset


def _trial_of(run: Path, model: SavedModel) -> Trial:
    split_file = run / "split.parquet"
    if not split_file.is_file():
        raise RunError(f"{split_file}: no such file; the run is incomplete")
    if sha256_of(split_file) != model.about.get("split"):
        raise RunError(f"{split_file}: altered since the model was saved (SHA-256 differs)")
    whole = Trial(Split.load(split_file), refits=bool(model.about.get("refit")))
    whole.check_leaks()
    fit = whole.final.split.fit
    if not (fit.users.ids.equals(model.users.ids) and fit.items.ids.equals(model.items.ids)):
        raise ModelError(f"{run}: the model has learned from other users or items than split.parquet says")
    return whole.final


def _lengths(run: Path, k: Sequence[int] | None) -> list[int]:
    if not run.exists():
        raise RunError(f"{run}: no such run")
    return _in_range(_recorded_lengths(run) if k is None else k)


def _in_range(k: Sequence[int]) -> list[int]:
    lengths = sorted(set(k))
    if not lengths or lengths[0] < 1 or lengths[-1] > LONGEST_LIST:
        raise RunError(f"a list has from 1 to {LONGEST_LIST:,} places; found k = {','.join(map(str, lengths))}")
    return lengths


def _selected(run: Path) -> dict[str, str]:
    """The metric that a run was selected by, where its result says so."""
    try:
        return {"select": str(_recorded(run, "select"))}
    except (OSError, KeyError, TypeError, ValueError):
        return {}


def _recorded(run: Path, key: str) -> Any:
    return json.loads((run / "result.json").read_text(encoding="utf-8"))[key]


def _recorded_lengths(run: Path) -> list[int]:
    path = run / "result.json"
    try:
        k = _recorded(run, "k")
    except FileNotFoundError as error:
        if (run / "comparison.json").exists():
            raise RunError(f"{run}: is a comparison; expected a run, as `train` leaves one") from error
        raise RunError(f"{path}: no such file; not a finished run") from error
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{path}: does not say which lengths k were used") from error
    if not isinstance(k, list) or not k or not all(type(length) is int for length in k):
        raise RunError(f"{path}: does not say which lengths k were used")
    return sorted(set(k))
