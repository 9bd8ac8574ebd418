"""Files that appear whole or not at all, JSON among them, and their digests."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "digest_of",
    "held",
    "json_text",
    "reason_of",
    "sha256_of",
    "sync_folder",
    "write_json",
    "write_whole",
    "written_whole",
]

MD5_DIGITS = 32
OS_ERROR = re.compile(r"os error (\d+)")


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Hand out a name beside `path` to write to; on success sync it and rename it into place.

    After a crash or an error at any moment `path` is what it was before.

    Raises:
        OSError: the system refused to write, whichever library said so.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    aside = Path(name)
    try:
        yield aside
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        aside.chmod(0o666 & ~_umask())
        aside.replace(path)
    except Exception as error:
        # Writers in other languages wrap what the system said: a full disk is told like any other.
        if isinstance(error, OSError) or (said := OS_ERROR.search(str(error))) is None:
            raise
        raise OSError(int(said[1]), os.strerror(int(said[1])), str(path)) from error
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(path.parent)


@contextmanager
def held(folder: Path, refusal: Exception) -> Iterator[None]:
    """Hold a folder against other processes; the system lets go of it when this one ends, however it ends.

    Args:
        folder: to hold.
        refusal: raised where another process holds it.

    Raises:
        OSError: the folder cannot be opened.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise refusal from error
        yield
    finally:
        os.close(handle)


def reason_of(error: OSError) -> str:
    """Why the system refused, in its words, as they stand within a line."""
    return (error.strerror or str(error)).lower()


def write_whole(path: Path, text: str) -> None:
    """Make `text` the content of a file, whole; see `written_whole`."""
    with written_whole(path) as aside:
        aside.write_text(text, encoding="utf-8")


def json_text(content: Mapping[str, Any]) -> str:
    """A table as the text of a JSON file, for people to read, too."""
    return json.dumps(content, indent=2) + "\n"


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Make a table the content of a JSON file, whole; see `written_whole`."""
    write_whole(path, json_text(content))


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    return digest_of(path)


def digest_of(path: Path, like: str | None = None) -> str:
    """A digest of a file's bytes, in hexadecimal, of the kind of `like`: MD5 for 32 digits, else SHA-256.

    MD5 is met where a publisher gives nothing better; it tells damage, not malice.
    """
    kind = "md5" if like is not None and len(like) == MD5_DIGITS else "sha256"
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
