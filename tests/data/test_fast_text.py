"""The fast way gives what the careful way gives, and what pandas gives."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tastegraph.data.coded import CodedRows
from tastegraph.data.delimited import read_columns, understand
from tastegraph.data.fast_text import read_fast
from tastegraph.data.interactions import Interactions
from tastegraph.data.line_blocks import line_blocks
from tastegraph.data.options import ColumnOptions
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

IDS = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.integers(0, 30).map(str),
    st.sampled_from(["007", "+1", "-0", "1.0", " 5", "é", "a b", "a:b", "9223372036854775808"]),
)
TIMES = st.one_of(st.integers(0, 2**31).map(str), st.sampled_from(["2020-01-01", "1600000000500", "1e9", "12.5"]))
ROWS = st.lists(st.tuples(IDS, IDS, st.sampled_from(["1", "2.5", " 3", "-4e1"]), TIMES), min_size=1, max_size=12)


def _path(folder: pytest.TempPathFactory, text: str) -> Path:
    path = folder.mktemp("fast") / "r.csv"
    path.write_bytes(text.encode())
    return path


@settings(max_examples=60)
@given(ROWS, st.sampled_from([",", "\t", "::", ";"]), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_both_ways_give_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], by: str, end: str, note: bool, blank: bool
) -> None:
    columns = ["user", "item", "rating", "time", *(["note"] if note else [])]
    lines = [by.join([*row, *(["" if n % 2 else "x"] if note else [])]) for n, row in enumerate(rows)]
    text = end.join([by.join(columns), *lines, ""]) + (end if blank else "")
    path = _path(tmp_path_factory, text)
    layout = understand(path, ColumnOptions())
    fast = read_fast(path, layout)
    try:
        careful = CodedRows.from_frame(read_columns(path, layout))
    except DataError as error:
        assert "as in the lines before" in str(error)  # noqa: PT017 (seconds and milliseconds)
        assert fast is None
        return
    assert fast is not None or note or by == "::" or blank
    if fast is not None:
        _must_equal(fast[0], careful)


def _must_equal(one: CodedRows, other: CodedRows) -> None:
    assert one.users.ids.equals(other.users.ids)
    assert one.items.ids.equals(other.items.ids)
    assert one.columns.keys() == other.columns.keys()
    for name, column in one.columns.items():
        assert column.dtype == other.columns[name].dtype
        assert np.array_equal(column, other.columns[name]), name


def test_text_after_many_integers_makes_the_whole_column_text(tmp_path: Path) -> None:
    """A block boundary lies between them: 7 must not have become a number before 007 was seen."""
    path = tmp_path / "r.csv"
    lines = [f"{n % 1000},{n}" for n in range(900_000)]
    path.write_text("user,item\n" + "\n".join(lines) + "\n007,1\n", encoding="utf-8")
    found = read_fast(path, understand(path, ColumnOptions()))
    assert found is not None
    rows = found[0]
    assert {"7", "007"} <= set(rows.users.ids)
    assert rows.items.ids.dtype.is_integer()
    assert rows.columns["item"][-1] == 1


def test_a_byte_order_mark_within_a_file_is_part_of_an_id(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(b"\xef\xbb\xbfuser,item\n\xef\xbb\xbfa,1\na,2\n")
    assert read_fast(path, understand(path, ColumnOptions())) is None
    frame = read_columns(path, understand(path, ColumnOptions()))
    assert frame["user"].to_list() == ["\ufeffa", "a"]


@pytest.mark.parametrize("size", [1, 7, 16, 1000])
def test_blocks_are_the_file_cut_behind_line_ends(tmp_path: Path, size: int) -> None:
    content = b"one\ntwo two\n\nthree, a line longer than a block\nfour"
    path = tmp_path / "f"
    path.write_bytes(content)
    blocks = list(line_blocks(path, 4, size))
    assert b"".join(blocks) == content[4:]
    assert all(block.endswith(b"\n") for block in blocks[:-1])


@pytest.mark.parametrize("seed", range(3))
def test_pandas_comes_to_the_same_interactions(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 20_000
    frame = pd.DataFrame(
        {
            "user": rng.integers(1, 800, n) * (10**12 if seed == 1 else 1),
            "item": rng.integers(1, 500, n),
            "rating": rng.integers(1, 11, n) / 2,
            "timestamp": rng.integers(10**9, 10**9 + 500, n),
        }
    )
    if seed == 2:
        frame["item"] = "film " + frame["item"].astype(str)
    buffer = io.StringIO()
    frame.to_csv(buffer, index=False)
    path = tmp_path / "r.csv"
    path.write_text(buffer.getvalue(), encoding="utf-8")
    found = read_fast(path, understand(path, ColumnOptions()))
    assert found is not None
    rated, dropped, _ = Interactions.from_rows(found[0])
    peer: Any = frame.sort_values("timestamp", kind="stable").drop_duplicates(["user", "item"], keep="last")
    peer = peer.sort_values(["user", "item"])
    assert dropped == n - len(peer)
    assert rated.user.tolist() == pd.factorize(peer["user"], sort=True)[0].tolist()
    assert rated.item.tolist() == pd.factorize(peer["item"], sort=True)[0].tolist()
    assert rated.value is not None
    assert rated.time is not None
    assert rated.value.tolist() == peer["rating"].tolist()
    assert rated.time.tolist() == peer["timestamp"].tolist()
    assert rated.users.ids.to_list() == sorted(set(frame["user"]))
