"""What is measured at once and not kept: a picture, the frames of a camera."""

from __future__ import annotations

from io import BytesIO

from fastapi import APIRouter, Request, WebSocket

from prosopon.server.live import LiveService
from prosopon.server.metrics import Metrics
from prosopon.server.models import ImageResult
from prosopon.server.pictures import PictureService
from prosopon.server.receive import check_length, receive_file
from prosopon.server.routes.document import BINARY, FORM, problems
from prosopon.server.settings import Limits


def instant_routes(
    limits: Limits, pictures: PictureService, live: LiveService, metrics: Metrics
) -> APIRouter:
    """``/v1/image`` and ``/v1/live``."""
    router = APIRouter(prefix="/v1", tags=["at once"])

    @router.post(
        "/image",
        response_model=ImageResult,
        responses=problems(400, 408, 413, 503),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "multipart/form-data": FORM,
                    "image/jpeg": BINARY,
                    "image/png": BINARY,
                    "image/webp": BINARY,
                    "application/octet-stream": BINARY,
                },
            }
        },
    )
    async def image(request: Request) -> ImageResult:
        """Every face of one picture, which is not kept."""
        pictures.admit()
        check_length(request, limits.image_bytes)
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
