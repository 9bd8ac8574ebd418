"""The catalog, and each entry's loader proved on a small archive in the layout that is published."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import zipfile
from typing import TYPE_CHECKING

import pytest

from tastegraph.data.catalog import CATALOG, KnownDataset, Source
from tastegraph.data.load import load
from tastegraph.errors import DataError
from tastegraph.files import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.data.conftest import Shelf

# A small data set in each layout: 2 users, 3 rated items, 4 interactions.
ROWS = [(1, 10, 5, 964982703), (1, 20, 3, 964981247), (2, 10, 4, 964982224), (2, 30, 1, 964983815)]
HALVES = [(user, item, f"{value}.5", time) for user, item, value, time in ROWS]


def _joined(rows: Sequence[tuple[object, ...]], by: str, end: str = "\n") -> str:
    return "".join(by.join(map(str, row)) + end for row in rows)


LAYOUTS = {
    "u.data": _joined(ROWS, "\t"),
    "u.item": _joined([(n, f"Film {n} (199{n // 10})", "", "", "", 0, 1) for n in (10, 20, 30)], "|"),
    "u.user": "1|24|M|writer|85711\n2|53|F|other|94043\n",
    "u.genre": "unknown|0\nDrama|1\n",
    "ratings.dat": _joined(ROWS, "::"),
    "movies.dat": _joined([(n, f"Film {n} (199{n // 10})", "Drama|War") for n in (10, 20, 30, 40)], "::"),
    "users.dat": "1::F::1::10::48067\n2::M::56::16::70072\n",
    "ratings.csv": "userId,movieId,rating,timestamp\r\n" + _joined(HALVES, ",", "\r\n"),
    "movies.csv": "movieId,title,genres\r\n"
    + _joined([(n, f'"Film, the {n} (199{n // 10})"', "Drama|War") for n in (10, 20, 30, 40)], ",", "\r\n"),
    "train.txt": "1 10 20 \n2 10\n",
    "test.txt": "2 30\n",
}


def _serve(known: KnownDataset, shelf: Shelf) -> KnownDataset:
    """The data set's first source as a small one on the shelf, with the digests of what lies there."""
    source = known.sources[0]
    content = {name: LAYOUTS[name.rpartition("/")[2]].encode() for name in source.files}
    digests = {name: hashlib.sha256(text).hexdigest() if source.files[name] else None for name, text in content.items()}
    if source.kind == "files":
        for name, text in content.items():
            (shelf.folder / name).write_bytes(text)
        small = Source("files", shelf.address, digests)
    else:
        path = shelf.folder / "small.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
            bundle.writestr(next(iter(content)).partition("/")[0] + "/README.txt", "left where it is")
            for name, text in content.items():
                bundle.writestr(name, text)
        digest = digest_of(path, like=source.digest) if source.digest else None
        small = Source("archive", f"{shelf.address}/small.zip", digests, digest=digest)
    return dataclasses.replace(known, users=2, items=3, interactions=4, sources=(small,))


@pytest.mark.parametrize("name", CATALOG)
def test_a_small_archive_in_its_layout_is_fetched_and_loaded(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("TASTEGRAPH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TASTEGRAPH_DATA", raising=False)
    monkeypatch.setattr("tastegraph.data.load.CATALOG", {name: _serve(CATALOG[name], shelf)})
    dataset = load(name)
    rows = dataset.interactions.to_frame().select("user", "item").rows()
    assert rows == [(1, 10), (1, 20), (2, 10), (2, 30)]
    if dataset.published_test is not None:
        assert dataset.published_test.tolist() == [False, False, False, True]
        return
    assert dataset.interactions.value is not None
    whole = name in {"ml-100k", "ml-1m", "ml-10m"}  # 10m has halves, too; the layout is what counts here
    assert dataset.interactions.value.tolist() == ([5.0, 3.0, 4.0, 1.0] if whole else [5.5, 3.5, 4.5, 1.5])
    assert dataset.interactions.time is not None
    assert dataset.interactions.time[0] == 964982703
    assert dataset.item_table is not None
    assert dataset.item_table.columns == ["item", "title", "year", "genres"]
    assert dataset.item_table.row(0)[::2] == (10, 1991)
    assert "Drama" in dataset.item_table["genres"][0]
    people = dataset.user_table is not None
    assert people == (name in {"ml-100k", "ml-1m"})


def test_a_data_set_that_does_not_hold_what_was_published_is_refused(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASTEGRAPH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TASTEGRAPH_DATA", raising=False)
    wrong = dataclasses.replace(_serve(CATALOG["ml-25m"], shelf), interactions=5)
    monkeypatch.setattr("tastegraph.data.load.CATALOG", {"ml-25m": wrong})
    with pytest.raises(DataError, match="holds 2 users, 3 items, 4 interactions; published are 2, 3, 5"):
        load("ml-25m")


def test_every_entry_says_where_it_is_from_what_is_allowed_and_what_was_checked() -> None:
    assert list(CATALOG) == [
        "ml-100k", "ml-1m", "ml-10m", "ml-20m", "ml-25m", "ml-32m", "ml-latest-small", "gowalla", "yelp2018",
        "amazon-book",
    ]  # fmt: skip
    for known in CATALOG.values():
        assert known.licence
        assert known.citation
        assert known.layout
        for source in known.sources:
            assert source.checked
            assert source.kind == "wheel" or source.address.startswith("https://")
            digests = [*source.files.values(), *source.optional.values(), source.digest]
            assert all(re.fullmatch("[0-9a-f]{32}|[0-9a-f]{64}", digest) for digest in digests if digest is not None)
            # What has no digest of its own is vouched for by its archive's.
            assert source.digest is not None or None not in source.files.values()


@pytest.mark.parametrize("name", ["ml-100k", "ml-1m", "ml-latest-small", "gowalla", "yelp2018"])
def test_digests_that_are_said_to_be_checked_are_those_of_the_real_files(
    real_data: Callable[[str], Path], name: str
) -> None:
    folder = real_data(name)
    source = CATALOG[name].sources[0]
    assert source.checked.startswith("files: against real files")
    for file, digest in (*source.files.items(), *source.optional.items()):
        assert digest_of(folder / file.rpartition("/")[2], like=digest) == digest


@pytest.mark.parametrize("name", ["ml-100k", "ml-1m", "ml-latest-small", "gowalla", "yelp2018"])
def test_a_real_data_set_holds_what_the_catalog_says(real_data: Callable[[str], Path], name: str) -> None:
    """`load` itself refuses other counts than these."""
    real_data(name)
    rated = load(name).interactions
    known = CATALOG[name]
    assert (len(rated.users), len(rated.items), len(rated)) == (known.users, known.items, known.interactions)


@pytest.mark.parametrize("files", ["ratings.dat, movies.dat", "ratings.dat, movies.dat, users.dat"])
def test_the_layout_names_the_files_that_are_there(tmp_path: Path, files: str) -> None:
    for name in files.split(", "):
        (tmp_path / name).write_text(LAYOUTS[name], encoding="utf-8")
    assert load(str(tmp_path)).understood == f"MovieLens 1M layout ({files})"
