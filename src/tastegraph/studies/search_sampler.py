"""Optuna's tree-structured Parzen estimator, drawing by a trial's number alone, whatever was drawn before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from optuna import Study
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

__all__ = ["sampler_of"]


def sampler_of(seed: int, interrupted: Callable[[FrozenTrial], bool]) -> BaseSampler:
    """A sampler that, with the same trials before, draws the same in a process that was started anew.

    Optuna's own goes on with a generator that ends with its process.

    Args:
        seed: of the search.
        interrupted: whether a failed trial came to nothing, and so does not count.
    """
    import optuna
    from optuna.trial import TrialState

    class Sampler(optuna.samplers.BaseSampler):  # type: ignore[misc]  # Optuna is an extra
        """Hands every trial to an estimator of its own."""

        def before_trial(self, study: Study, trial: FrozenTrial) -> None:
            failed = study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
            place = trial.number - sum(interrupted(one) for one in failed)
            drawn = np.random.SeedSequence([seed, place]).generate_state(1)[0]
            self._own = optuna.samplers.TPESampler(seed=int(drawn))
            self._own.before_trial(study, trial)

        def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> Any:
            return self._own.infer_relative_search_space(study, trial)

        def sample_relative(self, study: Study, trial: FrozenTrial, search_space: Any) -> Any:
            return self._own.sample_relative(study, trial, search_space)

        def sample_independent(self, study: Study, trial: FrozenTrial, param_name: str, distribution: Any) -> Any:
            return self._own.sample_independent(study, trial, param_name, distribution)

    return Sampler()
