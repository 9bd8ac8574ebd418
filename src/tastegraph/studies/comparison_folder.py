"""The folder of a comparison: recipe, environment, figures, tables, report, and each user's metrics."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tastegraph.files import write_whole
from tastegraph.studies.comparison_report import render_comparison
from tastegraph.studies.comparison_tables import to_csv, to_latex, to_markdown
from tastegraph.studies.environment import describe_environment
from tastegraph.studies.folder import check_folder, new_run

if TYPE_CHECKING:
    from pathlib import Path

    from tastegraph.data.load import Dataset
    from tastegraph.studies.comparison import Comparison
    from tastegraph.studies.recipe import Recipe

__all__ = ["save_comparison"]


def save_comparison(found: Comparison, recipe: Recipe, dataset: Dataset, out: Path, *, force: bool) -> None:
    """Write all of it; the folder appears whole, in place of a comparison that was there with `force`.

    Raises:
        RunError: `out` is in the way, or cannot be made.
    """
    check_folder(out, force=force)
    with new_run(out) as folder:
        texts = {
            "recipe.toml": recipe.to_toml(),
            "environment.json": json.dumps(describe_environment(recipe, dataset.digests), indent=2) + "\n",
            "comparison.csv": to_csv(found.result),
            "comparison.md": to_markdown(found.result),
            "comparison.tex": to_latex(found.result),
            "report.html": render_comparison(found.result, recipe.to_toml()),
            "comparison.json": json.dumps(found.result, indent=2) + "\n",
        }
        found.per_user.write_parquet(folder / "users.parquet")
        for name, text in texts.items():
            write_whole(folder / name, text)
