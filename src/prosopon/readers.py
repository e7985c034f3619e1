"""Tables back from files: ours (csv, parquet, jsonl) and OpenFace 2's CSV.

::

    table = prosopon.read("out/clip.parquet")    # what was written: names, shapes, units, gaps
    table = prosopon.read("of/clip.csv")         # OpenFace's, in our conventions

A Parquet file holds its schema. CSV and JSON lines hold names and values only, so their schema is
taken from the sidecar beside them (``clip.json`` of ``clip.csv``) and from the columns that this
version knows; what neither tells becomes a column of its own without a unit. Numbers are those of
the file: text keeps as many digits as each column's ``decimals``.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from prosopon.errors import InputError
from prosopon.fit.fitter import COLUMNS as FIT_COLUMNS
from prosopon.heads import HEAD_NAMES, load_head
from prosopon.types import FRAME_COLUMNS, IDENTITY_CONFIDENCE, AnyArray, Column, FaceTable
from prosopon.writers.sidecar import parse_columns

_MISSING = ("", "nan", "NaN", "NA", "null")  # ours is the first; NA is R's
_UNITS = re.compile(r"(AU\d\d)(?:_(\w+))?")
_MODES = re.compile(r"p_\d+")
_UNIT_COLUMNS = {"": "au", "p": "au_presence", "right": "au_right", "left": "au_left"}


def read(path: str | Path) -> FaceTable:
    """The table in ``path``, whose suffix is its format: .csv, .parquet or .jsonl.

    A CSV by OpenFace 2 (FeatureExtraction, FaceLandmarkVidMulti or FaceLandmarkImg; or ours of
    format openface2) is told by its header and converted, see ``prosopon.compat.openface2``.

    InputError: missing, empty or damaged; no table of frames and faces; text where a number
    belongs.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: not a table's name; it should end with {', '.join(_READERS)}")
    try:
        if not path.stat().st_size:
            raise InputError(f"{path}: the file is empty; write it again")
        return reader(path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the name and the folder") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no text in UTF-8; is it a table?") from error
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror or error}") from error


# ---- formats


def _read_csv(path: Path) -> FaceTable:
    from prosopon.compat.openface2.reading import from_openface, is_openface

    flat = _csv_columns(path)
    if is_openface(flat):
        return from_openface(path, flat)
    _check_ours(path, flat)
    return _assemble(path, flat, (*_sidecar_columns(path), *_known_columns()))


def _csv_columns(path: Path) -> dict[str, AnyArray]:
    """Name → (n,) float64, NaN where the file has nothing."""
    import pyarrow as pa
    import pyarrow.csv as pc

    content = path.read_bytes()
    header = content.partition(b"\n")[0].decode("utf-8-sig")
    if ", " in header:  # OpenFace's, up to version 2.1
        content = content.replace(b", ", b",")
        header = header.replace(", ", ",")
    names = [name.strip() for name in next(csv.reader([header]))]
    _check_distinct(path, names)
    try:
        table = pc.read_csv(
            io.BytesIO(content),
            read_options=pc.ReadOptions(column_names=names, skip_rows=1),
            convert_options=pc.ConvertOptions(
                column_types=dict.fromkeys(names, pa.float64()), null_values=_MISSING
            ),
        )
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}: {_csv_problem(str(error), names)}") from error
    return {name: table[name].to_numpy() for name in names}


def _csv_problem(message: str, names: Sequence[str]) -> str:
    """What is wrong with a CSV, from Arrow's words about it."""
    if bad := re.search(r"column #(\d+): .* invalid value '(.*)'", message, re.DOTALL):
        name = names[int(bad[1])]
        return f"column {name!r} should hold numbers, but has {bad[2]!r}; leave that column out"
    if bad := re.search(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+)", message):
        row = f"row {int(bad[1])}" if bad[1] else "a row"
        return f"{row} has {bad[3]} values for {bad[2]} columns; was the file cut off?"
    return f"can't be read as comma-separated values ({message.splitlines()[0]})"


def _read_parquet(path: Path) -> FaceTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from prosopon.writers.parquet import SCHEMA_KEY

    try:
        table = pq.read_table(path)
    except pa.ArrowException as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path}: can't be read as Parquet ({reason}); is it whole?") from error
    _check_distinct(path, table.column_names)
    flat = {}
    for field in table.schema:
        if not (pa.types.is_floating(field.type) or pa.types.is_integer(field.type)):
            raise InputError(
                f"{path}: column {field.name!r} should hold numbers, but is of type "
                f"{field.type}; leave that column out"
            )
        flat[field.name] = table[field.name].to_numpy()
    _check_ours(path, flat)
    stored = (table.schema.metadata or {}).get(SCHEMA_KEY, b"[]")
    hints = (*parse_columns(json.loads(stored)), *_sidecar_columns(path), *_known_columns())
    return _assemble(path, flat, hints)


