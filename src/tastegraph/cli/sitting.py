"""A run from the command line: its data, what is told before and meanwhile, by one process or by several ranks."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tastegraph.cli.progress import TrainingProgress
from tastegraph.cli.ranks import ranks_of_machine
from tastegraph.cli.telling import tell_reading, tell_warnings
from tastegraph.cli.terminal import say, spoken
from tastegraph.ranks.alone import ALONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tastegraph.data.dataset import Dataset
    from tastegraph.ranks.alone import Ranks
    from tastegraph.studies.memory import Need
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.run import Keeping, Prepared
    from tastegraph.studies.tracking import Tracked, Tracker
    from tastegraph.studies.trial import Trial

__all__ = ["Sitting"]


@dataclass(frozen=True)
class Sitting:
    """What a call of `train` is told beside the recipe.

    Attributes:
        feedback: where `serve` has gathered ratings that are to be learned from, too.
        often: arguments of `Often`.
        trackers: tools that are told the figures.
        force: replace a run that is there; train where memory may not do.
        quiet: say nothing.
        device: name of what trains and ranks.
        ranks: the processes that train together.
    """

    feedback: str | None = None
    often: Mapping[str, Any] = field(default_factory=dict)
    trackers: Sequence[Tracker] = ()
    force: bool = False
    quiet: bool = False
    device: str = "cpu"
    ranks: Ranks = ALONE

    def prepared(self, recipe: Recipe) -> Prepared:
        """The data and its split, on all ranks; what does not fit into memory is told before anything is fitted."""
        if self.ranks.size == 1:
            dataset, load_seconds = self._loaded(recipe)
            return self.split(recipe, dataset, load_seconds)
        from tastegraph.studies.shared_run import check_memory_of_ranks, prepared_alike

        prepared = prepared_alike(self.ranks, recipe, lambda: self._split(recipe, *self._loaded(recipe)))
        need, free = check_memory_of_ranks(self.ranks, recipe, prepared.trial, force=self.force)
        self._tell(recipe, prepared.dataset, prepared.trial, need, free)
        self._tell_device(recipe, prepared.trial)
        return prepared

    def split(self, recipe: Recipe, dataset: Dataset, load_seconds: float) -> Prepared:
        """A data set and its split; what cannot be judged, or does not fit, is told before torch is even imported."""
        from tastegraph.errors import ModelError
        from tastegraph.studies.free_memory import available_bytes, own_bytes
        from tastegraph.studies.memory import need_of_run
        from tastegraph.studies.trial import Trial

        trial = Trial.of(dataset, recipe)
        need, free = need_of_run(trial, recipe), available_bytes()
        free = None if free is None else free + own_bytes()
        if free is not None and need.total > free and not self.force:
            raise ModelError(need.refusal(free))
        self._tell(recipe, dataset, trial, need, free)
        self._tell_device(recipe, trial)

        from tastegraph.studies.run import Prepared

        return Prepared(dataset, trial, load_seconds)

    def begin(self, recipe: Recipe, prepared: Prepared, folder: Path) -> dict[str, Any] | None:
        """A run; what it came to, on rank 0."""
        from tastegraph.graph.devices import device_of
        from tastegraph.studies.run import run

        with self._keeping() as keeping:
            if self.ranks.rank:
                self._follow(recipe, prepared, keeping)
                return None
            with self._watching(recipe, folder) as watcher:
                result = run(
                    recipe,
                    prepared.dataset,
                    folder,
                    watcher,
                    trial=prepared.trial,
                    load_seconds=prepared.load_seconds,
                    force=self.force,
                    keeping=keeping,
                    device=device_of(self.device),
                    ranks=self.ranks,
                )
                watcher.finish(result)
        return result

    def go_on(
        self, folder: Path, wanted: Recipe, prepare: Callable[[Recipe], Prepared] | None = None
    ) -> dict[str, Any] | None:
        """An unfinished run, gone on with; what it came to, on rank 0.

        Args:
            folder: of the run.
            wanted: its settings.
            prepare: loads and splits, where that is not done yet; it is called on all ranks.
        """
        from tastegraph.graph.devices import device_of
        from tastegraph.studies.run import recorded_result, resume

        prepare = prepare or self.prepared

        def with_all(recipe: Recipe) -> Prepared:
            self.ranks.told(lambda: recipe)
            return prepare(recipe)

        with self._keeping() as keeping:
            if self.ranks.rank:
                recipe = self.ranks.told(lambda: wanted)  # what rank 0 says; None where the run was finished
                if recipe is not None:
                    self._follow(recipe, prepare(recipe), keeping)
                return None
            with self._watching(wanted, folder) as watcher:
                device = device_of(self.device)
                result = resume(
                    folder, with_all, watcher, wanted=wanted, keeping=keeping, device=device, ranks=self.ranks
                )
                if result is not None:
                    watcher.finish(result)
        if result is None:
            self.ranks.told(lambda: None)
            spoken(quiet=self.quiet)(f"{folder}: the run was finished already")
            result = recorded_result(folder)
        return result

    def _follow(self, recipe: Recipe, prepared: Prepared, keeping: Keeping) -> None:
        from tastegraph.graph.devices import device_of
        from tastegraph.studies.shared_run import follow

        follow(recipe, prepared.trial, self.ranks, keeping.stop, device_of(self.device))

    def _loaded(self, recipe: Recipe) -> tuple[Dataset, float]:
        """The recipe's data, with what was fed back, and the seconds that took."""
        from tastegraph.data.load import load
        from tastegraph.studies.memory import check_reading

        if not self.force:
            check_reading(recipe.data.source, ", or --force to try all the same", readers=ranks_of_machine())
        began = time.perf_counter()
        dataset = load(recipe.data.source, spoken(quiet=self.quiet), recipe.data.reading)
        if self.feedback is not None:
            dataset = _with_feedback(dataset, self.feedback, recipe, spoken(quiet=self.quiet))
        return dataset, time.perf_counter() - began

    def _split(self, recipe: Recipe, dataset: Dataset, load_seconds: float) -> Prepared:
        from tastegraph.studies.run import Prepared
        from tastegraph.studies.trial import Trial

        return Prepared(dataset, Trial.of(dataset, recipe), load_seconds)

    def _tell(self, recipe: Recipe, dataset: Dataset, trial: Trial, need: Need, free: int | None) -> None:
        if self.quiet:
            return
        steps = [step for step in trial.removed if not step.step.startswith("threshold")]
        tell_reading(dataset, recipe, len(trial.split.positives), steps)
        tell_warnings(dataset, recipe, trial.split)
        say(need.line(free))

    def _tell_device(self, recipe: Recipe, trial: Trial) -> None:
        """What a GPU needs beside what it has free; the processor has no memory of its own."""
        if self.device == "cpu":
            return
        from tastegraph.errors import ModelError
        from tastegraph.graph.devices import device_of, free_bytes, name_of
        from tastegraph.studies.memory import need_of_device

        device = device_of(self.device)
        if (free := free_bytes(device)) is None:
            return
        need = need_of_device(trial, recipe)
        if need.total > free and not self.force:
            raise ModelError(need.refusal(free))
        if not self.quiet:
            say(f"{name_of(device)}: {need.line(free)}")

    @contextmanager
    def _watching(self, recipe: Recipe, folder: Path) -> Iterator[Tracked]:
        """The progress, and beside it the tools that are told; warnings of these are told in any case."""
        from tastegraph.studies.tracking import Tracked

        with (
            TrainingProgress(recipe.evaluation.select, quiet=self.quiet) as progress,
            Tracked(progress, self.trackers, folder, say) as watcher,
        ):
            yield watcher

    @contextmanager
    def _keeping(self) -> Iterator[Keeping]:
        """How often a run's state is kept; signals end it meanwhile."""
        from tastegraph.studies.checkpoints import Often
        from tastegraph.studies.run import Keeping
        from tastegraph.studies.stopping import Stop

        stop = Stop()
        with stop.listening():
            yield Keeping(Often(**self.often), stop, spoken(quiet=self.quiet))


def _with_feedback(dataset: Dataset, url: str, recipe: Recipe, tell: Callable[[str], None]) -> Dataset:
    """The data set with the accounts of a service as further users."""
    from tastegraph.data.added_feedback import titles_of, with_feedback
    from tastegraph.errors import ServeError, needs_extra

    with needs_extra("--with-feedback", "serve", ServeError):
        from tastegraph.serving.feedback import FeedbackStore

    store = FeedbackStore(url, make=False)
    store.check_films(titles_of(dataset).get, dataset.name)
    joined, added = with_feedback(dataset, store.everything(), rated=recipe.threshold is not None)
    store.close()
    left = f"; {added.left_out:,} left out" if added.left_out else ""
    tell(f"feedback: {added.pairs:,} ratings of {added.users:,} accounts{left}")
    return joined
