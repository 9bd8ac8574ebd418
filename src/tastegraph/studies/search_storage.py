"""Where the trials of a search are kept: an SQLite file or a PostgreSQL database, by way of Optuna."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tastegraph.errors import RunError, needs_extra

if TYPE_CHECKING:
    from optuna.storages import BaseStorage, RDBStorage

__all__ = ["Kept", "check_storage", "open_storage", "sqlite_url", "without_password"]

SQLITE, POSTGRESQL = "sqlite:///", "postgresql://"
CONNECT_SECONDS, BUSY_SECONDS = 10, 60
PASSWORD = re.compile(r"^(\w[\w+]*://[^/@]*?):[^/]*@")


@dataclass(frozen=True, eq=False)
class Kept:
    """Where a search's trials are kept, and under what name.

    Attributes:
        storage: Optuna's.
        name: of the search; each model's study is NAME/MODEL.
        data: digest of what is learned from.
        folder: of the search, which one process holds at a time.
        shown: the storage, for people.
        private: whether nobody but the holder of the folder knows the storage.
    """

    storage: BaseStorage
    name: str = "search"
    data: str = ""
    folder: Path | None = None
    shown: str = "memory"
    private: bool = False

    @classmethod
    def in_memory(cls) -> Kept:
        """Kept as long as this process runs."""
        with needs_extra("tuning", "tune"):
            import optuna
        return cls(optuna.storages.InMemoryStorage(), private=True)


def sqlite_url(path: Path) -> str:
    """The URL of an SQLite file."""
    return f"{SQLITE}{path.resolve()}"


def without_password(url: str) -> str:
    """A URL as it may be shown and written down."""
    return PASSWORD.sub(r"\1@", url)


def check_storage(url: str) -> None:
    """Refuse a storage that cannot be used, before anything is read for its sake; an SQLite file is not made yet.

    Raises:
        RunError: it is no URL of a storage, the file's folder is not there, or the database cannot be reached.
        ModelError: an extra is missing.
    """
    path = Path(url.removeprefix(SQLITE))
    if not url.startswith(SQLITE) or url == SQLITE or path.exists():
        open_storage(url).engine.dispose()
    elif not path.parent.is_dir():
        raise RunError(f"storage {url}: cannot be used (no folder {path.parent})")


def open_storage(url: str) -> RDBStorage:
    """Open a storage of trials, made where it is not there yet.

    Args:
        url: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.

    Raises:
        RunError: it is neither, cannot be reached, or holds something else.
        ModelError: an extra is missing.
    """
    shown = without_password(url)
    if not url.startswith((SQLITE, POSTGRESQL)) or url in (SQLITE, POSTGRESQL):
        raise RunError(f"storage {shown}: expected sqlite:///FILE or postgresql://USER@HOST/NAME")
    with needs_extra("tuning", "tune"):
        import optuna
        from sqlalchemy.exc import SQLAlchemyError
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS}}
    if url.startswith(POSTGRESQL):
        with needs_extra("a storage in PostgreSQL", "postgresql"):
            import psycopg  # noqa: F401 (SQLAlchemy asks for it by name)
        url = f"postgresql+psycopg://{url.removeprefix(POSTGRESQL)}"
        options = {"connect_args": {"connect_timeout": CONNECT_SECONDS}, "pool_pre_ping": True}
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return optuna.storages.RDBStorage(url, engine_kwargs=options)
    except (SQLAlchemyError, RuntimeError, ValueError) as error:  # of another version of Optuna: RuntimeError
        raise RunError(f"storage {shown}: cannot be used ({_reason(error)})") from None


def _reason(error: Exception) -> str:
    """The first line of what a database says, without the driver's name and what was sent."""
    said = " ".join(str(getattr(error, "orig", None) or error).partition("\n")[0].split())
    return said if len(said) <= 160 else f"{said[:160]}..."
