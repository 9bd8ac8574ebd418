"""Whatever the bytes, the readers either read them or raise a DataError of one line."""

from __future__ import annotations

import contextlib
import gzip
import io
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tastegraph.data.load import load
from tastegraph.data.options import ColumnOptions, ReadOptions
from tastegraph.data.splits import Split
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

HEADS = st.sampled_from(
    [b"", b"user,item,rating,timestamp\n", b"user\titem\tnote\n", b"user::item::time\n", b'{"user": 1, "item": 2}\n']
)
# Bytes of the kind that tables are made of come more often than others.
CELLS = st.lists(
    st.sampled_from(
        [b"1", b"a", b",", b"\t", b"::", b"\n", b"\r\n", b'"', b"nan", b"2020-01-01", b"1e400", b" ", b"\0", b"\xff",
         b"\xef\xbb\xbf",
         b"\xc3\xa9", b'{"user": 1, "item": "x"}', b"-0", b"007", b"9" * 25]
    ),
    max_size=40,
).map(b"".join)  # fmt: skip
OPTIONS = st.sampled_from(
    [
        ReadOptions(),
        ReadOptions(columns=ColumnOptions(header=False)),
        ReadOptions(columns=ColumnOptions(time="none")),
        ReadOptions(duplicates="highest"),
    ]
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def _read(path: Path, content: bytes, options: ReadOptions | None = None) -> None:
    path.write_bytes(content)
    said = _refusal(path, options)
    assert said.startswith(str(path)) or not said
    assert "\n" not in said


def _refusal(path: Path, options: ReadOptions | None) -> str:
    """What a DataError says, or nothing where the file was read and holds together."""
    try:
        rated = load(str(path), options=options).interactions
    except DataError as error:
        return str(error)
    assert len(rated)
    assert (np.bincount(rated.user, minlength=len(rated.users)) > 0).all()
    assert (np.bincount(rated.item, minlength=len(rated.items)) > 0).all()
    assert rated.value is None or np.isfinite(rated.value).all()
    return ""


@settings(max_examples=300)
@given(HEADS, st.one_of(CELLS, st.binary(max_size=200)), OPTIONS, st.sampled_from(["r.csv", "r.dat"]))
def test_text(place: Path, head: bytes, content: bytes, options: ReadOptions, name: str) -> None:
    _read(place / name, head + content, options)


@settings(max_examples=60)
@given(HEADS, CELLS, st.sampled_from([gzip.compress, zstandard.compress]), st.integers(0, 400), st.integers(0, 255))
def test_damaged_wrappings(place: Path, head: bytes, content: bytes, pack: object, at: int, byte: int) -> None:
    packed = bytearray(pack(head + content))  # type: ignore[operator]
    packed[at % len(packed)] = byte
    _read(place / "r.gz", bytes(packed))


def _parquet() -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame({"user": [1, 2], "item": ["a", "b"], "rating": [1.0, 2.0], "part": ["fit", "test"]}).write_parquet(
        buffer
    )
    return buffer.getvalue()


PARQUET = _parquet()


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, len(PARQUET) - 1), st.integers(0, 255)), min_size=1, max_size=4), st.booleans()
)
def test_damaged_parquet(place: Path, changes: list[tuple[int, int]], cut: bool) -> None:
    content = bytearray(PARQUET)
    for at, byte in changes:
        content[at] = byte
    content = content[: changes[0][0]] if cut else content
    path = place / "r.parquet"
    _read(path, bytes(content))
    with contextlib.suppress(DataError):
        Split.load(path)
