"""The groups of signals that timelines show, and how long ones are thinned.

A page draws some thousand points across; a film of an hour has 100,000 frames. Of each stretch
of frames the least and the largest value of every signal are kept, in the order in which they
came, so that no peak and no blink is lost, only the shape between them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from prosopon.measures.base import Doubles
from prosopon.types import AnyArray, FaceTable

BUCKETS = 1500
"""Stretches that a longer series is thinned to; each gives two points."""


@dataclass(frozen=True, slots=True)
class Group:
    """Signals that share an axis.

    key, title, unit: for the page; limits: of the axis, None where the values decide;
    step: to which values are rounded; names, values (n, k): of the signals, in ``unit``.
    """

    key: str
    title: str
    unit: str
    limits: tuple[float, float] | None
    step: float
    names: tuple[str, ...]
    values: AnyArray


def groups(table: FaceTable) -> list[Group]:
    """Every group that ``table`` has columns for; n rows as in the table."""
    found = []
    for key, title, unit, limits, step, columns in _GROUPS:
        parts = [(names(table), values(table)) for need, names, values in columns if need in table]
        if parts:
            names = tuple(name for part, _ in parts for name in part)
            values = np.concatenate([v.reshape(len(table), -1) for _, v in parts], axis=1)
            found.append(Group(key, title, unit, limits, step, names, values))
    return found


_Part = tuple[str, Callable[[FaceTable], tuple[str, ...]], Callable[[FaceTable], AnyArray]]


def _named(column: str, *names: str) -> _Part:
    return column, lambda _: names, lambda table: table[column]


def _degrees(column: str, *names: str) -> _Part:
    return column, lambda _: names, lambda table: np.degrees(table[column])


_GROUPS: tuple[
    tuple[str, str, str, tuple[float, float] | None, float, tuple[_Part, ...]], ...
] = (
    ("au", "Action units", "intensity 0–5", (0, 5), 0.001,
     (("au", lambda table: table.au_names, lambda table: table["au"]),)),
    ("emotion", "Emotion", "share of raters", (0, 1), 0.0005,
     (("emotion", lambda table: table.emotion_names, lambda table: table["emotion"]),)),
    ("affect", "Valence and arousal", "−1 to 1", (-1, 1), 0.0005,
     (_named("valence", "valence"), _named("arousal", "arousal"))),
    ("pose", "Head pose", "degrees", None, 0.01, (_degrees("pose_euler", "pitch", "yaw", "roll"),)),
    ("gaze", "Gaze", "degrees", None, 0.01,
     (_degrees("gaze_angle", "yaw", "pitch"),
      _degrees("gaze_head", "yaw from the head", "pitch from the head"))),
    ("eyes", "Openness of the eyes", "0–1", (0, 1), 0.0005,
     (_named("eye_open", "right eye", "left eye"),)),
    ("quality", "Quality", "0–1", (0, 1), 0.0005,
     (_named("confidence", "confidence"), _named("quality", "picture quality"))),
)  # fmt: skip


def thin(time: Doubles, values: AnyArray, buckets: int = BUCKETS) -> tuple[Doubles, AnyArray]:
    """At most 2 × ``buckets`` points of a series: least and largest value of each stretch.

    time (n,) s; values (n, k), NaN where not measured. The two points of a stretch stand at a
    quarter and three quarters of it; a stretch without a value stays a gap. Series that are short
    enough come back as they are.
    """
    n = len(time)
    if n <= 2 * buckets:
        return time, values
    size = -(-n // buckets)
    count = -(-n // size)
    padded = np.full((count * size, values.shape[1]), np.nan)
    padded[:n] = values
    stretches = padded.reshape(count, size, -1)
    missing = np.isnan(stretches)
    low = np.where(missing, np.inf, stretches).argmin(1)
    high = np.where(missing, -np.inf, stretches).argmax(1)
    ends = np.sort(np.stack([low, high], 1), axis=1)  # (count, 2, k): which comes first
    kept = np.take_along_axis(stretches, ends, axis=1)
    at = np.minimum(np.arange(count)[:, None] * size + [size // 4, size * 3 // 4], n - 1)
    return time[at.ravel()], kept.reshape(2 * count, -1)
