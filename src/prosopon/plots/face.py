"""Action units on a schematic face: each where it acts, coloured by its intensity.

The face is seen from the front, so the subject's right side is on the left. Units that are
measured for each side show both; the others show one value, or the same on both sides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prosopon.plots.base import Subject, look, new_figure, require
from prosopon.types import AnyArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Where a unit acts: x from the middle (0: once, in the middle; else on both sides), y upward.
_PLACES = {
    "AU01": (0.20, 0.72),
    "AU02": (0.60, 0.72),
    "AU04": (0.0, 0.56),
    "AU05": (0.52, 0.44),
    "AU06": (0.66, 0.06),
    "AU07": (0.36, 0.11),
    "AU09": (0.13, 0.24),
    "AU10": (0.22, -0.13),
    "AU12": (0.52, -0.34),
    "AU14": (0.68, -0.52),
    "AU15": (0.42, -0.78),
    "AU17": (0.0, -0.94),
    "AU18": (0.0, -0.30),
    "AU20": (0.64, -0.72),
    "AU22": (0.0, -0.72),
    "AU23": (-0.22, -0.32),
    "AU24": (0.22, -0.32),
    "AU25": (0.0, -0.51),
    "AU26": (0.0, -1.15),
    "AU28": (0.22, -0.70),
    "AU45": (0.36, 0.30),
}
_ONCE = ("AU23", "AU24", "AU28")  # beside the middle for room, not two-sided
_RADIUS = 0.085


def draw(subject: Subject) -> Figure:
    """The mean of all rows of the person, or one frame."""
    require(subject, "au")
    table, rows = subject.table, subject.rows
    if subject.frame is not None:
        rows = rows[table["frame"][rows] == subject.frame]
    both = {name: _mean(table["au"][rows, i]) for i, name in enumerate(table.au_names)}
    right, left = _side(subject, "au_right", rows), _side(subject, "au_left", rows)
    with look():
        from matplotlib import colormaps
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        figure = new_figure(4.4, 4.6)
        axes = figure.subplots()
        shades = ScalarMappable(Normalize(0, 5), colormaps["Blues"])
        _outline(axes)
        for name, (x, y) in _PLACES.items():
            if name not in both:
                continue
            if x == 0 or name in _ONCE:
                _spot(axes, shades, name, (x, y), both[name])
            else:
                _spot(axes, shades, name, (-x, y), right.get(name, both[name]))
                _spot(axes, shades, name, (x, y), left.get(name, both[name]))
        when = "mean of all frames" if subject.frame is None else f"frame {subject.frame}"
        axes.set_title(f"Person {subject.face_id}, {when}", fontsize=8)
        axes.text(-1.08, 1.12, "subject's right", ha="left", color="#555555")
        axes.text(1.08, 1.12, "left", ha="right", color="#555555")
        axes.set(xlim=(-1.12, 1.12), ylim=(-1.42, 1.32))
        axes.set_aspect("equal")
        axes.axis("off")
        figure.colorbar(shades, ax=axes, label="intensity (0–5)", shrink=0.6, pad=0.0)
    return figure


def _side(subject: Subject, column: str, rows: AnyArray) -> dict[str, float]:
    """Unit → mean intensity on one side, of those that are measured so."""
    if column not in subject.table:
        return {}
    names = next(c.flat for c in subject.table.schema if c.name == column)
    values = subject.table[column][rows]
    return {name[:4]: _mean(values[:, i]) for i, name in enumerate(names)}


def _mean(values: AnyArray) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def _spot(
    axes: Axes, shades: Any, name: str, at: tuple[float, float], intensity: float
) -> None:  # fmt: skip
    from matplotlib.patches import Circle

    known = np.isfinite(intensity)
    fill = shades.to_rgba(intensity) if known else (0.85, 0.85, 0.85, 1.0)
    axes.add_patch(Circle(at, _RADIUS, facecolor=fill, edgecolor="#444444", linewidth=0.5))
    dark = known and intensity > 2.8
    axes.text(
        *at, name.removeprefix("AU").lstrip("0"), ha="center", va="center", fontsize=7,
        color="white" if dark else "black",
    )  # fmt: skip


def _outline(axes: Axes) -> None:
    """Head, brows, eyes, nose and mouth in thin lines."""
    turn = np.linspace(0, 2 * np.pi, 200)
    narrow = np.where(np.sin(turn) < 0, 1 - 0.22 * np.sin(turn) ** 2, 1)
    line: dict[str, Any] = {"color": "#9a9a9a", "linewidth": 1.0, "zorder": 0}
    axes.plot(0.98 * narrow * np.cos(turn), 1.28 * np.sin(turn) - 0.05, **line)
    for side in (-1, 1):
        axes.plot(
            side * (0.36 + 0.19 * np.cos(turn)), 0.30 + 0.085 * np.sin(turn), **line
        )  # fmt: skip
        brow = np.linspace(0.12, 0.68, 30)
        axes.plot(side * brow, 0.60 + 0.10 * np.sin(np.pi * (brow - 0.02) / 0.75), **line)
        axes.plot([0, side * 0.03, side * 0.16, side * 0.10], [0.30, 0.0, -0.10, -0.13], **line)
    x = np.linspace(-0.42, 0.42, 60)
    axes.plot(
        x, -0.51 + 0.10 * np.cos(np.pi * x / 0.84) - 0.03 * np.exp(-((x / 0.06) ** 2)), **line
    )
    axes.plot(x, -0.51 - 0.13 * np.cos(np.pi * x / 0.84), **line)
