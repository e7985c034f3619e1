"""Smiles: episodes of AU12, the lip corner puller, with their symmetry.

Events ``smile``; amplitude: highest intensity, 0–5. Symmetry is 1 − |left − right| / the larger,
of the sides' intensities at the apex: 1 for an even smile, 0 for one of one side alone, as
posed smiles lean to (Ekman, Hager & Friesen, Psychophysiology 1981). ``smile_duchenne_share``: of
the smiles at whose apex AU06 is at least 1.5 too, as in smiles of enjoyment (Ekman, Davidson &
Friesen, J. Pers. Soc. Psychol. 1990).
"""

from __future__ import annotations

import numpy as np

from prosopon.measures.base import Event, Person, require
from prosopon.measures.episodes import INTENSITY, episodes
from prosopon.measures.measure import Findings, Measure, Settings, count_and_rate, mean
from prosopon.types import AnyArray, FaceTable

UNIT, CHEEKS = "AU12", "AU06"


def smiles(table: FaceTable) -> list[Event]:
    """Smiles of everybody, in order of time; none where the table lacks AU12."""
    require(table, "au")
    if UNIT not in table.au_names:
        return []
    return episodes(table, "smile", table["au"][:, table.au_names.index(UNIT)], INTENSITY)


def _find(table: FaceTable, settings: Settings) -> Findings:
    del settings
    return Findings(smiles(table))


def _summarise(table: FaceTable, person: Person, found: Findings) -> dict[str, float]:
    own = found.of(person)
    apexes = person.rows[np.searchsorted(person.time, [event.apex for event in own])]
    seconds = sum(event.duration for event in own)
    values = {
        **count_and_rate("smile", own, person),
        "smile_share": seconds / person.seconds if person.seconds else float("nan"),
        "smile_duration_s": mean(event.duration for event in own),
        "smile_intensity": mean(event.amplitude for event in own),
        "smile_rise_s": mean(event.apex - event.start for event in own),
    }
    if "au_left" in table and "au_right" in table:
        values["smile_symmetry"] = mean(_symmetry(table, apexes))
    if CHEEKS in table.au_names:
        cheeks = table["au"][apexes, table.au_names.index(CHEEKS)]
        values["smile_duchenne_share"] = mean((cheeks >= INTENSITY.up).astype(float))
    return values


def _symmetry(table: FaceTable, rows: AnyArray) -> AnyArray:
    sides = [
        table[name][rows, table.flat_names(name).index(f"{UNIT}_{side}")]
        for name, side in (("au_right", "right"), ("au_left", "left"))
    ]
    larger = np.maximum(*sides)
    return np.asarray(1 - np.abs(sides[0] - sides[1]) / np.where(larger > 0, larger, np.nan))


MEASURE = Measure(needs=("au",), find=_find, summarise=_summarise)
