"""Every command, run in a subprocess from an installed package, on data that needs no network."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import torch
import typer

from tastegraph.cli.main import app

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Command = Callable[..., subprocess.CompletedProcess[str]]

SMALL = ["--set", "training.epochs=4", "--set", "training.batch_size=128", "--set", "model.embedding_dim=8"]


@pytest.fixture
def csv(ratings_csv: Path, workplace: Path) -> str:
    shutil.copy(ratings_csv, workplace / "ratings.csv")
    return "ratings.csv"


@pytest.fixture
def run(tastegraph: Command, csv: str, workplace: Path) -> str:
    if not (workplace / "first").exists():
        tastegraph("train", csv, "--out", "first", *SMALL)
    return "first"


def test_help_and_version(tastegraph: Command) -> None:
    words = tastegraph("--help").stdout
    for command in ("quickstart", "data", "train", "evaluate", "recommend"):
        assert command in words
    assert tastegraph("--version").stdout.startswith("tastegraph 0.")


def test_every_command_and_option_says_what_it_does() -> None:
    def commands(group: Any) -> Iterator[Any]:
        for command in group.commands.values():
            yield command
            yield from commands(command) if hasattr(command, "commands") else ()

    every = list(commands(typer.main.get_command(app)))
    assert len(every) >= 16
    for command in every:
        assert command.help, command.name
        for parameter in command.params:
            assert parameter.help, (command.name, parameter.name)


def test_training_prints_the_table_and_the_places(tastegraph: Command, csv: str, workplace: Path) -> None:
    done = tastegraph("train", csv, *SMALL)
    for words in ("LightGCN", "Popularity", "MF (K = 0)", "ndcg@10", "recall@20", "protocol full-ranking"):
        assert words in done.stdout
    assert "runs/ratings/report.html" in done.stdout
    assert "(rating >= 3)" in done.stderr
    assert (workplace / "runs" / "ratings" / "report.html").exists()
    assert "runs/ratings-2/report.html" in tastegraph("train", csv, *SMALL).stdout  # nothing is overwritten


def test_who_cannot_be_judged_is_told(tastegraph: Command, csv: str, workplace: Path) -> None:
    """Of a single like nothing is held out."""
    rows = (workplace / csv).read_text(encoding="utf-8")
    (workplace / "and-a-guest.csv").write_text(f"{rows}guest,film 1,5,3000\n", encoding="utf-8")
    words = tastegraph("train", "and-a-guest.csv", "--out", "with-a-guest", *SMALL).stdout
    assert "not judged, for want of a like held out for test: 1 of 61 users\n" in words


def test_the_metric_that_is_selected_by_is_shown_and_told_by_wherever_figures_are(
    tastegraph: Command, csv: str, workplace: Path
) -> None:
    by = [*SMALL, "--set", "evaluation.select=mrr@20", "--set", 'baselines=["popularity"]']
    trained = tastegraph("train", csv, "--out", "by-mrr", *by).stdout
    result = json.loads((workplace / "by-mrr" / "result.json").read_text(encoding="utf-8"))
    assert result["select"] == "mrr@20"
    shown = [line.split() for line in trained.splitlines() if line.strip().startswith("mrr@20")]
    assert [row[1].rstrip("*") for row in shown] == [f"{result['metrics']['test']['mrr@20']:.4f}"]
    assert f"Popularity: test mrr@20 {result['baselines']['popularity']['lead']['mrr@20']['mean']:+.4f}" in trained
    *_, table = tastegraph("evaluate", "by-mrr", "--groups").stdout.partition("activity")
    assert table.splitlines()[0].split()[-2:] == ["recall@10", "mrr@20"]
    compared = tastegraph("compare", csv, "--models", "lightgcn,random", *by).stdout
    assert [line.split()[-5:] for line in compared.splitlines() if "recall@20" in line and "fit" in line] == [
        ["recall@20", "ndcg@20", "mrr@20", "fit,", "s"]
    ]
    assert "mrr@20: LightGCN is " in compared
    elsewhere = tastegraph("train", csv, *by[:-1], "baselines=[]", "--set", "evaluation.select=mrr@5").stdout
    assert "mrr@5" not in elsewhere  # the test part is judged at 10 and 20


def test_json_is_all_of_stdout(tastegraph: Command, csv: str, run: str) -> None:
    result = json.loads(tastegraph("train", csv, "--out", "second", "--json", *SMALL).stdout)
    assert result["schema"] == 1
    assert json.loads(tastegraph("evaluate", "second", "--json").stdout)["metrics"]["test"] == result["metrics"]["test"]
    shown = json.loads(tastegraph("data", "show", csv, "--json").stdout)
    assert (shown["users"], shown["items"], shown["interactions"]) == (60, 40, 900)
    assert {entry["name"] for entry in json.loads(tastegraph("data", "list", "--json").stdout)} >= {"ml-100k", "ml-1m"}
    places = json.loads(tastegraph("recommend", run, "--user", "person 3", "-k", "4", "--json").stdout)
    assert [place["rank"] for place in places] == [1, 2, 3, 4]


def test_a_recommended_film_is_one_the_person_has_not_rated(tastegraph: Command, run: str, workplace: Path) -> None:
    places = json.loads(tastegraph("recommend", run, "--user", "person 5", "-k", "40", "--json").stdout)
    rated = pl.read_csv(workplace / "ratings.csv").filter(pl.col("user") == "person 5")["item"].to_list()
    known = set(pl.read_csv(workplace / "ratings.csv")["item"])
    assert {place["item"] for place in places} <= known - set(rated)
    assert len(places) == 40 - len(rated)


def test_a_new_person_gets_a_list_from_likes(tastegraph: Command, run: str) -> None:
    places = json.loads(tastegraph("recommend", run, "--likes", "film 1", "film 3", "-k", "5", "--json").stdout)
    assert [place["rank"] for place in places] == [1, 2, 3, 4, 5]
    assert not {"film 1", "film 3"} & {place["item"] for place in places}
    assert (
        "a new person" in tastegraph("recommend", run, "--likes", "film 1", "--dislikes", "film 30", "--refine").stdout
    )
    assert "user person 3" in tastegraph("recommend", run, "--user", "person 3", "--likes", "film 1").stdout
    understood = tastegraph("recommend", run, "--likes", "film 1", "--likes", " film 3", "--dislikes", "film 30").stdout
    assert understood.startswith("likes: film 1, film 3\ndislikes: film 30\n")
    lost = tastegraph("recommend", run, "--likes", "film 99", code=1).stderr
    assert lost.startswith('tastegraph: "film 99" is neither id nor title of the 40 items')
    tastegraph("recommend", run, code=2)
    tastegraph("recommend", run, "--likes", "film 1", "--dislikes", "film 2", "film 3", code=2)
    assert "from 1 to 40 places" in tastegraph("recommend", run, "--user", "person 3", "-k", "41", code=1).stderr


def test_reasons_and_neighbours(tastegraph: Command, run: str) -> None:
    words = tastegraph("recommend", run, "--likes", "film 1", "--likes", "film 3", "-k", "2", "--explain").stdout
    assert "1. film " in words
    assert ": film " in words
    place = json.loads(tastegraph("recommend", run, "--user", "person 3", "-k", "1", "--explain", "--json").stdout)[0]
    because = place["because"]
    shares = [film["score"] for film in because["films"]]
    assert sum(shares) + because["own"] + because["popularity"] == pytest.approx(place["score"], abs=1e-4)
    places = json.loads(tastegraph("similar", run, "--item", "film 1", "-k", "3", "--json").stdout)
    assert [place["rank"] for place in places] == [1, 2, 3]
    assert "Similar to film 1" in tastegraph("similar", run, "--item", "film 1").stdout
    assert "Similar to user person 3" in tastegraph("similar", run, "--user", "person 3").stdout
    tastegraph("similar", run, code=2)


def test_filters_on_the_command_line(tastegraph: Command, run: str) -> None:
    words = ["recommend", run, "--likes", "film 1", "-k", "5", "--json"]
    plain, spread = (json.loads(tastegraph(*words, *more).stdout) for more in ([], ["--diversity", "0.7"]))
    assert plain[0] == spread[0]
    without = json.loads(tastegraph(*words, "--exclude", plain[0]["item"]).stdout)
    assert [place["item"] for place in without[:4]] == [place["item"] for place in plain[1:]]
    assert "items have no year" in tastegraph(*words, "--years", "1990-", code=1).stderr
    assert "no item is left" in tastegraph(*words, "--min-popularity", "1000", code=1).stderr
    tastegraph(*words, "--years", "soon", code=2)


def test_everybodys_lists_in_a_file(tastegraph: Command, run: str, workplace: Path) -> None:
    done = tastegraph("recommend", run, "--all", "--out", "all.csv", "-k", "3")
    assert done.stdout == "lists: all.csv\n"
    assert "lists of 60 of 60 users" in done.stderr
    assert len(pl.read_csv(workplace / "all.csv")) == 60 * 3
    assert "exists already" in tastegraph("recommend", run, "--all", "--out", "all.csv", code=1).stderr
    tastegraph("recommend", run, "--all", "--out", "all.csv", "--force")
    assert "lists are written as" in tastegraph("recommend", run, "--all", "--out", "all.txt", code=1).stderr
    assert "no such file" in tastegraph("recommend", run, "--all", "--out", "gone/all.csv", code=1).stderr
    tastegraph("recommend", run, "--all", code=2)
    tastegraph("recommend", run, "--all", "--out", "b.csv", "--user", "person 1", code=2)
    tastegraph("recommend", run, "--all", "--out", "b.csv", "--diversity", "0.5", code=2)


def test_lists_to_judge_are_judged_as_the_run_is(tastegraph: Command, run: str) -> None:
    """Lists for people leave the test part out, and find nothing in it."""
    of_run = json.loads(tastegraph("evaluate", run, "--json").stdout)
    tastegraph("recommend", run, "--all", "--out", "judged.csv", "-k", "20", "--to-judge")
    judged = json.loads(tastegraph("evaluate", "judged.csv", "--run", run, "--json").stdout)
    assert judged["metrics"] == of_run["metrics"]
    assert judged["warnings"] == []
    tastegraph("recommend", run, "--all", "--out", "people.csv", "-k", "20")
    people = json.loads(tastegraph("evaluate", "people.csv", "--run", run, "--json").stdout)
    assert people["metrics"]["test"]["recall@20"] == 0
    tastegraph("recommend", run, "--user", "person 1", "--to-judge", code=2)
    tastegraph("recommend", run, "--all", "--out", "b.csv", "--to-judge", "--seen", code=2)


def test_embeddings_are_exported(tastegraph: Command, run: str, workplace: Path) -> None:
    assert tastegraph("export", run, "--out", "vectors").stdout == "embeddings: vectors\n"
    assert len(pl.read_parquet(workplace / "vectors" / "items.parquet")["embedding"][0]) == 8
    assert "exists already" in tastegraph("export", run, "--out", "vectors", code=1).stderr
    assert tastegraph("export", run, "--out", "graphs", "--format", "onnx").stdout == "scoring: graphs\n"
    assert {"known_user.onnx", "fold_in.onnx"} <= {path.name for path in (workplace / "graphs").iterdir()}
    tastegraph("export", run, "--out", "other", "--format", "pickle", code=2)


def test_an_index_is_made_and_used(tastegraph: Command, run: str) -> None:
    assert tastegraph("index", run).stdout.startswith(
        "index: first/index; recall@10 against exact lists, of 60 users: "
    )
    assert "exists already; --force" in tastegraph("index", run, code=1).stderr
    words = ["recommend", run, "--user", "person 3", "--json"]
    assert json.loads(tastegraph(*words, "--approximate").stdout) == json.loads(tastegraph(*words).stdout)
    tastegraph("recommend", run, "--all", "--out", "b.csv", "--approximate", code=2)


def test_evaluate_prints_intervals(tastegraph: Command, run: str) -> None:
    words = tastegraph("evaluate", run, "--k", "5,10").stdout
    assert "ndcg@5" in words
    assert "95 % interval" in words
    assert "protocol full-ranking" in words


def test_evaluate_names_its_protocol_and_prints_groups(tastegraph: Command, run: str) -> None:
    done = tastegraph("evaluate", run, "--k", "5", "--beyond", "--groups")
    for words in ("coverage@5", "gini@5", "novelty@5", "activity", "item popularity", "head", "tail"):
        assert words in done.stdout
    sampled = tastegraph("evaluate", run, "--protocol", "sampled-negatives", "--negatives", "20")
    assert "protocol sampled-negatives (n = 20)" in sampled.stdout
    assert "Krichene and Rendle" in sampled.stderr
    assert "auc" in tastegraph("evaluate", run, "--protocol", "rated-only").stdout


def test_lists_of_another_tool(tastegraph: Command, csv: str, run: str, workplace: Path) -> None:
    (workplace / "lists.csv").write_text("user,item,score\nperson 1,film 3,0.5\nperson 1,film 4,0.7\n", "utf-8")
    done = tastegraph("evaluate", "lists.csv", "--run", run, "--json")
    found = json.loads(done.stdout)
    assert found["lists"] == "lists.csv"
    assert done.stderr.startswith("warning: lists.csv: 59 of 60 users with held-out items have no list")
    same = json.loads(tastegraph("evaluate", "lists.csv", "--data", csv, "--json").stdout)
    assert same["metrics"] == found["metrics"]
    assert "say what judges them" in tastegraph("evaluate", "lists.csv", code=2).stderr
    tastegraph("evaluate", "lists.csv", "--run", run, "--data", csv, code=2)
    tastegraph("evaluate", run, "--run", run, code=2)
    tastegraph("evaluate", run, "--set", "split.seed=1", code=2)
    (workplace / "bad.csv").write_text("user,item,score\nperson 1,film 3,nan\n", "utf-8")
    assert tastegraph("evaluate", "bad.csv", "--run", run, code=1).stderr == (
        "tastegraph: bad.csv:2: expected a finite number as score, found nan\n"
    )
    assert tastegraph("evaluate", "gone.csv", "--run", run, code=1).stderr == "tastegraph: gone.csv: no such file\n"


def test_show_prints_counts_and_a_histogram(tastegraph: Command, csv: str) -> None:
    words = tastegraph("data", "show", csv).stdout
    for expected in ("comma-separated: user, item, rating, time", "900", "37.500%", "█", "film "):
        assert expected in words
    assert "year" not in words


def test_a_recipe_file_is_followed(tastegraph: Command, csv: str, workplace: Path) -> None:
    text = f'[data]\nsource = "{csv}"\n[training]\nepochs = 2\n[model]\nembedding_dim = 4\n'
    (workplace / "mine.toml").write_text(text, encoding="utf-8")
    result = json.loads(tastegraph("train", "--recipe", "mine.toml", "--out", "third", "--json").stdout)
    assert result["data"]["name"] == "ratings"
    assert len((workplace / "third" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["train", "gone.csv"], "gone.csv: no such file or folder, nor a known data set (ml-100k"),
        (["data", "show", "gone.csv"], "gone.csv: no such file"),
        (["data", "fetch", "ml-1k"], "ml-1k is not a known data set; known are ml-100k"),
        (["train", "--set", "training.epoch=1"], "unknown key training.epoch; did you mean training.epochs?"),
        (["train", "--recipe", "gone.toml"], "gone.toml: no such file"),
        (["evaluate", "gone"], "gone: no such run"),
        (["recommend", "gone", "--user", "1"], "gone: no such run"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_1(tastegraph: Command, words: list[str], expected: str) -> None:
    done = tastegraph(*words, code=1)
    assert done.stderr.startswith(f"tastegraph: {expected}")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_mistakes_with_a_run(tastegraph: Command, csv: str, run: str, workplace: Path) -> None:
    assert "nearest: person 5" in tastegraph("recommend", run, "--user", "person5", code=1).stderr
    assert "holds a run already" in tastegraph("train", csv, "--out", run, *SMALL, code=1).stderr
    tastegraph("evaluate", run, "--k", "0", code=2)
    tastegraph("evaluate", run, "--k", "ten", code=2)
    tastegraph("recommend", run, code=2)  # nobody is named
    tastegraph("recommend", run, "--user", "person 1", "-k", "0", code=2)
    (workplace / "bad.csv").write_text("user,item,rating\n1,2,5\n1,3\n", encoding="utf-8")
    before = sorted(workplace.rglob("*"))
    done = tastegraph("train", "bad.csv", "--out", "fourth", code=1)
    assert done.stderr == "tastegraph: bad.csv:3: expected 3 fields, found 2\n"
    assert sorted(workplace.rglob("*")) == before  # nothing was written


@pytest.mark.parametrize("words", [("recommend", "--user", "person 1"), ("similar", "--item", "film 1")])
def test_nothing_is_served_from_a_damaged_model(
    tastegraph: Command, run: str, workplace: Path, words: tuple[str, ...]
) -> None:
    shutil.copytree(workplace / run, workplace / "damaged", dirs_exist_ok=True)
    path = workplace / "damaged" / "model" / "folding.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    done = tastegraph(words[0], "damaged", *words[1:], code=1)
    assert done.stdout == ""
    assert done.stderr.startswith("tastegraph: damaged/model/folding.safetensors: cut short; ")
    path.unlink()
    assert "the model is incomplete" in tastegraph(words[0], "damaged", *words[1:], code=1).stderr


def test_a_swapped_file_and_a_newer_schema_are_told(tastegraph: Command, run: str, workplace: Path) -> None:
    other = workplace / "other-model"
    shutil.copytree(workplace / run, other, dirs_exist_ok=True)
    model = other / "model"
    shutil.copy(model / "fit.safetensors", model / "seen.safetensors")
    words = ["recommend", "other-model", "--user", "person 1"]
    assert "model/seen.safetensors: " in tastegraph(*words, code=1).stderr
    shutil.copy(workplace / run / "model" / "seen.safetensors", model / "seen.safetensors")
    tastegraph(*words)
    said = json.loads((model / "model.json").read_text(encoding="utf-8"))
    (model / "model.json").write_text(json.dumps(said | {"schema": said["schema"] + 1}), encoding="utf-8")
    told = tastegraph(*words, code=1).stderr
    assert "a newer version of tastegraph wrote it" in told
    assert told.count("\n") == 1


def test_duplicates_are_told(tastegraph: Command, csv: str, workplace: Path) -> None:
    text = (workplace / csv).read_text(encoding="utf-8")
    (workplace / "twice.csv").write_text(text + "person 0,film 0,1,9999\nperson 0,film 0,2,1\n", encoding="utf-8")
    done = tastegraph("train", "twice.csv", "--out", "fifth", *SMALL, "--set", "baselines=[]")
    extra = 2 if "person 0,film 0," in text else 1
    assert f"{extra} duplicate rows dropped" in done.stderr


def test_a_run_that_memory_cannot_hold_is_refused_before_it_begins(
    ratings_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mocked: the system's answer, for so little memory is hard to get."""
    monkeypatch.setattr("tastegraph.studies.memory.check_reading", lambda *_, **__: None)  # refuses before
    monkeypatch.setattr("tastegraph.studies.free_memory.available_bytes", lambda: 1000)
    monkeypatch.setattr("tastegraph.studies.free_memory.own_bytes", lambda: 0)
    from typer.testing import CliRunner

    from tastegraph.cli.main import app
    from tastegraph.errors import ModelError

    words = ["train", str(ratings_csv), "--out", str(tmp_path / "run"), "--set", "training.epochs=1"]
    refused = CliRunner().invoke(app, words)
    assert isinstance(refused.exception, ModelError)
    assert "the run needs about 0.6 GiB of memory, 0.0 GiB are free" in str(refused.exception)
    assert not (tmp_path / "run").exists()
    assert CliRunner().invoke(app, [*words, "--force"]).exit_code == 0


