"""Get a known data set: from a folder at hand, from the cache, or from where it is published, always verified.

A download lands in a folder aside, is verified file by file against the catalog, and is renamed into the cache whole:
an interrupted or altered one is never read. One process fetches at a time; the others wait and find it there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import platformdirs

from tastegraph.data.archive import unpack
from tastegraph.data.download import NO_ROOM, NoRoomError, download
from tastegraph.errors import DataError, MissingDataError
from tastegraph.files import digest_of, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tastegraph.data.catalog import KnownDataset, Source

    Say = Callable[[str], None]

__all__ = ["cache_folder", "locate", "missing_files", "present", "shelf_warning"]

# Digests of files that have no published one, as they were when the archive with its published digest was unpacked.
RECORD = ".digests.json"
UNFINISHED = ".unfinished"
PIP_SECONDS = 600
SYSTEM_ERROR = re.compile(r"\[Errno (\d+)\]")  # as pip's traceback has it
ELSEWHERE = "$TASTEGRAPH_CACHE names another folder"


def cache_folder() -> Path:
    """Where fetched data sets are kept: $TASTEGRAPH_CACHE, else the user's cache folder."""
    return Path(os.environ.get("TASTEGRAPH_CACHE") or platformdirs.user_cache_dir("tastegraph"))


def present(known: KnownDataset) -> Path | None:
    """The folder at hand for a known data set ($TASTEGRAPH_DATA first, then the cache), unverified, or None."""
    shelf = os.environ.get("TASTEGRAPH_DATA")
    places = [Path(shelf) / known.name] if shelf else []
    return next((place for place in [*places, cache_folder() / known.name] if place.is_dir()), None)


def missing_files(folder: Path, known: KnownDataset) -> list[str]:
    """The files that a folder lacks of a known data set, of the source that lacks the fewest; none if it is whole."""
    lacks = [[name for name in _names(source) if not (folder / name).is_file()] for source in known.sources]
    return min(lacks, key=len)


def shelf_warning() -> str | None:
    """What is wrong with $TASTEGRAPH_DATA: it names a folder that is not there."""
    shelf = os.environ.get("TASTEGRAPH_DATA")
    return f"warning: TASTEGRAPH_DATA names {shelf}, which is no folder" if shelf and not Path(shelf).is_dir() else None


def locate(known: KnownDataset, say: Say) -> Path:
    """The verified folder of a known data set, fetched if need be.

    Args:
        known: its catalog entry.
        say: told, a line at a time, what happens.

    Raises:
        MissingDataError: a file in $TASTEGRAPH_DATA is missing, or no source could be reached.
        DataError: a file there is altered (it is not ours to replace), or the cache cannot be written.
    """
    if (warning := shelf_warning()) is not None:
        say(warning)
    folder = present(known)
    cached = cache_folder() / known.name
    if folder is not None:
        fault = _fault(folder, known)
        if fault is None:
            return folder
        if folder != cached:
            raise fault
        say(f"{fault}; fetching it again")
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        with _alone(cached, say):
            if not (cached.is_dir() and _fault(cached, known) is None):  # another process may have fetched it meanwhile
                _fetch(known, cached, say)
    except NoRoomError as error:
        raise DataError(f"{known.name} {error.message}; {ELSEWHERE}", path=cached.parent) from error
    except OSError as error:
        raise DataError(f"the cache cannot be written ({_short(error)}); {ELSEWHERE}", path=cached.parent) from error
    return cached


@contextmanager
def _alone(cached: Path, say: Say) -> Iterator[None]:
    """Hold the lock of a cached data set; what processes that died left aside is cleared away."""
    from filelock import FileLock, Timeout

    locks = cached.parent / ".locks"
    locks.mkdir(exist_ok=True)
    lock = FileLock(locks / f"{cached.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"another process is fetching {cached.name}; waiting for it")
        lock.acquire()
    try:
        for stale in cached.parent.glob(f".{cached.name}.*"):
            shutil.rmtree(stale, ignore_errors=True)
        yield
    finally:
        lock.release()


def _fault(folder: Path, known: KnownDataset) -> DataError | None:
    """What is wrong with a folder: the first fault against the source whose files it holds; None if sound."""
    faults = [_fault_against(folder, source) for source in known.sources]
    if None in faults:
        return None
    started = [
        fault
        for fault, source in zip(faults, known.sources, strict=True)
        if any((folder / PurePosixPath(name).name).exists() for name in source.files)
    ]
    return (started or faults)[0]


def _fault_against(folder: Path, source: Source) -> DataError | None:
    recorded = _recorded(folder)
    for name, published in (*source.files.items(), *source.optional.items()):
        path = folder / PurePosixPath(name).name
        if not path.is_file():
            if name in source.optional:
                continue
            return MissingDataError("no such file; the data set is incomplete", path=path)
        digest = published or recorded.get(path.name)
        if digest is None:
            continue
        if (found := digest_of(path, like=digest)) != digest:
            kind = "MD5" if len(digest) == 32 else "SHA-256"
            return DataError(f"is not the published file: its {kind} is {found}, expected {digest}", path=path)
    return None


def _recorded(folder: Path) -> dict[str, str]:
    try:
        told = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(digest) for name, digest in told.items()} if isinstance(told, dict) else {}


