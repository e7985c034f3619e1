"""Intensity of every action unit of one person over time; grey where not measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prosopon.plots.base import Subject, look, new_figure, require, with_gaps

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(subject: Subject) -> Figure:
    """Units from top to bottom, time from left to right."""
    require(subject, "au")
    names = subject.table.au_names
    with look():
        figure = new_figure(7.2, 0.5 + 0.17 * len(names))
        axes = figure.subplots()
        time, values = with_gaps(subject, subject.table["au"])
        step = float(np.median(np.diff(time))) if len(time) > 1 else 1.0
        edges = np.append(time, time[-1] + step)
        mesh = axes.pcolormesh(
            edges, np.arange(len(names) + 1) - 0.5, values.T, cmap="Blues", vmin=0, vmax=5,
            rasterized=True,
        )  # fmt: skip
        axes.set_facecolor("#bdbdbd")
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlabel("time (s)")
        figure.colorbar(mesh, ax=axes, label="intensity (0–5)", pad=0.01)
    return figure
