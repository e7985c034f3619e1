"""Files for other programs, made from a table: no analysis is done twice.

A format is a module with a function ``export(table, base, media)``, which writes one or more files
whose names begin as ``base`` does and returns their paths; ``media`` is what was analysed, where
it is known.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from prosopon.errors import OutputError
from prosopon.types import FaceTable
from prosopon.writers import FORMATS as TABLE_FORMATS
from prosopon.writers import file_suffix, open_writer

FORMATS = ("arkit", "eaf", "vtt")
ALL_FORMATS = (*TABLE_FORMATS, *FORMATS)

__all__ = ["ALL_FORMATS", "FORMATS", "export_table"]


def export_table(
    table: FaceTable, format: str, base: Path, media: Path | None = None
) -> tuple[Path, ...]:
    """Write ``table`` in ``format``, of ALL_FORMATS; returns what was written.

    base: folder and name without a suffix. OutputError: no such format, or it can't be written;
    InputError: the table lacks what the format tells.
    """
    if format in TABLE_FORMATS:
        path = base.with_name(base.name + file_suffix(format))
        with open_writer(format, path, table.schema) as writer:
            writer.write(table)
        return (path,)
    if format not in FORMATS:
        raise OutputError(f"{base}: no format {format!r}; there are: {', '.join(ALL_FORMATS)}")
    module = import_module(f"prosopon.export.{format}")
    return cast("tuple[Path, ...]", module.export(table, base, media))
