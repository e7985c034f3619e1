"""Reading of labelled images for the protocols."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np

from prosopon.errors import InputError
from prosopon.types import AnyArray, FloatArray, UInt8Array

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def fold(name: str) -> int:
    """The tenth, 0–9, that a person or picture belongs to: the same in every run and program.

    Fold 0 of the people is the test set: nothing is ever trained on it.
    """
    return int(hashlib.sha1(name.encode()).hexdigest(), 16) % 10


def find(folders: Sequence[Path], name: str) -> Path | None:
    """The first file or folder of that name."""
    return next((folder / name for folder in folders if (folder / name).exists()), None)


def spread(count: int, most: int) -> AnyArray:
    """Rows of ``count``, (m,) int: all of them, or so many spread evenly."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int))


def read_rows(
    path: Path, columns: Sequence[str], where: Sequence[tuple[str, str, Any]] | None = None
) -> list[dict[str, Any]]:
    """Rows of a Parquet file as dictionaries of ``columns``.

    where: conditions that all must hold, as ``("split", "=", "PublicTest")``.
    Raises InputError when the file is no Parquet file or lacks a column.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowInvalid, OSError) as error:
        raise InputError(
            f"{path}: not a Parquet file that can be read; give the data set's .parquet file"
        ) from error
    needed = {*columns, *(name for name, _, _ in where or ())}
    missing = sorted(needed - set(file.schema_arrow.names))
    if missing:
        raise InputError(
            f"{path}: has no column {', '.join(missing)}; it is the data of another protocol"
        )
    filters = list(where) if where else None
    table = pyarrow.parquet.read_table(path, columns=list(columns), filters=filters)
    if not table.num_rows:
        raise InputError(f"{path}: has no rows for this protocol; it is the data of another one")
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def decode_image(data: bytes, name: str) -> UInt8Array:
    """The (h, w, 3) BGR picture in JPEG or PNG bytes.

    Raises InputError, naming the row, when the bytes are no image.
    """
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise InputError(f"{name}: this row's image can't be decoded; get the data set again")
    return np.asarray(image, dtype=np.uint8)


def whole_picture(image: UInt8Array) -> FloatArray:
    """A box (1, 4) float32 that is the whole of ``image``."""
    height, width = image.shape[:2]
    return np.array([[0, 0, width, height]], dtype=np.float32)


def map_faces(measure: Callable[[Item], Answer], items: Iterable[Item], what: str) -> list[Answer]:
    """``measure`` of every item, with a progress bar on a terminal and silence elsewhere."""
    from rich.console import Console
    from rich.progress import track

    return [
        measure(item)
        for item in track(
            items,
            description=what,
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
    ]
