"""Open a ratings file whatever it is wrapped in: a file, standard input, gzip or Zstandard.

What a file is, is told by its first bytes and not by its name. What is compressed or comes from standard input is laid
out in a temporary file, which is gone when the reading ends.
"""

from __future__ import annotations

import gzip
import re
import shutil
import sys
import tempfile
import zlib
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from tastegraph.errors import DataError
from tastegraph.files import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["GZIP", "PARQUET", "STDIN", "ZSTD", "Opened", "most_unpacked", "must_hold_something", "opened"]

STDIN = "-"
GZIP, ZSTD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
# What is not read, by its first bytes.
REFUSED = (
    (re.compile(rb"PK\x03\x04"), "is a zip archive; expected the ratings file itself, which may be .gz or .zst"),
    (re.compile(rb"\xfd7zXZ\x00"), "is compressed by xz; expected a plain file, .gz or .zst"),
    (re.compile(rb"BZh[1-9]1AY&SY"), "is compressed by bzip2; expected a plain file, .gz or .zst"),
    (re.compile(rb"\xff\xfe|\xfe\xff"), "is UTF-16 text; expected UTF-8"),
)
JSON_ARRAY = re.compile(rb"\[\s*(\{|$)")
Form = Literal["text", "parquet", "json lines"]
# Text that people rate films in shrinks to a third or a tenth. What grows a thousandfold was made to fill the disk.
MOST_GROWTH, SMALL_ENOUGH = 200, 64 << 20
BLOCK = 1 << 20
PACKED_BLOCK = 1 << 12  # a few bytes may unpack to very many: 4 KiB to 128 MiB at most


@dataclass(frozen=True)
class Opened:
    """A file as it can be read.

    Attributes:
        path: the plain file.
        shown: what the user calls it, for messages.
        form: "text" (delimited), "parquet" or "json lines".
        wrapping: "gzip", "zstd" or None.
    """

    path: Path
    shown: Path
    form: Form
    wrapping: str | None = None


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """Hand out a ratings file as a plain one; `-` is standard input.

    Raises:
        DataError: there is no such file, it is empty, packed in another way, damaged, or grows beyond all measure.
    """
    with ExitStack() as stack:
        shown, plain = path, path
        if str(path) == STDIN:
            shown = Path("standard input")
            plain = _temporary(stack)
            if sys.stdin is None:
                raise DataError("is closed", path=shown)
            _lay_out(sys.stdin.buffer, plain)
        must_hold_something(plain, shown)
        head = _head(plain)
        wrapping = "gzip" if head.startswith(GZIP) else "zstd" if head.startswith(ZSTD) else None
        if wrapping is not None:
            packed, plain = plain, _temporary(stack)
            _unwrap(packed, plain, wrapping, shown)
            if plain.stat().st_size == 0:
                raise DataError("is empty", path=shown)
            head = _head(plain)
        if (refused := next((what for start, what in REFUSED if start.match(head)), None)) is not None:
            raise DataError(refused, path=shown)
        if JSON_ARRAY.match(_bare(head)):
            raise DataError(
                "is a JSON array; expected JSON lines: an object a line, without brackets or commas around",
                path=shown,
                line=1,
            )
        try:
            yield Opened(plain, shown, _form(head), wrapping)
        except DataError as error:
            if error.path == plain:  # the user knows it by another name
                raise DataError(error.message, path=shown, line=error.line) from error
            raise


def _lay_out(source: IO[bytes], plain: Path) -> None:
    try:
        with plain.open("wb") as file:
            shutil.copyfileobj(source, file, BLOCK)
    except OSError as error:
        reason = reason_of(error)
        raise DataError(f"cannot be laid out in {plain.parent.parent} ({reason})", path="standard input") from error


def _temporary(stack: ExitStack) -> Path:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tastegraph-"))
    return Path(folder) / "plain"


def must_hold_something(path: Path, shown: Path) -> None:
    """Refuse a file that is not there, is no file or is empty.

    Args:
        path: of the file.
        shown: what the user calls it.

    Raises:
        DataError: it is one of these.
    """
    if not path.exists():
        raise DataError("no such file", path=shown)
    if not path.is_file():
        raise DataError("is not a file", path=shown)
    if path.stat().st_size == 0:
        raise DataError("is empty", path=shown)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096)


def _form(head: bytes) -> Form:
    if head.startswith(PARQUET):
        return "parquet"
    return "json lines" if _bare(head).startswith(b"{") else "text"


def _bare(head: bytes) -> bytes:
    """The start of a text without a byte order mark and what is blank."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()


def most_unpacked(packed: int) -> int:
    """Bytes that so many packed ones may unpack to."""
    return max(SMALL_ENOUGH, MOST_GROWTH * packed)


def _unwrap(packed: Path, plain: Path, wrapping: str, shown: Path) -> None:
    most = most_unpacked(packed.stat().st_size)
    unpacked = _gunzipped if wrapping == "gzip" else _unzstd
    try:
        with packed.open("rb") as source, plain.open("wb") as target:
            written = 0
            for block in unpacked(source):
                written += len(block)
                if written > most:
                    raise DataError(
                        f"unpacks to more than {MOST_GROWTH} times its size; expected a ratings file", path=shown
                    )
                target.write(block)
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise DataError(f"is damaged gzip ({error})", path=shown) from error
        reason = reason_of(error)
        raise DataError(f"cannot be unpacked into {plain.parent.parent} ({reason})", path=shown) from error
    except (EOFError, zlib.error, _zstd_error()) as error:
        raise DataError(f"is damaged {wrapping} ({error or 'it ends too early'})", path=shown) from error


def _gunzipped(source: IO[bytes]) -> Iterator[bytes]:
    with gzip.open(source) as inside:
        while block := inside.read(BLOCK):
            yield block


def _unzstd(source: IO[bytes]) -> Iterator[bytes]:
    """The content of all frames, some packed bytes at a time; zstandard's own reader takes a cut frame for a whole one.

    Raises:
        EOFError: the last frame is cut.
    """
    import zstandard

    machine = zstandard.ZstdDecompressor(max_window_size=1 << 31)
    frame = None
    while packed := source.read(PACKED_BLOCK):
        while packed:
            frame = frame or machine.decompressobj()
            yield frame.decompress(packed)
            packed = frame.unused_data if frame.eof else b""
            frame = None if frame.eof else frame
    if frame is not None:
        raise EOFError("it ends too early")


def _zstd_error() -> type[Exception]:
    import zstandard

    return zstandard.ZstdError
