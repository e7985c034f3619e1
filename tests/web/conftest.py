"""Headless Chromium on a server with the default pack. Skipped where there is no Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import av
import cv2
import pytest

from web_page import EXAMPLE, PATIENCE_S

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from serving import Client

SCREENSHOTS = Path(__file__).parents[2] / "out" / "screenshots"
# Without the networking flags Chromium looks for hosts outside, which tests must not.
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --use-fake-ui-for-media-stream "
    "--use-fake-device-for-media-stream --enable-unsafe-webgpu"  # a simulated graphics card
).split()


@pytest.fixture(scope="session")
def video() -> Path:
    """People where the development media is, else the rendered example."""
    real = Path(__file__).parents[3] / "shared" / "media" / "single_face.mp4"
    return real if real.is_file() else EXAMPLE


@pytest.fixture(scope="session")
def camera(video: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``video`` as the MJPEG file that Chromium takes for a camera."""
    path = tmp_path_factory.mktemp("camera") / "camera.mjpeg"
    with av.open(str(video)) as container, path.open("wb") as file:
        for _, frame in zip(range(90), container.decode(video=0), strict=False):
            small = cv2.resize(frame.to_ndarray(format="bgr24"), (640, 360))
            file.write(cv2.imencode(".jpg", small)[1].tobytes())
    return path


@pytest.fixture(scope="session")
def browser(camera: Path) -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on the path")
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with sync_api.sync_playwright() as playwright:
        flags = [*FLAGS, f"--use-file-for-fake-video-capture={camera}"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def client(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server, started only where there is a browser for it."""
    from prosopon.server.settings import Settings
    from serving import running

    with running(Settings(tmp_path_factory.mktemp("web"))) as client:
        yield client


@pytest.fixture
def page(browser: Browser, client: Client) -> Iterator[Page]:
    """A fresh page; an uncaught error in it fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=client.url)
    context.set_default_timeout(PATIENCE_S * 1000)
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE_S * 1000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


@pytest.fixture(scope="session")
def analysed(client: Client) -> str:
    """Id of the example, analysed."""
    job = client.wait(client.upload(EXAMPLE.read_bytes(), "clip.mp4").json["id"])
    assert job["state"] == "done", job["error"]
    return job["id"]


@pytest.fixture
def keep(page: Page) -> Callable[[str], None]:
    """Keep a screenshot of the page under a name, for people to look at."""

    def shoot(name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    return shoot
