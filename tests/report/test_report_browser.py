"""The page in headless Chromium: what it draws, and that video, table and timelines agree."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media import write_video
from prosopon.report.page import write_comparison, write_report
from report_tables import FPS, clip_table

pytest.importorskip("plotly")
sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PATIENCE_MS = 60_000
TRACK = ".pr-track .pr-frame >> nth=1"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on the path")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of two people, its video, a page with it and one without, and a comparison."""
    made = tmp_path_factory.mktemp("pages")
    pts = [round(1000 * frame / FPS) for frame in range(75)]
    video = write_video(made / "clip.mp4", pts, np.full((240, 320), 60, np.uint8))
    table = clip_table(people=2).write(made / "clip.csv")
    write_report(table, made / "video.html", video)
    write_report(table, made / "embedded.html", video, embed_video=True)
    write_report(table, made / "plain.html")
    other = clip_table(100).write(made / "other.csv")
    write_comparison([table, other], made / "comparison.html")
    return made


class Opened:
    """Pages that stay open from test to test, and what went wrong or was asked of outside."""

    def __init__(self, browser: Any, folder: Path) -> None:
        self._browser, self._folder = browser, folder
        self._pages: dict[str, Any] = {}
        self._errors: list[str] = []

    def __call__(self, name: str, width: int = 1440) -> Any:
        if name not in self._pages:
            page = self._pages[name] = self._browser.new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.on("pageerror", lambda error: self._errors.append(str(error)))
            page.on("request", self._note)
            page.goto((self._folder / name).as_uri())
            page.wait_for_selector(".js-plotly-plot .main-svg")
        page = self._pages[name]
        page.set_viewport_size({"width": width, "height": 900})
        return page

    def _note(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            self._errors.append(f"asked for {request.url}")

    def check(self) -> None:
        """Nothing went wrong so far."""
        assert self._errors == []


@pytest.fixture(scope="module")
def pages(browser: Any, folder: Path) -> Opened:
    return Opened(browser, folder)


@pytest.fixture
def opened(pages: Opened) -> Iterator[Opened]:
    yield pages
    pages.check()


def frame_of(page: Any) -> int:
    return int(page.evaluate("report.state.frame"))


def until(page: Any, expression: str) -> None:
    """Wait for it. Playwright's own way would evaluate text, which the page's policy forbids."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(20)


def settled(page: Any) -> float:
    """The video's time once no seek is under way."""
    until(page, "!document.querySelector('video').seeking")
    return float(page.evaluate("document.querySelector('video').currentTime"))


@pytest.mark.parametrize("name", ["video.html", "embedded.html"])
def test_a_press_on_a_timeline_seeks_the_video(opened: Opened, name: str):
    page = opened(name)
    until(page, "document.querySelector('video').readyState >= 2")
    page.locator(TRACK).scroll_into_view_if_needed()
    box = page.locator(TRACK).bounding_box()
    inner = box["width"] - 48 - 12
    page.mouse.click(box["x"] + 48 + inner * 0.5, box["y"] + 30)

    assert frame_of(page) == 37
    assert int(settled(page) * FPS) == 37

    page.mouse.move(box["x"] + 48 + inner * 0.5, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 48 + inner * 0.8, box["y"] + 30, steps=4)
    page.mouse.up()
    assert frame_of(page) == 59
    assert int(settled(page) * FPS) == 59


def test_playing_moves_the_timelines(opened: Opened):
    page = opened("video.html")
    until(page, "document.querySelector('video').readyState >= 2")
    page.get_by_role("button", name="Play (space)").click()
    # Paused within the page: a slow machine would press the button after the end.
    until(page, "report.state.frame > 10 && (document.querySelector('video').pause(), true)")
    page.get_by_role("button", name="Play (space)").wait_for()

    assert int(settled(page) * FPS) == frame_of(page)
    share = page.evaluate(
        "() => { const box = document.querySelector('.pr-frame');"
        " const at = new DOMMatrix(box.querySelector('.pr-cursor').style.transform).m41;"
        " return (at - 48) / (box.clientWidth - 60); }"
    )
    assert share == pytest.approx(frame_of(page) / 74, abs=1e-3)


def test_keys_step_mark_and_choose(opened: Opened):
    page = opened("plain.html")
    page.get_by_role("slider", name="Position").focus()
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    assert frame_of(page) == 11
    page.keyboard.press("[")
    page.keyboard.press("End")
    page.keyboard.press("]")
    assert page.evaluate("report.state.span") == [11 / FPS, 74 / FPS]
    rows = page.locator(".pr-span tbody tr", has_text="AU12").inner_text().split("\t")
    measured = [0.2] * 34 + [3.0] * 20  # frames 11–54 less the gap, and 55–74
    assert float(rows[1]) == pytest.approx(np.mean(measured), abs=0.006)
    assert "1 × blink" in page.locator(".pr-span p").inner_text()
    page.get_by_label("Person", exact=True).select_option("1")
    assert page.locator("h2").inner_text() == "Person 1"


def test_the_overlay_is_drawn_where_the_table_says(opened: Opened):
    page = opened("plain.html")
    lit = (
        "(at) => { report.seek(at); const c = document.querySelector('canvas');"
        " const p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " let n = 0; for (let i = 3; i < p.length; i += 4) n += p[i] > 0; return n; }"
    )
    assert page.evaluate(lit, 5) > page.evaluate(lit, 30) > 0  # two people, one
    assert page.evaluate(lit, 45) == 0  # the gap
    assert "Not measured in this frame" in page.locator(".pr-now-values").inner_text()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("name", ["video.html", "comparison.html"])
def test_nothing_is_wider_than_the_screen(opened: Opened, name: str, width: int):
    page = opened(name, width)
    until(page, f"document.documentElement.scrollWidth === {width}")
    drawn = (
        "[...document.querySelectorAll('.main-svg')].every(one => one.clientWidth <= innerWidth)"
    )
    until(page, drawn)  # plots are drawn anew a moment after the width has changed


@pytest.mark.parametrize("name", ["plain.html", "comparison.html"])
def test_accessibility(opened: Opened, name: str):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = opened(name)
    found = axe.Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]})
    serious = [one for one in found.response["violations"]
               if one["impact"] in ("serious", "critical")]  # fmt: skip
    assert [(one["id"], one["nodes"][0]["html"][:120]) for one in serious] == []
