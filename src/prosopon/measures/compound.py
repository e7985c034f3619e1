"""Compound expressions (Du, Tao & Martinez, PNAS 2014): the eleven that RAF-DB uses, zero-shot.

No network output was trained on them. As in FaceBehaviorNet (Kollias et al., arXiv 1910.11111), the
score of a compound adds what the two basic expressions in it get to how far its action units
are there; scores of a row are scaled to sum to 1. They rank compounds against one another and say
nothing of whether a face shows any.
"""

from __future__ import annotations

import numpy as np

from prosopon.measures.base import Person
from prosopon.measures.measure import Findings, Measure, Settings, mean
from prosopon.types import AnyArray, Column, FaceTable

OBSERVATIONAL = 0.5
"""Weight of units that some people show, beside 1 for those that nearly all do."""

# Basic expressions; units of nearly all people; units of some. AU11 is not measured.
_COMPOUNDS: dict[str, tuple[str, str, str]] = {
    "happily_surprised": ("happiness surprise", "1 2 12 25", "5 26"),
    "happily_disgusted": ("happiness disgust", "10 12 25", "4 6 9"),
    "sadly_fearful": ("sadness fear", "1 4 15 25", "6 20"),
    "sadly_angry": ("sadness anger", "4 15", "6 7 17"),
    "sadly_surprised": ("sadness surprise", "1 4 25 26", "2 6"),
    "sadly_disgusted": ("sadness disgust", "4 10", "1 6 9 15 17 25"),
    "fearfully_angry": ("fear anger", "4 20 25", "5 7 10"),
    "fearfully_surprised": ("fear surprise", "1 2 5 20 25", "4 10 26"),
    "angrily_surprised": ("anger surprise", "4 25 26", "5 7 10"),
    "angrily_disgusted": ("anger disgust", "4 10 17", "7 9 24"),
    "disgustedly_surprised": ("disgust surprise", "1 2 5 10", "4 9 17 24"),
}
NAMES = tuple(_COMPOUNDS)
COLUMN = Column(
    "compound",
    (len(NAMES),),
    tuple(f"compound_{name}" for name in NAMES),
    "0–1",
    "share of each of eleven compound expressions; they sum to 1",
)


def scores(table: FaceTable) -> AnyArray:
    """(n, 11) in the order of NAMES; NaN where emotion or units are."""
    out = np.empty((len(table), len(NAMES)))
    for column, (emotions, always, sometimes) in enumerate(_COMPOUNDS.values()):
        basic = [table.emotion_names.index(name) for name in emotions.split()]
        weights = dict.fromkeys(always.split(), 1.0) | dict.fromkeys(
            sometimes.split(), OBSERVATIONAL
        )
        units = [table.au_names.index(f"AU{int(unit):02d}") for unit in weights]
        present = np.average(table["au_presence"][:, units], axis=1, weights=list(weights.values()))
        out[:, column] = table["emotion"][:, basic].sum(1) + present
    return np.asarray(out / np.maximum(out.sum(1, keepdims=True), 1e-9), np.float32)


def _find(table: FaceTable, settings: Settings) -> Findings:
    del settings
    return Findings(columns=(COLUMN,), values={"compound": scores(table)})


def _summarise(table: FaceTable, person: Person, found: Findings) -> dict[str, float]:
    del table
    own = found.values["compound"][person.rows]
    return {f"{name}_mean": mean(own[:, i]) for i, name in enumerate(NAMES)}


MEASURE = Measure(needs=("emotion", "au", "au_presence"), find=_find, summarise=_summarise)
