"""The HTTP API: each route checks, hands on and answers; nothing is measured here."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from pathlib import PurePath
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, WebSocket
from fastapi import Path as PathParameter
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import ValidationError

from prosopon import __version__
from prosopon.errors import MissingExtraError
from prosopon.packs import load_pack
from prosopon.server.errors import Refused
from prosopon.server.guard import COOKIE, same, session_value
from prosopon.server.live import LiveService
from prosopon.server.metrics import CONTENT_TYPE, Metrics
from prosopon.server.models import (
    Analysis,
    Health,
    ImageResult,
    PackInfo,
    Problem,
    ServerInfo,
    ServerPath,
    Token,
)
from prosopon.server.pictures import PictureService
from prosopon.server.receive import receive_file
from prosopon.server.reports import data_file, page_file
from prosopon.server.service import Service
from prosopon.server.store import Job
from prosopon.server.worker import RESULT_STEM
from prosopon.writers.sidecar import describe_columns

_TABLE_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "jsonl": "application/jsonl",
}
_MOST_LISTED = 200
_LONGEST_JSON = 16_384

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "schema": {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}},
        "required": ["file"],
    }
}
JobId = Annotated[str, PathParameter(pattern="^[0-9a-f]{32}$", description="of the analysis")]


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    meanings = {
        400: "the request holds no file or is damaged",
        401: "the token is missing or wrong",
        403: "refused: another site's page, or another host's name",
        404: "no such analysis",
        408: "the upload stalled",
        409: "the analysis is not done",
        413: "larger than the server takes",
        415: "neither a picture nor a video",
        422: "not what is expected",
        429: "as many analyses as allowed wait already",
        501: "the server lacks the package that this needs",
        503: "busy: try again",
        507: "the server's disk is full",
    }
    always = {401, 403, 422}
    return {s: {"model": Problem, "description": meanings[s]} for s in sorted({*statuses, *always})}


def routes(
    service: Service, pictures: PictureService, live: LiveService, metrics: Metrics
) -> APIRouter:
    """All routes of the API."""
    router = APIRouter()
    for part in (
        _state_routes(service, live, metrics),
        _analysis_routes(service),
        _result_routes(service),
        _picture_routes(service, pictures, live, metrics),
    ):
        router.include_router(part)
    return router


def _state_routes(service: Service, live: LiveService, metrics: Metrics) -> APIRouter:
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
        responses={200: {"content": {"text/plain": {}}}, **_problems()},
    )
    def metrics_text() -> Response:
        """Numbers for Prometheus."""
        return Response(metrics.text(service.store, live.open), media_type=CONTENT_TYPE)

    @router.post("/v1/session", status_code=204, tags=["server"], responses=_problems(400))
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

    @router.get("/v1/server", tags=["server"], responses=_problems())
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
        responses={200: {"content": {"application/octet-stream": _BINARY}}, **_problems(404)},
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


def _analysis_routes(service: Service) -> APIRouter:
    router = APIRouter(prefix="/v1/analyses", tags=["analyses"])

    @router.post(
        "",
        status_code=202,
        response_model=Analysis,
        responses=_problems(400, 408, 413, 415, 429, 507),
        openapi_extra={
            "parameters": [
                {
                    "name": "name",
                    "in": "query",
                    "description": "of the file, where the body is the file itself",
                    "schema": {"type": "string"},
                }
            ],
            "requestBody": {
                "required": True,
                "content": {
                    "multipart/form-data": _FORM,
                    "application/octet-stream": _BINARY,
                    "application/json": {"schema": ServerPath.model_json_schema()},
                },
            },
        },
    )
    async def create(request: Request) -> Analysis:
        """Queue a picture or video: a form with one ``file``, the file itself, or a server path."""
        if _content_type(request) == "application/json":
            given = await _read_json(request)
            return Analysis.of(await run_in_threadpool(service.submit_path, given.path))
        return Analysis.of(await _receive(request, service))

    @router.get("", responses=_problems())
    def listed(
        most: Annotated[int, Query(ge=1, le=_MOST_LISTED, description="newest first")] = 50,
    ) -> list[Analysis]:
        """The newest analyses."""
        return [Analysis.of(job) for job in service.store.list(most)]

    @router.get("/{job_id}", responses=_problems(404))
    def state(job_id: JobId) -> Analysis:
        """State and progress of an analysis."""
        return Analysis.of(service.store.get(job_id))

    @router.delete("/{job_id}", status_code=204, responses=_problems(404))
    def delete(job_id: JobId) -> Response:
        """Stop it if it runs, and delete its upload and its results."""
        if not service.delete(job_id):
            raise Refused(404, "no such analysis; it may have been deleted")
        return Response(status_code=204)

    return router


def _result_routes(service: Service) -> APIRouter:
    router = APIRouter(prefix="/v1/analyses/{job_id}", tags=["results"])

    @router.get(
        "/table",
        response_class=FileResponse,
        responses={
            200: {"content": {kind.partition(";")[0]: _BINARY for kind in _TABLE_TYPES.values()}},
            **_problems(404, 409),
        },
    )
    def table(job_id: JobId, format: Literal["csv", "parquet", "jsonl"] = "csv") -> FileResponse:
        """The table, one row per face per frame."""
        job = _done(service, job_id)
        return FileResponse(
            service.settings.job_folder(job_id) / f"{RESULT_STEM}.{format}",
            media_type=_TABLE_TYPES[format],
            filename=f"{PurePath(job.name).stem or 'result'}.{format}",
        )

    @router.get(
        "/report",
        response_class=FileResponse,
        responses={
            200: {"content": {"text/html": {}, "application/json": {}}},
            **_problems(404, 409, 501),
        },
    )
    def report(job_id: JobId, format: Literal["html", "json"] = "html") -> FileResponse:
        """The report: one HTML file to keep, or the data that the pages' component draws."""
        job = _done(service, job_id)
        folder = service.settings.job_folder(job_id)
        if format == "json":
            return FileResponse(
                data_file(job, folder, service.input_path(job)), media_type="application/json"
            )
        return FileResponse(
            page_file(folder),
            media_type="text/html; charset=utf-8",
            filename=f"{PurePath(job.name).stem or 'result'}.report.html",
        )

    @router.get(
        "/media",
        response_class=FileResponse,
        responses={200: {"content": {"*/*": _BINARY}}, **_problems(404)},
    )
    def media(job_id: JobId) -> FileResponse:
        """The picture or video itself; ranges may be asked for."""
        job = service.store.get(job_id)
        path = service.input_path(job)
        if not path.is_file():
            raise Refused(404, "the picture or video is gone")
        return FileResponse(path, media_type=job.media)

    return router


