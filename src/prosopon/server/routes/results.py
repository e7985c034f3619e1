"""What analyses gave: table, report, and the picture or video itself."""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import FileResponse

from prosopon.server.errors import Refused
from prosopon.server.reports import data_file, page_file
from prosopon.server.routes.document import BINARY, JobId, problems
from prosopon.server.service import Service
from prosopon.server.store import Job
from prosopon.server.worker import RESULT_STEM

_TABLE_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "jsonl": "application/jsonl",
}


def result_routes(service: Service) -> APIRouter:
    """What lies under ``/v1/analyses/{job_id}``."""
    router = APIRouter(prefix="/v1/analyses/{job_id}", tags=["results"])

    @router.get(
        "/table",
        response_class=FileResponse,
        responses={
            200: {"content": {kind.partition(";")[0]: BINARY for kind in _TABLE_TYPES.values()}},
            **problems(404, 409),
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
            **problems(404, 409, 501),
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
        responses={200: {"content": {"*/*": BINARY}}, **problems(404)},
    )
    def media(job_id: JobId) -> FileResponse:
        """The picture or video itself; ranges may be asked for."""
        job = service.store.get(job_id)
        path = service.input_path(job)
        if not path.is_file():
            raise Refused(404, "the picture or video is gone")
        return FileResponse(path, media_type=job.media)

    return router


def _done(service: Service, job_id: str) -> Job:
    job = service.store.get(job_id)
    if job.state == "failed":
        raise Refused(409, f"the analysis failed: {job.error}")
    if job.state != "done":
        raise Refused(409, "the analysis is not done; ask for its state")
    return job
