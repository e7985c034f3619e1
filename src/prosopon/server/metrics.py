"""Numbers about the server for Prometheus; none of them tells anything of a picture."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prosopon.server.store import JobStore

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "prosopon_requests", "Answers by route and status",
            ["method", "route", "status"], registry=self._registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "prosopon_request_seconds", "Time to the end of the answer",
            ["route"], registry=self._registry,
        )  # fmt: skip
        self.faces = Counter(
            "prosopon_image_faces", "Faces found by /v1/image", registry=self._registry
        )
        self._jobs = Gauge(
            "prosopon_analyses", "Analyses by state", ["state"], registry=self._registry
        )
        self._live = Gauge("prosopon_live_views", "Live views open", registry=self._registry)

    def text(self, store: JobStore, live: int) -> bytes:
        """All of them, in Prometheus's text format."""
        for state, count in store.counts().items():
            self._jobs.labels(state).set(count)
        self._live.set(live)
        return generate_latest(self._registry)


class Measure:
    """Counts requests by route, never by path: paths hold ids."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            # A visitor may make up methods; each would be a series of its own.
            method = scope["method"] if scope["method"] in ("GET", "POST", "DELETE") else "other"
            self._metrics.requests.labels(method, route, status).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - started)