def _read_jsonl(path: Path) -> FaceTable:
    rows: dict[str, list[Any]] = {}
    number = 0
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise InputError(
                    f"{path}: line {number} is no JSON; was the file cut off?"
                ) from error
            if not isinstance(row, dict) or (number > 1 and row.keys() != rows.keys()):
                raise InputError(f"{path}: line {number} is no row like the first; mend it")
            for name, value in row.items():
                rows.setdefault(name, []).append(value)
    _check_ours(path, rows)
    hints = (*_sidecar_columns(path), *_known_columns())
    schema, data = [], {}
    for name, items in rows.items():
        try:
            values = np.array(items, dtype=float)
        except (TypeError, ValueError):
            raise InputError(
                f"{path}: {name!r} should hold as many numbers in each row; mend it"
            ) from None
        column = _nested_column(name, values.shape[1:], hints)
        schema.append(column)
        data[name] = _cast(path, column, values)
    return FaceTable(schema, data)


_READERS: dict[str, Callable[[Path], FaceTable]] = {
    ".csv": _read_csv,
    ".parquet": _read_parquet,
    ".jsonl": _read_jsonl,
}


# ---- schema


@cache
def _known_columns() -> tuple[Column, ...]:
    """The columns of this version's tables."""
    heads = (column for name in HEAD_NAMES for column in load_head(name).columns)
    return (*FRAME_COLUMNS, IDENTITY_CONFIDENCE, *heads, *FIT_COLUMNS)


def _sidecar_columns(path: Path) -> tuple[Column, ...]:
    """What the sidecar beside ``path`` tells; nothing when there is none of ours."""
    try:
        told = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()
    return parse_columns(told.get("columns", [])) if isinstance(told, dict) else ()


def _assemble(path: Path, flat: Mapping[str, AnyArray], hints: Sequence[Column]) -> FaceTable:
    """A table of ``flat`` values; ``hints`` are columns that they may be, best first."""
    places = {name: i for i, name in enumerate(flat)}
    free = dict.fromkeys(flat)
    schema: dict[str, Column] = {}

    def take(column: Column) -> None:
        if column.name not in schema and all(name in free for name in column.flat):
            schema[column.name] = column
            for name in column.flat:
                del free[name]

    for column in hints:
        take(column)
    for column in (*_unit_columns(list(free), hints), *_mode_columns(list(free))):
        take(column)
    for name in list(free):
        take(_alone(name, hints))
    ordered = sorted(schema.values(), key=lambda column: places[column.flat[0]])
    data = {}
    for column in ordered:
        values = np.stack([flat[name] for name in column.flat], axis=1)
        data[column.name] = _cast(path, column, column.unflatten(values))
    return FaceTable(ordered, data)


def _unit_columns(names: Sequence[str], hints: Sequence[Column]) -> list[Column]:
    """Action units of another number than ours: one column each for AU01…, AU01_p… and so on."""
    groups: dict[str, list[str]] = {}
    for name in names:
        if match := _UNITS.fullmatch(name):
            groups.setdefault(match[2] or "", []).append(name)
    found = []
    for ending, flat in groups.items():
        name = _UNIT_COLUMNS.get(ending, f"au_{ending}")
        like = next((c for c in hints if c.name == name), None)
        unit, text = (like.unit, like.description) if like else ("", "")
        found.append(Column(name, (len(flat),), tuple(flat), unit, text))
    return found


def _mode_columns(names: Sequence[str]) -> list[Column]:
    """Weights of the face model, whose number is the pack's."""
    flat = tuple(name for name in names if _MODES.fullmatch(name))
    text = "weights of the face model: identity, then expression"
    return [Column("shape_modes", (len(flat),), flat, "mm", text, decimals=3)] if flat else []


def _alone(name: str, hints: Sequence[Column]) -> Column:
    """A value whose column isn't all there, or isn't known."""
    for column in hints:
        if name in column.flat:
            text = f"{name} of {column.name}: {column.description}"
            return Column(name, (), (name,), column.unit, text, column.dtype, column.decimals)
    return Column(name, (), (name,), "", "", "float64", 6)


def _nested_column(name: str, shape: tuple[int, ...], hints: Sequence[Column]) -> Column:
    for column in hints:
        if (column.name, column.shape) == (name, shape):
            return column
    flat = (name,) if not shape else tuple(f"{name}_{i}" for i in range(int(np.prod(shape))))
    return Column(name, shape, flat, "", "", "float64", 6)


# ---- checks


def _check_distinct(path: Path, names: Sequence[str]) -> None:
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputError(f"{path}: more than one column is named {min(twice)!r}; rename them")


def _check_ours(path: Path, names: Mapping[str, Any]) -> None:
    if not {"frame", "time"} <= names.keys():
        raise InputError(
            f"{path}: no table of Prosopon or OpenFace 2: it should have the columns frame and "
            "time, or frame and timestamp"
        )


def _cast(path: Path, column: Column, values: AnyArray) -> AnyArray:
    """``values`` in the column's type; InputError when they don't fit it."""
    if np.dtype(column.dtype).kind == "f":
        return values.astype(column.dtype)
    fits = np.isfinite(values)
    fits[fits] = values[fits] == np.round(values[fits])
    if not fits.all():
        row = int(np.argmin(fits.reshape(len(values), -1).all(axis=1)))
        raise InputError(
            f"{path}: {column.name!r} should be a whole number in every row; row {row + 1} of the "
            "table has another or none"
        )
    return values.astype(column.dtype)
