"""Accuracy against seconds of fitting: LightGCN stopped at several lengths beside baselines, on validation.

`python -m benchmarks.frontier gowalla ml-1m`: every model learns from the fit part of the data set's recipe and is
judged on its validation part; the test part is not looked at. Baselines have the settings of the recorded comparison,
where there is one of the data set, else their default ones. A stop of LightGCN is a training of its own with so many
epochs, its schedule falling to 0 at its end, and no validation on the way. Where a recipe NAME-unordered comes along,
its LightGCN, blind to the order of a user's list, is measured as well. Seconds are of fitting alone, for the
closed forms of what is computed before the first list. Writes results/frontier/DATA.json and DATA.svg.
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.figure import draw_frontier
from tastegraph.baselines.models import BASELINES
from tastegraph.data.load import load
from tastegraph.lightgcn.ranking import InnerProduct
from tastegraph.lightgcn.training import train
from tastegraph.ranking.full_ranking import full_ranking
from tastegraph.studies.environment import describe_environment
from tastegraph.studies.known_recipes import known_recipes, recipe_path
from tastegraph.studies.models import settings_of, warm_up, with_settings
from tastegraph.studies.recipe import load_recipe
from tastegraph.studies.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tastegraph.ranking.full_ranking import Ranker
    from tastegraph.studies.recipe import Recipe

RESULTS = Path(__file__).parent / "results"
FOLDER = RESULTS / "frontier"
STOPS = (0.0625, 0.125, 0.25, 0.5, 1.0)  # of the recipe's epochs
BASELINES_SHOWN = ("popularity", "gfcf", "als", "ease", "bpr")


def measure(name: str, shown: tuple[str, ...], stops: tuple[float, ...] = STOPS) -> dict[str, Any]:
    """Fit and judge every model of the picture for one data set.

    Args:
        name: of a recipe.
        shown: the baselines.
        stops: of LightGCN, as shares of the recipe's epochs.

    Returns:
        "data", "metric", "points" (model, seconds, value, settings) and "environment".
    """
    recipe = _with_tuned(load_recipe(recipe_path(name)), name, shown)
    dataset = load(recipe.data.source, lambda *_: None, recipe.data.reading)
    trial = Trial.of(dataset, recipe)
    environment = describe_environment(recipe, dataset.digests)  # compiles, or loads, the kernels
    warm_up(shown)
    metric = recipe.evaluation.select
    points = []
    for model, stage, settings, fit in _models(name, trial, recipe, shown, stops):
        began = time.perf_counter()
        ranker = fit()
        seconds = time.perf_counter() - began
        lengths = recipe.evaluation.validation_k
        value = full_ranking(ranker, trial.validation, trial.graph.items_of, lengths).means()[metric]
        points.append({"model": model, "stage": stage, "seconds": round(seconds, 2), "value": value, **settings})
        print(f"{name}: {model} {stage}: {metric} {value:.4f} in {seconds:.1f} s", flush=True)
    return {"data": name, "metric": metric, "points": points, "environment": environment}


def _with_tuned(recipe: Recipe, name: str, shown: tuple[str, ...]) -> Recipe:
    path = RESULTS / "comparisons" / f"{name}.json"
    if not path.exists():
        return recipe
    compared = json.loads(path.read_text(encoding="utf-8"))["models"]
    for model in shown:
        if model in compared:
            recipe = with_settings(recipe, model, compared[model]["settings"])
    return recipe


def _models(
    name: str, trial: Trial, recipe: Recipe, shown: tuple[str, ...], stops: tuple[float, ...]
) -> Iterator[tuple[str, str, dict[str, Any], Any]]:
    for (title, own), share in product(_lightgcns(name, recipe), stops):
        epochs = max(1, round(share * own.training.epochs))

        def fit(own: Recipe = own, epochs: int = epochs) -> Ranker:
            config = own.training.model_copy(update={"epochs": epochs})
            return InnerProduct(train(trial.graph, own.model, config).embeddings)

        yield title, f"{epochs} epochs", {}, fit
    for baseline in shown:
        settings = {"settings": settings_of(baseline, recipe)}

        def fit_baseline(baseline: str = baseline) -> Ranker:
            return BASELINES[baseline](**recipe.models.get(baseline, {})).fit(trial.split.fit)

        yield BASELINES[baseline].title, "", settings, fit_baseline


def _lightgcns(name: str, recipe: Recipe) -> Iterator[tuple[str, Recipe]]:
    yield "LightGCN", recipe
    unordered = known_recipes().get(f"{name}-unordered")
    if unordered is not None:
        yield "LightGCN, blind to order", load_recipe(unordered)


def main() -> None:
    """Measure the data sets named, a file and a picture each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", help="data sets with a recipe of their own")
    parser.add_argument("--baselines", default=",".join(BASELINES_SHOWN), help="names, with commas between")
    parser.add_argument("--stops", default=",".join(map(str, STOPS)), help="of LightGCN: shares of all epochs")
    parser.add_argument("--out", type=Path, default=FOLDER)
    words = parser.parse_args()
    words.out.mkdir(parents=True, exist_ok=True)
    stops = tuple(float(share) for share in words.stops.split(","))
    for name in words.data:
        record = measure(name, tuple(words.baselines.split(",")), stops)
        (words.out / f"{name}.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        draw_frontier(record, words.out / f"{name}.svg")


if __name__ == "__main__":
    main()
