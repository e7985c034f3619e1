"""Stretches in which a signal is up; the signal is a measure's own.

An episode begins where the signal rises through its lower threshold on the way to the upper one,
and ends where it falls through the lower one again (a Schmitt trigger), so that a signal that
trembles about one threshold is one episode. Onset, apex and offset are those of FACS (Ekman,
Friesen & Hager 2002), read from the intensity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prosopon.measures.base import Doubles, Event, crossing, in_order, people, pieces
from prosopon.types import AnyArray, FaceTable


@dataclass(frozen=True, slots=True)
class Trigger:
    """up, down: thresholds in the signal's unit; shortest: s from start to end; join: s between
    two episodes that are one."""

    up: float
    down: float
    shortest: float = 0.2
    join: float = 0.2


INTENSITY = Trigger(up=1.5, down=0.75)
"""For intensities 0–5: from halfway between FACS's A (1) and B (2), down to below A."""

PROBABILITY = Trigger(up=0.5, down=0.3)


def episodes(table: FaceTable, kind: str, signal: AnyArray, trigger: Trigger) -> list[Event]:
    """Episodes of ``signal`` (a value a row of the table) of everybody, in order of time.

    The amplitude is the highest value. An episode that is cut off by the start or end of the
    person's rows starts or ends there.
    """
    events = []
    for person in people(table):
        values = signal[person.rows].astype(np.float64)
        known = ~np.isnan(values)
        time, values = person.time[known], values[known]
        for piece in pieces(time):
            events += _in_piece(kind, person.face_id, time[piece], values[piece], trigger)
    return in_order(events)


def episodes_of_each(
    table: FaceTable, kinds: Sequence[str], signals: AnyArray, trigger: Trigger, *, but: str
) -> list[Event]:
    """Episodes of each of ``signals`` (n, k), named ``kinds``; the kind ``but`` is left out."""
    return in_order(
        event
        for i, kind in enumerate(kinds)
        if kind != but
        for event in episodes(table, kind, signals[:, i], trigger)
    )


def _in_piece(
    kind: str, face_id: int, time: Doubles, values: Doubles, trigger: Trigger
) -> list[Event]:
    joined: list[Event] = []
    i = 0
    while i < len(values):
        if values[i] < trigger.up:
            i += 1
            continue
        below = np.flatnonzero(values[i:] < trigger.down)
        stop = i + int(below[0]) if len(below) else len(values)
        start = crossing(time, values, trigger.down, i, -1)
        end = crossing(time, values, trigger.down, stop - 1, +1)
        apex = i + int(np.argmax(values[i:stop]))
        event = Event(
            kind,
            face_id,
            float(time[0]) if start is None else start,
            float(time[apex]),
            float(time[-1]) if end is None else end,
            float(values[apex]),
        )
        if joined and event.start - joined[-1].end < trigger.join:
            last = joined.pop()
            top = max(last, event, key=lambda one: one.amplitude)
            event = Event(kind, face_id, last.start, top.apex, event.end, top.amplitude)
        joined.append(event)
        i = stop
    return [event for event in joined if event.duration >= trigger.shortest]
