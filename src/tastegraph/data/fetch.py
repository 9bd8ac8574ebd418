"""Get a known data set: from a folder at hand, from the cache, or from where it is published, always verified.

A download lands in a folder aside, is verified file by file against the catalog, and is renamed into the cache whole:
an interrupted or altered one is never read.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import platformdirs

from tastegraph.errors import DataError
from tastegraph.files import sha256_of, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from tastegraph.data.catalog import KnownDataset, Source

    Say = Callable[[str], None]

__all__ = ["cache_folder", "locate", "present"]

TIMEOUT_SECONDS = 20.0
LARGEST_FILE_BYTES = 4 << 30


def cache_folder() -> Path:
    """Where fetched data sets are kept: $TASTEGRAPH_CACHE, else the user's cache folder."""
    return Path(os.environ.get("TASTEGRAPH_CACHE") or platformdirs.user_cache_dir("tastegraph"))


def present(known: KnownDataset) -> Path | None:
    """The folder at hand for a known data set ($TASTEGRAPH_DATA first, then the cache), unverified, or None."""
    shelf = os.environ.get("TASTEGRAPH_DATA")
    places = [Path(shelf) / known.name] if shelf else []
    return next((place for place in [*places, cache_folder() / known.name] if place.is_dir()), None)


def locate(known: KnownDataset, say: Say) -> Path:
    """The verified folder of a known data set, fetched if need be.

    Args:
        known: its catalog entry.
        say: told, a line at a time, what happens.

    Raises:
        DataError: a file in $TASTEGRAPH_DATA is missing or altered (it is not ours to replace), or no source
            could be reached.
    """
    folder = present(known)
    cached = cache_folder() / known.name
    if folder is not None:
        fault = _fault(folder, known)
        if fault is None:
            return folder
        if folder != cached:
            raise fault
        say(f"{fault}; fetching it again")
    _fetch(known, cached, say)
    return cached


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
    for name, digest in source.files.items():
        path = folder / PurePosixPath(name).name
        if not path.is_file():
            return DataError("no such file; the data set is incomplete", path=path)
        if (found := sha256_of(path)) != digest:
            return DataError(f"is not the published file: its SHA-256 is {found}, expected {digest}", path=path)
    return None


def _fetch(known: KnownDataset, target: Path, say: Say) -> None:
    refusals = []
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{known.name}.") as aside:
            for source in known.sources:
                folder = Path(tempfile.mkdtemp(dir=aside))
                say(f"fetching {known.name} from {source.address}")
                try:
                    _unpack(source, folder)
                except (
                    OSError,
                    HTTPException,
                    zipfile.BadZipFile,
                    subprocess.SubprocessError,
                ) as error:
                    refusals.append(f"{source.address}: {_short(error)}")
                    say(f"could not get {source.address} ({_short(error)})")
                    continue
                if (fault := _fault_against(folder, source)) is not None:
                    refusals.append(f"{source.address}: {fault}")
                    say(str(fault))
                    continue
                _put_in_place(folder, target)
                return
    except OSError as error:
        raise DataError(f"the cache cannot be written ({_short(error)})", path=target.parent) from error
    raise DataError(
        f"{known.name} could not be fetched ({'; '.join(refusals)}). Put its files into $TASTEGRAPH_DATA/{known.name}"
    )


def _short(error: BaseException) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        lines = [line for line in (error.stderr or "").splitlines() if line.startswith("ERROR")]
        return lines[-1] if lines else f"pip ended with {error.returncode}"
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return str(reason).splitlines()[0] if str(reason) else type(error).__name__


def _unpack(source: Source, folder: Path) -> None:
    """Put each file of `source` into `folder` under its last name."""
    if source.kind == "files":
        for name in source.files:
            _download(f"{source.address}/{name}", folder / name)
        return
    if source.kind == "archive":
        archive = folder / ".archive"
        _download(source.address, archive)
    else:
        archive = _pip_download(source.address, folder)
    if source.sha256 is not None and sha256_of(archive) != source.sha256:
        raise zipfile.BadZipFile(f"{archive.name} is not the published archive")
    with zipfile.ZipFile(archive) as bundle:
        for name in source.files:
            try:
                member = bundle.open(name)
            except KeyError as error:
                raise zipfile.BadZipFile(f"holds no {name}") from error
            # Only the names the catalog lists are opened, and none of them decides where it is written.
            with member, (folder / PurePosixPath(name).name).open("wb") as file:
                _copy_at_most(LARGEST_FILE_BYTES, member.read, file.write)
    archive.unlink()


def _download(address: str, path: Path) -> None:
    request = urllib.request.Request(address, headers={"User-Agent": "tastegraph"})
    with (
        urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer,
        path.open("wb") as file,
    ):
        _copy_at_most(LARGEST_FILE_BYTES, answer.read, file.write)
        expected = answer.headers.get("Content-Length")
    if expected is not None and path.stat().st_size != int(expected):
        raise urllib.error.URLError(f"interrupted after {path.stat().st_size:,} of {int(expected):,} bytes")


def _copy_at_most(limit: int, read: Callable[[int], bytes], write: Callable[[bytes], int]) -> None:
    copied = 0
    while block := read(1 << 20):
        copied += len(block)
        if copied > limit:
            raise OSError(f"larger than {limit:,} bytes")
        write(block)


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
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)  # noqa: S603 (no shell, fixed words)
    return next(folder.glob("*.whl"))


def _put_in_place(folder: Path, target: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    sync_folder(folder)
    folder.chmod(0o755)
    if target.exists():  # an altered copy, or another process was faster with the same, verified files
        shutil.rmtree(target)
    folder.rename(target)
    sync_folder(target.parent)
