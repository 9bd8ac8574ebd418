"""Pictures of the pages, by a real Chromium: `python -m benchmarks.pictures RUN FOLDER`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path  # noqa: TC003 (Typer reads it)
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, ViewportSize

LIKES = ("Matrix", "Silence of the Lambs", "Fargo")
DESKTOP: ViewportSize = {"width": 1360, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 780}


def main(
    run: Annotated[Path, typer.Argument(help="A run directory; of MovieLens for the pictures in the docs.")],
    folder: Annotated[Path, typer.Argument(help="Where the pictures go.")],
) -> None:
    """Draw the page in light and dark, on a phone, its map, and the model's page."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        raise typer.BadParameter("no Chromium is installed (Debian: apt-get install chromium)")
    folder.mkdir(parents=True, exist_ok=True)
    with serving(run) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        draw(browser, url, folder)
        browser.close()
    for picture in folder.glob("*.png"):
        pack(picture)


@contextmanager
def serving(run: Path) -> Iterator[str]:
    """A service of the run at a free port; its URL."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "tastegraph", "serve", str(run), "--port", "0", "--quiet", "--rate", "0"]
        command += ["--feedback", f"{scratch}/feedback.db"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        try:
            yield next(found[0] for line in process.stderr if (found := re.search(r"http://\S+?(?=/ )", line)))
        finally:
            process.terminate()
            process.communicate()


def draw(browser: Browser, url: str, folder: Path) -> None:
    """All pictures."""
    for scheme in ("light", "dark"):
        page = browser.new_page(base_url=url, viewport=DESKTOP, color_scheme=scheme)
        like_some(page)
        page.screenshot(path=folder / f"page-{scheme}.png")
        if scheme == "dark":
            page.get_by_role("group", name="Show films as").get_by_role("button", name="Map").click()
            page.wait_for_selector("canvas[data-films]")
            page.wait_for_timeout(500)
            page.screenshot(path=folder / "map-dark.png")
        page.close()
    page = browser.new_page(base_url=url, viewport=PHONE, device_scale_factor=2, is_mobile=True, color_scheme="light")
    like_some(page)
    page.locator(".tabs").get_by_role("button", name="For you").click()
    page.wait_for_timeout(300)
    page.screenshot(path=folder / "phone.png")
    page.close()
    page = browser.new_page(base_url=url, viewport={"width": 1100, "height": 820}, color_scheme="light")
    page.goto("/model")
    page.wait_for_selector("#settings table")
    page.screenshot(path=folder / "model.png")
    page.close()


def like_some(page: Page) -> None:
    """Find a few films by title and like them, then show the shelf."""
    page.goto("/")
    page.wait_for_selector(".film")
    for title in LIKES:
        page.get_by_role("searchbox").fill(title)
        found = page.get_by_role("button", name=re.compile(f"^Like (The )?{title}"))
        found.first.click()
    page.get_by_role("searchbox").fill("")
    page.wait_for_selector(".place .rank", state="attached")
    page.wait_for_load_state("networkidle")
    page.mouse.move(5, 5)
    page.wait_for_timeout(700)
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")


def pack(path: Path) -> None:
    """A picture as WebP, a fifth of the bytes."""
    from PIL import Image

    Image.open(path).convert("RGB").save(path.with_suffix(".webp"), quality=88, method=6)
    path.unlink()


if __name__ == "__main__":
    typer.run(main)
