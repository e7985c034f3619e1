"""Smoothing of head pose and landmarks in time, raw values kept beside.

Two filters, for a person at a time and by the frames' own times, however irregular:

- :class:`ZeroPhase`, for recordings: at each time, a parabola fitted to the values within REACH s
  before and after, weighted by a Gaussian of WIDTH s (local quadratic regression, Cleveland &
  Devlin 1988; at even times it is a Savitzky–Golay filter with soft edges). It does not lag and
  keeps peaks. It looks REACH ahead and no further, so that a stream is delayed by that much and
  equals a table smoothed at once.
- :class:`OneEuro`, for what is happening now: a low-pass whose cut-off rises with speed (Casiez,
  Roussel & Vogel, CHI 2012). It lags a little, most when slow.

Nothing is carried over a gap of more than GAP s, and a value that is missing stays missing. Columns
``pose_r``, ``pose_euler``, ``pose_t``, ``landmarks`` and ``landmarks_3d`` are smoothed as far as a
table has them, and named with ``_raw`` as they were. Gaze, lids and action units are left alone:
saccades and blinks are as quick as the noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from prosopon.errors import InputError
from prosopon.filters.base import raw_column
from prosopon.geometry import rotation_from_euler, rotation_vector
from prosopon.types import AnyArray, Column, FaceTable

WIDTH, REACH = 0.06, 0.15
"""s: of the Gaussian, and where it is cut off."""
GAP = 0.25
"""s without a measurement, after which a person's motion is taken up anew."""
SMOOTHED = ("pose_euler", "pose_t", "landmarks", "landmarks_3d")
"""Columns that are smoothed; ``pose_r`` follows ``pose_euler``."""

_SLOPE_CUTOFF = 1.0  # Hz, of the One-Euro filter's speed
# Least cut-off in Hz, and Hz more for each unit a second; landmarks' speeds are told in widths of
# the face. Defaults that were not tuned: docs/geometry.md tells what they leave of the jitter.
_ONE_EURO = {
    "pose_euler": (1.5, 4.0),
    "pose_t": (1.5, 0.02),
    "landmarks": (2.0, 8.0),
    "landmarks_3d": (1.5, 0.02),
}


def smoothed_schema(schema: Sequence[Column]) -> tuple[Column, ...]:
    """``schema`` with the raw columns at its end. InputError: it has nothing to smooth."""
    names = [column.name for column in schema]
    changed = [
        c for c in schema if c.name in SMOOTHED or (c.name == "pose_r" and "pose_euler" in names)
    ]
    if not changed:
        raise InputError(f"smoothing: the table has none of {', '.join(SMOOTHED)}")
    if any(f"{column.name}_raw" in names for column in changed):
        raise InputError("smoothing: the table has been smoothed already (it has pose_euler_raw)")
    return (*schema, *(raw_column(column, "before it was smoothed") for column in changed))


def smooth(table: FaceTable) -> FaceTable:
    """A whole table smoothed by :class:`ZeroPhase`. InputError: it has nothing to smooth."""
    zero_phase = ZeroPhase(table.schema)
    return FaceTable.concat(zero_phase.stream([table]), zero_phase.schema)


class ZeroPhase:
    """The filter for recordings; tables are of ``schema``, results of ``self.schema``."""

    def __init__(self, schema: Sequence[Column]) -> None:
        self.schema = smoothed_schema(schema)
        self._plain = tuple(schema)

    def stream(self, tables: Iterable[FaceTable]) -> Iterator[FaceTable]:
        """All rows of ``tables``, which are in order of time, smoothed; REACH s late at most."""
        held = FaceTable.concat([], self._plain)
        done = 0  # rows of ``held`` that were given already, kept for those that follow
        for table in tables:
            held = FaceTable.concat([held, table], self._plain)
            time = held["time"]
            ready = int(np.searchsorted(time, time[-1] - REACH)) if len(time) else 0
            if ready > done:
                yield self._rows(held, done, ready)
                first = int(np.searchsorted(time, time[ready - 1] - REACH))
                held, done = held.take(slice(first, None)), ready - first
        if len(held) > done:
            yield self._rows(held, done, len(held))

    def notes(self) -> dict[str, object]:
        """For the sidecar: the filter and its widths in seconds."""
        return {"filter": "local quadratic", "width": WIDTH, "reach": REACH, "gap": GAP}

    def _rows(self, table: FaceTable, first: int, last: int) -> FaceTable:
        changed = {name: table[name].copy() for name in SMOOTHED if name in table}
        for rows in _runs(table):
            kernel = _kernel(table["time"][rows])
            for name, values in changed.items():
                values[rows] = _weighted(kernel, _unwrapped(name, table[name][rows]))
        return _changed(self.schema, table, changed).take(slice(first, last))


