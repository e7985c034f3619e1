"""What the HTTP API takes and gives, for checking and for its OpenAPI document."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from prosopon.server.store import Job


class Problem(BaseModel):
    """Why a request was not served."""

    detail: str = Field(description="one line: what is wrong and what to do about it")


class ServerPath(BaseModel):
    """A file on the server, to be analysed where it lies."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(
        min_length=1,
        max_length=4096,
        description="relative to one of the folders that the server was allowed, or absolute",
    )


class Token(BaseModel):
    """The token that the server was started with."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(max_length=1024)


class Summary(BaseModel):
    """What came of an analysis."""

    frames: int
    frames_with_face: int
    faces: int = Field(description="rows with a measured face")
    identities: int = Field(description="different people in a video")
    seconds: float
    problems: list[str] = Field(description="what could not be read, though the rest was")
    pack: dict[str, str] = Field(description="name, version and license of the model pack")


class Analysis(BaseModel):
    """One analysis and how far it is."""

    id: str
    name: str = Field(description="of the file, as the visitor gave it")
    media: str = Field(description="media type of the file, from its content")
    state: Literal["queued", "running", "done", "failed"]
    frames: int = Field(description="measured so far")
    frames_expected: int | None = Field(description="null while that is not known")
    created: datetime
    ended: datetime | None
    error: str | None = Field(description="why it failed")
    summary: Summary | None = Field(description="when it is done")

    @classmethod
    def of(cls, job: Job) -> Analysis:
        """As the store has it."""
        return cls(
            id=job.id,
            name=job.name,
            media=job.media,
            state=job.state,  # type: ignore[arg-type]  # checked by pydantic
            frames=job.frames,
            frames_expected=job.frames_expected,
            created=datetime.fromtimestamp(job.created, timezone.utc),
            ended=None if job.ended is None else datetime.fromtimestamp(job.ended, timezone.utc),
            error=job.error,
            summary=None if job.summary is None else Summary(**job.summary),
        )


class ImageResult(BaseModel):
    """The faces of one picture, surest first."""

    width: int
    height: int
    seconds: float = Field(description="taken by decoding and measuring")
    faces: list[dict[str, Any]] = Field(
        description="column of the table → value; units and meanings are in /v1/server"
    )


class ColumnInfo(BaseModel):
    """One column of the results."""

    name: str
    shape: list[int]
    flat: list[str] = Field(description="names in flat files, one for each value")
    unit: str
    description: str


class PackInfo(BaseModel):
    """The model pack in use; ``files`` may be fetched from ``/v1/pack/NAME``."""

    name: str
    version: str
    license: str
    terms: str
    precision: str
    files: dict[str, str] = Field(description="file name → SHA-256")


class ServerInfo(BaseModel):
    """What this server is and what it takes."""

    version: str
    pack: PackInfo
    upload_bytes: int = Field(description="largest upload")
    video_seconds: float = Field(description="longest video")
    kept_seconds: float = Field(description="results are deleted so long after they are done")
    paths: bool = Field(description="whether files on the server may be analysed by path")
    columns: list[ColumnInfo]


class Health(BaseModel):
    """Whether the server works."""

    status: Literal["ok", "no worker"]
    version: str
