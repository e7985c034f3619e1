"""Everything that a report's page draws, as one JSON-ready dict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from prosopon.errors import InputError
from prosopon.measures.base import Doubles, Event
from prosopon.measures.events import blinks, losses, smiles
from prosopon.report.packing import pack, pack_exact
from prosopon.report.signals import BUCKETS, Group, groups, thin
from prosopon.report.summary import maps, summarize
from prosopon.types import AnyArray, FaceTable

VERSION = 1
OVERLAY_ROWS = 6000
"""Rows whose points are kept for drawing; of longer videos every second, third, … frame."""
_POINT_STEP = 0.1  # px
_ANGLE_STEP = 0.001
_OVERLAY = (
    ("box", _POINT_STEP),
    ("landmarks", _POINT_STEP),
    ("pupils", _POINT_STEP),
    ("pose_r", _ANGLE_STEP),
    ("gaze", _ANGLE_STEP),
)
_INFO = ("input", "counts", "complete", "problems", "pack", "settings", "versions", "started")


@dataclass(frozen=True, slots=True)
class Still:
    """A picture of the source that a strip shows: time in s (as the page's axis), a data: URL."""

    time: float
    url: str


def report_data(
    table: FaceTable,
    video: str | None = None,
    *,
    info: Mapping[str, Any] | None = None,
    stills: Sequence[Still] = (),
    size: tuple[int, int] | None = None,
    title: str = "",
) -> dict[str, Any]:
    """What ``mountReport(element, data)`` draws.

    video: URL under which the page finds the video; info: the sidecar's content, from which
    input, pack with its terms, settings and versions are shown; stills: pictures to show where no
    video plays, in order of time; size: (width, height) px of the picture, by default the
    sidecar's, else what the points fill.

    InputError: a table without rows, or without the columns of a frame.
    """
    missing = [name for name in ("frame", "time", "face_id", "success") if name not in table]
    if missing or not len(table):
        reason = f"has no column {', '.join(missing)}" if missing else "has no rows"
        raise InputError(f"{title or 'the table'}: {reason}; there is nothing to report")
    info = dict(info or {})
    axis = _axis(table)
    found = _rows_by_person(table)
    every = max(1, -(-sum(len(rows) for rows in found.values()) // OVERLAY_ROWS))
    events = _all_events(table) if axis.timed else []
    series = groups(table)
    people = [
        _person(table, axis, series, face_id, rows, every,
                [event for event in events if event.face_id == face_id])
        for face_id, rows in found.items()
    ]  # fmt: skip
    return {
        "version": VERSION,
        "title": title,
        "axis": "time" if axis.timed else "picture",
        "times": pack_exact(axis.positions),
        "video": video,
        "stills": [{"time": still.time, "url": still.url} for still in stills],
        "size": list(size or info.get("input", {}).get("size") or _extent(table)),
        "groups": [
            {"key": g.key, "title": g.title, "unit": g.unit, "limits": g.limits,
             "names": list(g.names)}
            for g in series
        ],
        "people": people,
        "coverage": _coverage(table, axis),
        "overlay_every": every,
        "thinned": {"frames": len(axis.frames), "buckets": BUCKETS}
        if any(person["thinned"] for person in people)
        else None,
        "info": {key: info[key] for key in _INFO if key in info},
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Axis:
    """frames (n,): indices, ascending; positions (n,): s of each, or its place where pictures
    have no time; timed: which of the two."""

    frames: AnyArray
    positions: Doubles
    timed: bool


def _axis(table: FaceTable) -> _Axis:
    frames, first = np.unique(table["frame"], return_index=True)
    times = table["time"][first].astype(np.float64)
    timed = len(frames) == 1 or bool(np.ptp(times) > 0)
    return _Axis(frames, times if timed else np.arange(len(frames), dtype=np.float64), timed)


def _rows_by_person(table: FaceTable) -> dict[int, AnyArray]:
    """Measured rows of each identity in order of frames, one a frame; most rows first."""
    measured = np.flatnonzero((table["success"] > 0) & (table["face_id"] >= 0))
    found = {}
    for face_id in np.unique(table["face_id"][measured]):
        rows = measured[table["face_id"][measured] == face_id]
        _, first = np.unique(table["frame"][rows], return_index=True)
        found[int(face_id)] = rows[first]
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def _all_events(table: FaceTable) -> list[Event]:
    events = losses(table)
    if "eye_open" in table:
        events += blinks(table)
    if "au" in table and "AU12" in table.au_names:
        events += smiles(table)
    return sorted(events, key=lambda event: (event.start, event.kind))


def _person(
    table: FaceTable,
    axis: _Axis,
    series: Sequence[Group],
    face_id: int,
    rows: AnyArray,
    every: int,
    events: Sequence[Event],
) -> dict[str, Any]:
    """One identity: overlay, series with gaps as NaN, events, figures and maps."""
    at = np.searchsorted(axis.frames, table["frame"][rows])
    first, last = int(at[0]), int(at[-1])
    span = axis.positions[first : last + 1]
    signals = {}
    for group in series:
        dense = np.full((len(span), len(group.names)), np.nan)
        dense[at - first] = group.values[rows]
        time, values = thin(span, dense)
        signals[group.key] = pack(values.T, group.step)
    shown = rows[::every]
    overlay = {name: pack(table[name][shown], step) for name, step in _OVERLAY if name in table}
    return {
        "id": face_id,
        "overlay": {"frames": pack_exact(at[::every]), **overlay},
        "time": pack_exact(time if series else span),
        "thinned": len(span) > 2 * BUCKETS,
        "signals": signals,
        "events": [
            {
                "kind": event.kind,
                "start": round(event.start, 4),
                "apex": round(event.apex, 4),
                "end": round(event.end, 4),
                "amplitude": round(event.amplitude, 4),
            }
            for event in events
        ],
        "span": [float(span[0]), float(span[-1])],
        "summary": summarize(table, rows, events),
        "maps": maps(table, rows),
    }


def _coverage(table: FaceTable, axis: _Axis) -> dict[str, Any]:
    """How many of the frames show somebody."""
    seen = np.unique(table["frame"][table["success"] > 0])
    return {"frames": len(axis.frames), "with_face": len(seen)}


def _extent(table: FaceTable) -> tuple[int, int]:
    """A picture that holds every box, where its size is not known."""
    if "box" not in table or not np.isfinite(table["box"]).any():
        return 640, 480
    right, bottom = np.nanmax(table["box"][:, 2]), np.nanmax(table["box"][:, 3])
    return max(16, int(right * 1.05)), max(16, int(bottom * 1.05))
