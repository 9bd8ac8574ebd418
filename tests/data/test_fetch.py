"""Fetching against a real HTTP server on loopback; the recbole wheel comes from the user's own package index."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import http.server
import threading
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import polars.testing
import pytest

from tastegraph.data.catalog import CATALOG, KnownDataset, Source
from tastegraph.data.fetch import locate
from tastegraph.data.load import load
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CONTENT = b"0 1 2\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASTEGRAPH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder served over HTTP on loopback, and its address."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def send_header(self, keyword: str, value: str) -> None:
        # cut.zip claims to be longer than it is: what an interrupted download looks like.
        if keyword == "Content-Length" and self.path.endswith("cut.zip"):
            value = str(int(value) + 1000)
        super().send_header(keyword, value)


def _known(*sources: Source) -> KnownDataset:
    return KnownDataset("toy", "made by a test", 1, 2, 2, "none", "nobody", sources)


def _zip(path: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr(name, content)


def test_an_archive_is_unpacked_verified_and_cached(shelf: tuple[Path, str], tmp_path: Path) -> None:
    folder, address = shelf
    _zip(folder / "toy.zip", "deep/train.txt", CONTENT)
    known = _known(Source("archive", f"{address}/toy.zip", {"deep/train.txt": DIGEST}))
    said: list[str] = []
    place = locate(known, said.append)
    assert place == tmp_path / "cache" / "toy"
    assert (place / "train.txt").read_bytes() == CONTENT
    assert [path.name for path in place.iterdir()] == ["train.txt"]
    assert said == [f"fetching toy from {address}/toy.zip"]
    assert locate(known, said.append) == place
    assert len(said) == 1  # the second time it is there


def test_an_altered_file_is_never_used_and_the_next_source_is_tried(shelf: tuple[Path, str]) -> None:
    folder, address = shelf
    _zip(folder / "bad.zip", "train.txt", b"0 1 3\n")
    (folder / "train.txt").write_bytes(CONTENT)
    known = _known(
        Source("archive", f"{address}/bad.zip", {"train.txt": DIGEST}), Source("files", address, {"train.txt": DIGEST})
    )
    said: list[str] = []
    assert (locate(known, said.append) / "train.txt").read_bytes() == CONTENT
    assert any("is not the published file" in line for line in said)


@pytest.mark.parametrize("name", ["cut.zip", "missing.zip"])
def test_an_interrupted_or_absent_download_leaves_nothing(shelf: tuple[Path, str], tmp_path: Path, name: str) -> None:
    folder, address = shelf
    _zip(folder / "cut.zip", "train.txt", CONTENT)
    known = _known(Source("archive", f"{address}/{name}", {"train.txt": DIGEST}))
    with pytest.raises(DataError, match="toy could not be fetched"):
        locate(known, lambda _: None)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_damaged_cache_is_fetched_again(shelf: tuple[Path, str], tmp_path: Path) -> None:
    folder, address = shelf
    (folder / "train.txt").write_bytes(CONTENT)
    known = _known(Source("files", address, {"train.txt": DIGEST}))
    place = locate(known, lambda _: None)
    (place / "train.txt").write_bytes(CONTENT[:3])
    said: list[str] = []
    assert (locate(known, said.append) / "train.txt").read_bytes() == CONTENT
    assert "SHA-256" in said[0]


def test_data_at_hand_is_used_as_it_is_and_refused_when_altered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "hand" / "toy"
    place.mkdir(parents=True)
    (place / "train.txt").write_bytes(CONTENT)
    monkeypatch.setenv("TASTEGRAPH_DATA", str(place.parent))
    known = _known(Source("files", "http://127.0.0.1:1", {"train.txt": DIGEST}))
    assert locate(known, lambda _: None) == place
    (place / "train.txt").write_bytes(b"0 1 9\n")
    with pytest.raises(DataError, match=r"train.txt: is not the published file"):
        locate(known, lambda _: None)
    assert (place / "train.txt").read_bytes() == b"0 1 9\n"


def test_the_wheels_copy_of_movielens_100k_equals_the_original(
    monkeypatch: pytest.MonkeyPatch, real_data: Callable[[str], Path]
) -> None:
    original = load(str(real_data("ml-100k")))
    monkeypatch.delenv("TASTEGRAPH_DATA")
    known = CATALOG["ml-100k"]
    wheel = dataclasses.replace(known, sources=known.sources[1:])
    try:
        folder = locate(wheel, lambda _: None)
    except DataError as error:
        pytest.skip(f"no package index: {error}")
    copy = load(str(folder))
    for name in ("user", "item", "value", "time"):
        assert np.array_equal(getattr(copy.interactions, name), getattr(original.interactions, name))
    assert copy.item_table is not None
    assert original.item_table is not None
    polars.testing.assert_frame_equal(copy.item_table, original.item_table)
    assert copy.user_table is not None
    assert original.user_table is not None
    polars.testing.assert_frame_equal(copy.user_table, original.user_table)
