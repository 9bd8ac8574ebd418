"""The search for one model's settings: Optuna proposes them, its pruner gives up on some, its storage keeps all."""

from __future__ import annotations

import socket
import time
import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import tastegraph
from tastegraph.baselines.search_space import Choice, Integers, LogUniform, holds
from tastegraph.errors import EvaluationError, RunError
from tastegraph.studies.attempt import Outcome
from tastegraph.studies.differences import differences
from tastegraph.studies.models import ranges_of, settings_of, title_of
from tastegraph.studies.search_sampler import sampler_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna import Study
    from optuna.trial import FrozenTrial

    from tastegraph.baselines.search_space import SearchRange
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.search_storage import Kept

__all__ = ["Budget", "Draw", "Pruner", "Search", "Tuned", "searched_of"]

Pruner = Literal["median", "halving", "none"]
COMPARED = 4  # complete trials that the median is taken of, at least
OF, BY, SETTINGS, OUTCOME = "tastegraph", "by", "settings", "outcome"  # attributes of studies and trials


@dataclass(frozen=True)
class Budget:
    """What each model may spend.

    Attributes:
        trials: settings tried, at most, the recipe's own among them.
        seconds: no trial begins after so many; None for no limit.
    """

    trials: int = 20
    seconds: float | None = None


@dataclass(frozen=True)
class Tuned:
    """The best settings found of one model.

    Attributes:
        settings: by key of `ranges_of`; empty where there is nothing to choose.
        value: its validation metric.
        trials: how many settings were tried.
        seconds: what they took together.
        pruned: how many of them were given up before their end.
    """

    settings: Mapping[str, Any]
    value: float
    trials: int
    seconds: float
    pruned: int = 0


@dataclass(frozen=True, eq=False)
class Draw:
    """Settings to be tried.

    Attributes:
        number: of the trial, from 1.
        settings: keyed as in `ranges_of`.
        asked: the trial, as Optuna has it.
    """

    number: int
    settings: dict[str, Any]
    asked: Any

    def goes_on(self, epoch: int, value: float) -> bool:
        """Note a validation metric after an epoch; False where the pruner gives the trial up."""
        self.asked.report(value, epoch)
        return not self.asked.should_prune()


