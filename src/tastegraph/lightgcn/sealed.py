"""Safetensors files that hold a digest of all their bytes: damage anywhere is found before anything is used."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, BinaryIO

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from tastegraph.errors import ModelError
from tastegraph.files import reason_of, written_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch

__all__ = ["load_sealed", "save_sealed"]

UNSEALED = "0" * 64
LENGTH = 8  # bytes of the header's length, little endian, with which a safetensors file begins
LONGEST_HEADER = 100_000_000  # as safetensors itself
BLOCK = 1 << 24


def save_sealed(tensors: Mapping[str, torch.Tensor], about: Mapping[str, Any], path: Path) -> None:
    """Write tensors and what is to be known of them, whole, with the SHA-256 of the file in it.

    Args:
        tensors: of any shape, by name.
        about: JSON; equal ones make equal files.
        path: of the file.

    Raises:
        OSError: the system refused.
    """
    with written_whole(path) as aside:
        # One metadata entry: safetensors writes several in no fixed order, and equal runs make equal files.
        save_file(dict(tensors), aside, metadata={"about": json.dumps({"sha256": UNSEALED, **about})})
        with aside.open("rb+") as file:
            header = _header(file)
            file.seek(0)
            seal = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(LENGTH + header.index(UNSEALED.encode()))
            file.write(seal.encode())


def load_sealed(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """The tensors, by name, of the shapes they were saved in, and what is to be known of them.

    Raises:
        ModelError: the file is missing, damaged, or was not written by `save_sealed`.
    """
    try:
        with safe_open(path, framework="pt") as tensors:
            about = json.loads(tensors.metadata()["about"])
            _check(path, about.pop("sha256"))
            return {name: tensors.get_tensor(name) for name in tensors.keys()}, about  # noqa: SIM118 (it is no mapping)
    except OSError as error:
        raise ModelError(f"{path}: not a checkpoint ({reason_of(error)})") from error
    except (SafetensorError, KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        said = " ".join(str(error).split())
        raise ModelError(f"{path}: not a checkpoint, or a damaged one ({said})") from error


def _check(path: Path, seal: str) -> None:
    with path.open("rb") as file:
        header = _header(file).replace(seal.encode(), UNSEALED.encode(), 1)
        file.seek(0)
        digest = hashlib.sha256(file.read(LENGTH) + header)
        file.seek(LENGTH + len(header))
        while block := file.read(BLOCK):
            digest.update(block)
    if digest.hexdigest() != seal:
        raise ValueError("its bytes are not those that were written: SHA-256 differs")


def _header(file: BinaryIO) -> bytes:
    file.seek(0)
    length = int.from_bytes(file.read(LENGTH), "little")
    if length > LONGEST_HEADER:
        raise ValueError("its header has no sensible length")
    return file.read(length)
