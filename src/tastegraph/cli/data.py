"""`tastegraph data`: known data sets, and what is in one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tastegraph.cli.data_split import split
from tastegraph.cli.reading import Reading, reads_ratings
from tastegraph.cli.terminal import print_json, print_table, say, spoken, table
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from tastegraph.data.dataset import Dataset

__all__ = ["app"]

GENRES = 20  # listed at most
COUNTED = ("users", "items", "interactions")

app = typer.Typer(help="Known data sets and your own: list, fetch, show, split.", no_args_is_help=True)

Data = Annotated[str, typer.Argument(help="A known data set's name, a path, or - for standard input.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_datasets(*, json: Json = False) -> None:
    """List the known data sets and where each one is."""
    from tastegraph.data.fetch import shelf_warning

    if (warning := shelf_warning()) is not None:
        say(warning)
    rows = _known()
    if json:
        print_json(rows)
        return
    columns = {"name": "left", **dict.fromkeys(COUNTED, "right"), "what": "left", "at hand": "left"}
    shown = ([r["name"], *(f"{r[what]:,}" for what in COUNTED), r["title"], _at_hand(r)] for r in rows)
    print_table(table(columns, shown))


def _known() -> list[dict[str, Any]]:
    """What the catalog says of each data set, where it lies here and what it lacks there."""
    from tastegraph.data.catalog import CATALOG
    from tastegraph.data.fetch import missing_files, present

    places = {name: present(known) for name, known in CATALOG.items()}
    missing = {name: missing_files(place, CATALOG[name]) for name, place in places.items() if place is not None}
    return [
        {
            "name": known.name,
            "users": known.users,
            "items": known.items,
            "interactions": known.interactions,
            "title": known.title,
            "place": str(places[known.name]) if places[known.name] else None,
            "missing": missing.get(known.name, []),
            "layout": known.layout,
            "licence": known.licence,
            "citation": known.citation,
            "sources": [{"address": source.address, "checked": source.checked} for source in known.sources],
        }
        for known in CATALOG.values()
    ]


def _at_hand(row: dict[str, Any]) -> str:
    if row["place"] is None:
        return "no"
    return f"{row['place']}, without {', '.join(row['missing'])}" if row["missing"] else row["place"]


@app.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(help="A known data set; `tastegraph data list` names them.")],
) -> None:
    """Get a known data set, verified file by file, into the cache."""
    from tastegraph.data.catalog import CATALOG, meant_by
    from tastegraph.data.fetch import locate

    known = CATALOG.get(name)
    if known is None:
        raise DataError(f"{name} is not a known data set; known are {', '.join(CATALOG)}{meant_by(name)}")
    say(f"licence: {known.licence}")
    say(f"please cite: {known.citation}")
    for source in known.sources:
        say(f"digests for {source.address} checked: {source.checked}")
    typer.echo(str(locate(known, say)))


@app.command("show")
@reads_ratings
def show(
    data: Data,
    *,
    json: Json = False,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it, too: .svg, .png or .pdf.")] = None,
    reading: Reading,
) -> None:
    """Show what is in a data set: how it was read, counts, density, ratings, degrees, times, genres, features."""
    from tastegraph.data.load import load
    from tastegraph.data.summary import summarise
    from tastegraph.studies.data_plot import check_plot, draw_summary
    from tastegraph.studies.recipe import load_recipe

    if plot is not None:
        check_plot(plot)
    recipe = load_recipe(None, [], data, reading)
    dataset = load(data, spoken(quiet=json), recipe.data.reading)
    summary = summarise(dataset, recipe.threshold)
    if plot is not None:
        draw_summary(summary, plot)
    if json:
        print_json(summary)
        return
    _print_summary(dataset, summary)
    if plot is not None:
        typer.echo(f"plot: {plot}")


app.command("split")(split)


def _print_summary(dataset: Dataset, summary: dict[str, Any]) -> None:
    counts = [
        ("read as", summary["understood"]),
        ("users", f"{summary['users']:,}"),
        ("items", f"{summary['items']:,}"),
        ("interactions", f"{summary['interactions']:,}"),
        ("positives", _positives(summary["positives"])),
        ("duplicates dropped", f"{summary['duplicates']:,}"),
        ("density", f"{summary['density']:.3%}"),
        ("per user", _spread(summary["per_user"])),
        ("per item", _spread(summary["per_item"])),
    ]
    if summary["time"] is not None:
        counts.append(("time", f"{summary['time']['first']} to {summary['time']['last']}"))
    if summary["published_test"] is not None:
        counts.append(("published test part", f"{summary['published_test']:,}"))
    counts += [
        (side.replace("_", " "), ", ".join(summary[side]))
        for side in ("user_features", "item_features")
        if summary[side]
    ]
    print_table(table({"": "left", f"{dataset.name}": "left"}, counts))
    if summary["ratings"] is not None:
        bars = [(f"{e['rating']:g}", e["count"]) for e in summary["ratings"]]
        _print_bars("rating", bars, summary["interactions"])
    for side in ("user", "item"):
        bars = [(_span(e), e["count"]) for e in summary["degrees"][side]]
        _print_bars(f"interactions of {'a user' if side == 'user' else 'an item'}", bars, summary[f"{side}s"])
    if summary["genres"]:
        bars = [(e["genre"], e["interactions"]) for e in summary["genres"][:GENRES]]
        _print_bars("genre", bars, summary["interactions"], justify="left")
    _print_most_rated(summary["most_rated"])


def _print_most_rated(most_rated: list[dict[str, Any]]) -> None:
    """The most rated items, with their years where any is known."""
    years = any(top["year"] is not None for top in most_rated)
    columns = {"most rated": "left", **({"year": "right"} if years else {}), "interactions": "right"}
    rows = ([top["title"] or top["item"], *([top["year"]] if years else []), f"{top['count']:,}"] for top in most_rated)
    print_table(table(columns, rows))


def _positives(positives: dict[str, Any]) -> str:
    if positives["threshold"] is None:
        return f"{positives['count']:,}: every interaction"
    return f"{positives['count']:,}: rating >= {positives['threshold']:g} (data.threshold)"


def _print_bars(what: str, bars: list[tuple[str, int]], total: int, justify: str = "right") -> None:
    """A histogram; shares are of the whole, and may come to more than 1 where a film has several genres."""
    most = max(1, *(count for _, count in bars))
    rows = ([name, f"{count:,}", f"{count / total:.1%}", "█" * round(30 * count / most)] for name, count in bars)
    print_table(table({what: justify, "count": "right", "share": "right", "histogram": "left"}, rows))


def _span(entry: dict[str, int]) -> str:
    return f"{entry['from']:,}" if entry["from"] == entry["to"] else f"{entry['from']:,} to {entry['to']:,}"


def _spread(spread: dict[str, float]) -> str:
    return f"{spread['min']:,} to {spread['max']:,}, median {spread['median']:g}, mean {spread['mean']:.1f}"
