"""The licences of all that TasteGraph brings along where it is installed, from the packages' own metadata.

`python -m supply.licences PAGE` writes the page.
"""

from __future__ import annotations

import sys
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
NOT_FOR_USERS = {
    "audit",
    "bench",
    "dev",
    "docs",
    "fuzz",
    "mutants",
    "release",
}  # extras of those who work on TasteGraph
OSI = "License :: OSI Approved :: "
HEAD = """# Licences

TasteGraph is under the MIT licence. With it, always or with an extra, come the packages below, each under its own.
Written by `make licences` from the packages' metadata, and held against them by `tests/test_supply.py`. On Linux
torch from PyPI also brings NVIDIA's CUDA libraries, under NVIDIA's licence.

| package | licence | comes with |
|---|---|---|
"""


@dataclass(frozen=True)
class Brought:
    """A package that comes along.

    Attributes:
        name: of the package, as it is normalised.
        licence: in its own words.
        extras: of TasteGraph that bring it; none where it always comes.
    """

    name: str
    licence: str
    extras: tuple[str, ...]

    @property
    def row(self) -> str:
        """Its row of the page."""
        return f"| {self.name} | {self.licence} | {', '.join(self.extras) or 'always'} |"


def brought() -> list[Brought]:
    """Every package that is installed here and comes with TasteGraph or an extra for users, by name."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    always = _closure(project["dependencies"])
    by_extra: dict[str, set[str]] = defaultdict(set)
    for extra, requirements in project["optional-dependencies"].items():
        if extra not in NOT_FOR_USERS:
            for name in _closure(requirements) - always:
                by_extra[name].add(extra)
    names = sorted(name for name in always | by_extra.keys() if not name.startswith(("nvidia-", "triton")))
    return [Brought(name, licence_of(distribution(name)), tuple(sorted(by_extra.get(name, ())))) for name in names]


def licence_of(package: Distribution) -> str:
    """The licence as the metadata has it: an SPDX expression, else classifiers, else the first line of the text."""
    about = package.metadata
    classifiers = [line.removeprefix(OSI) for line in about.get_all("Classifier") or [] if line.startswith(OSI)]
    lines = str(about["License"] or "").strip().splitlines()
    said = about["License-Expression"] or (classifiers and ", ".join(sorted(classifiers))) or (lines and lines[0])
    return str(said or "not stated")


def _closure(requirements: list[str]) -> set[str]:
    """The installed packages that requirements lead to, themselves included."""
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        wanted, extra = waiting.pop()
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(wanted.name)
        try:
            needed = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        found.add(name)
        for own in {"", *wanted.extras} - {own for known, own in seen if known == name}:
            seen.add((name, own))
            waiting += [(Requirement(text), own) for text in needed]
    return found


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(HEAD + "\n".join(package.row for package in brought()) + "\n", encoding="utf-8")
