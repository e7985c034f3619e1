"""What several routes say of themselves in the document of the API."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path as PathParameter

from prosopon.server.models import Problem

BINARY = {"schema": {"type": "string", "format": "binary"}}
FORM = {
    "schema": {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}},
        "required": ["file"],
    }
}
JobId = Annotated[str, PathParameter(pattern="^[0-9a-f]{32}$", description="of the analysis")]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer with besides its result, for the document of the API."""
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
