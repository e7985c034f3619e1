"""WebVTT: events as captions that a player shows under the video.

One cue an event, from its start to its end: who, what and how strong. Action units and flags of
quality are left out, since several are nearly always up; ELAN's tiers have them.
"""

from __future__ import annotations

from pathlib import Path

from prosopon.measures.base import Event
from prosopon.measures.run import measure, possible
from prosopon.types import FaceTable
from prosopon.writers.base import write_bytes

_LEFT_OUT = ("units", "compound", "quality")
_SHORTEST = 0.5  # s that a caption stays, so that it can be read


def export(table: FaceTable, base: Path, media: Path | None) -> tuple[Path, ...]:
    """Write ``base.vtt``."""
    del media
    names = [name for name in possible(table) if name not in _LEFT_OUT]
    cues = [cue(event) for event in measure(table, names).events]
    path = base.with_name(f"{base.name}.vtt")
    write_bytes(path, "\n\n".join(["WEBVTT", *cues, ""]).encode())
    return (path,)


def cue(event: Event) -> str:
    """The event's times and text."""
    end = max(event.end, event.start + _SHORTEST)
    what = event.kind.replace("_", " ")
    text = f"face {event.face_id}: {what} {event.amplitude:.2f}"
    return f"{clock(event.start)} --> {clock(end)}\n{text}"


def clock(seconds: float) -> str:
    """As WebVTT writes times: hours, minutes, seconds, milliseconds."""
    milliseconds = round(max(seconds, 0.0) * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
