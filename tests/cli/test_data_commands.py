"""`tastegraph data` and what `train` says of data, run as a user runs them."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tastegraph.data.catalog import CATALOG

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[..., subprocess.CompletedProcess[str]]

SMALL = ["--set", "training.epochs=2", "--set", "training.batch_size=128", "--set", "model.embedding_dim=4"]
ONE_MODEL = [*SMALL, "--set", "baselines=[]"]


@pytest.fixture
def odd(ratings_csv: Path, workplace: Path) -> str:
    """The made ratings under other names, compressed, with a table of films."""
    frame = pl.read_csv(ratings_csv).rename({"user": "buyer", "item": "what", "timestamp": "when"})
    (workplace / "odd.csv.gz").write_bytes(gzip.compress(frame.write_csv(separator="\t").encode()))
    films = frame.select("what").unique(maintain_order=True).with_columns(name=pl.col("what").str.to_uppercase())
    films.write_parquet(workplace / "films.parquet")
    return "odd.csv.gz"


COLUMNS = ["--user-column", "buyer", "--item-column", "what", "--time-column", "when"]


def test_a_run_on_columns_of_any_name_says_how_it_was_read(tastegraph: Command, odd: str, workplace: Path) -> None:
    extra = ["--item-features", "films.parquet", "--set", "cleaning.k_core=2", "--set", "split.method=leave-one-out"]
    done = tastegraph("train", odd, *COLUMNS, *extra, *ONE_MODEL, "--out", "odd-run")
    assert "gzip, tab-separated: user, item, rating, time (columns buyer, what, rating, when)" in done.stderr
    assert "ids are text; times in unix seconds" in done.stderr
    assert "(rating >= 3)" in done.stderr
    assert "cleaning, k_core 2: removed " in done.stderr
    result = json.loads((workplace / "odd-run" / "result.json").read_text(encoding="utf-8"))
    assert result["split"] == {"method": "leave-one-out", "warning": None}
    assert [step["step"] for step in result["data"]["cleaning"]] == ["threshold 3", "k_core 2"]
    recipe = (workplace / "odd-run" / "recipe.toml").read_text(encoding="utf-8")
    assert 'user = "buyer"' in recipe
    assert "k_core = 2" in recipe
    # The recipe alone repeats the run.
    again = tastegraph("train", "--recipe", "odd-run/recipe.toml", "--out", "odd-again", "--json")
    assert json.loads(again.stdout)["metrics"] == result["metrics"]
    assert "FILM " in tastegraph("recommend", "odd-run", "--user", "person 5").stdout


def test_the_leak_of_a_split_within_users_is_told(tastegraph: Command, ratings_csv: Path) -> None:
    done = tastegraph("data", "split", str(ratings_csv), "--out", "leaky.parquet", "--set", "split.method=user-time")
    assert "warning: split by time within each user" in done.stderr


def test_data_split_reads_a_file_as_show_and_train_do(tastegraph: Command, odd: str, workplace: Path) -> None:
    done = tastegraph("data", "split", odd, *COLUMNS, "--out", "odd-parts.parquet", "--set", "cleaning.k_core=2")
    assert "gzip, tab-separated: user, item, rating, time (columns buyer, what, rating, when)" in done.stderr
    assert "positives: " in done.stderr
    assert "cleaning, k_core 2: removed " in done.stderr
    assert "warning" not in done.stderr
    assert pl.read_parquet(workplace / "odd-parts.parquet").columns == ["user", "item", "part"]


def test_every_command_that_reads_a_file_has_the_same_options(tastegraph: Command) -> None:
    panels = {
        tastegraph(*words, "--help").stdout.partition("Reading a file")[2]
        for words in (["train"], ["data", "show"], ["data", "split"])
    }
    assert len(panels) == 1
    for option in ("--user-column", "--part-column", "--delimiter", "--no-header", "--item-features"):
        assert option in next(iter(panels))


def test_an_empty_part_is_told(tastegraph: Command, workplace: Path) -> None:
    (workplace / "few.csv").write_text("a,x,train\na,y,train\nb,x,test\n", encoding="utf-8")
    reading = ["--no-header", "--user-column", "1", "--item-column", "2", "--rating-column", "none"]
    done = tastegraph("data", "split", "few.csv", "--out", "few.parquet", *reading, "--part-column", "3", "--force")
    assert "few: 3 interactions of 2 users with 2 items" in done.stderr
    assert "warning: the test part is empty; 1 pair of users whom the fit part does not know left out" in done.stderr
    assert "1 pair left out (new users)" in done.stdout


def test_train_and_data_split_say_the_same_of_a_split_whose_test_part_is_given(
    tastegraph: Command, ratings_csv: Path, workplace: Path
) -> None:
    frame = pl.read_csv(ratings_csv).with_row_index()
    # Every seventh pair is tested on, and one of an item that nobody else has.
    frame = frame.with_columns(part=pl.when(pl.col("index") % 7 == 3).then(pl.lit("test")).otherwise(pl.lit("train")))
    frame = frame.with_columns(item=pl.when(pl.col("index") == 3).then(pl.lit("new")).otherwise(pl.col("item")))
    frame.drop("index").write_csv(workplace / "given.csv")
    use = ["given.csv", "--part-column", "part", "--set", "data.threshold=none"]
    split = tastegraph("data", "split", *use, "--out", "given.parquet").stderr
    train = tastegraph("train", *use, *ONE_MODEL, "--out", "given-run").stderr
    assert "test pairs that the fit part cannot know: " in split
    assert all(line in train for line in split.splitlines())
    assert "is empty" not in train


@pytest.mark.parametrize(
    ("out", "expected"),
    [
        ("nowhere/parts.parquet", "nowhere/parts.parquet: its folder nowhere is not there"),
        (".", ".: is a folder; --out names a file"),
    ],
)
def test_where_a_split_cannot_be_written_is_told_by_what_was_typed(
    tastegraph: Command, ratings_csv: Path, out: str, expected: str
) -> None:
    assert tastegraph("data", "split", str(ratings_csv), "--out", out, code=1).stderr == f"tastegraph: {expected}\n"


def test_a_table_in_a_pipe_is_as_wide_as_columns_says(tastegraph: Command, odd: str) -> None:
    wide = tastegraph("data", "show", odd, *COLUMNS).stdout
    assert max(map(len, wide.splitlines())) > 80
    narrow = tastegraph("data", "show", odd, *COLUMNS, columns=70).stdout
    assert max(map(len, narrow.splitlines())) <= 70


def test_show_draws_and_counts(tastegraph: Command, odd: str, workplace: Path) -> None:
    done = tastegraph("data", "show", odd, *COLUMNS, "--item-features", "films.parquet", "--plot", "odd.svg")
    for words in ("interactions of a user", "interactions of an item", "positives", "title", "plot: odd.svg"):
        assert words in done.stdout
    assert (workplace / "odd.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_standard_input_is_read(installed: Path, workplace: Path, odd: str) -> None:
    command = [sys.executable, "-m", "tastegraph", "data", "show", "-", *COLUMNS, "--json"]
    done = subprocess.run(
        command, input=(workplace / odd).read_bytes(), capture_output=True, check=True, cwd=workplace,
        env=os.environ | {"PYTHONPATH": str(installed)},
    )  # fmt: skip
    summary = json.loads(done.stdout)
    assert (summary["name"], summary["users"], summary["interactions"]) == ("stdin", 60, 900)


def test_a_split_is_saved_for_others_and_used_again(tastegraph: Command, ratings_csv: Path, workplace: Path) -> None:
    source = str(ratings_csv)
    done = tastegraph("data", "split", source, "--out", "parts.parquet", "--set", "split.method=time")
    assert "pairs of new items" in done.stdout
    table = pl.read_parquet(workplace / "parts.parquet")
    assert table.columns == ["user", "item", "part"]
    assert set(table["part"]) == {"fit", "validation", "test"}
    use = ["--set", "split.method=file", "--set", "split.file=parts.parquet"]
    tastegraph("train", source, *use, *ONE_MODEL, "--out", "from-file")
    assert pl.read_parquet(workplace / "from-file" / "split.parquet").equals(table)
    done = tastegraph("data", "split", source, "--out", "parts.parquet", code=1)
    assert done.stderr == "tastegraph: parts.parquet: is there already; --force replaces it\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"user,item,rating\n1,2,3\n1,4\n", "tastegraph: bad.csv:3: expected 3 fields, found 2\n"),
        (b"user,item,rating\n1,2,inf\n", "tastegraph: bad.csv:2: expected a number as rating, found 'inf'\n"),
        (b"", "tastegraph: bad.csv: is empty\n"),
    ],
)
def test_a_bad_file_is_one_line_and_nothing_is_kept(
    tastegraph: Command, workplace: Path, content: bytes, expected: str
) -> None:
    (workplace / "bad.csv").write_bytes(content)
    before = sorted(workplace.rglob("*"))
    assert tastegraph("data", "show", "bad.csv", code=1).stderr == expected
    assert sorted(workplace.rglob("*")) == before
    assert not (workplace / "cache").exists()


def test_the_catalog_is_listed_with_its_terms(tastegraph: Command) -> None:
    entries = {entry["name"]: entry for entry in json.loads(tastegraph("data", "list", "--json").stdout)}
    assert list(entries) == list(CATALOG)
    assert entries["ml-25m"]["interactions"] == 25_000_095
    assert "no redistribution" in entries["ml-25m"]["licence"]
    assert entries["ml-25m"]["sources"][0]["checked"].startswith("nothing; MD5 as GroupLens publishes")


def test_a_misspelt_data_set_is_told_with_the_nearest_name(tastegraph: Command) -> None:
    assert "known are ml-100k, " in (told := tastegraph("data", "fetch", "gowala", code=1).stderr)
    assert told.endswith("; did you mean gowalla?\n")