def _fetch(known: KnownDataset, target: Path, say: Say) -> None:
    refusals = []
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{known.name}.") as aside:
        for source in known.sources:
            folder = Path(tempfile.mkdtemp(dir=aside))
            say(f"fetching {known.name} from {source.address}")
            try:
                _get(source, folder, target.parent / UNFINISHED, say)
            except (OSError, HTTPException, zipfile.BadZipFile, subprocess.SubprocessError) as error:
                refusals.append(f"{source.address}: {_short(error)}")
                say(f"could not get {source.address} ({_short(error)})")
                continue
            if (fault := _fault_against(folder, source)) is not None:
                refusals.append(f"{source.address}: {fault.message}")
                say(str(fault))
                continue
            _record(source, folder)
            _put_in_place(folder, target)
            return
    raise MissingDataError(f"{known.name} could not be fetched ({'; '.join(refusals)}). {_by_hand(known)}")


def _by_hand(known: KnownDataset) -> str:
    """What to do where nothing can be fetched."""
    files = ", ".join(_names(known.sources[0]))
    if os.environ.get("TASTEGRAPH_DATA"):
        return f"Put its files ({files}) into $TASTEGRAPH_DATA/{known.name}"
    return (
        f"Put its files ({files}) into a folder named {known.name} and set TASTEGRAPH_DATA, which is not set, "
        "to the folder around it"
    )


def _names(source: Source) -> list[str]:
    return [PurePosixPath(name).name for name in source.files]


def _short(error: BaseException) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        lines = [line for line in (error.stderr or "").splitlines() if line.startswith("ERROR")]
        return lines[-1] if lines else f"pip ended with {error.returncode}"
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return str(reason).splitlines()[0] if str(reason) else type(error).__name__


def _get(source: Source, folder: Path, unfinished: Path, say: Say) -> None:
    """Put each file of `source` into `folder` under its last name."""
    if source.kind == "files":
        for name in source.files:
            download(f"{source.address}/{name}", folder / name, unfinished, say)
        return
    if source.kind == "archive":
        archive = folder / ".archive"
        download(source.address, archive, unfinished, say)
    else:
        archive = _pip_download(source.address, folder)
    if source.digest is not None and (found := digest_of(archive, like=source.digest)) != source.digest:
        raise zipfile.BadZipFile(f"is not the published archive: its digest is {found}, expected {source.digest}")
    unpack(archive, source.files, source.optional, folder)
    archive.unlink()


def _pip_download(requirement: str, folder: Path) -> Path:
    """Download a wheel with the user's own pip and index; it is neither installed nor imported."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    command += ["--no-deps", "--only-binary=:all:", "--dest", str(folder), requirement]
    try:
        # What it lays out meanwhile goes the same way, so that there is one folder to have room.
        with tempfile.TemporaryDirectory(dir=folder.parent) as meanwhile:
            own = os.environ | {"TMPDIR": meanwhile}
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=PIP_SECONDS, env=own)  # noqa: S603 (no shell, fixed words)
    except subprocess.CalledProcessError as error:
        numbers = (int(number) for number in SYSTEM_ERROR.findall(error.stderr or ""))
        if (full := next((number for number in numbers if number in NO_ROOM), None)) is None:
            raise
        raise NoRoomError.of(OSError(full, os.strerror(full)), folder) from error
    return next(folder.glob("*.whl"))


def _record(source: Source, folder: Path) -> None:
    """Write down the SHA-256 of files without a published digest, so that later damage is seen."""
    names = [PurePosixPath(name).name for name, digest in source.files.items() if digest is None]
    if names:
        digests = {name: digest_of(folder / name) for name in names}
        (folder / RECORD).write_text(json.dumps(digests, indent=2) + "\n", encoding="utf-8")


def _put_in_place(folder: Path, target: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    sync_folder(folder)
    folder.chmod(0o755)
    if target.exists():  # an altered copy
        shutil.rmtree(target)
    folder.rename(target)
    sync_folder(target.parent)
