"""Figures of a table for publication, one module a kind; needs the extra ``plot``.

::

    from prosopon.plots import plot
    plot(prosopon.read("out/clip.csv"), "timeline", "timeline.svg")

Lines have the colours of Okabe & Ito, which colour-blind readers tell apart, and differ in dashes
too; maps go from white to dark blue and keep their order in grey.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from prosopon.errors import InputError

if TYPE_CHECKING:
    from prosopon.types import FaceTable

__all__ = ["KINDS", "plot"]

KINDS = ("timeline", "heatmap", "circumplex", "gaze", "face")
"""Each is a module here whose ``draw(subject)`` gives a figure."""


def plot(
    table: FaceTable,
    kind: str,
    path: str | Path,
    *,
    person: int | None = None,
    frame: int | None = None,
) -> Path:
    """Draw ``table`` as ``kind`` into ``path``, whose suffix is the format: png, svg or pdf.

    person: ``face_id``, by default the one with the most rows; frame: of kind face, the index of
    the frame to draw instead of the mean of all.

    InputError: an unknown kind or person, a table without the columns. OutputError: the file
    can't be written. MissingExtraError: no matplotlib.
    """
    if kind not in KINDS:
        raise InputError(f"no kind of plot {kind!r}; there are: {', '.join(KINDS)}")
    from prosopon.plots.base import save, subject_of

    subject = subject_of(table, person, frame)
    return save(import_module(f"prosopon.plots.{kind}").draw(subject), Path(path))
