"""Take files out of a zip archive that may have been made to do harm."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tastegraph.data.download import LARGEST_FILE_BYTES, copy_at_most
from tastegraph.data.opened import most_unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["unpack"]


def unpack(archive: Path, names: Iterable[str], optional: Iterable[str], folder: Path) -> None:
    """Put the named members of an archive into a folder, each under its last name; nothing else is unpacked.

    Raises:
        zipfile.BadZipFile: the archive is damaged, lacks a member, or has one that leads out of its folder, is a link,
            stands twice, or grows beyond all measure.
        NoRoomError: there is no room to write.
    """
    try:
        with zipfile.ZipFile(archive) as bundle:
            members = _safe_members(bundle)
            for name in names:
                if name not in members:
                    raise zipfile.BadZipFile(f"holds no {name}")
            for name in (*names, *(name for name in optional if name in members)):
                _take(bundle, members[name], folder / PurePosixPath(name).name)
    except (zlib.error, RuntimeError, NotImplementedError, EOFError, ValueError, UnicodeDecodeError) as error:
        raise zipfile.BadZipFile(f"cannot be unpacked ({error})") from error


def _safe_members(bundle: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The archive's members by name; one bad name among them and none is trusted."""
    members: dict[str, zipfile.ZipInfo] = {}
    for member in bundle.infolist():
        name = member.filename
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in name or "\0" in name:
            raise zipfile.BadZipFile(f"holds {name!r}, which leads out of its folder")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise zipfile.BadZipFile(f"holds {name!r}, which is a link")
        if name in members:
            raise zipfile.BadZipFile(f"holds {name!r} twice")
        members[name] = member
    return members


def _take(bundle: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    most = min(LARGEST_FILE_BYTES, most_unpacked(member.compress_size))
    if member.file_size > most:
        raise zipfile.BadZipFile(f"{member.filename} would grow to {member.file_size:,} bytes; it is no ratings file")
    with bundle.open(member) as source, path.open("wb") as target:
        copy_at_most(most, source.read, target.write, path)
