"""Download over HTTP into a file that a later attempt goes on from."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import time
import urllib.error
import urllib.request
from functools import partial
from http.client import HTTPException, HTTPMessage
from typing import TYPE_CHECKING, Any

from tastegraph.errors import DataError
from tastegraph.files import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import BufferedWriter
    from pathlib import Path

__all__ = ["LARGEST_FILE_BYTES", "NO_ROOM", "NoRoomError", "copy_at_most", "download"]

TIMEOUT_SECONDS = 20.0
ATTEMPTS = 4
PAUSE_SECONDS = 0.2  # before the second attempt; doubled before each one after
LARGEST_FILE_BYTES = 4 << 30
BLOCK = 1 << 20
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class NoRoomError(DataError):
    """What was got cannot be written; the message says why."""

    @classmethod
    def of(cls, error: OSError, path: Path) -> NoRoomError:
        """The refusal of the system, a full disk called by its name."""
        reason = reason_of(error)
        full = "the disk is full: " if error.errno == errno.ENOSPC else ""
        return cls(f"cannot be written ({full}{reason})", path=path)


def download(address: str, path: Path, unfinished: Path, say: Callable[[str], None]) -> None:
    """Get a file, going on from where an earlier attempt was cut off if the server still has the same file.

    Args:
        address: where it is.
        path: where it comes to lie, whole.
        unfinished: the folder that keeps what was got so far.
        say: is told of each further attempt.

    Raises:
        OSError, HTTPException: it could not be had; what was got is kept for the next time.
        NoRoomError: there is no room to write it; nothing is kept.
    """
    unfinished.mkdir(exist_ok=True)
    part = unfinished / (hashlib.sha256(address.encode()).hexdigest()[:24] + ".part")
    about = part.with_suffix(".json")
    pause = PAUSE_SECONDS
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _get_rest(address, part, about)
            break
        except (OSError, HTTPException) as error:
            if attempt == ATTEMPTS or not _may_pass(error):
                raise
            say(f"{address}: {_reason(error)}; going on in a moment")
            time.sleep(pause)
            pause *= 2
    part.replace(path)
    about.unlink(missing_ok=True)


def copy_at_most(limit: int, read: Callable[[int], bytes], write: Callable[[bytes], Any], path: Path) -> int:
    """Copy to the end and return the number of bytes.

    Raises:
        OSError: reading failed, or there is more than `limit`.
        NoRoomError: there is no room to write.
    """
    copied = 0
    while block := read(BLOCK):
        copied += len(block)
        if copied > limit:
            raise OSError(errno.EFBIG, f"larger than the {limit:,} bytes expected")
        try:
            write(block)
        except OSError as error:
            raise NoRoomError.of(error, path) from error
    return copied


def _get_rest(address: str, part: Path, about: Path) -> None:
    """Append to `part` what is missing, or start afresh where the server has another file by now."""
    have, validator = _so_far(part, about, address)
    headers = {"User-Agent": "tastegraph"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    try:
        asked = urllib.request.Request(address, headers=headers)  # noqa: S310 (the catalog's, https by a test)
        answer = urllib.request.urlopen(asked, timeout=TIMEOUT_SECONDS)  # noqa: S310 (the same)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # what we have is no beginning of what is there
            _forget(part, about)
        raise
    with answer:
        if not (answer.status == 206 and _starts_at(answer.headers, have)):
            have = 0
        total = _total(answer.headers, have)
        _must_fit(total, have, part)
        _write_aside(about, {"address": address, "validator": _validator(answer.headers)})
        try:
            with part.open("ab" if have else "wb") as file:
                # As it comes, so that a process killed at any moment leaves what had come.
                write = partial(_write_through, file)
                got = have + copy_at_most(LARGEST_FILE_BYTES - have, answer.read1, write, part)
        except (NoRoomError, OSError) as error:
            if isinstance(error, NoRoomError) or error.errno in NO_ROOM:
                _forget(part, about)
            raise
    if total is not None and got != total:
        raise urllib.error.URLError(f"interrupted after {got:,} of {total:,} bytes")


def _write_through(file: BufferedWriter, block: bytes) -> None:
    file.write(block)
    file.flush()


def _so_far(part: Path, about: Path, address: str) -> tuple[int, str]:
    """Bytes that are there and the mark of the file they are of; 0 where they are of no use."""
    try:
        told = json.loads(about.read_text(encoding="utf-8"))
        if told["address"] == address and told["validator"]:
            return part.stat().st_size, str(told["validator"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return 0, ""


def _validator(headers: HTTPMessage) -> str | None:
    """What tells the server's file from another: a strong ETag, or when it was changed."""
    tag = headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified")


def _starts_at(headers: HTTPMessage, have: int) -> bool:
    return (headers.get("Content-Range") or "").startswith(f"bytes {have}-")


def _total(headers: HTTPMessage, have: int) -> int | None:
    length = headers.get("Content-Length")
    return have + int(length) if length is not None and length.isdecimal() else None


def _must_fit(total: int | None, have: int, part: Path) -> None:
    if total is None:
        return
    if total > LARGEST_FILE_BYTES:
        raise urllib.error.URLError(f"{total:,} bytes are more than the {LARGEST_FILE_BYTES:,} expected")
    free = shutil.disk_usage(part.parent).free
    if total - have > free:
        raise NoRoomError(f"cannot be written ({total - have:,} bytes are needed, {free:,} are free)", path=part.parent)


def _write_aside(path: Path, content: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(content), encoding="utf-8")
    except OSError as error:
        raise NoRoomError.of(error, path) from error


def _forget(part: Path, about: Path) -> None:
    part.unlink(missing_ok=True)
    about.unlink(missing_ok=True)


def _may_pass(error: BaseException) -> bool:
    """Whether another attempt makes sense: not where there is no such file, or no way to the server."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code in {408, 416, 429} or error.code >= 500
    if isinstance(error, urllib.error.URLError):
        return isinstance(error.reason, (str, TimeoutError, ConnectionResetError))
    return isinstance(error, (HTTPException, TimeoutError, ConnectionError))


def _reason(error: BaseException) -> str:
    return str(getattr(error, "reason", None) or error or type(error).__name__).splitlines()[0]
