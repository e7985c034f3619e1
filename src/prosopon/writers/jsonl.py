"""JSON lines: one object a row, columns as nested arrays, null for a value that is missing."""

from __future__ import annotations

import json

import numpy as np

from prosopon.types import AnyArray, Column, FaceTable
from prosopon.writers.base import TableWriter

_ROWS_AT_ONCE = 256


class Writer(TableWriter):
    """Objects with the column names of the table as keys."""

    def _begin(self) -> None:
        return None

    def _append(self, table: FaceTable) -> None:
        names = [column.name for column in self.schema]
        for start in range(0, len(table), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            columns = [_rounded(column, table[column.name][rows]) for column in self.schema]
            lines = [
                json.dumps(dict(zip(names, row, strict=True)), separators=(",", ":")) + "\n"
                for row in zip(*columns, strict=True)
            ]
            self._file.write("".join(lines).replace("NaN", "null").encode())

    def _end(self) -> None:
        self._file.flush()


def _rounded(column: Column, values: AnyArray) -> list[object]:
    if values.dtype.kind == "f":
        values = np.round(values.astype(float), column.decimals)
    return list(values.tolist())
