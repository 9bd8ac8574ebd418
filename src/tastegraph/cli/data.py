"""`tastegraph data`: known data sets, and what is in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tastegraph.cli.terminal import print_json, print_table, say, spoken, table
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from tastegraph.data.load import Dataset

__all__ = ["app"]

app = typer.Typer(help="Known data sets: list, fetch, show.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_datasets(*, json: Json = False) -> None:
    """List the known data sets and where each one is."""
    from tastegraph.data.catalog import CATALOG
    from tastegraph.data.fetch import present

    rows = [
        {
            "name": known.name,
            "users": known.users,
            "items": known.items,
            "interactions": known.interactions,
            "title": known.title,
            "place": str(place) if (place := present(known)) else None,
        }
        for known in CATALOG.values()
    ]
    if json:
        print_json(rows)
        return
    columns = {
        "name": "left",
        "users": "right",
        "items": "right",
        "interactions": "right",
        "what": "left",
        "at hand": "left",
    }
    print_table(
        table(
            columns,
            (
                [
                    r["name"],
                    f"{r['users']:,}",
                    f"{r['items']:,}",
                    f"{r['interactions']:,}",
                    r["title"],
                    r["place"] or "no",
                ]
                for r in rows
            ),
        )
    )


@app.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(help="A known data set; `tastegraph data list` names them.")],
) -> None:
    """Get a known data set, verified file by file, into the cache."""
    from tastegraph.data.catalog import CATALOG
    from tastegraph.data.fetch import locate

    known = CATALOG.get(name)
    if known is None:
        raise DataError(f"{name} is not a known data set; known are {', '.join(CATALOG)}")
    say(f"licence: {known.licence}")
    say(f"please cite: {known.citation}")
    typer.echo(str(locate(known, say)))


@app.command("show")
def show(
    data: Annotated[str, typer.Argument(help="A known data set's name, or a path.")],
    *,
    json: Json = False,
) -> None:
    """Show what is in a data set: how it was read, counts, density, ratings, the most rated films."""
    from tastegraph.data.load import load
    from tastegraph.data.summary import summarise

    dataset = load(data, spoken(quiet=json))
    summary = summarise(dataset)
    if json:
        print_json(summary)
        return
    _print_summary(dataset, summary)


def _print_summary(dataset: Dataset, summary: dict[str, Any]) -> None:
    counts = [
        ("read as", summary["understood"]),
        ("users", f"{summary['users']:,}"),
        ("items", f"{summary['items']:,}"),
        ("interactions", f"{summary['interactions']:,}"),
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
        total = summary["interactions"]
        most = max(entry["count"] for entry in summary["ratings"])
        print_table(
            table(
                {"rating": "right", "count": "right", "share": "right", "histogram": "left"},
                (
                    [
                        f"{e['rating']:g}",
                        f"{e['count']:,}",
                        f"{e['count'] / total:.1%}",
                        "█" * round(30 * e["count"] / most),
                    ]
                    for e in summary["ratings"]
                ),
            )
        )
    print_table(
        table(
            {"most rated": "left", "year": "right", "interactions": "right"},
            ([top["title"] or top["item"], top["year"], f"{top['count']:,}"] for top in summary["most_rated"]),
        )
    )


def _spread(spread: dict[str, float]) -> str:
    return f"{spread['min']:,} to {spread['max']:,}, median {spread['median']:g}, mean {spread['mean']:.1f}"
