"""Fetching against a real HTTP server on loopback; the recbole wheel comes from the user's own package index."""

from __future__ import annotations

import dataclasses
import hashlib
import random
import resource
import signal
import stat
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars.testing
import pytest

from tastegraph.data.catalog import CATALOG, KnownDataset, Source
from tastegraph.data.fetch import locate, missing_files
from tastegraph.data.load import load
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.data.conftest import Shelf

CONTENT = b"0 1 2\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASTEGRAPH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("tastegraph.data.download.PAUSE_SECONDS", 0.0)


def _known(*sources: Source) -> KnownDataset:
    return KnownDataset("toy", "made by a test", 1, 2, 2, "none", "nobody", sources)


def _visible(folder: Path) -> list[str]:
    """What is there for others to see: locks and unfinished downloads are hidden."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def _zip(path: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr(name, content)


def test_an_archive_is_unpacked_verified_and_cached(shelf: Shelf, tmp_path: Path) -> None:
    folder, address = shelf.folder, shelf.address
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


def test_an_altered_file_is_never_used_and_the_next_source_is_tried(shelf: Shelf) -> None:
    folder, address = shelf.folder, shelf.address
    _zip(folder / "bad.zip", "train.txt", b"0 1 3\n")
    (folder / "train.txt").write_bytes(CONTENT)
    known = _known(
        Source("archive", f"{address}/bad.zip", {"train.txt": DIGEST}), Source("files", address, {"train.txt": DIGEST})
    )
    said: list[str] = []
    assert (locate(known, said.append) / "train.txt").read_bytes() == CONTENT
    assert any("is not the published file" in line for line in said)


def test_an_absent_download_leaves_nothing(shelf: Shelf, tmp_path: Path) -> None:
    known = _known(Source("archive", f"{shelf.address}/missing.zip", {"train.txt": DIGEST}))
    with pytest.raises(DataError, match="toy could not be fetched"):
        locate(known, lambda _: None)
    assert _visible(tmp_path / "cache") == []
    assert list((tmp_path / "cache" / ".unfinished").iterdir()) == []


def test_an_interrupted_download_goes_on_where_it_stopped(shelf: Shelf, tmp_path: Path) -> None:
    """Cut off twice, then out of order for good: the next fetch asks only for the rest."""
    content = random.Random(0).randbytes(50_000)
    (shelf.folder / "train.txt").write_bytes(content)
    known = _known(Source("files", shelf.address, {"train.txt": hashlib.sha256(content).hexdigest()}))
    shelf.cuts = [20_000, 10_000]
    shelf.answers = [None, None, 503, 503, 503, 503]
    with pytest.raises(DataError, match="toy could not be fetched"):
        locate(known, lambda _: None)
    assert _visible(tmp_path / "cache") == []
    shelf.answers = []
    assert (locate(known, lambda _: None) / "train.txt").read_bytes() == content
    assert shelf.ranges[:2] == [None, "bytes=20000-"]
    assert shelf.ranges[-1] == "bytes=30000-"
    assert list((tmp_path / "cache" / ".unfinished").iterdir()) == []


def test_another_file_by_now_is_got_from_its_start(shelf: Shelf) -> None:
    (shelf.folder / "train.txt").write_bytes(b"x" * 5000)
    known = _known(Source("files", shelf.address, {"train.txt": DIGEST}))
    shelf.cuts, shelf.answers = [1000], [None, 503, 503, 503]
    with pytest.raises(DataError, match="could not be fetched"):
        locate(known, lambda _: None)
    (shelf.folder / "train.txt").write_bytes(CONTENT)
    shelf.answers = []
    assert (locate(known, lambda _: None) / "train.txt").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("name", "content", "mode", "expected"),
    [
        ("../train.txt", CONTENT, 0o644, "holds '../train.txt', which leads out of its folder"),
        ("/etc/train.txt", CONTENT, 0o644, "leads out of its folder"),
        ("a/../../train.txt", CONTENT, 0o644, "leads out of its folder"),
        ("C:/train.txt", CONTENT, 0o644, "leads out of its folder"),
        ("..\\train.txt", CONTENT, 0o644, "leads out of its folder"),
        ("link.txt", b"/etc/passwd", stat.S_IFLNK | 0o777, "holds 'link.txt', which is a link"),
        ("train.txt", bytes(80 << 20), 0o644, "would grow to 83,886,080 bytes"),
        ("other.txt", CONTENT, 0o644, "holds no train.txt"),
    ],
)
def test_an_archive_made_to_do_harm_is_refused(
    shelf: Shelf, tmp_path: Path, name: str, content: bytes, mode: int, expected: str
) -> None:
    member = zipfile.ZipInfo(name)
    member.external_attr = mode << 16
    member.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(shelf.folder / "evil.zip", "w") as bundle:
        if name not in {"train.txt", "other.txt"}:
            bundle.writestr("train.txt", CONTENT)
        bundle.writestr(member, content)
    known = _known(Source("archive", f"{shelf.address}/evil.zip", {"train.txt": DIGEST}))
    with pytest.raises(DataError) as caught:
        locate(known, lambda _: None)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert _visible(tmp_path / "cache") == []
    assert _visible(tmp_path) == ["cache", "served"]


def test_a_size_that_is_a_lie_does_not_get_past_the_limit(shelf: Shelf) -> None:
    """The member says it is small; what comes out is cut off."""
    path = shelf.folder / "liar.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("train.txt", bytes(70 << 20))
    raw = path.read_bytes()
    path.write_bytes(raw.replace((70 << 20).to_bytes(4, "little"), (5).to_bytes(4, "little")))
    known = _known(Source("archive", f"{shelf.address}/liar.zip", {"train.txt": DIGEST}))
    with pytest.raises(DataError, match="toy could not be fetched"):
        locate(known, lambda _: None)


def test_an_archive_that_is_not_the_published_one_is_not_even_opened(shelf: Shelf, tmp_path: Path) -> None:
    _zip(shelf.folder / "toy.zip", "train.txt", CONTENT)
    known = _known(Source("archive", f"{shelf.address}/toy.zip", {"train.txt": None}, digest="0" * 32))
    with pytest.raises(DataError, match=r"is not the published archive: its digest is [0-9a-f]{32}, expected 0000"):
        locate(known, lambda _: None)
    assert _visible(tmp_path / "cache") == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_told_in_one_line_and_leaves_nothing(shelf: Shelf, tmp_path: Path) -> None:
    """The unfinished file is /dev/full: the system itself refuses the write."""
    (shelf.folder / "train.txt").write_bytes(CONTENT * 1000)
    known = _known(Source("files", shelf.address, {"train.txt": DIGEST}))
    part = hashlib.sha256(f"{shelf.address}/train.txt".encode()).hexdigest()[:24] + ".part"
    unfinished = tmp_path / "cache" / ".unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / part).symlink_to("/dev/full")
    with pytest.raises(
        DataError,
        match=r"cache: toy cannot be written \(the disk is full: no space left on device\); \$TASTEGRAPH_CACHE names",
    ):
        locate(known, lambda _: None)
    assert _visible(tmp_path / "cache") == []
    assert list(unfinished.iterdir()) == []


def test_no_room_to_unpack_is_told_and_leaves_nothing(shelf: Shelf, tmp_path: Path) -> None:
    """The archive is small enough to be written, what it holds is not."""
    with zipfile.ZipFile(shelf.folder / "toy.zip", "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("train.txt", CONTENT * 100_000)
    known = _known(Source("archive", f"{shelf.address}/toy.zip", {"train.txt": DIGEST}))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(DataError, match=r"cache: toy cannot be written \(file too large\)"):
            locate(known, lambda _: None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert _visible(tmp_path / "cache") == []


def test_no_room_for_a_wheel_is_told_with_its_folder_and_leaves_nothing(tmp_path: Path) -> None:
    wheel = tmp_path / "toy-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as bundle:
        bundle.writestr("train.txt", random.Random(0).randbytes(1_000_000))
        bundle.writestr("toy-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
        bundle.writestr("toy-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        bundle.writestr("toy-1.0.dist-info/RECORD", "")
    known = _known(Source("wheel", str(wheel), {"train.txt": None}))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))  # a disk with no more room says the same way
    try:
        with pytest.raises(DataError, match=r"cache: toy cannot be written .*TASTEGRAPH_CACHE names another folder"):
            locate(known, lambda _: None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert _visible(tmp_path / "cache") == []


def test_what_a_killed_process_left_aside_is_cleared_away(shelf: Shelf, tmp_path: Path) -> None:
    (shelf.folder / "train.txt").write_bytes(CONTENT)
    stale = tmp_path / "cache" / ".toy.dead"
    stale.mkdir(parents=True)
    (stale / "half").write_bytes(b"half")
    locate(_known(Source("files", shelf.address, {"train.txt": DIGEST})), lambda _: None)
    assert not stale.exists()


ONE_FETCH = """
import sys
from tastegraph.data.catalog import KnownDataset, Source
from tastegraph.data.fetch import locate, missing_files
known = KnownDataset("toy", "", 1, 2, 2, "", "", (Source("files", sys.argv[1], {"train.txt": sys.argv[2]}),))
print(locate(known, lambda line: print(line, file=sys.stderr)))
"""


KILLED = """
import os, signal
from tastegraph.data import download
through = download._write_through
def killed(file, block):
    through(file, block)
    os.kill(os.getpid(), signal.SIGKILL)
