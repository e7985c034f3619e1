"""Episodes and means of each emotional expression but neutral.

Events are named after it, as ``happiness``; amplitude: highest probability, 0–1.
"""

from __future__ import annotations

from prosopon.measures.base import Person
from prosopon.measures.episodes import PROBABILITY, episodes_of_each
from prosopon.measures.measure import Findings, Measure, Settings, mean
from prosopon.types import FaceTable

REST = "neutral"


def _find(table: FaceTable, settings: Settings) -> Findings:
    del settings
    kinds, signals = table.emotion_names, table["emotion"]
    return Findings(episodes_of_each(table, kinds, signals, PROBABILITY, but=REST))


def _summarise(table: FaceTable, person: Person, found: Findings) -> dict[str, float]:
    values = {}
    own = found.of(person)
    for i, emotion in enumerate(table.emotion_names):
        values[f"{emotion}_mean"] = mean(table["emotion"][person.rows, i])
        if emotion != REST:
            values[f"{emotion}_count"] = sum(event.kind == emotion for event in own)
    return values


MEASURE = Measure(needs=("emotion",), find=_find, summarise=_summarise)
