"""The application: services, routes, pages and the guard around them, wired in one place."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from prosopon import __version__
from prosopon.errors import MissingExtraError, ProsoponError
from prosopon.server.errors import Refused
from prosopon.server.guard import Guard
from prosopon.server.live import LiveService
from prosopon.server.metrics import Measure, Metrics
from prosopon.server.pictures import PictureService
from prosopon.server.reports import COMPONENT
from prosopon.server.routes import routes
from prosopon.server.service import Service
from prosopon.server.settings import Settings

STATIC = Path(__file__).parent / "static"


def create_app(settings: Settings) -> FastAPI:
    """The server of ``settings``; its worker runs while the application does.

    Raises PackError, DeviceError, OutputError when it can't start.
    """
    metrics = Metrics()
    pictures = PictureService(settings)
    live = LiveService(settings)
    service = Service(settings, pictures.schema)

    @asynccontextmanager
    async def run(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        try:
            yield
        finally:
            service.stop()
            pictures.close()

    app = FastAPI(
        title="Prosopon",
        version=__version__,
        description="Facial behaviour from pictures and videos.",
        lifespan=run,
        docs_url=None,  # these pages load their scripts from elsewhere
        redoc_url=None,
    )
    app.include_router(routes(service, pictures, live, metrics))
    app.add_exception_handler(Refused, _answer_refused)
    app.add_exception_handler(ProsoponError, _answer_refused)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(OSError, _answer_full)

    @app.get("/", include_in_schema=False)
    def index() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    @app.get("/report/{name}", include_in_schema=False)
    def report_component(name: str) -> Response:
        if name not in COMPONENT:
            raise Refused(404, "no such file")
        kind, content = COMPONENT[name]
        headers = {"Cache-Control": "public, max-age=3600"}
        return Response(content(), media_type=kind, headers=headers)

    app.mount("/assets", _Assets(directory=STATIC / "assets"))
    app.add_middleware(Guard, token=settings.token, local=settings.local)
    app.add_middleware(Measure, metrics=metrics)
    return app


class _Assets(StaticFiles):
    """Built files, whose names change with their content; large ones lie compressed."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """As StaticFiles, but ``path.gz`` for ``path`` where that is what lies there."""
        _, packed = self.lookup_path(f"{path}.gz")
        if packed is None:
            response = await super().get_response(path, scope)
        else:
            response = await super().get_response(f"{path}.gz", scope)
            response.headers["Content-Encoding"] = "gzip"
            if path.endswith(".wasm"):
                response.headers["Content-Type"] = "application/wasm"
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


async def _answer_refused(_: Request, error: Exception) -> JSONResponse:
    """Refused and InputError as JSON; a refusal because of load says when to come again."""
    status, detail = 422, str(error)
    if isinstance(error, Refused):
        status = error.status
    elif isinstance(error, MissingExtraError):
        status = 501
    headers = {"Retry-After": "2"} if status in (429, 503) else None
    return JSONResponse({"detail": detail}, status, headers)


async def _answer_invalid(_: Request, error: Exception) -> JSONResponse:
    """One line instead of FastAPI's list."""
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    lines = [f"{'.'.join(str(p) for p in found['loc'])}: {found['msg']}" for found in problems]
    return JSONResponse({"detail": "; ".join(lines) or "not what is expected"}, 422)


async def _answer_full(_: Request, error: Exception) -> JSONResponse:
    logging.getLogger("prosopon.server").error("can't write: %s", error)
    return JSONResponse({"detail": "the server can't store this; its disk may be full"}, 507)
