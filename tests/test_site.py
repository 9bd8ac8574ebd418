"""What `make docs` says of pages whose links lead nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from supply.site import faults

if TYPE_CHECKING:
    from pathlib import Path

HEAD = '<html><head><link rel="stylesheet" href="_static/site.css"></head><body><h1 id="top-of-it">A</h1>'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "site.css").write_text("h1 { color: red }", encoding="utf-8")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "b.html").write_text('<a href="../a.html#top-of-it">A</a>', encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "body",
    [
        '<a href="deeper/b.html">b</a>',
        '<a href="#top-of-it">up</a>',
        '<a href="#">up</a>',
        '<img src="data:image/gif;base64,R0">',
        '<img src="_static/site.css">',
        '<a href="https://arxiv.org/abs/2002.02126">paper</a>',
        '<a href="http://localhost:8000">here</a>',
    ],
)
def test_what_leads_somewhere(site: Path, body: str) -> None:
    (site / "a.html").write_text(HEAD + body, encoding="utf-8")
    assert faults(site) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="c.html">c</a>', "a.html: c.html"),
        ('<a href="#bottom">down</a>', "a.html: #bottom"),
        ('<a href="deeper/b.html#x">b</a>', "a.html: deeper/b.html#x"),
        ('<img src="none.png">', "a.html: none.png"),
        ('<a href="https:/arxiv.org">paper</a>', "a.html: https:/arxiv.org"),
        ('<script src="https://cdn.example.org/m.js"></script>', "a.html: loads https://cdn.example.org/m.js"),
        ('<link rel="preload" href="//fonts.example.org/f">', "a.html: loads //fonts.example.org/f"),
    ],
)
def test_what_does_not(site: Path, body: str, fault: str) -> None:
    (site / "a.html").write_text(HEAD + body, encoding="utf-8")
    assert fault in faults(site)
