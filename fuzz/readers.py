"""Feed the readers bytes that coverage leads to: whatever they are, the only error is a DataError.

Usage: python -m fuzz.readers [CORPUS_FOLDER] [-max_total_time=SECONDS] and other options of libFuzzer.
"""

from __future__ import annotations

import gzip
import io
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["tastegraph.data"]):
    from tastegraph.data.load import load
    from tastegraph.data.options import ColumnOptions, ReadOptions
    from tastegraph.data.splits import Split
    from tastegraph.errors import DataError

from fuzz.target import fuzz

HEADS = (
    b"", b"user,item,rating,timestamp\n", b"user_id:token\titem_id:token\trating:float\n", b"user::item::time\n",
    b'{"user": 1, "item": 2, "rating": 3}\n', b"user;item;note\n", b"PAR1", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd",
)  # fmt: skip
NAMES = ("r.csv", "ratings.dat", "r.inter", "r.gz")
OPTIONS = (
    ReadOptions(),
    ReadOptions(columns=ColumnOptions(header=False)),
    ReadOptions(columns=ColumnOptions(part="note", rating="none")),
    ReadOptions(duplicates="refuse"),
)
FOLDER = Path(tempfile.mkdtemp(prefix="tastegraph-fuzz-"))


def one_input(data: bytes) -> None:
    """Read one made file; the first bytes choose its name, its head and how it is read."""
    if len(data) < 4:
        return
    name, head, options, packed = NAMES[data[0] % 4], HEADS[data[1] % len(HEADS)], OPTIONS[data[2] % 4], data[3] % 8
    content = head + data[4:]
    if packed == 0:
        content = gzip.compress(content, 1)
    path = FOLDER / name
    path.write_bytes(content)
    try:
        dataset = load(str(path), options=options)
    except DataError as error:
        if "\n" in str(error):
            raise AssertionError("an error of several lines") from error
        return
    rated = dataset.interactions
    if not (len(rated) and len(rated.user) == len(rated.item) and int(rated.user.max()) < len(rated.users)):
        raise AssertionError("interactions that do not hold together")


def saved_split(data: bytes) -> None:
    """Read bytes as a saved split."""
    path = FOLDER / "split.parquet"
    path.write_bytes(data)
    try:
        Split.load(path)
    except DataError:
        return


def both(data: bytes) -> None:
    """Readers, and the saved split for what looks like Parquet."""
    one_input(data)
    if data.startswith(b"PAR1"):
        saved_split(data)


def _seeds() -> list[bytes]:
    """A few sound files to start from."""
    import polars as pl

    table = pl.DataFrame({"user": [1, 2], "item": ["a", "b"], "rating": [1.0, 2.0], "timestamp": [10**9, 10**9 + 1]})
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    contents = [b"1,2,3,4\n5,6,7,8\n", b'"a ""b""",x,1,2020-01-01\r\n', b"1::2::3\n", table.write_ndjson().encode()]
    return [
        bytes([0, head, 0, 1]) + content for content in [*contents, buffer.getvalue()] for head in range(len(HEADS))
    ]


if __name__ == "__main__":
    fuzz(both, _seeds())
