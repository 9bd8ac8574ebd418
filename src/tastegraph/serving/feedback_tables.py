"""The tables of a feedback store, the same in SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, Column, Float, ForeignKey, Integer, MetaData, String, Table
from sqlalchemy.dialects import postgresql, sqlite

__all__ = [
    "ABOUT",
    "ACCOUNTS",
    "FEEDBACK",
    "SCHEMA_TABLE",
    "TABLES",
    "TITLES",
    "TITLE_LENGTH",
    "note",
    "note_title",
    "upsert",
]

TITLE_LENGTH = 1024  # letters that are kept
TABLES = MetaData()
SCHEMA_TABLE = Table("tastegraph_schema", TABLES, Column("number", Integer, primary_key=True))
ACCOUNTS = Table(
    "accounts",
    TABLES,
    Column("account", Integer, primary_key=True),
    Column("token", String(64), nullable=False, unique=True),  # its SHA-256
    Column("opened", Float, nullable=False),
    sqlite_autoincrement=True,  # the number of a closed account is never given again
)
FEEDBACK = Table(
    "feedback",
    TABLES,
    Column("account", Integer, ForeignKey("accounts.account"), primary_key=True),
    Column("item", String(256), primary_key=True),
    Column("kind", String(8), CheckConstraint("kind IN ('like', 'dislike', 'seen')"), nullable=False),
    Column("said", Float(53), nullable=False),
)
# What items were called when they were first spoken of, to tell whether a model is of the same films.
TITLES = Table(
    "titles",
    TABLES,
    Column("item", String(256), primary_key=True),
    Column("title", String(TITLE_LENGTH), nullable=False),
)
# Of the store itself: "id", by which a browser tells services apart, and "data", the data set whose films it is of.
ABOUT = Table(
    "about",
    TABLES,
    Column("name", String(32), primary_key=True),
    Column("value", String(TITLE_LENGTH), nullable=False),
)


def note(dialect: str, name: str, value: str) -> Any:
    """The statement that keeps what is said of the store, if nothing is kept by that name."""
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(ABOUT).values(name=name, value=value[:TITLE_LENGTH]).on_conflict_do_nothing()


def note_title(dialect: str, item: str, title: str) -> Any:
    """The statement that keeps an item's title, if none is kept."""
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(TITLES).values(item=item, title=title[:TITLE_LENGTH]).on_conflict_do_nothing()


def upsert(dialect: str, account: int, item: str, kind: str, said: float) -> Any:
    """The statement that keeps the last word of an account on an item."""
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    row = insert(FEEDBACK).values(account=account, item=item, kind=kind, said=said)
    return row.on_conflict_do_update(index_elements=["account", "item"], set_={"kind": kind, "said": said})
