"""Judge a saved run again, from its model and its split."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tastegraph.data.splits import Split
from tastegraph.errors import ModelError, RunError
from tastegraph.files import sha256_of
from tastegraph.ranking.intervals import bootstrap_interval
from tastegraph.ranking.protocol import FULL_RANKING, full_ranking
from tastegraph.saved_model import SavedModel
from tastegraph.studies.recipe import LONGEST_LIST
from tastegraph.studies.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["evaluate"]


def evaluate(run: Path, k: Sequence[int] | None = None) -> dict[str, Any]:
    """The test metrics of a run's saved model, recomputed.

    Args:
        run: a run directory.
        k: lengths of the lists; those of the run by default.

    Returns:
        {"schema", "run", "protocol", "k", "metrics": {"test": ...}, "intervals": {"test": ...}, "users": {"test": n}}.

    Raises:
        RunError: `run` is no finished run, or a length is below 1.
        ModelError: its model is damaged or does not fit its split.
    """
    if not run.exists():
        raise RunError(f"{run}: no such run")
    lengths = _recorded_lengths(run) if k is None else sorted(set(k))
    if lengths[0] < 1 or lengths[-1] > LONGEST_LIST:
        raise RunError(f"a list has from 1 to {LONGEST_LIST:,} places; found k = {','.join(map(str, lengths))}")
    model = SavedModel.load(run / "model")
    split_file = run / "split.parquet"
    if not split_file.is_file():
        raise RunError(f"{split_file}: no such file; the run is incomplete")
    if sha256_of(split_file) != model.about.get("split"):
        raise RunError(f"{split_file}: altered since the model was saved (SHA-256 differs)")
    trial = Trial(Split.load(split_file), refits=bool(model.about.get("refit"))).final
    fit = trial.split.fit
    if not (fit.users.ids.equals(model.users.ids) and fit.items.ids.equals(model.items.ids)):
        raise ModelError(f"{run}: the model has learned from other users or items than split.parquet says")
    judged = full_ranking(model, trial.test, trial.known, lengths)
    return {
        "schema": 1,
        "run": str(run),
        "protocol": FULL_RANKING,
        "k": lengths,
        "metrics": {"test": judged.means()},
        "intervals": {"test": {name: list(bootstrap_interval(v)) for name, v in judged.values.items()}},
        "users": {"test": len(judged.users)},
    }


def _recorded_lengths(run: Path) -> list[int]:
    path = run / "result.json"
    try:
        k = json.loads(path.read_text(encoding="utf-8"))["k"]
    except FileNotFoundError as error:
        raise RunError(f"{path}: no such file; not a finished run") from error
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{path}: does not say which lengths k were used") from error
    if not isinstance(k, list) or not k or not all(type(length) is int for length in k):
        raise RunError(f"{path}: does not say which lengths k were used")
    return sorted(set(k))
