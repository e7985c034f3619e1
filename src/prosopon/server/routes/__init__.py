"""The HTTP API: each route checks, hands on and answers; nothing is measured here."""

from __future__ import annotations

from fastapi import APIRouter

from prosopon.server.live import LiveService
from prosopon.server.metrics import Metrics
from prosopon.server.pictures import PictureService
from prosopon.server.routes.analyses import analysis_routes
from prosopon.server.routes.instant import instant_routes
from prosopon.server.routes.results import result_routes
from prosopon.server.routes.state import state_routes
from prosopon.server.service import Service


def routes(
    service: Service, pictures: PictureService, live: LiveService, metrics: Metrics
) -> APIRouter:
    """All routes of the API."""
    router = APIRouter()
    for part in (
        state_routes(service, live, metrics),
        analysis_routes(service),
        result_routes(service),
        instant_routes(service.settings.limits, pictures, live, metrics),
    ):
        router.include_router(part)
    return router
