from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tastegraph.errors import RunError
from tastegraph.studies.tutorial.records import Shelf, code_digest, read_records
from tastegraph.studies.tutorial.settings import Setting

if TYPE_CHECKING:
    from pathlib import Path

FIGURES: dict[str, Any] = {"seconds": 1.0}


def test_a_run_is_found_again_and_no_other(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "code", "data")
    kept = shelf.keep(Setting(), 0, FIGURES, {"cores": 2})
    assert shelf.find(Setting(), 0) == kept
    assert shelf.find(Setting(), 1) is None
    assert shelf.find(Setting(weight_decay=0.0), 0) is None


def test_records_of_other_code_or_data_are_neither_read_nor_touched(tmp_path: Path) -> None:
    Shelf(tmp_path, "code", "data").keep(Setting(), 0, FIGURES, {})
    for other in (Shelf(tmp_path, "newer", "data"), Shelf(tmp_path, "code", "other")):
        assert other.find(Setting(), 0) is None
        other.keep(Setting(), 0, FIGURES, {})
    assert len(list(tmp_path.iterdir())) == 3
    with pytest.raises(RunError, match="records of 2 states of the code, which must not be mixed"):
        read_records(tmp_path)


def test_what_is_no_record_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no record of a run"):
        read_records(tmp_path)
    (tmp_path / "half-seed-0.json").write_text('{"schema": 1, "setting"', encoding="utf-8")
    with pytest.raises(RunError, match=r"half-seed-0.json: no record of a run"):
        read_records(tmp_path)


def test_a_record_under_the_name_of_another_run_is_refused(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "code", "data")
    path = tmp_path / shelf.keep(Setting(), 0, FIGURES, {}).file_name
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | {"seed": 7}), encoding="utf-8")
    with pytest.raises(RunError, match="its name and its content are of different runs"):
        shelf.find(Setting(), 0)


def test_the_digest_of_the_code_is_always_the_same() -> None:
    assert code_digest() == code_digest()
    assert len(code_digest()) == 64
