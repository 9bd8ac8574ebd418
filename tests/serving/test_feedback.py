"""What people say is kept, each person's apart, in SQLite and in PostgreSQL."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tastegraph.errors import FeedbackError
from tastegraph.serving import feedback
from tastegraph.serving.feedback import Feedback, FeedbackStore, TooMuchFeedbackError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FeedbackStore]:
    url = f"sqlite:///{tmp_path / 'kept.db'}" if request.param == "sqlite" else request.getfixturevalue("postgresql")
    made = FeedbackStore(url)
    yield made
    made.close()


def test_the_last_word_on_a_film_counts(store: FeedbackStore) -> None:
    token = store.open_account()
    account = store.account_of(token)
    assert account is not None
    for item, kind in (("1", "like"), ("2", "dislike"), ("3", "seen"), ("4", "like")):
        store.say(account, item, kind)  # type: ignore[arg-type]
    store.say(account, "1", "seen")
    assert store.of(account) == Feedback(likes=("4",), dislikes=("2",), seen=("3", "1"))
    store.unsay(account, "2")
    store.unsay(account, "never said")
    assert store.of(account) == Feedback(likes=("4",), seen=("3", "1"))


def test_only_its_owner_reads_an_sqlite_store(tmp_path: Path) -> None:
    store = FeedbackStore(str(tmp_path / "kept.db"))
    store.open_account()
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    store.close()


def test_accounts_are_apart_and_can_be_forgotten(store: FeedbackStore) -> None:
    tokens = [store.open_account() for _ in range(2)]
    accounts = [store.account_of(token) for token in tokens]
    assert len({*accounts, None}) == 3
    first, second = (account or 0 for account in accounts)
    store.say(first, "1", "like")
    assert store.of(second) == Feedback()
    store.close_account(first)
    assert store.account_of(tokens[0]) is None
    assert store.of(first) == Feedback()
    assert store.account_of(tokens[1]) == second
    assert store.account_of("no such token") is None


def test_any_text_is_an_item(store: FeedbackStore) -> None:
    account = store.account_of(store.open_account()) or 0
    items = ["'; DROP TABLE feedback; --", "<b>", "\N{CLAPPER BOARD}", " ", 'a"b']
    for item in items:
        store.say(account, item, "like")
    assert store.of(account).likes == tuple(items)
    frame = store.everything()
    assert set(frame.filter(frame["account"] == account)["item"]) == set(items)


def test_many_at_once(store: FeedbackStore) -> None:
    account = store.account_of(store.open_account()) or 0
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: store.say(account, str(number % 40), "like"), range(200)))
    assert len(store.of(account).likes) == 40


def test_an_account_has_room_for_so_many(store: FeedbackStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "MOST_FILMS", 3)
    account = store.account_of(store.open_account()) or 0
    for item in "abc":
        store.say(account, item, "like")
    with pytest.raises(TooMuchFeedbackError, match="at most 3 films"):
        store.say(account, "d", "like")
    store.say(account, "c", "dislike")
    assert store.of(account) == Feedback(likes=("a", "b"), dislikes=("c",))


def test_a_store_is_opened_again(tmp_path: Path) -> None:
    first = FeedbackStore(str(tmp_path / "kept.db"))
    token = first.open_account()
    first.say(first.account_of(token) or 0, "1", "like")
    first.close()
    again = FeedbackStore(f"sqlite:///{tmp_path / 'kept.db'}")
    assert again.of(again.account_of(token) or 0).likes == ("1",)
    again.close()


def test_no_token_stands_in_the_file(tmp_path: Path) -> None:
    store = FeedbackStore(str(tmp_path / "kept.db"))
    token = store.open_account()
    store.close()
    assert token.encode() not in (tmp_path / "kept.db").read_bytes()


def test_what_is_no_store_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database, " * 100, encoding="utf-8")
    newer = sqlite3.connect(tmp_path / "newer.db")
    newer.executescript("CREATE TABLE tastegraph_schema (number INTEGER); INSERT INTO tastegraph_schema VALUES (9)")
    newer.close()
    faults = {
        str(tmp_path / "text.db"): "no feedback store .file is not a database",
        str(tmp_path / "newer.db"): "schema 9; this version reads schema 1",
        str(tmp_path / "none" / "kept.db"): "there is no folder",
        "mysql://somebody:secret@host/name": "expected a path, sqlite:///FILE or postgresql://",
        "postgresql://somebody:secret@127.0.0.1:1/none": "no feedback store",
    }
    for url, fault in faults.items():
        with pytest.raises(FeedbackError, match=fault) as caught:
            FeedbackStore(url)
        assert "\n" not in str(caught.value)
        assert "secret" not in str(caught.value)
    with pytest.raises(FeedbackError, match="no such feedback store"):
        FeedbackStore(str(tmp_path / "kept.db"), make=False)
