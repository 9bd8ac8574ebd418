"""The folder of a comparison: recipe, environment, figures, tables, report, and each user's metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tastegraph.files import json_text, write_whole
from tastegraph.graph.devices import CPU
from tastegraph.studies.comparison import compare
from tastegraph.studies.comparison_report import render_comparison
from tastegraph.studies.comparison_tables import to_csv, to_latex, to_markdown
from tastegraph.studies.environment import describe_environment
from tastegraph.studies.folder import check_folder, new_run
from tastegraph.studies.models import warm_up

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch

    from tastegraph.data.dataset import Dataset
    from tastegraph.studies.comparison import Comparison
    from tastegraph.studies.manner import Manner
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.trial import Trial
    from tastegraph.studies.watcher import Watcher

__all__ = ["compare_into"]


def compare_into(
    out: Path,
    recipe: Recipe,
    dataset: Dataset,
    names: Sequence[str],
    manner: Manner,
    watcher: Watcher,
    *,
    seeds: int = 1,
    origin: str = "the recipe",
    trial: Trial | None = None,
    force: bool = False,
    device: torch.device = CPU,
) -> Comparison:
    """Compare, and leave all of it in a folder; see `compare`.

    The folder appears whole, in place of a comparison that was there with `force`.

    Raises:
        RunError: `out` is in the way, or cannot be made.
        TasteGraphError: as `compare`; nothing is left then.
    """
    check_folder(out, force=force)
    with new_run(out) as folder:
        environment = describe_environment(
            recipe, dataset.digests, device
        )  # compiles, too, so that no model's time holds it
        warm_up(names)
        found = compare(recipe, dataset, names, manner, watcher, seeds=seeds, origin=origin, trial=trial, device=device)
        texts = {
            "recipe.toml": recipe.to_toml(),
            "environment.json": json_text(environment),
            "comparison.csv": to_csv(found.result),
            "comparison.md": to_markdown(found.result),
            "comparison.tex": to_latex(found.result),
            "report.html": render_comparison(found.result, recipe.to_toml()),
            "comparison.json": json_text(found.result),
        }
        found.per_user.write_parquet(folder / "users.parquet")
        for name, text in texts.items():
            write_whole(folder / name, text)
    return found