class Search:
    """One model's settings, searched for the highest validation metric; goes on with the trials that are kept.

    The recipe's own settings come first, then those that the tree-structured Parzen estimator proposes (Bergstra et al.
    2011), seeded by the recipe and the trial's number, so that a search that was ended and gone on with proposes what
    one without interruption does. Trials that ended with the process that ran them are run again.

    Args:
        name: of the model.
        recipe: where the search begins.
        first: the same, with what was found of other models, which may change the first settings.
        kept: where trials are kept.
        budget: how much is tried.
        pruner: gives up on trainings that fall behind: "median", whose best metric is below the median of the others at
            that epoch; "halving", by asynchronous successive halving (Li et al. 2020); "none". Each has
            `training.patience` validations first.

    Raises:
        RunError: the storage holds a search of other data, settings or ranges under this name.
    """

    def __init__(
        self, name: str, recipe: Recipe, first: Recipe, kept: Kept, budget: Budget, pruner: Pruner = "median"
    ) -> None:
        self.name, self.recipe, self._budget, self._select = name, first, budget, recipe.evaluation.select
        self._ranges = ranges_of(name, recipe)
        self._kept, self._by = kept, f"{socket.gethostname()}:{kept.folder}"
        self._study = _study(name, recipe, kept, pruner)
        self._check(_identity(name, recipe, kept, self._ranges), kept)
        self._enqueue_own(searched_of(settings_of(name, first), self._ranges))
        self._run_again()
        self._earlier, self._began = self._spent(), time.perf_counter()

    def _check(self, identity: dict[str, Any], kept: Kept) -> None:
        """Fail where the study is of something else; a new one is marked."""
        held = self._study.user_attrs.get(OF)
        if held is None and not self._study.get_trials(deepcopy=False):
            self._study.set_user_attr(OF, identity)
        elif held is None:
            raise RunError(f"storage {kept.shown}: its study {self._study.study_name} is no search of tastegraph")
        elif other := list(differences(held, identity)):
            raise RunError(
                f"storage {kept.shown}: the search {kept.name} is another one: {'; '.join(other)}; "
                "take another name (--study) or storage"
            )

    def _enqueue_own(self, own: dict[str, Any]) -> None:
        if self._study.get_trials(deepcopy=False):
            return
        inside = bool(own) and all(holds(found, own[key]) for key, found in self._ranges.items())
        self._study.enqueue_trial(own if inside else {}, user_attrs={} if inside else {SETTINGS: own})

    def _run_again(self) -> None:
        """Let trials that a killed process left be run again: what this folder began, nobody else is running."""
        for left in self._running():
            if not self._kept.private and left.user_attrs.get(BY) != self._by:
                continue
            if OUTCOME in left.user_attrs:  # all but told
                self._close(left.number, Outcome(**left.user_attrs[OUTCOME]))
                continue
            self._close(left.number, Outcome(failed="interrupted"))
            whole = left.params.keys() == self._ranges.keys()
            params = left.params if whole else left.system_attrs.get("fixed_params", {})
            again = {key: value for key, value in left.user_attrs.items() if key == SETTINGS and not params}
            if params or again:  # what was drawn in part is drawn again
                self._study.enqueue_trial(params, user_attrs=again)

    def ask(self) -> Draw | None:
        """Settings to try next; None where the budget is spent."""
        from optuna.trial import TrialState

        trials = self._study.get_trials(deepcopy=False)
        waiting = any(one.state == TrialState.WAITING for one in trials)
        if not waiting and not self._ranges:  # nothing to choose: one trial says it all
            return None
        if self.tried >= self._budget.trials or (self.tried and self._is_over()):
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what was enqueued outside of its range
            asked = self._study.ask()
            asked.set_user_attr(BY, self._by)
            settings = asked.user_attrs.get(SETTINGS)
            if settings is None:
                settings = {key: _suggested(asked, key, found) for key, found in self._ranges.items()}
                asked.set_user_attr(SETTINGS, settings)
        return Draw(asked.number + 1, settings, asked)

    def tell(self, draw: Draw, outcome: Outcome) -> None:
        """Note what settings came to."""
        draw.asked.set_user_attr(OUTCOME, asdict(outcome))
        self._close(draw.asked.number, outcome)

    def _close(self, number: int, outcome: Outcome) -> None:
        from optuna.trial import TrialState

        if outcome.failed is not None:
            self._study.tell(number, state=TrialState.FAIL)
        elif outcome.pruned is not None:
            self._study.tell(number, state=TrialState.PRUNED)
        else:
            self._study.tell(number, outcome.validation[self._select])

    def _is_over(self) -> bool:
        if self._budget.seconds is None:
            return False
        return self._earlier + time.perf_counter() - self._began >= self._budget.seconds

    def _spent(self) -> float:
        return float(sum(one.user_attrs[OUTCOME]["seconds"] for one in self._done()))

    def _done(self) -> list[FrozenTrial]:
        """The trials that came to something."""
        return [one for one in self._study.get_trials(deepcopy=False) if OUTCOME in one.user_attrs]

    def _running(self) -> list[FrozenTrial]:
        from optuna.trial import TrialState

        running: list[FrozenTrial] = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        return running

    @property
    def tried(self) -> int:
        """Settings that were tried, or are being tried."""
        return len(self._done()) + sum(
            OUTCOME not in one.user_attrs and BY in one.user_attrs for one in self._running()
        )

    def found(self) -> Tuned:
        """The best settings so far; of equals the first.

        Raises:
            EvaluationError: no trial worked out.
        """
        done = self._done()
        whole = [one for one in done if one.value is not None and one.user_attrs[OUTCOME]["pruned"] is None]
        if not whole:
            said = next((one.user_attrs[OUTCOME]["failed"] for one in reversed(done)), None) or "none came to its end"
            raise EvaluationError(f"tuning: no trial of {title_of(self.name)} worked out; the last one: {said}")
        best = max(whole, key=lambda one: (one.value, -one.number))
        pruned = sum(one.user_attrs[OUTCOME]["pruned"] is not None for one in done)
        return Tuned(best.user_attrs[SETTINGS], float(best.value or 0.0), len(done), self._spent(), pruned)

    def lines(self) -> Sequence[dict[str, Any]]:
        """The trials that came to something, for people: model, trial, settings, and validation, failed or pruned."""
        found = []
        for one in self._done():
            outcome = dict(one.user_attrs[OUTCOME])
            seconds = round(outcome.pop("seconds"), 3)
            said = {key: value for key, value in outcome.items() if value}
            about = {"model": self.name, "trial": one.number + 1, "settings": one.user_attrs[SETTINGS]}
            found.append({**about, **said, "seconds": seconds})
        return found


def _study(name: str, recipe: Recipe, kept: Kept, pruner: Pruner) -> Study:
    import optuna

    spared = recipe.training.patience * recipe.training.validate_every
    pruners = {
        "median": lambda: optuna.pruners.MedianPruner(COMPARED, spared),
        "halving": lambda: optuna.pruners.SuccessiveHalvingPruner(spared),
        "none": optuna.pruners.NopPruner,
    }
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(
        storage=kept.storage,
        study_name=f"{kept.name}/{name}",
        direction="maximize",
        load_if_exists=True,
        sampler=sampler_of(recipe.training.seed, interrupted=lambda one: OUTCOME not in one.user_attrs),
        pruner=pruners[pruner](),
    )


def _identity(name: str, recipe: Recipe, kept: Kept, ranges: Mapping[str, SearchRange]) -> dict[str, Any]:
    """What a search is of: trials of another one would not compare."""
    tree = recipe.model_dump(mode="json")
    tables = {key: tree[key] for key in ("data", "cleaning", "split", "evaluation")}
    del tables["data"]["source"]  # the digest says what was in it, wherever it lay
    space = {key: f"{type(found).__name__}{tuple(asdict(found).values())}" for key, found in ranges.items()}
    own = {"tastegraph": tastegraph.__version__, "digest": kept.data}
    return {**own, **tables, "settings": settings_of(name, recipe), "ranges": space}


def _suggested(asked: Any, key: str, given: SearchRange) -> Any:
    if isinstance(given, Choice):
        return asked.suggest_categorical(key, given.values)
    if isinstance(given, Integers):
        return asked.suggest_int(key, given.low, given.high, log=given.log)
    return asked.suggest_float(key, given.low, given.high, log=isinstance(given, LogUniform))


def searched_of(settings: Mapping[str, Any], ranges: Mapping[str, SearchRange]) -> dict[str, Any]:
    """The settings that are searched, by their key: a.b stands in table a."""
    found = {}
    for key in ranges:
        table, _, last = key.rpartition(".")
        found[key] = (settings[table] if table else settings)[last]
    return found
