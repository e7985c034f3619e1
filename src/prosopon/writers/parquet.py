"""Apache Parquet with flat columns; unit and description are in the metadata of each field.

pyarrow is large, so only this module imports it, and this module is imported only when used.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from prosopon.types import Column, FaceTable
from prosopon.writers.base import TableWriter
from prosopon.writers.sidecar import describe_columns

SCHEMA_KEY = b"prosopon.columns"
"""Where a file says, in JSON, which flat fields make one column."""

_ROWS_A_GROUP = 2048


class Writer(TableWriter):
    """Row groups of about 2,000 rows, so that memory does not grow with the table."""

    _writer: Any = None  # until the file is begun

    def _begin(self) -> None:
        self._waiting: list[FaceTable] = []
        self._rows = 0
        # Measurements seldom repeat: a dictionary would only cost time.
        self._writer = pq.ParquetWriter(
            self._file, arrow_schema(self.schema), compression="zstd", use_dictionary=False
        )

    def _append(self, table: FaceTable) -> None:
        self._waiting.append(table)
        self._rows += len(table)
        if self._rows >= _ROWS_A_GROUP:
            self._write_group()

    def _end(self) -> None:
        if self._rows:
            self._write_group()
        self._writer.close()

    def discard(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(OSError):
                writer.close()
            writer.is_open = False  # else Arrow tries again later, on a file that is gone
        super().discard()

    def _write_group(self) -> None:
        self._writer.write_table(to_arrow(FaceTable.concat(self._waiting, self.schema)))
        self._waiting, self._rows = [], 0


def to_arrow(table: FaceTable) -> pa.Table:
    """Flat columns; a value that was not measured (NaN) becomes null."""
    schema = arrow_schema(table.schema)
    arrays = []
    for column in table.schema:
        values = column.flatten(table[column.name])
        arrays += [pa.array(values[:, i], from_pandas=True) for i in range(len(column.flat))]
    return pa.Table.from_arrays(arrays, schema=schema)


def arrow_schema(schema: Sequence[Column]) -> pa.Schema:
    """The flat fields of ``schema``, each with ``unit`` and ``description`` as metadata.

    The metadata of the whole has the columns as they were, under SCHEMA_KEY.
    """
    fields = (
        pa.field(
            name,
            pa.from_numpy_dtype(column.dtype),
            metadata={"unit": column.unit, "description": column.description},
        )
        for column in schema
        for name in column.flat
    )
    described = json.dumps(describe_columns(schema), ensure_ascii=False)
    return pa.schema(fields, metadata={SCHEMA_KEY: described.encode()})
