"""Other programs' tables, scored by the same protocols as packs.

::

    prosopon evaluate landmarks68 DATA --export pictures      # what the protocol looks at, as files
    FaceLandmarkImg -fdir pictures -out_dir of2               # any program, on those files
    prosopon evaluate landmarks68 DATA --csv of2              # scored, beside the pack

A protocol sees an analyser; :class:`Exporter` is one that writes down each picture it is asked for,
and :class:`Peer` one that answers with the rows that a program gave for it. Pictures are told apart
by their pixels, so that nothing need be known of a protocol's data. A table may be a folder with
one file for every picture, named as the picture (as FaceLandmarkImg writes them; a picture without
a file is one where no face was found), or one file whose ``frame`` counts the pictures in order of
their names (as FeatureExtraction and ``prosopon analyze`` write for a folder of pictures).

Where a protocol gives boxes, a program found its own faces: the face that overlaps a box most
answers for it. What a program did not measure is "not measured"; a program without a column that a
protocol rests on is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from prosopon.errors import InputError, OutputError
from prosopon.geometry import iou
from prosopon.heads import load_heads
from prosopon.packs import load_pack
from prosopon.readers import read
from prosopon.types import FRAME_COLUMNS, AnyArray, Column, FaceTable, UInt8Array

if TYPE_CHECKING:
    from prosopon.sources import Source

TABLES = (".csv", ".parquet", ".jsonl")


def picture_name(index: int, image: UInt8Array) -> str:
    """Name, without suffix, of a picture: its number, for the order, and a digest of its pixels."""
    digest = hashlib.sha1(str(image.shape).encode() + np.ascontiguousarray(image).tobytes())
    return f"{index:06}-{digest.hexdigest()[:10]}"


class _Stand:
    """What protocols ask of an analyser besides faces: the schema and the pack's mean face."""

    def __init__(self) -> None:
        self.pack = load_pack("default")
        heads = load_heads(set(self.pack.network.outputs))
        self.schema = (*FRAME_COLUMNS, *(c for head in heads for c in head.columns))
        self._names: dict[str, str] = {}

    def tables(self, source: Source) -> Iterator[FaceTable]:
        """Refused: what is asked for is no picture."""
        raise InputError("this protocol follows faces in video, which a table can't be scored by")

    def _name(self, image: UInt8Array) -> str:
        key = picture_name(0, image)
        return self._names.setdefault(key, picture_name(len(self._names), image))

    def _empty(self, n: int) -> dict[str, AnyArray]:
        return {column.name: column.empty(n) for column in self.schema}


class Exporter(_Stand):
    """Writes every picture that a protocol asks for into ``folder`` and finds no face in any."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: can't be made ({error.strerror})") from error

    @property
    def count(self) -> int:
        """Pictures written."""
        return len(self._names)

    def image(self, image: UInt8Array, boxes: AnyArray | None = None) -> FaceTable:
        """As ``Analyzer.image``; no rows without boxes, else one without values for each."""
        path = self._folder / f"{self._name(image)}.png"
        if not path.exists():
            try:
                path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
            except OSError as error:
                raise OutputError(f"{path}: can't be written ({error.strerror})") from error
        return FaceTable(self.schema, self._empty(0 if boxes is None else len(boxes)))


class Peer(_Stand):
    """Answers with the rows of a program's table (see the module's text).

    ``needs``: columns that the program must have measured in some picture.
    Raises InputError when ``path`` holds no tables, or lacks one of ``needs``.
    """

    def __init__(self, path: Path, needs: Sequence[str] = ()) -> None:
        super().__init__()
        self._files: dict[str, Path] = {}
        self._whole: FaceTable | None = None
        if path.is_dir():
            self._files = {
                # NAME.csv, and NAME.openface2.csv as 'prosopon analyze --format openface2' writes.
                f.name.partition(".")[0]: f
                for f in sorted(path.iterdir())
                if f.suffix in TABLES
            }
            if not self._files:
                raise InputError(f"{path}: holds no tables ({', '.join(TABLES)})")
            first = read(next(iter(self._files.values())))
        else:
            first = self._whole = read(path)
        if missing := [name for name in needs if name not in first]:
            raise InputError(
                f"{path}: has no {', '.join(missing)}, which this protocol scores; it has "
                f"{', '.join(first)}"
            )

    def image(self, image: UInt8Array, boxes: AnyArray | None = None) -> FaceTable:
        """As ``Analyzer.image``: the faces that the program found in this picture."""
        name = self._name(image)
        faces = self._completed(self._rows(name))
        return faces if boxes is None else self._nearest(faces, np.asarray(boxes, np.float32))

    def _rows(self, name: str) -> FaceTable | None:
        if self._whole is not None:
            rows = np.flatnonzero(self._whole["frame"] == int(name.partition("-")[0]))
            return _take(self._whole, rows)
        file = self._files.get(name)
        return None if file is None else read(file)

    def _completed(self, table: FaceTable | None) -> FaceTable:
        """The measured rows with all columns of the schema, units and emotions by their names."""
        if table is None:
            return FaceTable(self.schema, self._empty(0))
        rows = np.flatnonzero(table["success"] == 1)
        data = self._empty(len(rows))
        theirs = {column.name: column for column in table.schema}
        for column in self.schema:
            if column.name in theirs:
                _fill(data[column.name], column, table[column.name][rows], theirs[column.name])
        return FaceTable(self.schema, data)

    def _nearest(self, faces: FaceTable, boxes: AnyArray) -> FaceTable:
        """One row a box: of the face that overlaps it most, or without values."""
        data = self._empty(len(boxes))
        data["success"][:] = 0
        if len(faces):
            overlaps = iou(boxes, faces["box"])
            best = overlaps.argmax(axis=1)
            for i, row in enumerate(best):
                if overlaps[i, row] > 0:
                    for name in data:
                        data[name][i] = faces[name][row]
        return FaceTable(self.schema, data)


def _fill(out: AnyArray, column: Column, values: AnyArray, theirs: Column) -> None:
    """Write ``values`` (n, …) into ``out`` where both have the same flat names."""
    if theirs.flat == column.flat:
        out[:] = values
        return
    flat, given = out.reshape(len(out), -1), values.reshape(len(values), -1)
    order = {name: k for k, name in enumerate(theirs.flat)}
    for k, name in enumerate(column.flat):
        if name in order:
            flat[:, k] = given[:, order[name]]


def _take(table: FaceTable, rows: AnyArray) -> FaceTable:
    data: dict[str, Any] = {name: table[name][rows] for name in table}
    return FaceTable(table.schema, data)
