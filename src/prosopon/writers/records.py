"""Small tables whose columns may be text: events and summaries, as CSV or Parquet."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from prosopon.errors import OutputError
from prosopon.writers.base import write_bytes

Value = str | int | float
FORMATS = ("csv", "parquet")


def write_records(path: Path, names: Sequence[str], records: Sequence[Mapping[str, Value]]) -> Path:
    """Write a row for each of ``records`` under the columns ``names``; returns the path.

    Its suffix is the format. Floats have six digits after the point in CSV; what a record lacks
    or is NaN is left empty. OutputError: another suffix, or it can't be written.
    """
    if path.suffix == ".csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_text(record.get(name)) for name in names] for record in records)
        write_bytes(path, text.getvalue().encode())
    elif path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        sink = io.BytesIO()
        columns = {name: pa.array([_known(r.get(name)) for r in records]) for name in names}
        pq.write_table(pa.table(columns), sink)
        write_bytes(path, sink.getvalue())
    else:
        raise OutputError(f"{path}: should end with .csv or .parquet")
    return path


def _known(value: Value | None) -> Value | None:
    return None if isinstance(value, float) and math.isnan(value) else value


def _text(value: Value | None) -> str:
    value = _known(value)
    if value is None:
        return ""
    return f"{value:.6f}" if isinstance(value, float) else str(value)
