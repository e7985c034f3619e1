"""The server itself: is it well, who may ask, what does it take, its pack."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse, Response

from prosopon import __version__
from prosopon.packs import load_pack
from prosopon.server.errors import Refused
from prosopon.server.guard import COOKIE, same, session_value
from prosopon.server.live import LiveService
from prosopon.server.metrics import CONTENT_TYPE, Metrics
from prosopon.server.models import Health, PackInfo, ServerInfo, Token
from prosopon.server.routes.document import BINARY, problems
from prosopon.server.service import Service
from prosopon.writers.sidecar import describe_columns


def state_routes(service: Service, live: LiveService, metrics: Metrics) -> APIRouter:
    """``/healthz``, ``/metrics``, ``/v1/session``, ``/v1/server`` and ``/v1/pack``."""
    router = APIRouter()
    settings = service.settings
    pack = load_pack(settings.analyzer.get("pack", "default"))
    files = {file.path.name: file for file in pack.files}

    @router.get("/healthz", tags=["server"])
    def healthz() -> Health:
        """Whether the server and its worker run."""
        working = service.worker_pid is not None
        return Health(status="ok" if working else "no worker", version=__version__)

    @router.get(
        "/metrics",
        tags=["server"],
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}, **problems()},
    )
    def metrics_text() -> Response:
        """Numbers for Prometheus."""
        return Response(metrics.text(service.store, live.open), media_type=CONTENT_TYPE)

    @router.post("/v1/session", status_code=204, tags=["server"], responses=problems(400))
    def open_session(given: Token, request: Request) -> Response:
        """Exchange the token for a cookie, which a browser sends with pictures and sockets too."""
        if settings.token is not None and not same(given.token, settings.token):
            raise Refused(401, "this is not the server's token")
        answer = Response(status_code=204)
        if settings.token is not None:
            answer.set_cookie(
                COOKIE,
                session_value(settings.token),
                httponly=True,
                samesite="strict",
                secure=request.url.scheme == "https",
            )
        return answer

    @router.get("/v1/server", tags=["server"], responses=problems())
    def server() -> ServerInfo:
        """What this server is, what it takes and what its columns mean."""
        limits = settings.limits
        return ServerInfo(
            version=__version__,
            pack=PackInfo(
                name=pack.name,
                version=pack.version,
                license=pack.license,
                terms=pack.terms,
                precision=settings.analyzer.get("precision") or pack.network.precision,
                files={name: file.sha256 for name, file in files.items()},
            ),
            upload_bytes=limits.upload_bytes,
            video_seconds=limits.seconds,
            kept_seconds=limits.kept_seconds,
            paths=bool(settings.roots),
            columns=describe_columns(service.schema),  # type: ignore[arg-type]  # by pydantic
        )

    @router.get(
        "/v1/pack/{name}",
        tags=["server"],
        response_class=FileResponse,
        responses={200: {"content": {"application/octet-stream": BINARY}}, **problems(404)},
    )
    def pack_file(name: Annotated[str, PathParameter(max_length=100)]) -> FileResponse:
        """A file of the model pack, for computing in the browser."""
        if name not in files:
            raise Refused(404, f"the pack has no such file; there are: {', '.join(files)}")
        headers = {"Cache-Control": "private, max-age=86400", "ETag": f'"{files[name].sha256}"'}
        return FileResponse(
            files[name].path, media_type="application/octet-stream", headers=headers
        )

    return router
