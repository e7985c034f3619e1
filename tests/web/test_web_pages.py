"""The pages as people use them: mouse, keyboard, narrow and wide, with a camera."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra 'server'")
pytest.importorskip("playwright", reason="needs playwright")
pytest.importorskip("axe_playwright_python", reason="needs axe")
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from serving import Client
from web_page import EXAMPLE, until

ENOUGH_FRAMES = "+document.querySelector('.screen').dataset.measured >= 5"


def serious(page: Page) -> list[str]:
    """Findings of axe that keep people out, a line each."""
    found = Axe().run(page).response["violations"]
    return [
        f"{finding['id']}: {finding['nodes'][0]['html'][:120]}"
        for finding in found
        if finding["impact"] in ("serious", "critical")
    ]


def fits(page: Page) -> bool:
    """Whether nothing is cut off or to be scrolled to at the right."""
    return page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


def test_upload_to_result(page: Page, keep: Callable[[str], None]):
    page.goto("/")
    page.locator("input[type=file]").first.set_input_files(EXAMPLE)
    job = page.locator("ul[aria-label=Analyses] li").first
    expect(job.locator(".name")).to_have_text("clip.mp4")
    job.locator("a").wait_for()
    expect(job.locator(".state")).to_have_text("Done: 200 frames, a face in 200")
    keep("queue-1440")
    job.locator("a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("clip.mp4")
    page.locator(".js-plotly-plot").first.wait_for()
    smoothing = "getComputedStyle(document.querySelector('.heatmaplayer image')).imageRendering"
    page.locator(".heatmaplayer image").first.wait_for()
    assert page.evaluate(smoothing) == "pixelated"  # cells, not a blur
    keep("result-1440")


def listed(name: str, state: str, frames: int = 0) -> dict[str, object]:
    """An analysis as the server lists it."""
    summary = {"frames": frames, "frames_with_face": frames, "problems": []}
    return {
        "id": name,
        "name": name,
        "state": state,
        "frames": frames,
        "frames_expected": 200,
        "error": None,
        "summary": summary if state == "done" else None,
    }


def test_progress_is_shown_and_takes_no_focus(page: Page):
    # The server's list is played, so that no state goes by too fast to be seen.
    served = [listed("a.mp4", "queued")]
    page.route("**/v1/analyses?*", lambda route: route.fulfill(json=served))
    page.goto("/")
    job = page.locator("li[data-id='a.mp4']")
    expect(job.locator(".state")).to_have_text("Waiting")
    button = job.get_by_role("button", name="Delete a.mp4")
    button.focus()
    for frames in (50, 150):
        served[:] = [listed("a.mp4", "running", frames)]
        expect(job.locator(".state")).to_have_text(f"Frame {frames} of 200")
        assert job.locator("progress").evaluate("bar => bar.value") == frames / 200
        expect(button).to_be_focused()
    served[:] = [listed("b.mp4", "queued"), listed("a.mp4", "done", 200)]
    expect(job.locator("a.name")).to_have_text("a.mp4")
    expect(page.locator("ul[aria-label=Analyses] .name")).to_have_text(["b.mp4", "a.mp4"])
    expect(job.locator("progress")).to_have_count(0)
    expect(button).to_be_focused()


def test_timeline_seeks_the_video(page: Page, analysed: str):
    page.goto(f"/#/result/{analysed}")
    page.locator(".js-plotly-plot").first.wait_for()
    until(page, "document.querySelector('video').readyState >= 2")
    plot = page.locator(".js-plotly-plot .nsewdrag").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    # Unlike the mouse alone, this waits until the plot stands still.
    plot.click(position={"x": 0.75 * box["width"], "y": box["height"] / 2})
    # Three quarters of eight seconds.
    until(page, "Math.abs(document.querySelector('video').currentTime - 6) < 0.6")


def test_folder_and_refusal(page: Page, client: Client, tmp_path: Path):
    (tmp_path / "notes.txt").write_text("no picture")
    page.goto("/")
    page.locator("input[type=file]").nth(1).set_input_files(tmp_path)
    refused = page.locator("ul[aria-label=Uploads] li")
    expect(refused.locator(".state")).to_contain_text("not a picture or video")
    refused.get_by_role("button").click()
    expect(refused).to_have_count(0)


def test_deleting(page: Page, client: Client):
    client.wait(client.upload(EXAMPLE.read_bytes(), "to delete.mp4").json["id"])
    page.goto("/")
    page.get_by_role("button", name="Delete to delete.mp4").first.click()
    expect(page.get_by_text("to delete.mp4")).to_have_count(0)


@pytest.mark.parametrize("side", ["server", "browser"])
def test_live(page: Page, side: str, keep: Callable[[str], None]):
    page.goto("/#/live")
    sent: list[str] = []
    page.on("websocket", lambda socket: sent.append(socket.url))
    page.locator(f"input[value={side}]").check()
    page.get_by_role("button", name="Start camera").click()
    until(page, ENOUGH_FRAMES)
    expect(page.locator(".screen")).to_have_attribute("data-faces", "1")
    how = {"server": "on the server", "browser": "in this browser (WebAssembly"}
    expect(page.locator(".status")).to_contain_text(how[side])
    expect(page.get_by_text("Face #")).to_be_visible()
    assert bool(sent) == (side == "server")
    keep(f"live-{side}-1440")
    page.get_by_role("button", name="Stop camera").click()
    assert page.evaluate("document.querySelector('video').srcObject") is None


def test_card_of_no_use_is_left(page: Page):
    # The page is told that there is a card, and can't have what runs on it.
    page.add_init_script(
        "Object.defineProperty(navigator, 'gpu', "
        "{ value: { requestAdapter: async () => ({ info: { isFallbackAdapter: false } }) } });"
    )
    page.context.route("**/assets/*jspi*.wasm", lambda route: route.abort())
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto("/#/live")
    page.locator("input[value=browser]").check()
    page.get_by_role("button", name="Start camera").click()
    expect(page.locator(".status")).to_contain_text("in this browser (WebAssembly")
    assert any("without the graphics card" in text for text in said)
    until(page, ENOUGH_FRAMES)


def test_sides_can_be_changed_while_the_camera_runs(page: Page):
    page.goto("/#/live")
    page.get_by_role("button", name="Start camera").click()
    until(page, ENOUGH_FRAMES)
    page.locator("input[value=browser]").check()
    expect(page.locator(".status")).to_contain_text("in this browser")
    until(page, ENOUGH_FRAMES)


def test_keyboard_only(page: Page, client: Client, analysed: str):
    page.goto("/")
    page.get_by_role("link", name="clip.mp4").first.wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    until(page, "document.activeElement.id === 'main'")

    def tab_to(text: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent") == text:
                return
        raise AssertionError(f"{text!r} can't be reached")

    with page.expect_file_chooser() as chooser:
        # Keys overtake the order to catch choosers while the page is busy, unless the page has
        # answered something since: so the order comes before the tabs.
        tab_to("Choose files")
        page.keyboard.press("Enter")
    assert chooser.value.is_multiple()
    tab_to("clip.mp4")
    page.keyboard.press("Enter")
    page.locator(".js-plotly-plot").first.wait_for()
    page.goto("/#/live")
    page.get_by_role("button", name="Start camera").wait_for()
    tab_to("Start camera")
    page.keyboard.press("Space")
    until(page, ENOUGH_FRAMES)
    tab_to("")  # the chosen side, a radio button
    page.keyboard.press("ArrowDown")
    expect(page.locator("input[value=browser]")).to_be_checked()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("name", ["queue", "result", "live"])
def test_layout_and_accessibility(
    page: Page, analysed: str, name: str, width: int, keep: Callable[[str], None]
):
    page.set_viewport_size({"width": width, "height": 844})
    page.goto({"queue": "/", "result": f"/#/result/{analysed}", "live": "/#/live"}[name])
    ready = {
        "queue": "a.name",
        "result": ".js-plotly-plot",
        "live": "text=Start camera",
    }
    page.locator(ready[name]).first.wait_for()
    keep(f"{name}-{width}")
    assert fits(page)
    assert serious(page) == []


def test_missing_result_says_so(page: Page):
    page.goto(f"/#/result/{'0' * 32}")
    expect(page.get_by_role("alert")).to_contain_text("no such analysis")
