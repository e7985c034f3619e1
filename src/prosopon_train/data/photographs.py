"""What every adapter yields, and how people are kept apart."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from prosopon.types import AnyArray, UInt8Array

FOLDS = 10
TEST_FOLD = 0


@dataclass(frozen=True, slots=True)
class Photograph:
    """One row of a source.

    luma: (h, w) uint8; row: index in the source's file; person: the identity that must stay on
    one side of a split; labels: fields of ``schema.FIELDS`` that people have said.
    """

    luma: UInt8Array
    row: int
    source: str
    name: str
    person: str
    labels: Mapping[str, AnyArray | float] = field(default_factory=dict)


def fold(key: str) -> int:
    """The fold (0–9) of a person or a file name; TEST_FOLD is never trained on."""
    return int(hashlib.sha1(key.encode()).hexdigest(), 16) % FOLDS


def decode_luma(data: bytes, where: str) -> UInt8Array:
    """The luminance of an encoded picture; ``where`` names it in the error."""
    luma = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if luma is None:
        raise ValueError(f"{where}: not a picture that OpenCV can read; make the file again")
    return np.asarray(luma, np.uint8)


def records(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """(row, record) of a parquet file, a few hundred rows in memory at a time."""
    import pyarrow.parquet as pq

    row = 0
    for batch in pq.ParquetFile(path).iter_batches(256, columns=list(columns)):
        for record in batch.to_pylist():
            yield row, record
            row += 1
