"""Measurements as JSON: the faces of one picture or frame."""

from __future__ import annotations

from typing import Any

import numpy as np

from prosopon.types import FaceTable

_OF_THE_FRAME = ("frame", "time", "success")


def face_rows(table: FaceTable) -> list[dict[str, Any]]:
    """An object for each measured face: column → value, rounded as in files, null if missing."""
    measured = table["success"] > 0
    columns = {}
    for column in table.schema:
        if column.name in _OF_THE_FRAME:
            continue
        values = table[column.name][measured]
        if values.dtype.kind == "f":
            values = np.round(values.astype(float), column.decimals)
            if not np.isfinite(values).all():
                missing = ~np.isfinite(values)
                values = values.astype(object)
                values[missing] = None
        columns[column.name] = values.tolist()
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]
