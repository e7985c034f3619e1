"""Several measures over one table: their events, values a row, and a summary a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from prosopon.errors import InputError
from prosopon.measures import MEASURE_NAMES, load_measure
from prosopon.measures.base import Event, in_order, people, require
from prosopon.measures.measure import Settings
from prosopon.types import FRAME_COLUMNS, FaceTable

KEYS = ("frame", "time", "face_id", "success")
"""The columns by which the values a row belong to the table."""


@dataclass(frozen=True, slots=True)
class Measured:
    """names: of the measures; events: of all of them, in order of time; rows: KEYS and their
    values, one row for each of the table; people: one name → value for each person, with
    ``face_id``, ``frames`` and ``seconds`` first, and NaN where there is nothing to tell."""

    names: tuple[str, ...]
    events: tuple[Event, ...]
    rows: FaceTable
    people: tuple[dict[str, float], ...]


def possible(table: FaceTable) -> tuple[str, ...]:
    """The measures whose columns the table has."""
    return tuple(
        name for name in MEASURE_NAMES if all(c in table for c in load_measure(name).needs)
    )


def measure(
    table: FaceTable, names: Iterable[str] | None = None, settings: Settings | None = None
) -> Measured:
    """Measure ``table`` by the measures ``names``, or by all that its columns allow.

    InputError: no such measure, or the table lacks a column that one needs.
    """
    require(table, *KEYS)
    chosen = possible(table) if names is None else tuple(dict.fromkeys(names))
    for name in chosen:
        lacking = [column for column in load_measure(name).needs if column not in table]
        if lacking:
            raise InputError(
                f"measure {name!r} needs the column {', '.join(lacking)}, which the table lacks; "
                f"it allows: {', '.join(possible(table))}"
            )
    told = settings or Settings()
    found = {name: load_measure(name).find(table, told) for name in chosen}
    events = [event for one in found.values() for event in one.events]
    columns = [column for one in found.values() for column in one.columns]
    values = {name: array for one in found.values() for name, array in one.values.items()}
    keys = [column for column in FRAME_COLUMNS if column.name in KEYS]
    rows = FaceTable([*keys, *columns], {name: table[name] for name in KEYS} | values)
    summaries = []
    for person in people(table):
        summary: dict[str, float] = {
            "face_id": person.face_id,
            "frames": len(person.rows),
            "seconds": person.seconds,
        }
        for name, one in found.items():
            summary |= load_measure(name).summarise(table, person, one)
        summaries.append(summary)
    return Measured(chosen, tuple(in_order(events)), rows, tuple(summaries))
