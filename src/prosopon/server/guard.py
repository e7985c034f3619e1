"""Who may ask, and what browsers are told to allow.

Everything here stands before the routes, so that a new route is guarded without doing anything.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prosopon.server.settings import is_loopback

COOKIE = "prosopon_session"

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        # ONNX Runtime compiles its WebAssembly and runs its threads as workers.
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self' blob:",
        # Hashes of what plotly.js writes: nothing, into an element to which it adds rules and into
        # attributes, and what keeps heat maps' cells sharp. Its styles of maps stay out.
        "style-src 'self' 'unsafe-hashes' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' "
        "'sha256-AR/cKIZjWPcPmBUPDA6oti9XBiTbJvz0Cro2J1VzzS8='",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    # Together these isolate the page, which threads in WebAssembly need.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# What a visitor may see before giving the token: the pages themselves, which hold no data.
_OPEN = re.compile(r"/(?:|assets/.*|report/.*|favicon\.ico|healthz|v1/session)")


def session_value(token: str) -> str:
    """What the session cookie holds: shows that its bearer knew the token, without telling it."""
    return hmac.new(token.encode(), b"prosopon session", hashlib.sha256).hexdigest()


def same(given: str, right: str) -> bool:
    """Whether two secrets are equal, in the same time wherever they differ."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())


class Guard:
    """Refuses strangers, other sites' pages and other hosts' names; adds the headers above."""

    def __init__(self, app: ASGIApp, token: str | None, local: bool) -> None:
        self._app, self._token, self._local = app, token, local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send_guarded)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            status, detail = refusal
            answer = JSONResponse({"detail": detail}, status)
            if status == 401:
                answer.headers["WWW-Authenticate"] = "Bearer"
            await answer(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._local and not is_loopback(_host_name(host)):
            # Another site may point its own name here (DNS rebinding) to read as this origin.
            return 403, f"this server answers to localhost only, not to {_host_name(host)!r}"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return 403, "requests from other sites' pages are refused"
        if self._token and not _OPEN.fullmatch(scope["path"]) and not self._knows(headers):
            return 401, "a token is needed: send 'Authorization: Bearer TOKEN'"
        return None

    def _knows(self, headers: Mapping[str, str]) -> bool:
        token = self._token or ""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and same(given.strip(), token):
            return True
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(headers.get("cookie", ""))
        except CookieError:
            return False
        return COOKIE in cookies and same(cookies[COOKIE].value, session_value(token))


def _host_name(host: str) -> str:
    """``host:port`` without the port and the brackets of IPv6."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
