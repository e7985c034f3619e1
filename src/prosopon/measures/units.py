"""Episodes and means of each action unit.

Events are named after the unit, as ``AU04``; amplitude: highest intensity, 0–5. AU45 is left to
``blinks``. Compare intensities between people after taking off each one's baseline
(``prosopon analyze --baseline``).
"""

from __future__ import annotations

import numpy as np

from prosopon.measures.base import Person
from prosopon.measures.episodes import INTENSITY, episodes_of_each
from prosopon.measures.measure import Findings, Measure, Settings, mean
from prosopon.types import FaceTable

BLINK_UNIT = "AU45"


def _find(table: FaceTable, settings: Settings) -> Findings:
    del settings
    return Findings(episodes_of_each(table, table.au_names, table["au"], INTENSITY, but=BLINK_UNIT))


def _summarise(table: FaceTable, person: Person, found: Findings) -> dict[str, float]:
    values = {}
    for i, unit in enumerate(table.au_names):
        intensity = table["au"][person.rows, i]
        known = intensity[~np.isnan(intensity)]
        values[f"{unit}_mean"] = mean(known)
        values[f"{unit}_share"] = mean((known >= INTENSITY.up).astype(float))
        values[f"{unit}_count"] = sum(event.kind == unit for event in found.of(person))
    return values


MEASURE = Measure(needs=("au",), find=_find, summarise=_summarise)
