"""`tastegraph data split`: who is in which part, for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tastegraph.cli.reading import Data, Reading, reads_ratings
from tastegraph.cli.telling import tell_reading, tell_warnings
from tastegraph.cli.terminal import print_json, print_table, spoken, table
from tastegraph.data.counted import counted
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tastegraph.data.splits import Split

__all__ = ["split"]


@reads_ratings
def split(
    data: Data = None,
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The Parquet file to write: user, item, part.")],
    recipe: Annotated[Path | None, typer.Option(help="A TOML file with settings.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting, such as split.method=time; may be repeated."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    reading: Reading,
) -> None:
    """Split a data set as `train` would, and save who is in which part for other tools."""
    from dataclasses import asdict

    from tastegraph.data.load import load
    from tastegraph.files import written_whole
    from tastegraph.studies.recipe import load_recipe

    resolved = load_recipe(recipe, settings or [], data, reading)
    _must_be_free(out, force=force)
    dataset = load(resolved.data.source, spoken(quiet=json), resolved.data.reading)
    made, removed = dataset.divided(resolved.threshold, resolved.split, resolved.cleaning)
    if not json:
        tell_reading(dataset, resolved, len(made.positives), removed)
        tell_warnings(dataset, resolved, made)
    with written_whole(out) as aside:
        made.save(aside, dataset.digest)
    parts = _parts(made)
    if json:
        cleaning = [asdict(step) for step in removed]
        print_json({"file": str(out), "data": dataset.digest, "cleaning": cleaning, "parts": parts})
        return
    print_table(table({"part": "left", "": "right", " ": "right", "  ": "right"}, _rows(made)))
    typer.echo(f"split: {out}")


def _must_be_free(out: Path, *, force: bool) -> None:
    if out.is_dir():
        raise DataError("is a folder; --out names a file", path=out)
    if out.exists() and not force:
        raise DataError("is there already; --force replaces it", path=out)
    if not out.resolve().parent.is_dir():
        raise DataError(f"its folder {out.parent} is not there", path=out)


def _parts(made: Split) -> dict[str, dict[str, Any]]:
    return {
        "fit": {"pairs": len(made.fit), "users": len(made.fit.users), "items": len(made.fit.items)},
        **{
            name: {"pairs": len(part), "pairs of new items": part.cold, "pairs left out (new users)": part.strangers}
            for name, part in (("validation", made.validation), ("test", made.test))
        },
    }


def _rows(made: Split) -> Iterator[list[str]]:
    fit = made.fit
    yield ["fit", counted(len(fit), "pair"), counted(len(fit.users), "user"), counted(len(fit.items), "item")]
    for name, part in (("validation", made.validation), ("test", made.test)):
        new_items, left_out = counted(part.cold, "pair"), counted(part.strangers, "pair")
        yield [name, counted(len(part), "pair"), f"{new_items} of new items", f"{left_out} left out (new users)"]
