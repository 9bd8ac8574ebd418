"""Judge a saved run again, from its model and its split."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tastegraph.data.splits import Split
from tastegraph.errors import ModelError, RunError
from tastegraph.ranking.intervals import bootstrap_interval
from tastegraph.ranking.protocol import FULL_RANKING, full_ranking
from tastegraph.saved_model import SavedModel
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
    model = SavedModel.load(run / "model")
    try:
        trial = Trial(Split.load(run / "split.parquet"), refits=bool(model.about.get("refit"))).final
        recorded = json.loads((run / "result.json").read_text(encoding="utf-8"))["k"]
    except (OSError, KeyError, ValueError) as error:
        raise RunError(f"{run}: not a finished run ({error})") from error
    lengths = sorted(set(recorded if k is None else k))
    if not lengths or lengths[0] < 1:
        raise RunError(f"a list needs at least one place; found k = {','.join(map(str, lengths)) or 'nothing'}")
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
