"""A run: split, train, validate, test, save. One directory holds everything it was and came to."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tastegraph.errors import DivergedError, RanksError, RunError
from tastegraph.files import json_text, reason_of, sha256_of, write_json, write_whole, written_whole
from tastegraph.graph.devices import CPU
from tastegraph.lightgcn.checkpoint import save_checkpoint
from tastegraph.ranks.alone import ALONE
from tastegraph.studies.checkpoints import BEST, Checkpoints, Often, identity
from tastegraph.studies.contenders import contend, score_test
from tastegraph.studies.environment import describe_environment
from tastegraph.studies.folder import check_folder, is_finished
from tastegraph.studies.journal import Journal
from tastegraph.studies.models import LIGHTGCN
from tastegraph.studies.report import render_report
from tastegraph.studies.result import describe_result
from tastegraph.studies.resume_checks import as_seen_from_there, check_same_data, check_settings, recipe_to_go_on_with
from tastegraph.studies.saving import saved_model_of
from tastegraph.studies.seal import BEGUN, check_seal, seal
from tastegraph.studies.shared_keeper import SharedCheckpoints
from tastegraph.studies.stopping import Stop
from tastegraph.studies.trial import Trial
from tastegraph.studies.unfinished import begun, finish, gone_on_with, recipe_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import torch

    from tastegraph.data.dataset import Dataset
    from tastegraph.ranks.alone import Ranks
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.watcher import Watcher

__all__ = ["Keeping", "Prepared", "recorded_result", "resume", "run"]


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a run learns from.

    Attributes:
        dataset: what `recipe.data` names, loaded.
        trial: its split, `Trial.of(dataset, recipe)`.
        load_seconds: what loading took, for the record.
    """

    dataset: Dataset
    trial: Trial
    load_seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class Keeping:
    """What a run keeps while it is under way, and who may end it.

    Attributes:
        often: how often a training's state is written.
        stop: who may ask it to end.
        say: is told what was found and gone on with.
    """

    often: Often = field(default_factory=Often)
    stop: Stop = field(default_factory=Stop)
    say: Callable[[str], None] = lambda _: None


def run(
    recipe: Recipe,
    dataset: Dataset,
    out: Path,
    watcher: Watcher,
    *,
    trial: Trial | None = None,
    load_seconds: float = 0.0,
    force: bool = False,
    keeping: Keeping | None = None,
    device: torch.device = CPU,
    ranks: Ranks = ALONE,
) -> dict[str, Any]:
    """Train and judge LightGCN and its baselines, and leave a whole run directory.

    Until all is done `out` holds an unfinished run, for `resume`; where a finished one is to be replaced, that stays
    until then. An error before there is a checkpoint leaves `out` as it was.

    Args:
        recipe: all settings.
        dataset: what `recipe.data` names, loaded.
        out: the run directory.
        watcher: is told how it goes on.
        trial: `Trial.of(dataset, recipe)`, where it was made before.
        load_seconds: what loading took, for the record.
        force: replace a run that is there.
        keeping: how often states are kept, and who may stop it.
        device: what trains and ranks.
        ranks: the processes that train LightGCN together, of which this is rank 0; the others `follow`.

    Returns:
        What was written as result.json.

    Raises:
        RanksError: another rank has gone.
        StoppedError: a signal asked for the end.
        TasteGraphError: the data or a setting does not work out, `out` is in the way, or the split leaks.
    """
    check_folder(out, force=force)
    prepared = Prepared(dataset, trial or Trial.of(dataset, recipe), load_seconds)
    prepared.trial.check_leaks()

    def write(folder: Path) -> None:
        write_whole(folder / "recipe.toml", recipe.to_toml())
        columns = ranks.columns(recipe.model.embedding_dim)
        width = columns.stop - columns.start
        environment = describe_environment(recipe, dataset.digests, device, width=width, ranks=ranks.size)
        write_json(folder / "environment.json", environment | {"folder": os.path.relpath(Path.cwd(), out)})
        with written_whole(folder / "split.parquet") as aside:
            prepared.trial.split.save(aside, dataset.digest)
        (folder / "checkpoints").mkdir()
        seal(folder)

    with begun(out, write) as folder:
        return _run_in(folder, out, recipe, prepared, watcher, keeping or Keeping(), device, ranks)