download._write_through = killed
"""


def test_a_killed_process_leaves_nothing_to_read_and_the_next_goes_on_from_there(shelf: Shelf, tmp_path: Path) -> None:
    content = random.Random(0).randbytes(3_000_000)
    (shelf.folder / "train.txt").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    killed = subprocess.run([sys.executable, "-c", KILLED + ONE_FETCH, shelf.address, digest], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert _visible(tmp_path / "cache") == []
    got = next((tmp_path / "cache" / ".unfinished").glob("*.part")).stat().st_size
    assert 0 < got < len(content)
    place = locate(_known(Source("files", shelf.address, {"train.txt": digest})), lambda _: None)
    assert (place / "train.txt").read_bytes() == content
    assert shelf.ranges == [None, f"bytes={got}-"]
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == [".locks", ".unfinished", "toy"]


def test_two_processes_fetch_once(shelf: Shelf, tmp_path: Path) -> None:
    """The server holds its answer to the one until the other says that it waits."""
    (shelf.folder / "train.txt").write_bytes(CONTENT)
    shelf.hold.clear()
    command = [sys.executable, "-c", ONE_FETCH, shelf.address, DIGEST]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]

    def release(process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            if line == "another process is fetching toy; waiting for it\n":
                shelf.hold.set()

    listeners = [threading.Thread(target=release, args=(process,)) for process in both]
    for listener in listeners:
        listener.start()
    for listener in listeners:
        listener.join(timeout=60)
    assert shelf.hold.is_set()
    places = [process.stdout.read().strip() for process in both if process.stdout is not None]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert places == [str(tmp_path / "cache" / "toy")] * 2
    assert len(shelf.ranges) == 1
    for process in both:
        process.stdout.close()  # type: ignore[union-attr]
        process.stderr.close()  # type: ignore[union-attr]


def test_files_without_a_published_digest_are_watched_from_their_unpacking_on(shelf: Shelf) -> None:
    _zip(shelf.folder / "toy.zip", "train.txt", CONTENT)
    digest = hashlib.md5((shelf.folder / "toy.zip").read_bytes()).hexdigest()
    known = _known(Source("archive", f"{shelf.address}/toy.zip", {"train.txt": None}, digest=digest))
    place = locate(known, lambda _: None)
    (place / "train.txt").write_bytes(b"0 9 9\n")
    said: list[str] = []
    assert (locate(known, said.append) / "train.txt").read_bytes() == CONTENT
    assert "is not the published file" in said[0]


def test_a_damaged_cache_is_fetched_again(shelf: Shelf, tmp_path: Path) -> None:
    folder, address = shelf.folder, shelf.address
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


def test_a_folder_that_lacks_files_is_not_whole(tmp_path: Path) -> None:
    known = CATALOG["gowalla"]
    assert missing_files(tmp_path, known) == ["train.txt", "test.txt"]
    (tmp_path / "train.txt").write_bytes(CONTENT)
    assert missing_files(tmp_path, known) == ["test.txt"]
    (tmp_path / "test.txt").write_bytes(CONTENT)
    assert missing_files(tmp_path, known) == []


def test_what_to_do_by_hand_names_the_files_and_whether_the_variable_is_set(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = _known(Source("files", shelf.address, {"deep/train.txt": DIGEST, "deep/test.txt": DIGEST}))
    monkeypatch.delenv("TASTEGRAPH_DATA", raising=False)
    with pytest.raises(DataError, match=r"\(train.txt, test.txt\) into a folder named toy and set TASTEGRAPH_DATA"):
        locate(known, lambda _: None)
    said: list[str] = []
    monkeypatch.setenv("TASTEGRAPH_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"\(train.txt, test.txt\) into \$TASTEGRAPH_DATA/toy"):
        locate(known, said.append)
    assert said[0] == f"warning: TASTEGRAPH_DATA names {tmp_path / 'nowhere'}, which is no folder"
