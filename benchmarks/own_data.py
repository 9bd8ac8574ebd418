"""LightGCN by the recipe `general` on data that no recipe is of, beside its defaults and other models' defaults.

`python -m benchmarks.own_data run` makes files of the known data sets, as people have them, compares on each by the
command, and keeps a record of each; `... tables` puts them into docs/accuracy.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import polars as pl
import typer

from benchmarks.kept import made_by, markdown_table, read_kept, record
from tastegraph.data.load import load
from tastegraph.studies.pages import write_into

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import JsonValue

__all__ = ["own_data_table"]

HERE = Path(__file__).parent
FOLDER = HERE / "results" / "own-data"
PAGE = HERE.parent / "docs" / "accuracy.md"
USERS = 3000
METRIC = "ndcg@10"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def _rated(name: str, least: float) -> pl.DataFrame:
    """Pairs of a known data set that are rated so high or higher."""
    positives = load(name).interactions.positives(least)
    return pl.DataFrame({"user": positives.user, "item": positives.item})


def _some_users(name: str, place: int) -> pl.DataFrame:
    """All pairs, the test part's too, of 3,000 users of a published split; other users for each place."""
    pairs = load(name).interactions
    drawn = np.random.default_rng(0).permutation(len(pairs.users))[USERS * place : USERS * (place + 1)]
    mine = np.isin(pairs.user, drawn)
    return pl.DataFrame({"user": pairs.user[mine], "item": pairs.item[mine]})


SETS: dict[str, tuple[str, Callable[[], pl.DataFrame]]] = {
    "ml-latest-small": ("MovieLens latest small, 3 stars and more", partial(_rated, "ml-latest-small", 3)),
    "gowalla-first": ("Gowalla, 3,000 users", partial(_some_users, "gowalla", 0)),
    "yelp2018-first": ("Yelp2018, 3,000 users", partial(_some_users, "yelp2018", 0)),
    "ml-1m-fives": ("MovieLens 1M, 5 stars", partial(_rated, "ml-1m", 5)),
    "gowalla-second": ("Gowalla, 3,000 others", partial(_some_users, "gowalla", 1)),
    "yelp2018-second": ("Yelp2018, 3,000 others", partial(_some_users, "yelp2018", 1)),
}
HEADINGS = {
    "defaults": "LightGCN, defaults",
    "lightgcn": "LightGCN, `general`",
    "mf": "MF, `general`",
    "popularity": "popularity",
    "itemknn": "ItemKNN",
    "rp3beta": "RP3beta",
    "ease": "EASE",
    "als": "ALS",
}


@app.command()
def run(names: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Compare on all sets, or on those named."""
    for name in names or SETS:
        record("set", name, "python -m benchmarks.own_data run", partial(_compared, name), FOLDER)


@app.command()
def tables() -> None:
    """Put the records' table into docs/accuracy.md."""
    write_into(PAGE, own_data_table() + "\n", "<!-- own data: begin -->", "<!-- own data: end -->")


def own_data_table() -> str:
    """Test NDCG@10 and seconds of fitting, by set and model; bold what a paired test cannot tell from the best one."""
    records = {said["on"]: said for said in read_kept(FOLDER, "set")}
    rows = []
    for name, (title, _) in SETS.items():
        models = records[name]["figures"]["models"]
        rows.append([title, *(_cell(models[model]) for model in HEADINGS)])
    heading = ["test NDCG@10 (seconds)", *HEADINGS.values()]
    return "\n".join([made_by(list(records.values())), "", markdown_table(heading, rows)])


def _cell(part: dict[str, Any]) -> str:
    value = f"{part[METRIC]:.4f}"
    return f"{f'**{value}**' if part.get('tied') else value} ({part['seconds']:.0f})"


def _compared(name: str) -> JsonValue:
    """What the command finds on the file, by the recipe and by the defaults."""
    by_recipe = ",".join(model for model in HEADINGS if model != "defaults")
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / f"{name}.csv"
        SETS[name][1]().write_csv(file)
        found = _command(file, "--recipe", "general", "--models", by_recipe)
        plain = _command(file, "--models", "lightgcn")
    models = {
        model: {**_figures(said), "tied": said["versus"][METRIC]["tied"]} for model, said in found["models"].items()
    }
    return {
        "positives": found["data"]["positives"],
        "users": found["data"]["users"],
        "items": found["data"]["items"],
        "models": {"defaults": _figures(plain["models"]["lightgcn"]), **models},
    }


def _command(file: Path, *words: str) -> dict[str, Any]:
    out = file.parent / f"found-{len(words)}"
    command = [sys.executable, "-m", "tastegraph", "compare", str(file), *words, "--json", "--out", str(out)]
    done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def _figures(said: dict[str, Any]) -> dict[str, Any]:
    test = {metric: said["metrics"]["test"][metric] for metric in (METRIC, "recall@20")}
    return {**test, "seconds": said["seconds"]["fit"]}


if __name__ == "__main__":
    app()
