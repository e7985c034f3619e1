"""When somebody who was followed was out of sight."""

from __future__ import annotations

import numpy as np

from prosopon.measures.base import Event, Person, in_order, people
from prosopon.measures.measure import Findings, Measure, Settings
from prosopon.types import FaceTable


def losses(table: FaceTable) -> list[Event]:
    """A ``loss`` for each stretch of frames without a measured row of a person seen before.

    It goes from the last frame with a row to the next, or to the table's last frame for somebody
    who does not come back; the apex is the first frame without one. Amplitude: frames lost.
    """
    if not len(table):
        return []
    frames, first = np.unique(table["frame"], return_index=True)
    times = table["time"][first]
    events = []
    for person in people(table):
        seen = np.searchsorted(frames, table["frame"][person.rows])
        ends = np.append(seen[1:], len(frames))
        for last, back in zip(seen, ends, strict=True):
            if back - last > 1:
                end = times[min(back, len(frames) - 1)]
                events.append(
                    Event(
                        "loss",
                        person.face_id,
                        float(times[last]),
                        float(times[last + 1]),
                        float(end),
                        float(back - last - 1),
                    )
                )
    return in_order(events)


def _find(table: FaceTable, settings: Settings) -> Findings:
    del settings
    return Findings(losses(table))


def _summarise(table: FaceTable, person: Person, found: Findings) -> dict[str, float]:
    own = found.of(person)
    return {"loss_count": len(own), "loss_seconds": sum(event.duration for event in own)}


MEASURE = Measure(needs=("frame",), find=_find, summarise=_summarise)
