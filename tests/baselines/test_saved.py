from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tastegraph.baselines.popularity import Popularity
from tastegraph.baselines.saved import load_baseline, save_baseline
from tastegraph.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from tastegraph.data.interactions import Interactions


@pytest.fixture
def folder(two_tastes: Interactions, tmp_path: Path) -> Path:
    save_baseline(Popularity().fit(two_tastes), tmp_path)
    return tmp_path


def test_a_folder_holds_two_files_and_no_pickle(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["arrays.safetensors", "baseline.json"]


def test_equal_models_make_equal_files(folder: Path, two_tastes: Interactions, tmp_path: Path) -> None:
    other = tmp_path / "other"
    save_baseline(Popularity().fit(two_tastes), other)
    for name in ("arrays.safetensors", "baseline.json"):
        assert (folder / name).read_bytes() == (other / name).read_bytes()


def refused(folder: Path, line: str) -> None:
    with pytest.raises(ModelError, match=line) as told:
        load_baseline(folder)
    assert "\n" not in str(told.value)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "baseline.json: no such file or directory; expected a saved baseline")
    refused(tmp_path / "nowhere", "expected a saved baseline")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": "1"}', "\x00"])
def test_what_is_no_description_is_refused(folder: Path, text: str) -> None:
    (folder / "baseline.json").write_text(text)
    refused(folder, "baseline.json: (not JSON|holds no schema number)")


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"schema": 2}, "schema 2; this version of tastegraph reads schema 1"),
        ({"model": "lightfm"}, "no model 'lightfm'; known are random, popularity"),
        ({"hyperparameters": {"l2": 1}}, "Popularity has no hyperparameter 'l2'; it has none"),
        ({"hyperparameters": 7}, "not a saved baseline"),
        ({"model": "ease"}, "not a saved baseline"),
        ({"users": "many"}, "not a saved baseline"),
        ({"items": None}, "not a saved baseline"),
        ({"model": ["ease"]}, "no model"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(folder: Path, changed: dict[str, Any], line: str) -> None:
    about = json.loads((folder / "baseline.json").read_text())
    (folder / "baseline.json").write_text(json.dumps(about | changed))
    refused(folder, line)


def test_a_description_with_a_part_missing_is_refused(folder: Path) -> None:
    about = json.loads((folder / "baseline.json").read_text())
    del about["arrays_sha256"]
    (folder / "baseline.json").write_text(json.dumps(about))
    refused(folder, "does not describe a whole model")


def test_missing_or_altered_arrays_are_refused(folder: Path) -> None:
    path = folder / "arrays.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    refused(folder, "altered since the model was saved")
    path.unlink()
    refused(folder, "no such file; the model is incomplete")
