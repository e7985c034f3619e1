"""The objects that pass between stages: Frame, Detections, Crops and FaceTable.

Every stage takes and returns these and imports no other stage. Conventions that hold everywhere:

- pixel coordinates are (x, y), x right, y down, with the centre of the top-left pixel at (0, 0);
- boxes are (x0, y0, x1, y1) in pixels;
- "right" and "left" of eyes and face halves are the subject's, right first;
- camera frame: x right, y down, z forward (away from the camera), millimetres and radians;
- a value that was not measured is NaN, never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas
    import pyarrow

UInt8Array = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]
AnyArray = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a source.

    luma: (h, w) uint8, the luminance plane; all that the networks look at.
    index: position in the source, from 0.
    time: seconds, the stream's own presentation time (0.0 for a still image).
    color: makes the (h, w, 3) uint8 BGR picture when somebody wants to draw on it. It may be
        called only until the next frame is asked of the source.
    """

    luma: UInt8Array
    index: int
    time: float
    color: Callable[[], UInt8Array]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.luma.shape[1], self.luma.shape[0]


@dataclass(frozen=True, slots=True)
class Detections:
    """Faces found in one frame, best first.

    boxes: (n, 4) float32 px; scores: (n,) float32 in 0–1;
    points: (n, 5, 2) float32 px: right eye, left eye, nose tip, right and left mouth corner.
    """

    boxes: FloatArray
    scores: FloatArray
    points: FloatArray

    def __len__(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True, slots=True)
class Crops:
    """Upright square regions to be cut from a frame.

    matrices: (n, 2, 3) float32, similarity from image pixels to crop pixels;
    angles: (n,) float32 rad, the in-plane rotation of each region: a face whose up-axis is turned
        clockwise in the image has a positive angle, and is upright in the crop.
    size: side of the crop in pixels.
    """

    matrices: FloatArray
    angles: FloatArray
    size: int

    def __len__(self) -> int:
        return len(self.matrices)


@dataclass(frozen=True, slots=True)
class Column:
    """One named measurement of a FaceTable and how it is spelled in flat files.

    name: key in the table; shape: per row; dtype: numpy dtype name;
    flat: the flat-file column names, one for each value, in C order of ``shape`` or, with
        ``planar``, in order of the transposed value (all x, then all y);
    unit, description: for documentation and file metadata; decimals: digits written to text.
    """

    name: str
    shape: tuple[int, ...]
    flat: tuple[str, ...]
    unit: str
    description: str
    dtype: str = "float32"
    decimals: int = 4
    planar: bool = False

    def __post_init__(self) -> None:
        if len(self.flat) != int(np.prod(self.shape, dtype=int)):
            raise ValueError(
                f"column {self.name!r}: {len(self.flat)} flat names for shape {self.shape}"
            )

    def flatten(self, values: AnyArray) -> AnyArray:
        """(n, *shape) values as (n, len(flat)), in the order of ``flat``."""
        if self.planar:
            values = values.swapaxes(1, 2)
        return values.reshape(len(values), -1)

    def unflatten(self, values: AnyArray) -> AnyArray:
        """(n, len(flat)) values, in the order of ``flat``, as (n, *shape)."""
        if self.planar:
            return values.reshape(len(values), *self.shape[::-1]).swapaxes(1, 2)
        return values.reshape(len(values), *self.shape)

    def empty(self, n: int) -> AnyArray:
        """n rows of "not measured"."""
        fill: Any = np.nan if np.dtype(self.dtype).kind == "f" else 0
        return np.full((n, *self.shape), fill, dtype=self.dtype)


FRAME_COLUMNS: tuple[Column, ...] = (
    Column("frame", (), ("frame",), "", "index of the frame in its source, from 0", "int64", 0),
    Column("time", (), ("time",), "s", "presentation time of the frame", "float64", 6),
    Column("face_id", (), ("face_id",), "", "identity within the source; -1: no face", "int32", 0),
    Column("success", (), ("success",), "", "1 where a face was measured, else 0", "int8", 0),
    Column("confidence", (), ("confidence",), "0–1", "probability that the row is right"),
    Column("box", (4,), ("box_x0", "box_y0", "box_x1", "box_y1"), "px", "face box", decimals=2),
)

