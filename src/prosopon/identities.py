"""Correcting who is who in a table: merge, split and renumber identities, as data.

Nothing is measured again: a new ``face_id`` column is made, and the one that the tracker gave stays
beside it as ``face_id_original``. Every function leaves the table that it is given alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from prosopon.errors import InputError
from prosopon.types import AnyArray, Column, FaceTable

ORIGINAL = Column(
    "face_id_original", (), ("face_id_original",), "", "face_id as the tracker gave it", "int32", 0
)


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity of a table.

    rows: with this face; start, end: seconds, of the first and last of them; appearances: times
    that it was there without a gap in frames; doubt: (identity_confidence, seconds) of the row that
    is least sure, NaN where the table has none.
    """

    face_id: int
    rows: int
    start: float
    end: float
    appearances: int
    doubt: tuple[float, float]


def identities(table: FaceTable) -> list[Identity]:
    """Every identity, by number."""
    return [_describe(table, int(i)) for i in np.unique(table["face_id"]) if i >= 0]


def merge(table: FaceTable, ids: Sequence[int]) -> FaceTable:
    """Make all of ``ids`` the first of them.

    InputError: one doesn't occur, or two of them are seen in one frame.
    """
    for face_id in ids:
        _check(table, face_id)
    chosen = np.isin(table["face_id"], ids)
    frames, counts = np.unique(table["frame"][chosen], return_counts=True)
    if (counts > 1).any():
        raise InputError(
            f"{', '.join(map(str, ids))} can't be one person: in {int((counts > 1).sum())} "
            f"frames, first in {frames[counts > 1][0]}, more than one of them is seen; "
            "split off the time when they are two"
        )
    return _with_ids(table, np.where(chosen, ids[0], table["face_id"]))


def split(
    table: FaceTable, face_id: int, start: float, end: float = np.inf
) -> tuple[FaceTable, int]:
    """Make ``face_id`` somebody else for ``start`` ≤ time < ``end`` (s): the table, the new id.

    InputError: it doesn't occur, or not in that time, or at no other.
    """
    _check(table, face_id)
    own = table["face_id"] == face_id
    chosen = own & (table["time"] >= start) & (table["time"] < end)
    if not chosen.any() or (chosen == own).all():
        which = "no" if not chosen.any() else "every"
        until = "" if np.isinf(end) else f" to {end:g}"
        raise InputError(
            f"{which} row of {face_id} is from {start:g}{until} s: nothing to split; "
            f"it is seen from {table['time'][own].min():g} to {table['time'][own].max():g} s"
        )
    new = int(table["face_id"].max()) + 1
    return _with_ids(table, np.where(chosen, new, table["face_id"])), new


def renumber(table: FaceTable, face_id: int, new: int) -> FaceTable:
    """Give an identity another number. InputError: it doesn't occur, or that one is taken."""
    _check(table, face_id)
    if new < 0:
        raise InputError(f"{new} is no number for a person; choose 0 or more")
    if new != face_id and (table["face_id"] == new).any():
        raise InputError(f"{new} is somebody else; merge {new},{face_id} if they are one person")
    return _with_ids(table, np.where(table["face_id"] == face_id, new, table["face_id"]))


def _describe(table: FaceTable, face_id: int) -> Identity:
    rows = np.flatnonzero(table["face_id"] == face_id)
    times = table["time"][rows]
    # Frames may be numbered in steps, where not every one was measured.
    measured = np.searchsorted(np.unique(table["frame"]), table["frame"][rows])
    doubt = (np.nan, np.nan)
    if "identity_confidence" in table:
        sure = table["identity_confidence"][rows]
        if np.isfinite(sure).any():
            least = int(np.nanargmin(sure))
            doubt = float(sure[least]), float(times[least])
    return Identity(
        face_id=face_id,
        rows=len(rows),
        start=float(times.min()),
        end=float(times.max()),
        appearances=1 + int((np.diff(measured) > 1).sum()),
        doubt=doubt,
    )


def _check(table: FaceTable, face_id: int) -> None:
    known = [i for i in np.unique(table["face_id"]).tolist() if i >= 0]
    if face_id not in known:
        raise InputError(f"{face_id} doesn't occur; there are: {', '.join(map(str, known))}")


def _with_ids(table: FaceTable, ids: AnyArray) -> FaceTable:
    schema, data = list(table.schema), dict(table.data)
    if ORIGINAL.name not in table:
        place = next(i for i, column in enumerate(schema) if column.name == "face_id")
        schema.insert(place + 1, ORIGINAL)
        data[ORIGINAL.name] = table["face_id"].astype(ORIGINAL.dtype)
    else:  # a file without a sidecar doesn't tell what this column is
        schema = [
            replace(ORIGINAL, dtype=c.dtype, decimals=0) if c.name == ORIGINAL.name else c
            for c in schema
        ]
    data["face_id"] = ids.astype(table["face_id"].dtype)
    return FaceTable(schema, data)
