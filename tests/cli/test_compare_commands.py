from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Command = Callable[..., subprocess.CompletedProcess[str]]


SMALL = ["--set", "training.epochs=4", "--set", "training.batch_size=128", "--set", "model.embedding_dim=8"]


@pytest.fixture
def data(ratings_csv: Path) -> str:
    return str(ratings_csv)


def test_compare_prints_a_table_a_verdict_and_where_the_report_lies(
    tastegraph: Command, workplace: Path, data: str
) -> None:
    done = tastegraph("compare", data, "--models", "lightgcn,ease,random", *SMALL, "--out", "compared")
    assert "* best, = not distinguishable from it" in done.stdout
    assert "LightGCN is" in done.stdout
    assert "fitting EASE" in done.stderr
    assert (workplace / "compared" / "report.html").exists()
    again = tastegraph("compare", data, "--models", "ease", "--out", "compared", code=1)
    assert "--force" in again.stderr


def test_compare_hints_at_a_recipe_where_lightgcn_has_its_defaults(tastegraph: Command, data: str) -> None:
    hint = "\nhint: --recipe general is faster, and better on most data\n"
    for models, more, hinted in (
        ("lightgcn,popularity", [], True),
        ("popularity", [], False),
        ("lightgcn", SMALL, False),
        ("lightgcn", ["--recipe", "general"], False),
    ):
        assert (hint in tastegraph("compare", data, "--models", models, *more).stderr) == hinted


def test_compare_prints_other_forms_alone_on_stdout(tastegraph: Command, data: str) -> None:
    words = ["compare", data, "--models", "ease,random", "--k", "5", *SMALL]
    lines = list(csv.DictReader(io.StringIO(tastegraph(*words, "--format", "csv").stdout)))
    assert {line["model"] for line in lines} == {"ease", "random"}
    result = json.loads(tastegraph(*words, "--json").stdout)
    assert result["k"] == [5]
    assert tastegraph(*words, "--format", "latex").stdout.startswith(r"\begin{table}")
    assert "| model" in tastegraph(*words, "--format", "markdown").stdout


def test_tune_leaves_a_recipe_that_compare_takes(tastegraph: Command, data: str) -> None:
    done = tastegraph("tune", data, "--models", "ease,popularity", "--trials", "3", *SMALL, "--out", "tuned")
    assert "l2" in done.stdout
    result = json.loads(tastegraph("compare", "--recipe", "tuned/recipe.toml", "--models", "ease", "--json").stdout)
    found = json.loads(tastegraph("tune", data, "--models", "ease", "--trials", "3", *SMALL, "--json").stdout)
    assert result["models"]["ease"]["settings"]["l2"] == found["ease"]["settings"]["l2"]
    more = json.loads(tastegraph("tune", "--resume", "tuned", "--trials", "4", "--json").stdout)
    assert (more["ease"]["trials"], more["popularity"]["trials"]) == (4, 1)


def test_a_storage_of_other_data_is_refused_in_one_line(tastegraph: Command, data: str, workplace: Path) -> None:
    kept = ["--models", "popularity", "--storage", "sqlite:///kept.db", "--study", "one"]
    tastegraph("tune", data, *kept, "--out", "of-one")
    other = workplace / "other.csv"
    other.write_text(Path(data).read_text(encoding="utf-8") + "another,film 1,5,1\n", encoding="utf-8")
    done = tastegraph("tune", str(other), *kept, "--out", "of-another", code=1)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("tastegraph: storage sqlite:///kept.db: the search one is another one: digest was ")
    assert not (workplace / "of-another").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["compare", "DATA", "--models", "esae"], 1, "unknown model 'esae'; did you mean ease?"),
        (["compare", "DATA", "--models", "ease", "--k", "0"], 2, "whole numbers from 1"),
        (["compare", "DATA", "--seeds", "0"], 2, "greater than or equal to 1"),
        (["compare", "DATA", "--set", "models.ease.l3=1"], 1, "no hyperparameter 'l3'"),
        (["compare", "nowhere.csv"], 1, "nowhere.csv"),
        (["compare", "--recipe", "general"], 1, "recipe general names no data; expected a known data set or a file"),
        (["tune", "--recipe", "general"], 1, "recipe general names no data"),
        (["train", "--recipe", "general"], 1, "recipe general names no data"),
        (["train", "--recipe", "general", "--set", "data.source=nowhere.csv"], 1, "nowhere.csv: no such file"),
        (["tune", "DATA", "--trials", "0"], 2, "greater than or equal to 1"),
        (["tune", "DATA", "--models", ""], 1, "unknown model ''"),
        (
            ["tune", "nowhere.csv", "--storage", "mysql://me:secret@host/it"],
            1,
            "storage mysql://me@host/it: expected sqlite",
        ),
        (
            ["tune", "nowhere.csv", "--storage", "postgresql://me@127.0.0.1:1/it"],
            1,
            "cannot be used (connection failed",
        ),
        (["tune", "nowhere.csv", "--storage", "sqlite:////no/such/folder/it.db"], 1, "(no folder /no/such/folder)"),
        (["tune", "nowhere.csv", "--storage", "sqlite:///it.db"], 1, "nowhere.csv: no such file"),
        (["tune", "nowhere.csv", "--ray", "somewhere"], 1, "--ray"),  # not an address, or no Ray to ask
        (["tune", "DATA", "--resume", "tuned"], 2, "the search has its own; goes without DATA"),
        (["tune", "--resume", "nowhere"], 1, "nowhere: no such file or directory"),
    ],
)
def test_a_mistake_is_one_line(tastegraph: Command, data: str, words: list[str], code: int, said: str) -> None:
    done = tastegraph(*(data if word == "DATA" else word for word in words), code=code)
    assert said in " ".join(done.stderr.replace("\u2502", " ").split())
