"""Trials on a Ray of the tests' own; skipped where Ray is not installed (make ray installs it)."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tastegraph.data.load import load
from tastegraph.errors import ModelError, RunError
from tastegraph.studies.on_ray import _outcome, blind, on_ray
from tastegraph.studies.recipe import Recipe, load_recipe
from tastegraph.studies.search import Budget
from tastegraph.studies.trial import Trial
from tastegraph.studies.tuning import tune
from tastegraph.studies.watcher import Silent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

HERE = importlib.util.find_spec("ray") is not None
needs_ray = pytest.mark.skipif(not HERE, reason="Ray is not installed (make ray)")
SMALL = ["training.epochs=12", "training.patience=2", "training.batch_size=1024", "model.embedding_dim=8"]
LISTS = ("split.fit.user", "split.fit.item", "graph.items_of.index", "graph.lists.index", "validation.lists.index")


@pytest.fixture(scope="module", autouse=True)
def _workers_find_the_source() -> None:
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)


@pytest.fixture
def learned(ratings_csv: Path) -> tuple[Recipe, Trial]:
    recipe = load_recipe(None, SMALL, str(ratings_csv))
    return recipe, Trial.of(load(str(ratings_csv)), recipe)


def _lines(noted: Sequence[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in line.items() if key != "seconds"} for line in noted[-1]]


@needs_ray
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning")
def test_a_search_on_ray_comes_to_what_it_comes_to_without(learned: tuple[Recipe, Trial]) -> None:
    """One at a time, all is the same, what is given up included; two at a time have the same budget."""
    import ray

    recipe, trial = learned
    names, budget = ("lightgcn", "mf", "ease"), Budget(9)
    alone: list[Any] = []
    best, found = tune(recipe, trial, names, budget, note=alone.append)
    assert found["lightgcn"].pruned + found["mf"].pruned > 0
    with on_ray("local", trial, Silent(), at_once=1) as run:
        noted: list[Any] = []
        again, _ = tune(recipe, trial, names, budget, run=run, note=noted.append)
        assert _lines(noted) == _lines(alone)
        assert again == best
        assert _arrays_that_are_copies(ray.put(blind(trial))) == []
        died = ray.remote(max_retries=0)(_ends_its_process).remote()
        assert "its process on Ray ended" in (_outcome(died).failed or "")
    with on_ray("local", trial, Silent(), at_once=2) as run:
        assert tune(recipe, trial, ("lightgcn",), budget, run=run)[1]["lightgcn"].trials == 9


def _ends_its_process() -> None:
    os._exit(1)


def _arrays_that_are_copies(shared: Any) -> list[str]:
    """The large arrays that a worker has of its own, where they should be views of the object store."""
    import ray

    def copies(trial: Trial) -> list[str]:
        found = []
        for name in LISTS:
            array: Any = trial
            for part in name.split("."):
                array = getattr(array, part)
            if array.flags.owndata or array.flags.writeable:
                found.append(name)
        return found

    answer: list[str] = ray.get(ray.remote(copies).remote(shared))
    return answer


def test_the_test_part_stays_where_it_is(learned: tuple[Recipe, Trial]) -> None:
    _, trial = learned
    sent = blind(trial)
    assert len(trial.split.test) > 0 == len(sent.split.test)
    assert len(sent.split.positives) == len(trial.split.fit)
    assert sent.graph is trial.graph


@needs_ray
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:1", "--ray 127.0.0.1:1: cannot be reached ("),
        ("ray://127.0.0.1:1", "--ray ray://127.0.0.1:1: cannot be reached ("),
        ("somewhere", "expected local, auto, HOST:PORT or ray://HOST:PORT"),
        ("host:port", "expected local, auto, HOST:PORT or ray://HOST:PORT"),
    ],
)
def test_a_ray_that_cannot_be_reached_is_one_line(learned: tuple[Recipe, Trial], address: str, said: str) -> None:
    with pytest.raises(RunError) as refused, on_ray(address, learned[1], Silent()):
        pass
    assert said in str(refused.value)


@pytest.mark.skipif(HERE, reason="Ray is installed")
def test_a_missing_ray_is_told_with_the_way_to_get_it(learned: tuple[Recipe, Trial]) -> None:
    said = r'--ray needs ray, of the extra "ray": pip install "tastegraph\[ray\]"'
    with pytest.raises(ModelError, match=said), on_ray("local", learned[1], Silent()):
        pass


@needs_ray
def test_the_command_tunes_on_ray(ratings_csv: Path, tmp_path: Path) -> None:
    words = ["tune", str(ratings_csv), "--models", "ease", "--trials", "3", "--out", str(tmp_path / "out")]
    command = [sys.executable, "-m", "tastegraph", *words]
    done = subprocess.run([*command, "--ray", "local"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert (tmp_path / "out" / "tuning.json").exists()
    lost = subprocess.run([*command, "--force", "--ray", "127.0.0.1:1"], capture_output=True, text=True, check=False)
    assert lost.returncode == 1
    assert lost.stderr.strip().splitlines()[-1].startswith("tastegraph: --ray 127.0.0.1:1: cannot be reached (")
