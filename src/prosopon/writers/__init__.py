"""Where results go: tables, sidecars and overlays."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from prosopon.errors import OutputError
from prosopon.types import Column, FaceTable
from prosopon.writers.base import TableWriter

__all__ = ["FORMATS", "TableWriter", "file_suffix", "open_writer", "write_table"]

FORMATS = {
    "csv": "prosopon.writers.csv",
    "parquet": "prosopon.writers.parquet",
    "jsonl": "prosopon.writers.jsonl",
    "openface2": "prosopon.writers.openface2",
    "openface2-spaced": "prosopon.writers.openface2_spaced",
}
"""Name of each table format and the module whose ``Writer`` writes it, imported when used."""


_OPENFACE2 = ".openface2.csv"  # it is CSV to other programs, and may lie beside our own


def file_suffix(format: str) -> str:
    """What the name of a file of ``format`` ends with."""
    return _OPENFACE2 if format.startswith("openface2") else f".{format}"


def open_writer(format: str, path: Path, schema: Sequence[Column]) -> TableWriter:
    """A writer of rows of ``schema`` to ``path``.

    OutputError: an unknown format, no permission, a folder of that name, a full disk.
    """
    if format not in FORMATS:
        raise OutputError(f"{path}: unknown format {format!r}; there are: {', '.join(FORMATS)}")
    writer: TableWriter = import_module(FORMATS[format]).Writer(path, schema)
    return writer


def write_table(table: FaceTable, path: Path) -> Path:
    """Write a whole table to ``path``, whose suffix is the format. Returns the path."""
    name = path.name.lower()
    format = "openface2" if name.endswith(_OPENFACE2) else path.suffix.lower().removeprefix(".")
    with open_writer(format, path, table.schema) as writer:
        writer.write(table)
    return path
