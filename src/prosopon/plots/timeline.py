"""Signals of one person over time: the units that move most, emotion, affect, pose, gaze."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prosopon.errors import InputError
from prosopon.plots.base import COLORS, Subject, label, look, new_figure, with_gaps
from prosopon.report.signals import groups

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN = ("au", "emotion", "affect", "pose", "gaze")
_MOST = {"au": 6, "emotion": 4, "gaze": 2}
_STYLES = ("-", "--", "-.", ":")


def draw(subject: Subject) -> Figure:
    """A panel for each group of signals that the table has."""
    found = [group for group in groups(subject.table) if group.key in _SHOWN]
    if not found:
        raise InputError("the table has no action units, emotion, affect, pose or gaze to plot")
    with look():
        figure = new_figure(7.2, 1.35 * len(found) + 0.3)
        panels = figure.subplots(len(found), 1, sharex=True, squeeze=False)[:, 0]
        for axes, group in zip(panels, found, strict=True):
            time, values = with_gaps(subject, group.values)
            most = _MOST.get(group.key, len(group.names))
            if group.key == "gaze":
                chosen = list(range(most))
            else:
                spread = np.nan_to_num(np.nanmax(values, 0) - np.nanmin(values, 0))
                chosen = sorted(np.argsort(-spread, kind="stable")[:most].tolist())
            for place, i in enumerate(chosen):
                axes.plot(
                    time,
                    values[:, i],
                    color=COLORS[place % len(COLORS)],
                    linestyle=_STYLES[place // 3 % len(_STYLES)],
                    label=group.names[i],
                )
            label(axes, group.title, group.unit)
            if group.limits:
                axes.set_ylim(*group.limits)
            axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.05))
        panels[-1].set_xlabel("time (s)")
        panels[-1].margins(x=0.01)
    return figure
