"""What the endpoints share: the run that is shown now, the feedback store, limits, metrics."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tastegraph.serving.web.problems import ProblemError
from tastegraph.serving.web.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tastegraph.serving.feedback import FeedbackStore
    from tastegraph.serving.recommender import Recommender
    from tastegraph.serving.web.access import AccessTokens
    from tastegraph.serving.web.measured import Measured

__all__ = ["Limits", "Service", "index_of", "known_ids"]


@dataclass(frozen=True)
class Limits:
    """What a request may take.

    Attributes:
        rate: requests of one client a second, in the long run; 0 for no limit.
        seconds: until an answer must be there.
        reload_seconds: until a run must be loaded anew, its map of films made.
        body: bytes of a body.
        body_seconds: until it must have arrived.
        bodies: of one client that may be under way at one time.
        at_once: requests that are answered at one time.
    """

    rate: float = 50.0
    seconds: float = 10.0
    reload_seconds: float = 300.0
    body: int = 1 << 16
    body_seconds: float = 5.0
    bodies: int = 32
    at_once: int = 512


class Service:
    """A run directory, served.

    Args:
        path: of the run; read again by `reload`.
        store: keeps feedback.
        measured: counts.
        limits: of requests.
        access: who may ask; None for everybody.
        hosts: names that requests may be for, None for any.
        say: told, a line at a time, what takes long.

    Raises:
        ModelError: the run holds no sound model.
        FeedbackError: the store holds feedback on other films than the model's.
    """

    def __init__(
        self,
        path: Path,
        store: FeedbackStore,
        measured: Measured,
        limits: Limits,
        access: AccessTokens | None = None,
        hosts: frozenset[str] | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.store = store
        self.measured = measured
        self.limits = limits
        self.access = access
        self.hosts = hosts
        self._path = path
        self._say = say
        self._reloading = threading.Lock()
        self.shown = self._loaded()
        measured.show(self.shown.version)

    def reload(self) -> tuple[str, str]:
        """Load the run again, whole, and show it from now on; requests under way end with the one they began with.

        Returns:
            The versions shown from now on and before.

        Raises:
            ModelError: there is no sound model; what was shown before stays.
            FeedbackError: it is a model of other films than the store has heard of.
        """
        with self._reloading:
            shown = self._loaded()
            before, self.shown = self.shown.version, shown
        self.measured.show(shown.version)
        return shown.version, before

    def _loaded(self) -> Shown:
        """The run, of the films that the store holds feedback on."""
        return Shown.load(self._path, self._say, self._check_films)

    def _check_films(self, recommender: Recommender) -> None:
        data = recommender.model.about.get("data", {})
        self.store.check_films(recommender.names.title_of, str(data.get("name", "unnamed data")))

    def cookie(self, name: str) -> str:
        """What a cookie is called: a browser sends it to every port of a host, and each service has its own."""
        return f"tastegraph_{name}_{self.store.id}"

    def account(self, token: str | None) -> int:
        """The account with a token.

        Raises:
            ProblemError: there is no token, or no such account.
            FeedbackError: the store does not answer.
        """
        number = None if token is None else self.store.account_of(token)
        if number is None:
            raise ProblemError("account-token-needed", "send the account's token in the header Tastegraph-Account")
        return number


def known_ids(shown: Shown, ids: Iterable[int | str]) -> list[str]:
    """Ids as text, each once.

    Raises:
        ProblemError: the model does not know some.
    """
    asked = list(dict.fromkeys(str(item) for item in ids))
    unknown = [item for item in asked if item not in shown.by_id]
    if unknown:
        told = [item.encode("utf-8", "replace").decode() for item in unknown[:10]]
        detail = f"{len(unknown):,} of {len(asked):,} ids are not among the {len(shown.by_id):,} films"
        raise ProblemError("unknown-films", detail, unknown=told)
    return asked


def index_of(shown: Shown, film: str) -> int:
    """The index of a film.

    Raises:
        ProblemError: the model does not know it.
    """
    index = shown.by_id.get(film)
    if index is None:
        raise ProblemError("unknown-film", "no film has this id; /api/v1/search finds films by title")
    return index
