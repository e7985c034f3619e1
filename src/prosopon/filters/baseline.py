"""A person's own baseline of the action units, taken off their intensities.

At rest, people's faces differ: a low brow reads as AU04 in every frame. The choices are

- ``none``: intensities as the network tells them;
- ``clip``: over the whole clip, the lowest tenth of a person's values of a unit is taken to be
  that person at rest, and its upper bound is subtracted. So does OpenFace 2.2 while it runs; over
  a whole clip it uses a share for each unit that was learned with its own regressors, and leaves
  some units alone;
- ``neutral:FRAME``: each person's values in that frame are subtracted.

The result is cut off to 0–5. Columns ``au``, ``au_right`` and ``au_left`` are corrected, and
``au_raw``, ``au_right_raw`` and ``au_left_raw`` keep what the network told. Probabilities are left
alone. A unit that is active in more than nine tenths of a clip loses its constant part: then name
a neutral frame.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from prosopon.errors import InputError, OutputError
from prosopon.filters.base import raw_column
from prosopon.types import AnyArray, Column, FaceTable, FloatArray

QUANTILE = 0.10
FEWEST_ROWS = 50
"""Of a person, for choice ``clip``: two seconds at 25 frames per second."""
_BEFORE = "before the person's baseline was subtracted"
_MOST = 5.0
_BIN = 0.01
_BINS = round(_MOST / _BIN) + 1
CORRECTED = ("au", "au_right", "au_left")


@dataclass(frozen=True, slots=True)
class Choice:
    """kind: none, clip or neutral; frame: of kind neutral, the index of the frame."""

    kind: str
    frame: int | None = None

    @classmethod
    def parse(cls, text: str) -> Choice:
        """``none``, ``clip`` or ``neutral:FRAME``; InputError for anything else."""
        kind, _, frame = text.partition(":")
        if kind in ("none", "clip") and text == kind:
            return cls(kind)
        if kind == "neutral" and frame.isdecimal():
            return cls(kind, int(frame))
        raise InputError(f"baseline {text!r}: expected none, clip or neutral:FRAME")

    def __str__(self) -> str:
        return self.kind if self.frame is None else f"{self.kind}:{self.frame}"


NO_BASELINE = Choice("none")


class Baseline:
    """Learns everybody's baseline from tables, then takes it off tables of the same schema.

    Memory does not grow with the number of rows: for choice ``clip`` the values of each person
    and unit are counted in bins of 0.01.
    """

    def __init__(self, choice: Choice, schema: Sequence[Column]) -> None:
        self.choice = choice
        names = [column.name for column in schema]
        if "au" not in names:
            raise InputError(f"baseline {choice}: the table has no action units to correct")
        if "au_raw" in names:
            raise InputError(f"baseline {choice}: the table has one taken off already (au_raw)")
        self._corrected = [c for c in schema if c.name in CORRECTED]
        self.schema = (*schema, *(raw_column(c, _BEFORE) for c in self._corrected))
        self._width = sum(len(column.flat) for column in self._corrected)
        self._counts: dict[int, AnyArray] = {}  # (units, bins) of each person
        self._neutral: dict[int, FloatArray] = {}  # (units,) of each person
        self._frame_came = False  # of kind neutral

    def learn(self, table: FaceTable) -> None:
        """Note the values of ``table``."""
        measured = (table["success"] > 0) & (table["face_id"] >= 0)
        if self.choice.kind == "neutral":
            named = table["frame"] == self.choice.frame
            self._frame_came |= bool(named.any())
            measured &= named
        rows = np.flatnonzero(measured)
        values = np.concatenate([table[c.name][rows] for c in self._corrected], axis=1)
        known = ~np.isnan(values).any(1)
        ids, values = table["face_id"][rows][known], values[known]
        for face_id in np.unique(ids):
            mine = values[ids == face_id]
            if self.choice.kind == "neutral":
                self._neutral[int(face_id)] = mine[0]
            else:
                self._count(int(face_id), mine)

    def _count(self, face_id: int, values: FloatArray) -> None:
        counts = self._counts.setdefault(face_id, np.zeros((self._width, _BINS), np.int64))
        bins = np.clip(np.rint(values / _BIN), 0, _BINS - 1).astype(np.intp)
        np.add.at(counts, (np.arange(self._width), bins), 1)

    def offsets(self) -> dict[int, FloatArray]:
        """(units,) to be subtracted for each person who has a baseline, in order of the columns."""
        found = dict(self._neutral)
        for face_id, counts in self._counts.items():
            if counts[0].sum() >= FEWEST_ROWS:
                reached = counts.cumsum(1) >= QUANTILE * counts.sum(1, keepdims=True)
                found[face_id] = (reached.argmax(1) * _BIN).astype(np.float32)
        return found

    def apply(self, table: FaceTable) -> FaceTable:
        """``table`` with corrected intensities, and the raw ones beside.

        The rows of a person without a baseline are left as they are.
        """
        offset = np.zeros((len(table), self._width), np.float32)
        for face_id, values in self.offsets().items():
            offset[table["face_id"] == face_id] = values
        data = dict(table.data)
        start = 0
        for column in self._corrected:
            stop = start + len(column.flat)
            data[f"{column.name}_raw"] = table[column.name]
            data[column.name] = np.clip(table[column.name] - offset[:, start:stop], 0, _MOST)
            start = stop
        return FaceTable(self.schema, data)

    def stream(self, tables: Iterable[FaceTable], folder: Path) -> Iterator[FaceTable]:
        """All ``tables`` corrected, in order; they wait in a file without a name in ``folder``.

        OutputError: the folder has no room for them.
        """
        with ExitStack() as stack:
            with _room(folder):
                folder.mkdir(parents=True, exist_ok=True)
                file = stack.enter_context(tempfile.TemporaryFile(dir=folder))
            parts = 0
            plain: tuple[Column, ...] = ()
            for table in tables:
                self.learn(table)
                plain, parts = table.schema, parts + 1
                with _room(folder):
                    for column in plain:
                        np.save(file, table[column.name])
            with _room(folder):
                file.seek(0)
            for _ in range(parts):
                data = {column.name: np.load(file) for column in plain}
                yield self.apply(FaceTable(plain, data))

    def notes(self) -> dict[str, Any]:
        """For the sidecar: the choice, and what was subtracted for whom (by flat column)."""
        names = [name for column in self._corrected for name in column.flat]
        subtracted = {
            str(face_id): {name: round(float(v), 4) for name, v in zip(names, values, strict=True)}
            for face_id, values in sorted(self.offsets().items())
        }
        return {"choice": str(self.choice), "subtracted": subtracted}

    def problems(self, name: str) -> list[str]:
        """One line where nobody's baseline was subtracted though input ``name`` shows people."""
        if self._neutral:
            return []
        if self.choice.kind == "neutral":
            why = (
                f"no face was measured in frame {self.choice.frame}"
                if self._frame_came
                else f"frame {self.choice.frame} is not among those that were measured"
            )
            fix = "choose another frame"
        elif self._counts and not self.offsets():
            why = f"nobody was measured in {FEWEST_ROWS} frames"
            fix = "give a longer stretch, or neutral:FRAME"
        else:
            return []
        return [f"{name}: {why}, so no baseline was subtracted; {fix}"]


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{folder}: can't hold the rows that wait for their baseline: "
            f"{error.strerror or error}; free some space or choose another folder"
        ) from error


def subtract_baseline(table: FaceTable, choice: str = "clip") -> FaceTable:
    """``table`` with everybody's baseline of the action units taken off; see the module.

    choice: ``none``, ``clip`` or ``neutral:FRAME``. Raises InputError.
    """
    chosen = Choice.parse(choice)
    if chosen.kind == "none":
        return table
    baseline = Baseline(chosen, table.schema)
    baseline.learn(table)
    for problem in baseline.problems("the table"):
        raise InputError(problem)
    return baseline.apply(table)
