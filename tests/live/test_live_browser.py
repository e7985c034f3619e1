import threading
import urllib.error
import urllib.request
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from prosopon.live import browser
from prosopon.live.session import Shown
from report_tables import clip_table

PATIENCE_S = 30


class Session:
    """Gives a new frame whenever the last one is on the screen, until q."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.on_screen: list[float] = []
        self._next = threading.Semaphore(1)

    def __iter__(self) -> Any:
        faces = clip_table(1)
        for number in range(100):
            self._next.acquire(timeout=PATIENCE_S)
            if "q" in self.keys:
                return
            image = np.full((120, 160, 3), 100, np.uint8)
            yield Shown(number, number, float(number), image, faces, 30, 20, None, 0, "")

    def press(self, key: str) -> None:
        self.keys.append(key)
        self._next.release()

    def shown(self, taken: float) -> None:
        self.on_screen.append(taken)
        self._next.release()


@pytest.fixture
def live() -> Any:
    """The view of a Session, served in a thread."""
    session, urls, ready = Session(), [], threading.Event()

    def announce(url: str) -> None:
        urls.append(url)
        ready.set()

    thread = threading.Thread(target=browser.show, args=(session, announce))
    thread.start()
    assert ready.wait(PATIENCE_S)
    base, _, token = urls[0].partition("/?token=")
    yield SimpleNamespace(session=session, base=base, token=token)
    session.press("q")
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def ask(url: str, method: str = "GET", host: str | None = None) -> Any:
    request = urllib.request.Request(url, method=method, headers={"Host": host} if host else {})
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return answer.status, dict(answer.headers), answer.read()


def test_frames_follow_the_screen(live: Any):
    number = 0
    for expected in (1, 2, 3):
        status, headers, content = ask(f"{live.base}/frame?token={live.token}&after={number}")
        assert status == 200
        number = int(headers["X-Frame"])
        assert number == expected
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (480, 450, 3)
    assert live.session.on_screen == [0.0, 1.0]


def test_keys_arrive(live: Any):
    assert ask(f"{live.base}/key?token={live.token}&key=n", "POST")[0] == 204
    assert live.session.keys == ["n"]


def test_the_page_may_load_nothing_else(live: Any):
    _, headers, content = ask(f"{live.base}/?token={live.token}")
    nonce = content.decode().partition('nonce="')[2].partition('"')[0]
    assert len(nonce) >= 16
    assert f"script-src 'nonce-{nonce}'" in headers["Content-Security-Policy"]
    assert b"NONCE" not in content


@pytest.mark.parametrize(
    ("path", "host", "code"),
    [
        pytest.param("/frame?after=0", None, 403, id="no token"),
        pytest.param("/?token=guess", None, 403, id="wrong token"),
        pytest.param("/?token={token}", "evil.example:80", 403, id="another name"),
        pytest.param("/frame?token={token}&after=x", None, 400, id="no number"),
        pytest.param("/other?token={token}", None, 404, id="no page"),
    ],
)
def test_refusals(live: Any, path: str, host: str | None, code: int):
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(live.base + path.replace("{token}", live.token), host=host)
    caught.value.close()
    assert caught.value.code == code
