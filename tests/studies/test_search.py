"""Searches that end before their time: what is kept, what is gone on with, and what is refused."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tastegraph.data.load import load
from tastegraph.errors import RunError
from tastegraph.studies.recipe import Recipe, load_recipe
from tastegraph.studies.search import Budget, Search
from tastegraph.studies.search_storage import Kept, check_storage, open_storage, sqlite_url, without_password
from tastegraph.studies.trial import Trial
from tastegraph.studies.tuning import here, tune
from tastegraph.studies.tuning_folder import Asked, asked_in, go_on_into, tune_into
from tastegraph.studies.watcher import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

SMALL = ["training.epochs=6", "training.patience=2", "training.batch_size=128", "model.embedding_dim=8"]
BUDGET = Budget(14)  # the estimator's first ten are drawn at random, the others from what was found


class _Killed(BaseException):
    """In place of a signal that no process survives."""


@pytest.fixture
def learned(ratings_csv: Path) -> tuple[Recipe, Trial]:
    recipe = load_recipe(None, SMALL, str(ratings_csv))
    return recipe, Trial.of(load(str(ratings_csv)), recipe)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty storage; another one may ask for the same server, so names of searches differ by test."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "trials.db")
    return str(request.getfixturevalue("postgresql"))


@pytest.fixture
def kept(url: str, tmp_path: Path) -> Iterator[Kept]:
    storage = open_storage(url)
    yield Kept(storage, tmp_path.name, "digest", tmp_path, "the storage")
    storage.engine.dispose()


def _lines(noted: Sequence[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """What was tried and what it came to, without seconds and numbers."""
    return [{key: value for key, value in line.items() if key not in ("seconds", "trial")} for line in noted[-1]]


def _dies_in(trial: Trial, number: int) -> Callable[[Search, Callable[[], None]], None]:
    """A runner that is killed while it runs a trial."""

    def run(search: Search, done: Callable[[], None]) -> None:
        inner, ask = here(trial, Silent()), search.ask

        def asking() -> Any:
            draw = ask()
            if draw is not None and draw.number == number:
                raise _Killed
            return draw

        search.ask = asking  # type: ignore[method-assign]
        inner(search, done)

    return run


def test_a_killed_search_goes_on_and_comes_to_what_one_without_interruption_does(
    learned: tuple[Recipe, Trial], kept: Kept
) -> None:
    recipe, trial = learned
    names = ("lightgcn", "ease")
    whole: list[Any] = []
    best, found = tune(recipe, trial, names, BUDGET, note=whole.append)
    for number in (1, 4, 13):  # twice in the first model's search, the very first trial included
        with pytest.raises(_Killed):
            tune(recipe, trial, names, BUDGET, kept=kept, run=_dies_in(trial, number))
    pieces: list[Any] = []
    again, found_again = tune(recipe, trial, names, BUDGET, kept=kept, note=pieces.append)
    assert again == best
    assert _lines(pieces) == _lines(whole)
    assert {name: (one.settings, one.value, one.trials) for name, one in found.items()} == {
        name: (one.settings, one.value, one.trials) for name, one in found_again.items()
    }


def test_trials_that_are_done_are_not_done_again_and_a_larger_budget_goes_on(
    learned: tuple[Recipe, Trial], kept: Kept
) -> None:
    recipe, trial = learned
    tune(recipe, trial, ("ease",), Budget(3), kept=kept)

    def refuse(search: Search, _: Callable[[], None]) -> None:
        assert search.ask() is None

    tune(recipe, trial, ("ease",), Budget(3), kept=kept, run=refuse)
    assert tune(recipe, trial, ("ease",), Budget(5), kept=kept)[1]["ease"].trials == 5


def test_two_processes_of_one_search_share_its_budget(learned: tuple[Recipe, Trial], kept: Kept, url: str) -> None:
    """What runs in another folder is left alone, and counts."""
    recipe, _ = learned
    other = replace(kept, storage=open_storage(url), folder=kept.folder and kept.folder / "other")
    mine = Search("ease", recipe, recipe, kept, Budget(3))
    theirs = Search("ease", recipe, recipe, other, Budget(3))
    ours, others, last = mine.ask(), theirs.ask(), mine.ask()
    assert ours is not None
    assert others is not None
    assert last is not None
    assert len({json.dumps(draw.settings) for draw in (ours, others, last)}) == 3
    assert mine.ask() is theirs.ask() is None
    again = Search("ease", recipe, recipe, other, Budget(3)).ask()  # its process died; the other's goes on
    assert again is not None
    assert again.settings == others.settings
    other.storage.engine.dispose()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"evaluation.select": "recall@10"}, 'evaluation.select was "ndcg@10", now "recall@10"'),
        ({"training.objective": "softmax"}, 'settings.training.objective was "bpr", now "softmax"'),
        ({"data.threshold": 4.0}, "data.threshold was 3.0, now 4.0"),
        ({}, 'digest was "digest", now "other"'),
    ],
)
def test_a_storage_of_another_search_is_refused(
    learned: tuple[Recipe, Trial], kept: Kept, change: dict[str, Any], said: str
) -> None:
    recipe, _ = learned
    Search("lightgcn", recipe, recipe, kept, BUDGET)
    changed = recipe.with_keys(change)
    with pytest.raises(RunError) as refused:
        Search("lightgcn", changed, changed, kept if change else replace(kept, data="other"), BUDGET)
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"storage the storage: the search {kept.name} is another one: ")


def test_a_search_of_other_ranges_is_refused(
    learned: tuple[Recipe, Trial], kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, _ = learned
    Search("ease", recipe, recipe, kept, BUDGET)
    monkeypatch.setattr("tastegraph.studies.search.ranges_of", lambda *_: {})
    with pytest.raises(RunError, match=r"ranges\.l2 was \"LogUniform"):
        Search("ease", recipe, recipe, kept, BUDGET)


def test_somebody_elses_study_is_refused(learned: tuple[Recipe, Trial], kept: Kept) -> None:
    import optuna

    recipe, _ = learned
    optuna.create_study(storage=kept.storage, study_name=f"{kept.name}/ease", direction="maximize").ask()
    with pytest.raises(RunError, match="is no search of tastegraph"):
        Search("ease", recipe, recipe, kept, BUDGET)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://root:secret@host/name", "storage mysql://root@host/name: expected sqlite:///FILE or postgresql://"),
        ("trials.db", "expected sqlite:///FILE"),
        ("sqlite:///", "expected sqlite:///FILE"),
        ("sqlite:////no/such/folder/trials.db", "cannot be used (unable to open database file)"),
        ("postgresql://somebody:secret@127.0.0.1:1/none", "storage postgresql://somebody@127.0.0.1:1/none: cannot be"),
        ("postgresql://somebody@host:port/none", "cannot be used"),
    ],
)
def test_a_storage_that_cannot_be_used_is_one_line_without_its_password(url: str, said: str) -> None:
    with pytest.raises(RunError) as refused:
        open_storage(url)
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_looking_whether_a_storage_can_be_used_makes_none(tmp_path: Path) -> None:
    check_storage(sqlite_url(tmp_path / "trials.db"))
    assert not list(tmp_path.iterdir())
    with pytest.raises(RunError, match="no folder"):
        check_storage(sqlite_url(tmp_path / "none" / "trials.db"))
    with pytest.raises(RunError, match="cannot be used"):
        check_storage("postgresql://somebody@127.0.0.1:1/none")
    open_storage(sqlite_url(tmp_path / "trials.db")).engine.dispose()
    check_storage(sqlite_url(tmp_path / "trials.db"))


def test_a_file_of_something_else_is_no_storage(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("bread, milk\n" * 200, encoding="utf-8")
    with pytest.raises(RunError, match=r"cannot be used \(file is not a database\)"):
        open_storage(sqlite_url(tmp_path / "notes.db"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:s@crét@host:5432/name", "postgresql://me@host:5432/name"),
        ("postgresql://me@host/name", "postgresql://me@host/name"),
        ("sqlite:///a@b:c.db", "sqlite:///a@b:c.db"),
    ],
)
def test_a_password_is_not_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_a_process_that_is_killed_leaves_a_search_to_go_on_with(ratings_csv: Path, tmp_path: Path) -> None:
    out = tmp_path / "search"
    words = [str(ratings_csv), "--trials", "8", "--pruner", "none", "--out", str(out)]
    words += [word for setting in SMALL for word in ("--set", setting)]
    command = [sys.executable, "-m", "tastegraph", "tune"]
    process = subprocess.Popen([*command, *words], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (out / "trials.jsonl").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    begun = (out / "trials.jsonl").read_text(encoding="utf-8").splitlines()
    assert not (out / "tuning.json").exists()

    twice = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
    assert (twice.returncode, twice.stderr.count("\n")) == (1, 1)
    assert f"holds an unfinished run; go on with it by --resume {out}" in twice.stderr
    done = subprocess.run([*command, "--resume", str(out), "--json"], capture_output=True, text=True, check=True)
    lines = (out / "trials.jsonl").read_text(encoding="utf-8").splitlines()
    assert lines[: len(begun)] == begun
    assert json.loads(done.stdout)["lightgcn"]["trials"] == len(lines) == 8
    assert json.loads((out / "tuning.json").read_text())["models"] == json.loads(done.stdout)
    ease = subprocess.run([*command, "--resume", str(out), "--trials", "9"], capture_output=True, text=True, check=True)
    assert " 9 " in ease.stdout


@pytest.mark.parametrize("after", [0, 1])
def test_a_signal_says_how_to_go_on_where_there_is_something_to_go_on_with(
    learned: tuple[Recipe, Trial], tmp_path: Path, after: int
) -> None:
    recipe, trial = learned
    out, asked = tmp_path / "search", Asked(recipe, ("ease",), Budget(3))
    dataset = load(recipe.data.source)
    with pytest.raises(_Killed):
        tune_into(out, asked, dataset, trial, Silent(), run=_dies_in(trial, after + 1))
    assert out.exists() == bool(after)
    if after:
        assert asked_in(out) == replace(asked, study="search")
        assert go_on_into(out, asked_in(out), dataset, trial, Silent())["ease"].trials == 3


def test_a_search_that_never_was_or_is_damaged_is_one_line(learned: tuple[Recipe, Trial], tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such file or directory"):
        asked_in(tmp_path / "none")
    recipe, trial = learned
    out = tmp_path / "search"
    tune_into(out, Asked(recipe, ("popularity",)), load(recipe.data.source), trial, Silent())
    for text in ("{", "[]", "{}", (out / "search.json").read_text().replace("ndcg@10", "ndcg")):
        (out / "search.json").write_text(text, encoding="utf-8")
        with pytest.raises(RunError, match=r"search\.json: not "):
            asked_in(out)
