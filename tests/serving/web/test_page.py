"""The pages in a real Chromium: what a person does, and what she sees."""

from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest

from .browser import chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx
    from playwright.sync_api import Browser, Page

    from .conftest import Served

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
FIRST_VIEW = 150_000  # bytes over the wire, besides data


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture
def page(browser: Browser, served: Served, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page as somebody new sees it; whatever it does must leave no error and ask nobody else for anything."""
    settings: dict[str, Any] = {"viewport": DESKTOP, **getattr(request, "param", {})}
    context = browser.new_context(base_url=served.url, **settings)
    page = context.new_page()
    faults: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda line: faults.extend([line.text] if line.type == "error" else []))
    page.goto("/")
    page.wait_for_selector(".film")
    yield page
    assert faults == []
    assert [url for url in asked if not url.startswith(served.url)] == []
    context.close()


def like(page: Page, title: str) -> None:
    page.get_by_role("button", name=f"Like {title}", exact=True).click()
    page.wait_for_selector(f'.yours button[aria-label="Take back: {title}"]')


def settled(page: Page) -> None:
    """Wait until the service has kept every click, and the list that follows from them is shown."""
    page.wait_for_selector('#places[aria-busy="false"]')


def places(page: Page) -> list[str]:
    page.wait_for_selector(".place")
    settled(page)
    return page.locator(".place h3").all_inner_texts()


def without(page: Page, title: str) -> None:
    """Wait until a film is no longer listed."""
    page.wait_for_function(
        "title => ![...document.querySelectorAll('.place h3')].some((h) => h.innerText === title)", arg=title
    )


def test_a_list_follows_likes_dislikes_and_seen(page: Page) -> None:
    assert page.locator(".empty").is_visible()
    like(page, "Film number 31 (1990)")
    first = places(page)
    assert len(first) == 10
    assert page.locator(".place p em").first.inner_text() == "Film number 31"
    page.locator(".place").first.get_by_role("button", name=re.compile("^Nope")).click()
    page.wait_for_selector(".yours .down")
    without(page, first[0])
    second = places(page)
    page.locator(".place").first.get_by_role("button", name=re.compile("^Seen")).click()
    page.wait_for_selector(".yours .eye")
    without(page, second[0])
    page.get_by_role("button", name="Take back: Film number 31 (1990)").click()
    page.wait_for_selector(".empty")


def test_what_was_said_is_there_after_a_reload_and_gone_after_starting_over(page: Page) -> None:
    like(page, "Film number 31 (1990)")
    like(page, "Film number 12 (1971)")
    before = places(page)
    page.reload()
    page.wait_for_selector(".place")
    assert places(page) == before
    assert page.locator(".film.is-like").count() == 2
    page.get_by_role("button", name="Start over").click()
    page.wait_for_selector(".empty")
    page.reload()
    page.wait_for_selector(".empty")


def test_another_page_of_the_same_browser_knows_what_was_said(page: Page) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector(".empty")
    like(page, "Film number 31 (1990)")
    settled(page)  # the service knows it, too
    other.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # a headless page is never hidden
    other.get_by_role("button", name="Take back: Film number 31 (1990)").click()
    other.wait_for_selector(".empty")
    settled(other)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_selector(".empty")
    other.close()


def test_services_at_two_ports_keep_accounts_of_their_own(
    page: Page, serving: Callable[..., Served], tmp_path: Path
) -> None:
    like(page, "Film number 31 (1990)")
    other = page.context.new_page()
    other.goto(serving("--feedback", str(tmp_path / "other.db")).url)
    other.wait_for_selector(".empty")
    like(other, "Film number 12 (1971)")
    page.reload()
    page.wait_for_selector('.yours button[aria-label="Take back: Film number 31 (1990)"]')
    assert page.locator(".yours button").count() == 1
    other.close()


def test_nothing_moves_while_the_page_appears(browser: Browser, served: Served) -> None:
    for viewport in (DESKTOP, PHONE):
        settings: dict[str, Any] = {"viewport": viewport}
        context = browser.new_context(base_url=served.url, **settings)
        page = context.new_page()
        page.add_init_script(
            "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((each) => "
            "{ if (!each.hadRecentInput) window.shift += each.value; }))"
            ".observe({ type: 'layout-shift', buffered: true });"
        )
        page.goto("/")
        page.wait_for_selector(".film")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.shift") < 0.001
        context.close()


def test_search_forgives_and_titles_are_text(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("matirx")
    page.wait_for_selector('.film:first-child[data-id="1"]')
    assert page.locator(".film .poster b").first.inner_text() == "The Matrix"
    page.get_by_role("searchbox").fill("img src onerror")
    page.wait_for_selector('.film[data-id="7"]')
    like(page, "<img src=x onerror=alert(1)> (1966)")
    assert page.locator(".yours span").inner_text() == "<img src=x onerror=alert(1)>"
    assert page.locator("img[src=x]").count() == 0
    page.get_by_role("searchbox").fill("qqqqqq")
    page.wait_for_selector(".nothing")


def test_genres_choose_films(page: Page) -> None:
    from playwright.sync_api import expect

    page.get_by_role("group", name="Genres").get_by_role("button", name="Sci-Fi").click()
    expect(page.locator(".film")).to_have_count(18)
    assert all("Sci-Fi" in text for text in page.locator(".film .poster span").all_inner_texts())


def test_the_keyboard_suffices(page: Page) -> None:
    page.locator(".poster").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector(".film:nth-child(2).is-like")
    assert len(places(page)) == 10
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("End")
    assert slider.input_value() == "100"
    assert slider.get_attribute("aria-valuetext") == "100 % surprising"
    assert len(places(page)) == 10


def test_the_map_shows_films_and_takes_likes(page: Page) -> None:
    page.get_by_role("group", name="Show films as").get_by_role("button", name="Map").click()
    page.wait_for_selector("canvas[data-films='40']")
    canvas = page.locator("#canvas")
    canvas.focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")
    name = page.locator("#tip b").inner_text()
    assert page.locator("#spot").text_content() == name
    page.keyboard.press("Enter")
    page.wait_for_selector(f'.yours button[aria-label="Take back: {name}"]')
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.wheel(0, -400)
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 240, steps=4)
    page.mouse.up()
    drawn = page.evaluate(
        "(() => { const c = document.getElementById('canvas'); const d = c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data; return d.some((value) => value > 0); })()"
    )
    assert drawn


@pytest.mark.parametrize("page", [{"viewport": PHONE, "has_touch": True, "is_mobile": True}], indirect=True)
def test_a_phone(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.locator(".poster").first.tap()
    page.wait_for_selector(".film.is-like")
    assert not page.locator("#list").is_visible()
    page.locator(".tabs").get_by_role("button", name="For you").tap()
    assert len(places(page)) == 10
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.locator(".tabs").get_by_role("button", name="Map").tap()
    page.wait_for_selector("canvas[data-films='40']")
    for button in page.locator(".tabs button").all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44


@pytest.mark.parametrize("page", [{"viewport": {"width": 320, "height": 640}}], indirect=True)
def test_nothing_is_cut_off_on_the_narrowest_phones(page: Page) -> None:
    for path in ("/", "/model", "/docs"):
        page.goto(urljoin(page.url, path))
        for width in (320, 360, 375):
            page.set_viewport_size({"width": width, "height": 640})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_a_click_moves_nothing_that_is_not_asked_for(page: Page) -> None:
    page.evaluate(
        "window.shift = 0; new PerformanceObserver((list) => { for (const each of list.getEntries()) "
        "if (!each.hadRecentInput) window.shift += each.value; }).observe({ type: 'layout-shift', buffered: true })"
    )
    like(page, "Film number 31 (1990)")
    places(page)
    assert page.evaluate("window.shift") < 0.1  # "good" by the field's common bound


def test_the_theme_is_kept(page: Page) -> None:
    page.get_by_role("button", name="Switch between light and dark").click()
    theme = page.evaluate("document.documentElement.dataset.theme")
    page.goto("/model")
    assert page.evaluate("document.documentElement.dataset.theme") == theme


def test_the_models_page(page: Page) -> None:
    page.goto("/model")
    page.wait_for_selector("#judged table")
    assert "LightGCN" in page.locator("#judged thead").inner_text()
    assert "Popularity" in page.locator("#judged thead").inner_text()
    assert "beside other models" in page.locator(".lead").first.inner_text()
    assert page.locator("#learned svg path.curve").count() == 2


@pytest.mark.parametrize(("kept", "told"), [(None, "is not known"), ("alone", "alone: its recipe")])
def test_the_models_page_promises_no_more_than_the_run_has(
    kept: str | None, told: str, browser: Browser, serving: Callable[..., Served], tmp_path: Path
) -> None:
    result = tmp_path / "run" / "result.json"
    said = json.loads(result.read_text(encoding="utf-8"))
    result.unlink()
    if kept:
        result.write_text(json.dumps(said | {"baselines": {}}), encoding="utf-8")
    context = browser.new_context(base_url=serving().url)
    page = context.new_page()
    page.goto("/model")
    page.wait_for_selector("#settings table")
    assert told in page.locator(".lead").first.inner_text()
    assert "beside" not in page.locator("main").inner_text()
    assert page.locator("#judged table").count() == int(kept is not None)
    context.close()


@pytest.mark.parametrize("page", [{"color_scheme": "light"}, {"color_scheme": "dark"}], indirect=True)
def test_axe_finds_no_violation(page: Page) -> None:
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()

    def clean() -> None:
        page.wait_for_timeout(300)  # a colour on its way is no colour
        found = axe.run(page)
        assert found.violations_count == 0, found.generate_report()

    clean()
    like(page, "Film number 31 (1990)")
    like(page, "Film number 12 (1971)")
    places(page)
    clean()
    page.get_by_role("group", name="Show films as").get_by_role("button", name="Map").click()
    page.wait_for_selector("canvas[data-films='40']")
    clean()
    for path, ready in (("/model", "#settings table"), ("/docs", "#problems"), ("/enter", "#token")):
        page.goto(path)
        page.wait_for_selector(ready)
        clean()


def test_the_first_view_is_small(client: httpx.Client) -> None:
    html = client.get("/").text
    scripts = {"/static/style.css", "/static/icon.svg", *re.findall(r'src="(/static/\S+?\.js)"', html)}
    for _ in range(4):
        for path in [path for path in scripts if path.endswith(".js")]:
            imported = re.findall(r'from "\./(\S+?)"', client.get(path).text)
            scripts |= {f"/static/{name}" for name in imported}
    size = len(gzip.compress(html.encode())) + sum(len(gzip.compress(client.get(path).content)) for path in scripts)
    assert "/static/map.js" in scripts
    assert size < FIRST_VIEW
    answer = client.get("/static/style.css", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    again = client.get("/static/style.css", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
