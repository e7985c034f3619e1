"""One person's figures over a table: what the report shows beside the timelines.

All from every measured row, never from the thinned series. Shares are of measured rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from prosopon.measures.base import Doubles, Event
from prosopon.report.units import MEANINGS
from prosopon.types import AnyArray, FaceTable

ACTIVE_INTENSITY = 1.0
"""From FACS's A on a unit counts as active, where the table has no probability of its presence."""
PLANE_CELLS = 40
SECTORS = 24
RINGS = 8
HEAD_REACH = 64.0  # degrees from straight ahead; beyond counts to the last ring
GAZE_REACH = 40.0


def summarize(table: FaceTable, rows: AnyArray, events: Sequence[Event]) -> dict[str, Any]:
    """JSON-ready figures of the person whose measured rows are ``rows``."""
    summary: dict[str, Any] = {"rows": len(rows), "confidence": _mean(table["confidence"][rows])}
    if "quality" in table:
        summary["quality"] = _mean(table["quality"][rows])
    if "flags" in table:
        flags = table["flags"][rows]
        names = next(c.flat for c in table.schema if c.name == "flags")
        summary["flags"] = {
            name.removeprefix("flag_"): _mean(flags[:, i]) for i, name in enumerate(names)
        }
    if "emotion" in table:
        summary["emotion"] = _emotion(table.emotion_names, table["emotion"][rows])
    for name in ("valence", "arousal"):
        if name in table:
            summary[name] = _spread(table[name][rows])
    if "au" in table:
        summary["au"] = _units(table, rows)
    if "pose_euler" in table:
        angles = np.degrees(table["pose_euler"][rows])
        names = ("pitch", "yaw", "roll")
        summary["pose"] = {name: _spread(angles[:, i]) for i, name in enumerate(names)}
    seconds = _seconds(table["time"][rows].astype(np.float64))
    summary["seconds"] = round(seconds, 3)
    summary["events"] = _events(events, seconds)
    return summary


def maps(table: FaceTable, rows: AnyArray) -> dict[str, Any]:
    """Where a person was on the valence–arousal plane, and which way head and gaze were turned.

    Counts of rows: ``plane`` (arousal, valence), both −1…1 upward and to the right; ``head`` and
    ``gaze`` (ring, sector), rings outward from straight at the camera, sectors from image right
    counter-clockwise, so that a quarter turn is up.
    """
    found: dict[str, Any] = {}
    if "valence" in table and "arousal" in table:
        edges = np.linspace(-1, 1, PLANE_CELLS + 1)
        plane = np.histogram2d(table["arousal"][rows], table["valence"][rows], [edges, edges])[0]
        found["plane"] = plane.astype(int).tolist()
    if "pose_euler" in table:
        pitch, yaw = table["pose_euler"][rows, :2].T
        found["head"] = _polar(yaw, pitch, HEAD_REACH)
    if "gaze_angle" in table:
        yaw, pitch = table["gaze_angle"][rows].T
        found["gaze"] = _polar(yaw, pitch, GAZE_REACH)
    return found


def _polar(yaw: AnyArray, pitch: AnyArray, reach: float) -> dict[str, Any]:
    known = np.isfinite(yaw) & np.isfinite(pitch)
    away = np.degrees(np.hypot(yaw, pitch))[known]
    around = np.degrees(np.arctan2(pitch, yaw))[known] % 360
    ring = np.minimum((away / reach * RINGS).astype(int), RINGS - 1)
    # A sector's middle, not its edge, lies at 0°: to the right is one sector, not two.
    sector = np.rint(around / 360 * SECTORS).astype(int) % SECTORS
    counts = np.zeros((RINGS, SECTORS), int)
    np.add.at(counts, (ring, sector), 1)
    return {"reach": reach, "counts": counts.tolist()}


def _emotion(names: Sequence[str], values: AnyArray) -> dict[str, Any]:
    """Of each class: the share of rows in which it is the most probable, and its mean."""
    known = values[np.isfinite(values).all(1)]
    first = np.bincount(known.argmax(1), minlength=len(names)) if len(known) else None
    return {
        name: {
            "share": None if first is None else round(float(first[i]) / len(known), 4),
            "mean": _mean(values[:, i]),
        }
        for i, name in enumerate(names)
    }


def _units(table: FaceTable, rows: AnyArray) -> list[dict[str, Any]]:
    intensity = table["au"][rows]
    active = intensity >= ACTIVE_INTENSITY
    known = np.isfinite(intensity)
    if "au_presence" in table and table["au_presence"].shape == table["au"].shape:
        presence = table["au_presence"][rows]
        known, active = np.isfinite(presence), presence > 0.5
    return [
        {
            "name": name,
            "meaning": MEANINGS.get(name, ""),
            "mean": _mean(intensity[:, i]),
            "max": _round(np.nanmax(intensity[:, i])) if known_any(intensity[:, i]) else None,
            "active": _mean(active[known[:, i], i]),
        }
        for i, name in enumerate(table.au_names)
    ]


def _events(events: Sequence[Event], seconds: float) -> dict[str, Any]:
    """Of each kind: how many, how many a minute seen, mean and whole duration, mean amplitude."""
    counted: dict[str, Any] = {}
    for kind in sorted({event.kind for event in events}):
        mine = [event for event in events if event.kind == kind]
        durations = [event.duration for event in mine]
        counted[kind] = {
            "count": len(mine),
            "per_minute": round(len(mine) / seconds * 60, 2) if seconds > 0 else None,
            "duration": round(float(np.mean(durations)), 4),
            "total": round(float(np.sum(durations)), 3),
            "amplitude": _mean(np.array([event.amplitude for event in mine])),
        }
    return counted


def _seconds(time: Doubles) -> float:
    """How long somebody was seen: rows × the usual time between two."""
    steps = np.diff(np.unique(time))
    return float(np.median(steps)) * len(time) if len(steps) else 0.0


def known_any(values: AnyArray) -> bool:
    """Whether any value was measured."""
    return bool(np.isfinite(values).any())


def _mean(values: AnyArray) -> float | None:
    return _round(np.nanmean(values)) if len(values) and known_any(values) else None


def _spread(values: AnyArray) -> dict[str, float | None]:
    """Mean and standard deviation."""
    if not known_any(values):
        return {"mean": None, "sd": None}
    return {"mean": _round(np.nanmean(values)), "sd": _round(np.nanstd(values))}


def _round(value: Any) -> float:
    return round(float(value), 4)
