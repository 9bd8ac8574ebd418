"""digests.json: the size and SHA-256 of every file of a run directory, so that damage is found."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from tastegraph.errors import RunError
from tastegraph.files import reason_of, sha256_of, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["BEGUN", "SEAL", "check_seal", "digest_of_text", "seal"]

SEAL = "digests.json"
BEGUN = ("recipe.toml", "environment.json", "split.parquet")  # what a run begins with
SCHEMA = 1


def seal(folder: Path, *, beforehand: Mapping[str, str] | None = None, without: Iterable[Path] = ()) -> None:
    """Write digests.json over all files of a folder, but for events of TensorBoard, which grow on.

    Args:
        folder: a run directory.
        beforehand: texts, by name, of files that are written only after this one.
        without: files to leave out.

    Raises:
        OSError: the system refused.
    """
    out = {*without, folder / SEAL}
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path not in out)
    names = [path.relative_to(folder).as_posix() for path in paths]
    files = {name: _of_file(folder / name) for name in names if not name.startswith("tensorboard/")}
    for name, text in (beforehand or {}).items():
        files[name] = {"bytes": len(text.encode()), "sha256": digest_of_text(text)}
    said = {"schema": SCHEMA, "files": files}
    own = digest_of_text(json.dumps(said, sort_keys=True))
    write_json(folder / SEAL, said | {"sha256": own})


def check_seal(folder: Path, names: Iterable[str] | None = None) -> None:
    """Fail if a file is not what it was when the folder was sealed. Files that came later are nobody's business here.

    Args:
        folder: a run directory.
        names: the files to check; all that the seal knows by default.

    Raises:
        RunError: the first file that is missing or altered is named; or there is no seal.
    """
    sealed = _read(folder / SEAL)
    for name in sealed if names is None else names:
        if name not in sealed:
            raise RunError(f"{folder / name}: {SEAL} does not know it")
        try:
            found = _of_file(folder / name)
        except OSError as error:
            raise RunError(f"{folder / name}: {reason_of(error)}") from error
        if found != sealed[name]:
            raise RunError(f"{folder / name}: altered since it was written (SHA-256 differs from {SEAL})")


def digest_of_text(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _of_file(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": sha256_of(path)}


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        own = said.pop("sha256")
        if said["schema"] == SCHEMA and own == digest_of_text(json.dumps(said, sort_keys=True)):
            return dict(said["files"])
    except OSError as error:
        raise RunError(f"{path}: {reason_of(error)}") from error
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise RunError(f"{path}: altered since it was written, or not of this version")
