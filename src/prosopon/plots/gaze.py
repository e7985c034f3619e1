"""Which way one person's eyes and head were turned: polar maps around the camera's direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prosopon.errors import InputError
from prosopon.plots.base import Subject, look, new_figure
from prosopon.report.summary import maps

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TITLES = {"gaze": "Gaze", "head": "Head"}


def draw(subject: Subject) -> Figure:
    """A map each of gaze and head; up is up and right is the picture's right."""
    found = maps(subject.table, subject.rows)
    shown = [key for key in _TITLES if key in found]
    if not shown:
        raise InputError("the table has neither gaze_angle nor pose_euler, which this plot shows")
    with look():
        figure = new_figure(3.5 * len(shown), 3.4)
        panels = figure.subplots(
            1, len(shown), subplot_kw={"projection": "polar"}, squeeze=False
        )[0]  # fmt: skip
        for axes, key in zip(panels, shown, strict=True):
            _map(figure, axes, found[key], _TITLES[key])
    return figure


def _map(figure: Figure, axes: Any, told: dict[str, Any], title: str) -> None:
    counts = np.array(told["counts"], float)
    shares = np.where(counts > 0, 100 * counts / max(counts.sum(), 1), np.nan)
    rings, sectors = counts.shape
    half = np.pi / sectors  # sectors are told by their middles
    around = np.linspace(-half, 2 * np.pi - half, sectors + 1)
    away = np.linspace(0, told["reach"], rings + 1)
    mesh = axes.pcolormesh(around, away, shares, cmap="Blues", vmin=0)
    axes.grid(color="#cccccc", linewidth=0.5)
    axes.set_xticks([0, np.pi / 2, np.pi, 3 * np.pi / 2], ["right", "up", "left", "down"])
    axes.set_yticks(away[2::2], [f"{ring:.0f}°" for ring in away[2::2]])
    axes.set_rlabel_position(45)
    axes.set_title(title, fontsize=8, fontweight="bold")
    figure.colorbar(mesh, ax=axes, label="% of frames", shrink=0.7, pad=0.12)
