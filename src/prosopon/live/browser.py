"""The live view in a browser, where there is no screen for a window: a page on loopback.

The page asks for one frame after another, and by asking for the next tells that the last one is
drawn, so it never falls behind, and the latency told is that of the screen. The server answers
on the loopback address only, only under the names of that address (which keeps other sites from
reaching it by a name of their own), and only to who knows the token in the URL.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import cv2

from prosopon.errors import OutputError
from prosopon.live.panel import compose

if TYPE_CHECKING:
    from prosopon.live.session import LiveSession

_HOST = "127.0.0.1"
_QUALITY = 85
_PATIENCE_S = 5.0
_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
    "img-src blob:; connect-src 'self'"
)


def show(session: LiveSession, announce: Callable[[str], None], port: int = 0) -> None:
    """Serve the view until the source ends or q is pressed.

    announce: is told the URL once it answers. OutputError: the port is taken.
    """
    with _served(session, port) as (server, board):
        announce(f"http://{_HOST}:{server.server_port}/?token={board.token}")
        for shown in session:
            done, encoded = cv2.imencode(
                ".jpg", compose(shown), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
            )
            if not done:
                raise OutputError("the live view can't be encoded as JPEG")
            board.put(shown.number + 1, shown.taken, encoded.tobytes())


class _Board:
    """The newest frame, for whoever asks."""

    def __init__(self, session: LiveSession) -> None:
        self.token = secrets.token_urlsafe(16)
        self.press = session.press
        self._shown = session.shown
        self._changed = threading.Condition()
        self._number, self._taken, self._content = 0, 0.0, b""
        self._sent: dict[int, float] = {}
        self.ended = False

    def put(self, number: int, taken: float, content: bytes) -> None:
        with self._changed:
            self._number, self._taken, self._content = number, taken, content
            self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def after(self, number: int) -> tuple[int, bytes]:
        """The newest frame once it is not ``number``, which is on the asker's screen."""
        with self._changed:
            taken = self._sent.pop(number, None)
            if taken is not None:
                self._shown(taken)
            self._changed.wait_for(lambda: self._number != number or self.ended, _PATIENCE_S)
            if self._number == number:
                return number, b""
            self._sent = {self._number: self._taken}
            return self._number, self._content


@contextmanager
def _served(session: LiveSession, port: int) -> Iterator[tuple[ThreadingHTTPServer, _Board]]:
    board = _Board(session)
    try:
        server = ThreadingHTTPServer((_HOST, port), partial(_Handler, board))
    except OSError as error:
        raise OutputError(f"port {port}: {error.strerror}; choose another by --port") from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="server", daemon=True)
    thread.start()
    try:
        yield server, board
    finally:
        board.end()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, board: _Board, *args: object) -> None:
        self._board = board
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        path, query = self._asked()
        if not self._allowed(query):
            self._send(403, "text/plain", b"open the address that prosopon live has printed\n")
        elif path == "/":
            nonce = secrets.token_urlsafe(12)
            page = (files("prosopon.live") / "live.html").read_text(encoding="utf-8")
            content = page.replace("NONCE", nonce).encode()
            policy = {"Content-Security-Policy": _POLICY.format(nonce=nonce)}
            self._send(200, "text/html; charset=utf-8", content, policy)
        elif path == "/frame":
            self._send_frame(query.get("after", ""))
        else:
            self._send(404, "text/plain", b"no such page\n")

    def do_POST(self) -> None:
        path, query = self._asked()
        if not self._allowed(query):
            self._send(403, "text/plain", b"")
        elif path == "/key":
            self._board.press(query.get("key", ""))
            self._send(204, "text/plain", b"")
        else:
            self._send(404, "text/plain", b"")

    def _send_frame(self, after: str) -> None:
        if not after.isdecimal():
            self._send(400, "text/plain", b"after: expected a number\n")
            return
        number, content = self._board.after(int(after))
        if content:
            self._send(200, "image/jpeg", content, {"X-Frame": str(number)})
        else:
            self._send(410 if self._board.ended else 204, "image/jpeg", b"")

    def _asked(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}

    def _allowed(self, query: dict[str, str]) -> bool:
        name = self.headers.get("Host", "").rpartition(":")[0]
        known = secrets.compare_digest(query.get("token", "").encode(), self._board.token.encode())
        return known and name in (_HOST, "localhost")

    def _send(
        self, status: int, kind: str, content: bytes, more: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }
        for name, value in (headers | (more or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the log would fill the terminal."""
