"""The pages as they are built: every link, anchor and picture leads somewhere, and nothing is loaded from the net.

`python -m supply.site FOLDER` names what does not (`make docs`). Of links to other hosts only the form is looked at.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {("script", "src"), ("img", "src"), ("source", "src"), ("iframe", "src"), ("object", "data")}
RELATIONS_LOADED = {"stylesheet", "icon", "preload", "modulepreload"}


class Page(HTMLParser):
    """A page's links, what it loads, and the ids that links may lead to.

    Args:
        path: of the page.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = {"", "top"}
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take one tag in."""
        given = {name: value for name, value in attrs if value is not None}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        self.loads |= {given[name] for loader, name in LOADED if loader == tag and name in given}
        if "href" in given:
            loads = tag == "link" and not RELATIONS_LOADED.isdisjoint(given.get("rel", "").split())
            (self.loads if loads else self.links).add(given["href"])


def faults(folder: Path) -> list[str]:
    """One line for each link that leads nowhere and each thing that a page loads from elsewhere."""
    pages = {path.resolve(): Page(path) for path in sorted(folder.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        name = path.relative_to(folder.resolve())
        found += [f"{name}: loads {url}" for url in sorted(page.loads) if urlsplit(url).netloc]
        found += [f"{name}: {link}" for link in sorted(page.links | page.loads) if not _leads(path, link, pages)]
    return found


def _leads(path: Path, link: str, pages: dict[Path, Page]) -> bool:
    """Whether a link of a page leads to a file of the folder, and to a place on it."""
    parts = urlsplit(link)
    if parts.scheme == "data":
        return True
    if parts.scheme or parts.netloc:
        host = parts.hostname or ""
        return parts.scheme in {"http", "https"} and ("." in host or host == "localhost")
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target not in pages:
        return target.is_file()
    return unquote(parts.fragment) in pages[target].ids


if __name__ == "__main__":
    wrong = faults(Path(sys.argv[1]))
    print("\n".join(wrong), file=sys.stderr)
    sys.exit(bool(wrong))
