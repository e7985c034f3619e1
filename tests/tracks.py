"""Tables of one person over time, with the columns that a measure needs."""

from __future__ import annotations

from typing import Any

import numpy as np

from prosopon.heads import HEAD_NAMES, load_head
from prosopon.types import FRAME_COLUMNS, AnyArray, FaceTable

KNOWN = {
    column.name: column
    for column in (*FRAME_COLUMNS, *(c for name in HEAD_NAMES for c in load_head(name).columns))
}


def track(time: AnyArray, face_id: int = 0, **columns: Any) -> FaceTable:
    """A measured row of ``face_id`` at each ``time`` (s); columns: values that broadcast to it."""
    schema = [*FRAME_COLUMNS, *(KNOWN[name] for name in columns)]
    data = {column.name: column.empty(len(time)) for column in schema}
    data["time"][:] = time
    data["frame"][:] = np.arange(len(time))
    data["face_id"][:] = face_id
    data["success"][:] = 1
    data["confidence"][:] = 1
    for name, values in columns.items():
        data[name][:] = values
    return FaceTable(schema, data)


def together(*tables: FaceTable) -> FaceTable:
    """Rows of several people of one schema, in order of frame and face."""
    joined = FaceTable.concat(tables, tables[0].schema)
    order = np.lexsort((joined["face_id"], joined["frame"]))
    return FaceTable(joined.schema, {name: joined[name][order] for name in joined})


def without(table: FaceTable, rows: Any) -> FaceTable:
    """``table`` with the rows not measured, as when a face was lost."""
    for column in table.schema[4:]:
        table[column.name][rows] = column.empty(1)[0]
    table["success"][rows] = 0
    table["face_id"][rows] = -1
    return table
