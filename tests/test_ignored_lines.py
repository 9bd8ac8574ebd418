"""Every line that the type checker or the linter is told to pass over says why, or is of a kind that is said here."""

from __future__ import annotations

import re
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
FILES = sorted(path for room in ("src", "benchmarks", "fuzz", "supply") for path in (ROOT / room).rglob("*.py"))
PASSED_OVER = re.compile(r"# (?:noqa|type: ignore)(?:: ?|\[)?(?P<rules>[\w, -]*)\]?(?P<why>[^#]*(?:#.*)?)")

# What stands often, and for the same reason each time.
UNDERSTOOD = {
    "ARG001": "the signature is another's: torch calls what is registered, and all metrics are called alike",
    "ARG002": "the signature is another's: all models, ranks and layers are called alike",
    "ARG004": "the signature is that of torch's autograd functions",
    "NPY002": "a peer draws from NumPy's own source, and is measured as it is",
    "no-any-return": "torch.ops and torch.distributed are untyped",
    "no-untyped-call": "torch's autograd is untyped",
    "no-untyped-def": "numba compiles a kernel for the types it is called with",
    "untyped-decorator": "numba, which compiles, and GraphGym, which registers, are untyped",
}


def passed_over(path: Path) -> Iterator[tuple[int, list[str], bool]]:
    """Line, the rules that are switched off on it, and whether it says why."""
    with tokenize.open(path) as lines:
        comments = [token for token in tokenize.generate_tokens(lines.readline) if token.type == tokenize.COMMENT]
    for comment in comments:
        for found in re.finditer(PASSED_OVER, comment.string):
            rules = [rule.strip() for rule in found["rules"].split(",")]
            yield comment.start[0], rules, len(found["why"].strip(" #()")) > 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_line_that_is_passed_over_says_why(path: Path) -> None:
    for line, rules, says_why in passed_over(path):
        assert all(rules), f"{path}:{line}: passed over by every rule"
        assert says_why or set(rules) <= set(UNDERSTOOD), f"{path}:{line}: {rules}"


def test_what_is_understood_is_needed() -> None:
    met = {rule for path in FILES for _, rules, says_why in passed_over(path) if not says_why for rule in rules}
    assert met == set(UNDERSTOOD)


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# noqa", ([""], False)),
        ("# noqa: S603", (["S603"], False)),
        ("# noqa: A002, ARG001 (GraphGym's names)", (["A002", "ARG001"], True)),
        ("# type: ignore", ([""], False)),
        ("# type: ignore[misc]", (["misc"], False)),
        ("# type: ignore[misc]  # PyG is untyped", (["misc"], True)),
    ],
)
def test_how_such_a_line_is_read(comment: str, expected: tuple[list[str], bool], tmp_path: Path) -> None:
    path = tmp_path / "some.py"
    path.write_text(f"x = 1  {comment}\n", "utf-8")
    assert [found[1:] for found in passed_over(path)] == [expected]