def resume(
    out: Path,
    prepare: Callable[[Recipe], Prepared],
    watcher: Watcher,
    *,
    wanted: Recipe | None = None,
    keeping: Keeping | None = None,
    device: torch.device = CPU,
    ranks: Ranks = ALONE,
) -> dict[str, Any] | None:
    """Go on with an unfinished run: losses, metrics and embeddings are those of one that was never interrupted.

    Args:
        out: the run directory.
        prepare: loads and splits what a recipe names.
        watcher: is told how it goes on, from the first epoch.
        wanted: settings to go on with; they must be the run's.
        keeping: how often states are kept, and who may stop it.
        device: what trains and ranks; it need not be the one that the run began on.
        ranks: as for `run`; as many as began it, or more, or fewer.

    Returns:
        What was written as result.json; None where the run was finished before.

    Raises:
        RunError: there is no unfinished run, a file of it is damaged, or settings, data or version have changed.
        StoppedError: a signal asked for the end.
        TasteGraphError: as `run`.
    """
    with gone_on_with(out) as folder:
        if is_finished(folder):  # all but for its last steps, at most
            check_settings(recipe_of(out), out, wanted)
            Checkpoints(folder / "checkpoints", {}).clear()
            finish(folder, out)
            return None
        check_seal(folder, BEGUN)
        recipe = recipe_to_go_on_with(folder, out, wanted, device, (keeping or Keeping()).say)
        prepared = prepare(as_seen_from_there(recipe, folder, out))
        check_same_data(folder, out, prepared.dataset, prepared.trial)
        if not any((folder / "checkpoints").glob("*")) and keeping is not None:
            keeping.say("no checkpoint was written before the end; the run begins anew")
        return _run_in(folder, out, recipe, prepared, watcher, keeping or Keeping(), device, ranks)


def recorded_result(out: Path) -> dict[str, Any]:
    """result.json of a finished run.

    Raises:
        RunError: it is missing or damaged.
    """
    check_seal(out, ["result.json"])
    return dict(json.loads((out / "result.json").read_text(encoding="utf-8")))


def _run_in(
    folder: Path,
    out: Path,
    recipe: Recipe,
    prepared: Prepared,
    watcher: Watcher,
    keeping: Keeping,
    device: torch.device,
    ranks: Ranks,
) -> dict[str, Any]:
    dataset, trial = prepared.dataset, prepared.trial
    checkpoints = Checkpoints(
        folder / "checkpoints",
        identity(recipe, dataset),
        keeping.often,
        keeping.stop,
        keeping.say,
        advice=f"; go on with: tastegraph train --resume {shlex.quote(str(out))}",
    )
    with _told_what_is_kept(checkpoints):
        if not os.access(folder, os.W_OK):
            raise RunError(f"{out}: cannot be written to (permission denied)")
        checkpoints.folder.mkdir(exist_ok=True)  # a copy of a run may lack a folder that was empty
        shared = SharedCheckpoints(ranks, recipe.model.embedding_dim, keeping.stop, checkpoints)
        with Journal(folder / "metrics.jsonl", watcher) as journal:
            contender = contend(LIGHTGCN, trial, recipe, journal, shared, device=device, ranks=ranks)
            lightgcn = score_test(contender, trial, recipe)
        baselines = {
            name: score_test(contend(name, trial, recipe, watcher, checkpoints, device=device), trial, recipe)
            for name in recipe.baselines
        }
        result = describe_result(recipe, dataset, trial, lightgcn, baselines, prepared.load_seconds, ranks.size)
        trained = lightgcn.contender.trained
        assert trained is not None  # noqa: S101 (for the type checker)
        save_checkpoint(trained, recipe.model, checkpoints.folder / BEST)
        shutil.rmtree(folder / "model", ignore_errors=True)
        saved_model_of(trained, recipe, dataset, trial, sha256_of(folder / "split.parquet")).save(folder / "model")
        write_whole(folder / "report.html", render_report(recipe, result, journal.chosen))
        keeping.stop.wait(wanted=True)  # what is left takes a moment, and is not to be torn
        text = json_text(result)
        seal(folder, beforehand={"result.json": text}, without=checkpoints.states())
        write_whole(folder / "result.json", text)
        checkpoints.clear()
        finish(folder, out)
    return result


@contextmanager
def _told_what_is_kept(checkpoints: Checkpoints) -> Iterator[None]:
    """An error that leaves checkpoints behind says so."""
    try:
        yield
    except DivergedError as error:
        kept = checkpoints.states()
        raise DivergedError(f"{error}; the last good state is kept: {kept[-1]}" if kept else str(error)) from error
    except RanksError as error:
        raise type(error)(str(error) if checkpoints.is_empty() else f"{error}{checkpoints.advice}") from error
    except OSError as error:
        said = f"{error.filename}: {reason_of(error)}" if error.filename else reason_of(error)
        raise RunError(said if checkpoints.is_empty() else f"{said}{checkpoints.advice}") from error
