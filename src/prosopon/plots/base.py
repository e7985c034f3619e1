"""What every plot shares: whose rows, the look, and how a figure is saved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prosopon.errors import InputError, MissingExtraError, OutputError
from prosopon.types import AnyArray, FaceTable
from prosopon.writers.base import PartialFile, output_errors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#B8A000")
"""After Okabe & Ito; their yellow darkened, to show as a line on white."""
SUFFIXES = (".png", ".svg", ".pdf")
_DPI = 200
_LOOK: dict[str, Any] = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.0,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "svg.fonttype": "none",  # text stays text
}


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose rows are drawn: face_id; rows (n,): positions in the table, in order of frames;
    frame: the one to draw, None for all."""

    table: FaceTable
    face_id: int
    rows: AnyArray
    frame: int | None


def subject_of(table: FaceTable, person: int | None, frame: int | None) -> Subject:
    """The rows of ``person``, or of the one with the most. InputError: there are none."""
    measured = np.flatnonzero((table["success"] > 0) & (table["face_id"] >= 0))
    ids, counts = np.unique(table["face_id"][measured], return_counts=True)
    if not len(ids):
        raise InputError("the table has no measured face; there is nothing to plot")
    chosen = int(ids[counts.argmax()]) if person is None else person
    if chosen not in ids:
        known = ", ".join(map(str, ids.tolist()))
        raise InputError(f"the table has no person {chosen}; there are: {known}")
    rows = measured[table["face_id"][measured] == chosen]
    rows = rows[np.unique(table["frame"][rows], return_index=True)[1]]
    if frame is not None and frame not in table["frame"][rows]:
        raise InputError(f"person {chosen} was not measured in frame {frame}; choose another")
    return Subject(table, chosen, rows, frame)


def require(subject: Subject, *names: str) -> None:
    """InputError when the table lacks a column that a plot shows."""
    missing = [name for name in names if name not in subject.table]
    if missing:
        raise InputError(f"the table has no column {', '.join(missing)}, which this plot shows")


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, inches. MissingExtraError: no matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "a plot") from None
    return Figure(figsize=(width, height), layout="constrained")


def look() -> Any:
    """A context in which figures are made and saved with our style. MissingExtraError."""
    try:
        from matplotlib import rc_context
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "a plot") from None
    settings: Any = _LOOK  # matplotlib types it by a name for each key
    return rc_context(settings)


def with_gaps(subject: Subject, values: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Time (m,) s and values (m, k) on every frame from the first to the last of the person, NaN
    where there is no row."""
    frames, first = np.unique(subject.table["frame"], return_index=True)
    at = np.searchsorted(frames, subject.table["frame"][subject.rows])
    times = subject.table["time"][first][at[0] : at[-1] + 1].astype(float)
    dense = np.full((len(times), values.shape[1]), np.nan)
    dense[at - at[0]] = values[subject.rows]
    return times, dense


def label(axes: Axes, title: str, unit: str) -> None:
    """Title at the left and the unit on the y axis."""
    axes.set_title(title, loc="left", fontsize=8, fontweight="bold")
    axes.set_ylabel(unit)


def save(figure: Figure, path: Path) -> Path:
    """Write ``figure``, whole or not at all. OutputError."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise OutputError(f"{path}: a plot's name should end with {', '.join(SUFFIXES)}")
    partial = PartialFile(path)
    # Without its date the same table gives the same file.
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(suffix)
    try:
        with output_errors(path), look():
            figure.savefig(partial.part, format=suffix[1:], dpi=_DPI, metadata=metadata)
        partial.commit()
    except BaseException:
        partial.discard()
        raise
    return path
