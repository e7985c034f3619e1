"""Comma-separated values: one header line, one line a row, a value that is missing left empty."""

from __future__ import annotations

import numpy as np

from prosopon.types import FaceTable
from prosopon.writers.base import TableWriter

_ROWS_AT_ONCE = 256  # a row of Python floats takes some 20 kB while it is written


class Writer(TableWriter):
    """Rows with the digits that each column asks for, in the order of the schema."""

    def _begin(self) -> None:
        names = [name for column in self.schema for name in column.flat]
        self._file.write((",".join(names) + "\n").encode())
        # One format operation a row is several times faster than one a value.
        self._line = (
            ",".join(
                "%d" if np.dtype(column.dtype).kind in "iu" else f"%.{column.decimals}f"
                for column in self.schema
                for _ in column.flat
            )
            + "\n"
        )

    def _append(self, table: FaceTable) -> None:
        for start in range(0, len(table), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            columns = [column.flatten(table[column.name][rows]) for column in self.schema]
            values = np.concatenate(columns, axis=1, dtype=float)
            text = (self._line * len(values)) % tuple(values.ravel().tolist())
            self._file.write(text.replace("nan", "").encode())

    def _end(self) -> None:
        self._file.flush()
