"""The queue of analyses: put in, look, delete."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import ValidationError

from prosopon.server.errors import Refused
from prosopon.server.models import Analysis, ServerPath
from prosopon.server.receive import check_length, receive_file
from prosopon.server.routes.document import BINARY, FORM, JobId, problems
from prosopon.server.service import Service
from prosopon.server.store import Job

_MOST_LISTED = 200
_LONGEST_JSON = 16_384


def analysis_routes(service: Service) -> APIRouter:
    """``/v1/analyses``."""
    router = APIRouter(prefix="/v1/analyses", tags=["analyses"])

    @router.post(
        "",
        status_code=202,
        response_model=Analysis,
        responses=problems(400, 408, 413, 415, 429, 507),
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
                    "multipart/form-data": FORM,
                    "application/octet-stream": BINARY,
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

    @router.get("", responses=problems())
    def listed(
        most: Annotated[int, Query(ge=1, le=_MOST_LISTED, description="newest first")] = 50,
    ) -> list[Analysis]:
        """The newest analyses."""
        return [Analysis.of(job) for job in service.store.list(most)]

    @router.get("/{job_id}", responses=problems(404))
    def state(job_id: JobId) -> Analysis:
        """State and progress of an analysis."""
        return Analysis.of(service.store.get(job_id))

    @router.delete("/{job_id}", status_code=204, responses=problems(404))
    def delete(job_id: JobId) -> Response:
        """Stop it if it runs, and delete its upload and its results."""
        if not service.delete(job_id):
            raise Refused(404, "no such analysis; it may have been deleted")
        return Response(status_code=204)

    return router


async def _receive(request: Request, service: Service) -> Job:
    """Store an upload and queue it; whatever goes wrong leaves nothing."""
    limits = service.settings.limits
    check_length(request, limits.upload_bytes)
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