class OneEuro:
    """The filter for live use: tables come one frame at a time."""

    def __init__(self, schema: Sequence[Column]) -> None:
        self.schema = smoothed_schema(schema)
        self._states: dict[tuple[int, str], _State] = {}

    def __call__(self, table: FaceTable) -> FaceTable:
        """The rows of the next frame, smoothed."""
        changed = {name: table[name].copy() for name in SMOOTHED if name in table}
        for row in np.flatnonzero(table["success"] > 0):
            time, face = float(table["time"][row]), int(table["face_id"][row])
            for name, values in changed.items():
                least, rise = _ONE_EURO[name]
                raw = table[name][row].astype(float)
                if name == "landmarks":
                    rise /= max(float(np.ptp(raw[:, 0])), 1.0)
                state = self._states.get((face, name))
                state = _next(state, time, raw, least, rise)
                self._states[face, name] = state
                values[row] = state.value
        if len(table):
            now = float(table["time"][-1])
            self._states = {k: s for k, s in self._states.items() if now - s.time <= GAP}
        return _changed(self.schema, table, changed)


@dataclass(frozen=True, slots=True)
class _State:
    """time (s) of the last value, its smoothed value, and its smoothed speed per second."""

    time: float
    value: AnyArray
    speed: AnyArray


def _next(state: _State | None, time: float, raw: AnyArray, least: float, rise: float) -> _State:
    if state is None or not 0 < time - state.time <= GAP or np.isnan(state.value).any():
        return _State(time, raw, np.zeros_like(raw))
    step = time - state.time
    speed = state.speed + _share(_SLOPE_CUTOFF, step) * ((raw - state.value) / step - state.speed)
    # One cut-off for the vector, so that a face is not bent.
    pace = float(np.sqrt(np.mean(speed**2)))
    value = state.value + _share(least + rise * pace, step) * (raw - state.value)
    return _State(time, value, speed)


def _share(cutoff: float, step: float) -> float:
    """Weight of the new value in a first-order low-pass of ``cutoff`` Hz."""
    return 1 / (1 + 1 / (2 * np.pi * cutoff * step))


def _runs(table: FaceTable) -> Iterator[AnyArray]:
    """Rows of each person that follow each other without a gap, in order of time."""
    measured = np.flatnonzero((table["success"] > 0) & (table["face_id"] >= 0))
    ids = table["face_id"][measured]
    for face in np.unique(ids):
        rows = measured[ids == face]
        yield from np.split(rows, np.flatnonzero(np.diff(table["time"][rows]) > GAP) + 1)


def _kernel(time: AnyArray) -> list[tuple[int, AnyArray]]:
    """For each offset of rows, what the row so far away weighs at each row (n,)."""
    n = len(time)
    parts = []
    moments = np.zeros((n, 5))
    most = 0
    while most + 1 < n and (time[most + 1 :] - time[: n - most - 1]).min() <= REACH:
        most += 1
    for offset in range(-most, most + 1):
        other = np.clip(np.arange(n) + offset, 0, n - 1)
        apart = (time[other] - time) / WIDTH
        inside = (np.arange(n) + offset == other) & (np.abs(apart) <= REACH / WIDTH)
        weight = np.where(inside, np.exp(-0.5 * apart**2), 0.0)
        moments += weight[:, None] * apart[:, None] ** np.arange(5)
        parts.append((offset, weight, apart))
    # Where too few rows are near for a parabola, the ridge makes it a mean.
    normal = moments[:, np.arange(3)[:, None] + np.arange(3)] + np.diag([0, 1e-3, 1e-3])
    first = np.linalg.solve(normal, np.broadcast_to([[1.0], [0], [0]], (n, 3, 1)))[:, :, 0]
    kernel = [
        (offset, weight * (first[:, 0] + first[:, 1] * apart + first[:, 2] * apart**2))
        for offset, weight, apart in parts
    ]
    total = sum(weight for _, weight in kernel)
    return [(offset, weight / total) for offset, weight in kernel]


def _weighted(kernel: list[tuple[int, AnyArray]], values: AnyArray) -> AnyArray:
    n = len(values)
    flat = values.reshape(n, -1).astype(float)
    out = np.zeros_like(flat)
    for offset, weight in kernel:
        other = np.clip(np.arange(n) + offset, 0, n - 1)
        out += weight[:, None] * flat[other]
    return out.reshape(values.shape)


def _unwrapped(name: str, values: AnyArray) -> AnyArray:
    """Angles without jumps of a whole turn."""
    return np.unwrap(values, axis=0) if name == "pose_euler" else values


def _changed(
    schema: tuple[Column, ...], table: FaceTable, changed: dict[str, AnyArray]
) -> FaceTable:
    """``table`` with the changed columns, the rotation vector that goes with them, and the raw."""
    data = dict(table.data)
    if "pose_euler" in changed:
        euler = (changed["pose_euler"] + np.pi) % (2 * np.pi) - np.pi
        changed["pose_euler"] = np.where(np.isnan(euler), np.nan, euler).astype(np.float32)
        if "pose_r" in table:
            rotations = rotation_from_euler(euler.astype(float))
            changed["pose_r"] = rotation_vector(rotations).astype(np.float32)
    for name, values in changed.items():
        data[name], data[f"{name}_raw"] = values, table[name]
    return FaceTable(schema, data)
