"""The catalog, and each entry's loader proved on a small archive in the layout that is published."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tastegraph.data.catalog import CATALOG, KnownDataset, Source
from tastegraph.data.load import load
from tastegraph.errors import DataError
from tastegraph.files import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.data.conftest import Shelf

# A small data set in each layout: 2 users, 3 rated items, 4 interactions.
ROWS = [(1, 10, 5, 964982703), (1, 20, 3, 964981247), (2, 10, 4, 964982224), (2, 30, 1, 964983815)]
HALVES = [(user, item, value + 0.5, time) for user, item, value, time in ROWS]


def _joined(rows: Sequence[tuple[object, ...]], by: str, end: str = "\n") -> str:
    return "".join(by.join(map(str, row)) + end for row in rows)


# What a file holds, by its name, or by its ending where names differ.
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
    ".inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n" + _joined(ROWS, "\t"),
    ".item": "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
    + _joined([(n, f"Film {n}", f"199{n // 10}", "Drama War") for n in (10, 20, 30)], "\t"),
    ".user": "user_id:token\tage:token\n1\t24\n2\t53\n",
    "train.txt": "1 10 20 \n2 10\n",
    "test.txt": "2 30\n",
}
# What is to come of each: rows of user, item, value and time (None where it has none), the first item, people.
RATED: dict[str, Sequence[tuple[int, int, float | None, int | None]]] = {
    "u.data": ROWS, "ratings.dat": ROWS, "ratings.csv": HALVES, ".inter": ROWS,
    "train.txt": [(*row[:2], None, None) for row in ROWS],
}  # fmt: skip
FILM = {"item": 10, "title": "Film 10", "year": 1991, "genres": ["Drama", "War"]}
FIRST_ITEM: dict[str, dict[str, object]] = {  # every column, in order
    "u.item": FILM | {"genres": ["Drama"]}, "movies.dat": FILM, "movies.csv": FILM | {"title": "Film, the 10"},
    ".item": FILM,
}  # fmt: skip
PEOPLE = {"u.user", "users.dat", ".user"}


def _kinds(known: KnownDataset) -> dict[str, str]:
    """The key in LAYOUTS of each file of a data set's first source."""
    names = {file: file.rpartition("/")[2] for file in known.sources[0].files}
    return {file: name if name in LAYOUTS else f".{name.rpartition('.')[2]}" for file, name in names.items()}


def _serve(known: KnownDataset, shelf: Shelf) -> KnownDataset:
    """The data set's first source as a small one on the shelf, with the digests of what lies there."""
    source = known.sources[0]
    content = {file: LAYOUTS[kind].encode() for file, kind in _kinds(known).items()}
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
    dataset, kinds = load(name), {*_kinds(CATALOG[name]).values()}
    (rated,) = (RATED[kind] for kind in kinds & RATED.keys())
    assert dataset.interactions.to_frame().select("user", "item").rows() == [row[:2] for row in rated]
    for told, column in ((dataset.interactions.value, 2), (dataset.interactions.time, 3)):
        assert [row[column] for row in rated] == ([None] * len(rated) if told is None else told.tolist())
    if dataset.published_test is not None:
        assert dataset.published_test.tolist() == [False, False, False, True]
    assert (dataset.user_table is not None) == bool(kinds & PEOPLE)
    first = next((FIRST_ITEM[kind] for kind in kinds & FIRST_ITEM.keys()), None)
    assert (dataset.item_table is not None) == (first is not None)
    if dataset.item_table is not None and first is not None:
        assert list(dataset.item_table.row(0, named=True).items()) == list(first.items())


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
    for name, known in CATALOG.items():
        assert name == known.name
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


CHECKED = [name for name, known in CATALOG.items() if known.sources[0].checked.startswith("files: against real files")]


@pytest.mark.parametrize("name", CHECKED)
def test_digests_that_are_said_to_be_checked_are_those_of_the_real_files(
    real_data: Callable[[str], Path], name: str
) -> None:
    folder = real_data(name)
    source = CATALOG[name].sources[0]
    for file, digest in (*source.files.items(), *source.optional.items()):
        assert digest_of(folder / file.rpartition("/")[2], like=digest) == digest


@pytest.mark.parametrize("name", CHECKED)
def test_a_real_data_set_holds_what_the_catalog_says(real_data: Callable[[str], Path], name: str) -> None:
    real_data(name)
    rated = load(name).interactions
    known = CATALOG[name]
    assert (len(rated.users), len(rated.items), len(rated)) == (known.users, known.items, known.interactions)


def test_the_page_on_data_has_a_row_for_every_entry() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    table = page.partition("## Known data sets")[2].partition("\n## ")[0]
    expected = [
        (f"`{one.name}`", f"{one.users:,}", f"{one.items:,}", f"{one.interactions:,}", one.sources[0].checked)
        for one in CATALOG.values()
    ]
    assert re.findall(r"^\| `.*$", table, re.MULTILINE) == [f"| {' | '.join(cells)} |" for cells in expected]


@pytest.mark.parametrize("files", ["ratings.dat, movies.dat", "ratings.dat, movies.dat, users.dat"])
def test_the_layout_names_the_files_that_are_there(tmp_path: Path, files: str) -> None:
    for name in files.split(", "):
        (tmp_path / name).write_text(LAYOUTS[name], encoding="utf-8")
    assert load(str(tmp_path)).understood == f"MovieLens 1M layout ({files})"