@pytest.mark.parametrize(
    ("named", "hint"),
    [
        ("known", "--recipe ml-100k has the best ones found for ml-100k"),
        ("own", "--recipe general is faster, and better on most data"),
    ],
)
def test_a_recipe_for_the_data_is_hinted_at_unless_settings_are_given(
    named: str,
    hint: str,
    csv: str,
    workplace: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    from typer.testing import CliRunner

    from tastegraph.cli.main import app
    from tastegraph.cli.sitting import Sitting

    if named == "known":
        request.getfixturevalue("movielens_100k")
    data = "ml-100k" if named == "known" else csv
    monkeypatch.chdir(workplace)
    monkeypatch.setattr(Sitting, "begin", lambda *_: None)  # no training
    for more in [], ["--recipe", "general"], ["--set", "training.epochs=1"], ["--json"]:
        done = CliRunner().invoke(app, ["train", data, "--out", str(tmp_path / "run"), *more])
        hints = [line for line in done.stderr.splitlines() if line.startswith("hint: ")]
        assert hints == ([] if more else [f"hint: these are the default settings; {hint}"])
    gone = CliRunner().invoke(app, ["train", str(tmp_path / "gone.csv")])
    assert (gone.exit_code, gone.stderr) == (1, "")  # the error is all there is to say


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there(tastegraph: Command, csv: str, workplace: Path) -> None:
    for command in ("train", "compare", "tune"):
        done = tastegraph(command, csv, "--device", "cuda", "--out", "never", code=1)
        assert done.stderr.startswith("tastegraph: device cuda needs an NVIDIA GPU and a PyTorch built with CUDA")
        assert done.stderr.count("\n") == 1
        assert "expected cpu, cuda, cuda:N or auto" in tastegraph(command, csv, "--device", "gpu", code=2).stderr
    assert not (workplace / "never").exists()
    tastegraph("train", csv, "--device", "auto", "--out", "auto", *SMALL)
    environment = json.loads((workplace / "auto" / "environment.json").read_text(encoding="utf-8"))
    assert environment["machine"]["device"] == "cpu"