def _picture_routes(
    service: Service, pictures: PictureService, live: LiveService, metrics: Metrics
) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["at once"])
    limits = service.settings.limits

    @router.post(
        "/image",
        response_model=ImageResult,
        responses=_problems(400, 408, 413, 503),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "multipart/form-data": _FORM,
                    "image/jpeg": _BINARY,
                    "image/png": _BINARY,
                    "image/webp": _BINARY,
                    "application/octet-stream": _BINARY,
                },
            }
        },
    )
    async def image(request: Request) -> ImageResult:
        """Every face of one picture, which is not kept."""
        pictures.admit()
        _check_length(request, limits.image_bytes)
        content = BytesIO()
        await receive_file(request, content, limits.image_bytes, limits.silence_seconds)
        measured = await pictures.measure(content.getvalue())
        metrics.faces.inc(len(measured.faces))
        return ImageResult(
            width=measured.width,
            height=measured.height,
            seconds=measured.seconds,
            faces=measured.faces,
        )

    @router.websocket("/live")
    async def live_view(socket: WebSocket) -> None:
        await live.serve(socket)

    return router


async def _receive(request: Request, service: Service) -> Job:
    """Store an upload and queue it; whatever goes wrong leaves nothing."""
    limits = service.settings.limits
    _check_length(request, limits.upload_bytes)
    job_id, path = await run_in_threadpool(service.prepare)
    try:
        with path.open("wb") as file:
            received = await receive_file(
                request, file, limits.upload_bytes, limits.silence_seconds
            )
        return await run_in_threadpool(service.submit_upload, job_id, received.name)
    except BaseException:
        service.drop_files(job_id)
        raise


def _check_length(request: Request, most: int) -> None:
    """Refuse what says that it is too large before reading it; what doesn't say is counted."""
    with suppress(ValueError):
        if int(request.headers.get("content-length", "0")) > most + _LONGEST_JSON:
            raise Refused(413, f"the file is over the limit of {most / 1e6:.0f} MB")


async def _read_json(request: Request) -> ServerPath:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST_JSON:
            raise Refused(413, "the request is too long")
    try:
        return ServerPath.model_validate_json(body)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise Refused(422, f'expected {{"path": "…"}}: {problem["msg"]}') from error


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _done(service: Service, job_id: str) -> Job:
    job = service.store.get(job_id)
    if job.state == "failed":
        raise Refused(409, f"the analysis failed: {job.error}")
    if job.state != "done":
        raise Refused(409, "the analysis is not done; ask for its state")
    return job


async def answer_refused(request: Request, error: Exception) -> JSONResponse:
    """Refused and InputError as JSON; a refusal because of load says when to come again."""
    status, detail = 422, str(error)
    if isinstance(error, Refused):
        status = error.status
    elif isinstance(error, MissingExtraError):
        status = 501
    headers = {"Retry-After": "2"} if status in (429, 503) else None
    return JSONResponse({"detail": detail}, status, headers)
