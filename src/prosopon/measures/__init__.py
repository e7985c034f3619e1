"""Behaviour over a table: events, values a frame, and a summary a person.

A measure is a module with a constant ``MEASURE``; its name is what ``prosopon measure --what``
takes. It works on any ``FaceTable``, whether just measured or read back, that has its columns.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from prosopon.errors import InputError

if TYPE_CHECKING:
    from prosopon.measures.measure import Measure

# In the order of the columns in summaries.
MEASURE_NAMES = (
    "blinks",
    "gaze",
    "smiles",
    "units",
    "emotions",
    "compound",
    "affect",
    "head",
    "quality",
    "losses",
)

__all__ = ["MEASURE_NAMES", "load_measure"]


def load_measure(name: str) -> Measure:
    """The measure of that name; InputError lists the valid ones."""
    if name not in MEASURE_NAMES:
        raise InputError(f"no measure {name!r}; there are: {', '.join(MEASURE_NAMES)}")
    measure: Measure = import_module(f"prosopon.measures.{name}").MEASURE
    return measure
