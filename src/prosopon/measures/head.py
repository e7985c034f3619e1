"""How the head moves: its speed, and nods and shakes.

Speeds are slopes of a straight line fitted over a fifth of a second about each frame (a
Savitzky–Golay derivative of first order), which is short enough for a nod and averages the jitter
of single frames. A nod is a run of at least four swings of the pitch, a shake of the yaw, each of
at least 3° and between a twelfth and six tenths of a second long (nods of people in conversation
have 1–6 Hz: Hadar, Steiner & Clifford Rose, J. Nonverbal Behav. 1985), in which the other angle
moves less. Apex: the middle of the run; amplitude: the mean swing in rad.
"""

from __future__ import annotations

import numpy as np

from prosopon.measures.base import (
    Doubles,
    Event,
    Person,
    in_order,
    people,
    pieces,
    require,
    turning_points,
)
from prosopon.measures.measure import Findings, Measure, Settings, count_and_rate, deviation, mean
from prosopon.types import AnyArray, Column, FaceTable

WINDOW = 0.1  # s to each side
LEAST_SWING = np.deg2rad(3)
SWING_SECONDS = 1 / 12, 0.6
LEAST_SWINGS = 4
_NODS = {"nod": (0, 1), "shake": (1, 0)}  # kind: its angle and the other, in pose_euler

COLUMNS = (
    Column(
        "head_turn_speed",
        (),
        ("head_turn_speed",),
        "rad/s",
        "speed of the head's rotation: root of the squared rates of pitch, yaw and roll",
    ),
    Column(
        "head_speed",
        (),
        ("head_speed",),
        "mm/s",
        "speed of the head's position",
        decimals=1,
    ),
)


def speeds(table: FaceTable) -> dict[str, AnyArray]:
    """(n,) values of COLUMNS; NaN where a person is seen for less than three frames on end."""
    require(table, "pose_euler", "pose_t")
    found = {column.name: column.empty(len(table)) for column in COLUMNS}
    sources = zip(COLUMNS, ("pose_euler", "pose_t"), strict=True)
    for column, source in sources:
        for person in people(table):
            values = table[source][person.rows].astype(np.float64)
            known = ~np.isnan(values).any(1)
            rows, time, values = person.rows[known], person.time[known], values[known]
            for piece in pieces(time):
                rates = _slopes(time[piece], values[piece])
                found[column.name][rows[piece]] = np.linalg.norm(rates, axis=1)
    return found


def _slopes(time: Doubles, values: Doubles) -> Doubles:
    """(n, k) slope of a line through values (n, k) within WINDOW of each time; NaN for n < 3."""
    if len(time) < 3:
        return np.full(values.shape, np.nan)
    reach = max(1, round(WINDOW / float(np.median(np.diff(time)))))
    count = np.zeros(len(time))
    sums = np.zeros((2, len(time)))  # of t and t²
    with_values = np.zeros((2, *values.shape))  # of y and ty
    index = np.arange(len(time))
    for offset in range(-reach, reach + 1):
        there = np.clip(index + offset, 0, len(time) - 1)
        used = there == index + offset
        step = np.where(used, time[there] - time, 0.0)
        rise = np.where(used[:, None], values[there] - values, 0.0)
        count += used
        sums += step, step**2
        with_values += rise, rise * step[:, None]
    spread = count * sums[1] - sums[0] ** 2
    slope = count[:, None] * with_values[1] - sums[0][:, None] * with_values[0]
    return np.asarray(slope / spread[:, None])


def nods(table: FaceTable) -> list[Event]:
    """Nods and shakes of everybody, in order of time."""
    require(table, "pose_euler")
    events = []
    for person in people(table):
        angles = table["pose_euler"][person.rows].astype(np.float64)
        known = ~np.isnan(angles).any(1)
        time, angles = person.time[known], angles[known]
        for piece in pieces(time):
            for kind, (own, other) in _NODS.items():
                runs = _runs(time[piece], angles[piece, own])
                for first, last, swing in runs:
                    part = slice(piece.start + first, piece.start + last + 1)
                    if np.ptp(angles[part, other]) < np.ptp(angles[part, own]):
                        start, end = float(time[part][0]), float(time[part][-1])
                        middle = (start + end) / 2
                        events.append(Event(kind, person.face_id, start, middle, end, swing))
    return in_order(events)


def _runs(time: Doubles, angle: Doubles) -> list[tuple[int, int, float]]:
    """(first row, last row, mean swing) of each run of quick swings that is long enough."""
    turns = np.array(turning_points(angle, float(LEAST_SWING)))
    lengths = np.diff(time[turns])
    quick = (lengths >= SWING_SECONDS[0]) & (lengths <= SWING_SECONDS[1])
    found = []
    edges = np.flatnonzero(np.diff(np.r_[False, quick, False]))
    for first, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - first >= LEAST_SWINGS:
            swings = np.abs(np.diff(angle[turns[first : stop + 1]]))
            found.append((int(turns[first]), int(turns[stop]), float(swings.mean())))
    return found


def _find(table: FaceTable, settings: Settings) -> Findings:
    del settings
    return Findings(nods(table), COLUMNS, speeds(table))


def _summarise(table: FaceTable, person: Person, found: Findings) -> dict[str, float]:
    own = found.of(person)
    pitch, yaw, roll = table["pose_euler"][person.rows].T
    return {
        "head_turn_speed_mean_rad_s": mean(found.values["head_turn_speed"][person.rows]),
        "head_speed_mean_mm_s": mean(found.values["head_speed"][person.rows]),
        "head_pitch_mean_rad": mean(pitch),
        "head_pitch_sd_rad": deviation(pitch),
        "head_yaw_mean_rad": mean(yaw),
        "head_yaw_sd_rad": deviation(yaw),
        "head_roll_mean_rad": mean(roll),
        "head_roll_sd_rad": deviation(roll),
        **count_and_rate("nod", [event for event in own if event.kind == "nod"], person),
        **count_and_rate("shake", [event for event in own if event.kind == "shake"], person),
    }


MEASURE = Measure(needs=("pose_euler", "pose_t"), find=_find, summarise=_summarise)
