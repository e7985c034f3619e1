"""Means and spread of valence and arousal, −1 to 1."""

from __future__ import annotations

from prosopon.measures.base import Person
from prosopon.measures.measure import Findings, Measure, Settings, deviation, mean
from prosopon.types import FaceTable


def _find(table: FaceTable, settings: Settings) -> Findings:
    del table, settings
    return Findings()


def _summarise(table: FaceTable, person: Person, found: Findings) -> dict[str, float]:
    del found
    values = {}
    for name in ("valence", "arousal"):
        own = table[name][person.rows]
        values[f"{name}_mean"], values[f"{name}_sd"] = mean(own), deviation(own)
    return values


MEASURE = Measure(needs=("valence", "arousal"), find=_find, summarise=_summarise)
