"""`tastegraph evaluate`: the metrics of a saved run, again, or of lists that another tool made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tastegraph.cli.protocol_options import Negatives, Protocol, lengths_of
from tastegraph.cli.ranks import RankTimeout, alone_here, ranks_here
from tastegraph.cli.terminal import print_json, print_table, say, table

__all__ = ["evaluate", "show_groups"]

LISTS = "Lists of another tool"


def evaluate(
    target: Annotated[
        Path,
        typer.Argument(
            metavar="RUN|FILE", help="A run directory, or a file of lists: columns user, item, and rank or score."
        ),
    ],
    *,
    k: Annotated[
        str | None,
        typer.Option("--k", metavar="10,20", help="Lengths of the lists; the run's by default."),
    ] = None,
    protocol: Protocol = "full-ranking",
    negatives: Negatives = 100,
    seed: Annotated[int, typer.Option(min=0, help="Of sampled-negatives: seed of the draw.")] = 0,
    beyond: Annotated[
        bool, typer.Option("--beyond", help="Coverage, Gini, novelty, popularity, diversity and calibration too.")
    ] = False,
    groups: Annotated[
        bool, typer.Option("--groups", help="By activity, popularity of items, gender, age and occupation too.")
    ] = False,
    run: Annotated[
        Path | None, typer.Option(help="The run whose split judges a file's lists.", rich_help_panel=LISTS)
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="The data that does, split as the recipe says.", rich_help_panel=LISTS),
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="With --data: a TOML file with settings.", rich_help_panel=LISTS)
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="With --data: a setting; may be repeated.", rich_help_panel=LISTS
        ),
    ] = None,
    rank_timeout: RankTimeout = 600,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Recompute the test metrics of a saved run from its model, with 95 % intervals over users.

    Or score the lists in FILE, made by any other tool, by the split of a run (--run) or of data (--data).
    """
    _must_go_together(target, run, data, recipe, settings)
    lengths = None if k is None else lengths_of(k)

    from tastegraph.studies.evaluate import evaluate as evaluate_run
    from tastegraph.studies.evaluate import evaluate_lists, evaluate_lists_on
    from tastegraph.studies.manner import Manner

    manner = Manner(lengths, protocol, negatives, seed, beyond, groups)
    if data is not None:
        alone_here("evaluate --data")
        from tastegraph.data.load import load
        from tastegraph.studies.recipe import load_recipe

        resolved = load_recipe(recipe, settings or [], data)
        dataset = load(resolved.data.source, say, resolved.data.reading)
        result = evaluate_lists_on(target, dataset, resolved, manner)
    elif run is not None:
        alone_here("evaluate --run")
        result = evaluate_lists(target, run, manner)
    else:
        with ranks_here(rank_timeout) as ranks:
            result = evaluate_run(target, manner=manner, ranks=ranks)
    for warning in result["warnings"]:
        say(f"warning: {warning}")
    if json:
        print_json(result)
    else:
        _show(result)


def _must_go_together(
    target: Path, run: Path | None, data: str | None, recipe: Path | None, settings: list[str] | None
) -> None:
    if data is None and (recipe is not None or settings):
        raise typer.BadParameter("--recipe and --set go with --data")
    if run is not None and data is not None:
        raise typer.BadParameter("--run and --data each say what judges the lists; give one of them")
    if target.is_dir() and (run is not None or data is not None):
        raise typer.BadParameter(f"{target} is a folder; --run and --data go with a file of lists")
    if target.is_file() and run is None and data is None:
        raise typer.BadParameter(f"{target} is a file of lists; say what judges them: --run RUN or --data DATA")


def _show(result: dict[str, Any]) -> None:
    metrics, intervals = result["metrics"]["test"], result["intervals"]["test"]
    rows = ([name, f"{value:.4f}", "{:.4f} to {:.4f}".format(*intervals[name])] for name, value in metrics.items())
    what = result.get("lists") or result["run"]
    drawn = f" (n = {result['negatives']})" if "negatives" in result else ""
    print_table(
        table({"metric": "left", "test": "right", "95 % interval": "right"}, rows),
        f"{what}, protocol {result['protocol']}{drawn}, {result['users']['test']:,} users",
    )
    for name, found in result.get("groups", {}).items():
        if found:
            show_groups(name, found, result["k"][0], result.get("select"))


def show_groups(name: str, groups: list[dict[str, Any]], k: int, select: str | None = None) -> None:
    """One metric of each group with its interval, recall, and what was selected by: all of them stand in --json."""
    of_items = "items" in groups[0]
    main, beside = (f"recall@{k}", []) if of_items else (f"ndcg@{k}", [f"recall@{k}"])
    if select and select not in (main, *beside) and any(select in group["metrics"] for group in groups):
        beside.append(select)
    rows = []
    for group in groups:
        counts = [f"{group[what]:,}" for what in ("items", "users") if what in group]
        ends = group["intervals"].get(main)
        interval = "" if ends is None else "{:.4f} to {:.4f}".format(*ends)
        known = group["metrics"]  # a band of items that nobody has held out has none
        means = [f"{known[metric]:.4f}" if metric in known else "-" for metric in (main, *beside)]
        rows.append([group["name"], *counts, means[0], interval, *means[1:]])
    headers = [*(["items"] if of_items else []), "users", main, "95 % interval", *beside]
    print_table(table({name: "left", **dict.fromkeys(headers, "right")}, rows))
