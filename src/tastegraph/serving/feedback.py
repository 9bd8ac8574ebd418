"""What people say of films, kept: accounts and their likes, dislikes and films seen, in SQLite or PostgreSQL."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Literal, get_args

import polars as pl
from sqlalchemy import create_engine, event, func, select
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from tastegraph.errors import FeedbackError, ServeError, needs_extra
from tastegraph.files import reason_of
from tastegraph.serving.feedback_tables import (
    ABOUT,
    ACCOUNTS,
    FEEDBACK,
    SCHEMA_TABLE,
    TABLES,
    TITLE_LENGTH,
    TITLES,
    note,
    note_title,
    upsert,
)
from tastegraph.serving.tokens import digest_of_token, new_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

__all__ = ["KINDS", "Feedback", "FeedbackStore", "Kind", "TooMuchFeedbackError"]

Kind = Literal["like", "dislike", "seen"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SCHEMA = 1
MOST_FILMS = 2_000  # of one account
BUSY_SECONDS = 5.0
CHECK_SECONDS = 1.0


class TooMuchFeedbackError(FeedbackError):
    """An account that holds as many films as it may."""


@dataclass(frozen=True)
class Feedback:
    """What one account has said, item ids in the order in which it was said.

    Attributes:
        likes, dislikes, seen: ids of the source, as text.
    """

    likes: tuple[str, ...] = ()
    dislikes: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()


class FeedbackStore:
    """Accounts, each known by a token that only its holder has, and what they said of films.

    What `say` has returned from is on the disk: SQLite writes ahead (WAL) and syncs at each commit. All methods may be
    called from several threads, and several processes may share a store.

    Args:
        url: sqlite:///FILE, postgresql://USER:PASSWORD@HOST/NAME, or the path of an SQLite file.
        make: make an SQLite file that is not there.

    Attributes:
        name: the URL without its password.
        id: a few random digits, the store's own for good.

    Raises:
        FeedbackError: the store cannot be opened, or holds something else.
    """

    def __init__(self, url: str, *, make: bool = True) -> None:
        self.name = _plain(url)
        self._checked = -CHECK_SECONDS
        self._engine = _engine(url, make=make)
        self._writing = threading.Lock()
        try:
            with self._engine.begin() as connection:
                TABLES.create_all(connection)
                found = connection.execute(select(SCHEMA_TABLE.c.number)).scalar()
                if found is None:
                    connection.execute(SCHEMA_TABLE.insert().values(number=SCHEMA))
                self.id = _noted(connection, "id", token_hex(4))
        except SQLAlchemyError as error:
            raise FeedbackError(f"{_plain(url)}: no feedback store ({_first_line(error)})") from None
        if found not in (None, SCHEMA):
            raise FeedbackError(f"{_plain(url)}: schema {found}; this version reads schema {SCHEMA}")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def check(self) -> None:
        """Write something small, and say nothing by it; asked again within a second, the last answer holds.

        Raises:
            FeedbackError: it does not answer, or cannot keep anything.
        """
        if time.monotonic() - self._checked < CHECK_SECONDS:
            return
        with self._changing() as connection:
            connection.execute(SCHEMA_TABLE.update().values(number=SCHEMA))
        self._checked = time.monotonic()

    def check_films(self, known: Callable[[str], str | None], data: str) -> None:
        """Fail if what was said is of other films than these: ids mean nothing across data sets.

        The store is from its first use on of the data set of that name. It takes another name where most films that
        were spoken of have the titles they had.

        Args:
            known: the title of an item, "" where it has none, or None for an item that is unknown.
            data: the name of the data set that the items are of.

        Raises:
            FeedbackError: half or more of the items spoken of are unknown, or have another title; or the store is of
                another data set.
        """
        asked = select(FEEDBACK.c.item, TITLES.c.title).distinct()
        with self._changing() as connection:
            rows = connection.execute(asked.outerjoin_from(FEEDBACK, TITLES, FEEDBACK.c.item == TITLES.c.item)).all()
            kept = _noted(connection, "data", data[:TITLE_LENGTH])
        other = [(item, then, now) for item, then in rows if _differ(then, now := known(item))]
        agreeing = sum(bool(then) and known(item) is not None and not _differ(then, known(item)) for item, then in rows)
        if kept != data[:TITLE_LENGTH] and 2 * agreeing <= len(rows):
            raise FeedbackError(
                f"{self.name}: keeps what people say of the films of {kept}; keep what is said of those of {data} "
                "elsewhere (--feedback)"
            )
        if rows and 2 * len(other) >= len(rows):
            item, then, now = other[0]
            meant = f'"{then}" then' if then else "no title then"
            raise FeedbackError(
                f"{self.name}: holds what people said of other films: {len(other):,} of {len(rows):,} are not the "
                f"data's, such as id {item}, {meant} and {'unknown' if now is None else repr(now)} now; keep what is "
                "said of these elsewhere (--feedback)"
            )

    def open_account(self) -> str:
        """A new account; its token is told this once and kept as a digest only."""
        token = new_token()
        with self._changing() as connection:
            connection.execute(ACCOUNTS.insert().values(token=digest_of_token(token), opened=time.time()))
        return token

    def account_of(self, token: str) -> int | None:
        """The number of the account with this token, or None."""
        asked = select(ACCOUNTS.c.account).where(ACCOUNTS.c.token == digest_of_token(token))
        with self._reading() as connection:
            found = connection.execute(asked).scalar()
        return None if found is None else int(found)

    def close_account(self, account: int) -> None:
        """Forget an account and all that it said."""
        with self._changing() as connection:
            connection.execute(FEEDBACK.delete().where(FEEDBACK.c.account == account))
            connection.execute(ACCOUNTS.delete().where(ACCOUNTS.c.account == account))

    def say(self, account: int, item: str, kind: Kind, title: str | None = None) -> None:
        """Keep what an account says of an item, in place of what it said before; on return it is on the disk.

        Args:
            account: whose.
            item: id of the source.
            kind: what is said.
            title: of the item, for `check_films`.

        Raises:
            TooMuchFeedbackError: the account holds as many items as it may.
            FeedbackError: the store does not answer; nothing is kept.
        """
        with self._changing() as connection:
            others = select(func.count()).where(FEEDBACK.c.account == account, FEEDBACK.c.item != item)
            if (connection.execute(others).scalar() or 0) >= MOST_FILMS:
                raise TooMuchFeedbackError(f"an account holds at most {MOST_FILMS:,} films")
            connection.execute(upsert(connection.dialect.name, account, item, kind, time.time()))
            if title:
                connection.execute(note_title(connection.dialect.name, item, title))

    def unsay(self, account: int, item: str) -> None:
        """Forget what an account said of an item, if it did."""
        with self._changing() as connection:
            connection.execute(FEEDBACK.delete().where(FEEDBACK.c.account == account, FEEDBACK.c.item == item))

    def of(self, account: int) -> Feedback:
        """What an account has said."""
        asked = select(FEEDBACK.c.item, FEEDBACK.c.kind).where(FEEDBACK.c.account == account).order_by(FEEDBACK.c.said)
        with self._reading() as connection:
            rows = connection.execute(asked).all()
        said = {kind: tuple(item for item, of_kind in rows if of_kind == kind) for kind in KINDS}
        return Feedback(said["like"], said["dislike"], said["seen"])

    def everything(self) -> pl.DataFrame:
        """All feedback: columns account (Int64), item (String), kind (String), said (Float64, unix seconds)."""
        columns = (FEEDBACK.c.account, FEEDBACK.c.item, FEEDBACK.c.kind, FEEDBACK.c.said)
        with self._reading() as connection:
            rows = connection.execute(select(*columns).order_by(FEEDBACK.c.account, FEEDBACK.c.item)).all()
        schema = {"account": pl.Int64, "item": pl.String, "kind": pl.String, "said": pl.Float64}
        return pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _told(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        """A transaction; one at a time within a process, for SQLite has one writer anyway."""
        with _told(), self._writing, self._engine.begin() as connection:
            yield connection


def _noted(connection: Connection, name: str, value: str) -> str:
    """What is kept of the store by a name: what stands there, or now this."""
    connection.execute(note(connection.dialect.name, name, value))
    return str(connection.execute(select(ABOUT.c.value).where(ABOUT.c.name == name)).scalar_one())


def _differ(then: str | None, now: str | None) -> bool:
    """Whether an item is another one, or none, as far as titles tell."""
    return now is None or bool(then and now and then != now[:TITLE_LENGTH])


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise FeedbackError(f"the feedback store does not answer ({_first_line(error)})") from error


def _engine(url: str, *, make: bool) -> Engine:
    """An engine whose connections wait for a moment and not for ever."""
    if url.startswith(("postgresql://", "postgres://")):
        with needs_extra("a PostgreSQL store", "postgresql", ServeError):
            import psycopg  # noqa: F401 (SQLAlchemy asks for it by name)
        options = f"-c statement_timeout={int(BUSY_SECONDS * 1000)}"
        return create_engine(
            f"postgresql+psycopg://{url.partition('://')[2]}",
            pool_pre_ping=True,
            connect_args={"connect_timeout": int(BUSY_SECONDS), "options": options},
        )
    if "://" in url and not url.startswith("sqlite:///"):
        raise FeedbackError(f"{_plain(url)}: expected a path, sqlite:///FILE or postgresql://USER@HOST/NAME")
    path = Path(url.removeprefix("sqlite:///"))
    if not make and not path.exists():
        raise FeedbackError(f"{path}: no such feedback store")
    if not path.parent.is_dir():
        raise FeedbackError(f"{path}: there is no folder {path.parent}")
    if not path.exists():
        _make_private(path)
    try:
        engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_SECONDS})
    except ArgumentError as error:
        raise FeedbackError(f"{_plain(url)}: {_first_line(error)}") from None
    event.listen(engine, "connect", _make_durable)
    return engine


def _make_private(path: Path) -> None:
    """An empty file that its owner alone reads; SQLite gives its own side files the same mode."""
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise FeedbackError(f"{path}: cannot be opened ({reason_of(error)})") from None


def _make_durable(connection: Any, _: object) -> None:
    """Write ahead, and sync at each commit: what is acknowledged outlives the process and the power."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _plain(url: str) -> str:
    """A URL without its password."""
    scheme, separator, rest = url.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]
