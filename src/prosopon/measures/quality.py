"""Stretches of frames that are flagged, and why; see ``prosopon.heads.quality`` for the limits.

Events are named after the flag, as ``flag_blurred``; amplitude: share of their frames that bear
it, since short gaps are closed.
"""

from __future__ import annotations

import numpy as np

from prosopon.measures.base import Event, Person, in_order, people
from prosopon.measures.episodes import Trigger, episodes
from prosopon.measures.measure import Findings, Measure, Settings, mean
from prosopon.types import FaceTable

_RAISED = Trigger(up=0.5, down=0.5, shortest=0.0, join=0.2)


def _find(table: FaceTable, settings: Settings) -> Findings:
    del settings
    events = []
    everybody = {person.face_id: person for person in people(table)}
    for i, flag in enumerate(table.flat_names("flags")):
        raised = table["flags"][:, i].astype(np.float64)
        for event in episodes(table, flag, raised, _RAISED):
            person = everybody[event.face_id]
            inside = (person.time >= event.start) & (person.time <= event.end)
            share = float(raised[person.rows[inside]].mean())
            events.append(Event(flag, event.face_id, event.start, event.apex, event.end, share))
    return Findings(in_order(events))


def _summarise(table: FaceTable, person: Person, found: Findings) -> dict[str, float]:
    del found
    flags = table["flags"][person.rows] > 0
    values = {
        "quality_mean": mean(table["quality"][person.rows]),
        "confidence_mean": mean(table["confidence"][person.rows]),
        "flagged_share": mean(flags.any(1).astype(float)),
    }
    for i, flag in enumerate(table.flat_names("flags")):
        values[f"{flag}_share"] = mean(flags[:, i].astype(float))
    return values


MEASURE = Measure(needs=("flags", "quality", "confidence"), find=_find, summarise=_summarise)
