"""What every measure shares: the event, the rows of one person, and crossings in time.

All times are the table's own, in seconds, so nothing depends on the frame rate being constant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from prosopon.errors import InputError
from prosopon.types import FaceTable

Doubles = npt.NDArray[np.float64]

MOST_GAP = 0.25
"""s without a measured row over which a person's signal is still taken to be continuous: the
frames of a blink that hides the face from the tracker, but not a walk through the picture."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a person did, with its times in seconds.

    kind: its name; face_id: whose, as in the table; start, apex, end: s, between frames where the
    signal crosses its threshold there; amplitude: in the unit that the kind documents.
    """

    kind: str
    face_id: int
    start: float
    apex: float
    end: float
    amplitude: float

    @property
    def duration(self) -> float:
        """Seconds from start to end."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Person:
    """The measured rows of one identity, in order of time.

    rows: (n,) positions in the table; time: (n,) s, strictly increasing.
    """

    face_id: int
    rows: npt.NDArray[np.intp]
    time: Doubles

    @property
    def seconds(self) -> float:
        """How long the person was seen: a frame's length for each frame, gaps left out."""
        if len(self.time) < 2:
            return 0.0
        steps = np.diff(self.time)
        return float(steps[steps <= MOST_GAP].sum() + np.median(steps))


def in_order(events: Iterable[Event]) -> list[Event]:
    """By start, then by person, then by kind."""
    return sorted(events, key=lambda event: (event.start, event.face_id, event.kind))


def require(table: FaceTable, *names: str) -> None:
    """InputError when the table lacks a column that a measure reads."""
    missing = [name for name in names if name not in table]
    if missing:
        raise InputError(
            f"the table has no column {', '.join(missing)}; measure the video again with a pack "
            "that gives it"
        )


def people(table: FaceTable) -> Iterator[Person]:
    """Everybody with a measured row, by identity. Of rows with one time the first counts."""
    require(table, "time", "face_id", "success")
    measured = np.flatnonzero((table["success"] > 0) & (table["face_id"] >= 0))
    ids = table["face_id"][measured]
    for face_id in np.unique(ids):
        rows = measured[ids == face_id]
        time, first = np.unique(table["time"][rows].astype(np.float64), return_index=True)
        yield Person(int(face_id), rows[first], time)


def pieces(time: Doubles) -> Iterator[slice]:
    """Slices of ``time`` (n,) in which no gap exceeds MOST_GAP."""
    cuts = np.flatnonzero(np.diff(time) > MOST_GAP) + 1
    for start, stop in zip([0, *cuts], [*cuts, len(time)], strict=True):
        if stop > start:
            yield slice(int(start), int(stop))


def turning_points(values: Doubles, rise: float) -> list[int]:
    """Positions of the signal's lows and highs in turn, each at least ``rise`` from the one before.

    The first is a low, the last the extreme that the signal ended on.
    """
    points: list[int] = []
    low = high = 0
    climbing = False
    for i, value in enumerate(values):
        if climbing:
            if value > values[high]:
                high = i
            elif values[high] - value >= rise:
                points.append(high)
                low, climbing = i, False
        elif value < values[low]:
            low = i
        elif value - values[low] >= rise:
            points.append(low)
            high, climbing = i, True
    return [*points, high if climbing else low]


def crossing(time: Doubles, values: Doubles, level: float, peak: int, step: int) -> float | None:
    """When ``values`` falls to ``level`` on the way from ``peak`` in direction ``step`` (±1).

    Linear between frames. None where the signal ends before it does.
    """
    i = peak
    while 0 <= i + step < len(values):
        if values[i + step] <= level:
            share = (values[i] - level) / (values[i] - values[i + step])
            return float(time[i] + share * (time[i + step] - time[i]))
        i += step
    return None