IDENTITY_CONFIDENCE = Column(
    "identity_confidence",
    (),
    ("identity_confidence",),
    "0–1",
    "probability that face_id is right, judged when the face was last recognised",
)


class FaceTable:
    """Named columns, one row per face; ``len()`` is the number of rows.

    ``table["landmarks"]`` is an array of shape (n, 68, 2); ``table.schema`` describes every column
    (shape, unit, meaning, flat names). Arrays are not copied: treat them as read-only.
    """

    def __init__(self, schema: Sequence[Column], data: Mapping[str, AnyArray]) -> None:
        self.schema = tuple(schema)
        self.data = dict(data)
        names = [column.name for column in self.schema]
        if sorted(names) != sorted(self.data):
            raise ValueError(f"columns {sorted(self.data)} do not match the schema {sorted(names)}")
        lengths = {name: len(values) for name, values in self.data.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns differ in length: {lengths}")
        for column in self.schema:
            shape = self.data[column.name].shape[1:]
            if shape != column.shape:
                raise ValueError(f"column {column.name!r}: expected {column.shape}, got {shape}")

    def __len__(self) -> int:
        return len(self.data[self.schema[0].name])

    def __getitem__(self, name: str) -> AnyArray:
        try:
            return self.data[name]
        except KeyError:
            valid = ", ".join(column.name for column in self.schema)
            raise KeyError(f"no column {name!r}; there are: {valid}") from None

    def __contains__(self, name: str) -> bool:
        return name in self.data

    def __iter__(self) -> Iterator[str]:
        return (column.name for column in self.schema)

    def __repr__(self) -> str:
        return f"FaceTable({len(self)} rows × {len(self.schema)} columns)"

    def _column(self, name: str) -> Column:
        return next(column for column in self.schema if column.name == name)

    def flat_names(self, name: str) -> tuple[str, ...]:
        """The flat-file names of the values of column ``name``, in order."""
        return self._column(name).flat

    @property
    def au_names(self) -> tuple[str, ...]:
        """Names of the K units of column ``au``, as ``AU01``."""
        return self._column("au").flat

    @property
    def emotion_names(self) -> tuple[str, ...]:
        """Names of the classes of column ``emotion``, without the prefix."""
        return tuple(name.removeprefix("emotion_") for name in self._column("emotion").flat)

    def take(self, rows: slice | AnyArray) -> FaceTable:
        """Some of the rows: a slice, indices or (n,) bool."""
        return FaceTable(self.schema, {name: values[rows] for name, values in self.data.items()})

    @classmethod
    def concat(cls, tables: Iterable[FaceTable], schema: Sequence[Column]) -> FaceTable:
        """All rows of ``tables`` in order; none gives an empty table of ``schema``."""
        parts = list(tables)
        data = {
            c.name: np.concatenate([p.data[c.name] for p in parts]) if parts else c.empty(0)
            for c in schema
        }
        return cls(schema, data)

    def to_arrow(self) -> pyarrow.Table:
        """As a pyarrow.Table of flat columns with unit and description in the field metadata."""
        from prosopon.writers.parquet import to_arrow

        return to_arrow(self)

    def to_pandas(self) -> pandas.DataFrame:
        """As a pandas.DataFrame of flat columns (needs ``prosopon[pandas]``)."""
        try:
            import pandas
        except ImportError:
            from prosopon.errors import MissingExtraError

            raise MissingExtraError("pandas", "pandas", "FaceTable.to_pandas()") from None
        flat = {}
        for column in self.schema:
            values = column.flatten(self.data[column.name])
            flat.update({name: values[:, i] for i, name in enumerate(column.flat)})
        return pandas.DataFrame(flat)

    def write(self, path: str | Path) -> Path:
        """Write to ``path`` and return it.

        Its suffix is the format: .csv, .parquet, .jsonl or .openface2.csv.
        """
        from prosopon.writers import write_table

        return write_table(self, Path(path))
