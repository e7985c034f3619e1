"""Where one person was on the plane of valence and arousal (Russell 1980)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prosopon.plots.base import Subject, look, new_figure, require

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CELLS = 40


def draw(subject: Subject) -> Figure:
    """Density of rows in cells of 0.05, with the mean."""
    from matplotlib.colors import LogNorm
    from matplotlib.patches import Circle

    require(subject, "valence", "arousal")
    valence = subject.table["valence"][subject.rows]
    arousal = subject.table["arousal"][subject.rows]
    edges = np.linspace(-1, 1, _CELLS + 1)
    counts = np.histogram2d(arousal, valence, [edges, edges])[0]
    with look():
        figure = new_figure(3.6, 3.2)
        axes = figure.subplots()
        shown = np.where(counts > 0, counts, np.nan)
        norm = LogNorm(0.5, max(10.0, float(counts.max())))
        mesh = axes.pcolormesh(edges, edges, shown, cmap="Blues", norm=norm)
        axes.add_patch(Circle((0, 0), 1, fill=False, edgecolor="#999999", linewidth=0.6))
        axes.axhline(0, color="#999999", linewidth=0.6)
        axes.axvline(0, color="#999999", linewidth=0.6)
        mean = float(np.nanmean(valence)), float(np.nanmean(arousal))
        axes.plot(*mean, marker="P", color="#D55E00", markeredgecolor="white", markersize=9)
        axes.annotate("mean", mean, textcoords="offset points", xytext=(7, 5), color="#A04600")
        axes.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), xlabel="valence", ylabel="arousal")
        axes.set_aspect("equal")
        figure.colorbar(mesh, ax=axes, label="frames", shrink=0.8)
    return figure
