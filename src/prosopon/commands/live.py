"""``prosopon live``: what a camera shows, in a window, a browser or one line a frame."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from prosopon.analyzers import open_analyzer
from prosopon.filters.smoothing import OneEuro
from prosopon.live.newest import NewestFrames
from prosopon.live.session import LiveSession
from prosopon.pipeline import Analyzer, Result
from prosopon.sources import open_source
from prosopon.types import FaceTable

VIEWS = ("window", "browser", "text")


def run(
    source: str | None,
    camera: int,
    view: str | None,
    as_live: bool,
    jsonl: bool,
    folder: Path,
    port: int,
    smooth: bool = False,
    **options: Any,
) -> int:
    """Show or print until the source ends or the user quits."""
    chosen = view or _view(jsonl)
    if chosen not in VIEWS:
        raise click.UsageError(f"no view {chosen!r}; there are: {', '.join(VIEWS)}")
    analyzer = open_analyzer(**options)
    one_euro = OneEuro(analyzer.schema) if smooth else None
    name = f"camera {camera}" if source is None else source
    with open_source(camera if source is None else source) as opened:
        try:
            if chosen == "text":
                frames = NewestFrames(opened, as_live) if as_live else opened
                with frames:
                    for result in analyzer.frames(frames):
                        if one_euro:
                            result = replace(result, faces=one_euro(result.faces))
                        click.echo(as_json(result) if jsonl else as_text(result))
                return 0
            if not isinstance(analyzer, Analyzer):
                raise click.UsageError("this pack is not for a view; use --view text")
            with NewestFrames(opened, as_live) as newest:
                return _show(
                    LiveSession(analyzer, newest, folder, name, smooth), chosen, name, port
                )
        except KeyboardInterrupt:
            return 0


def _view(jsonl: bool) -> str:
    """Text into a pipe or file; else a window, or the browser where there is no screen."""
    if jsonl or not sys.stdout.isatty():
        return "text"
    from prosopon.live.window import has_screen

    return "window" if has_screen() else "browser"


def _show(session: LiveSession, view: str, name: str, port: int) -> int:
    if view == "window":
        from prosopon.live.window import show as show_window

        show_window(session, f"Prosopon: {name}")
    else:
        from prosopon.live.browser import show as show_browser

        show_browser(session, lambda url: click.echo(f"open {url}"), port)
    for table in session.recorded:
        click.echo(f"recorded {table} and its video")
    told = sorted(session.latencies())
    if told:
        middle = told[len(told) // 2]
        click.echo(f"capture to screen: median {middle:.0f} ms, longest {told[-1]:.0f} ms")
    return 0


def as_json(result: Result) -> str:
    """The frame as one JSON object: index, time and a list of faces with every column."""
    faces = result.faces
    measured = np.flatnonzero(faces["success"] > 0)
    record = {
        "frame": result.index,
        "time": result.time,
        "faces": [_row(faces, int(row)) for row in measured],
    }
    return json.dumps(record)


def _row(faces: FaceTable, row: int) -> dict[str, Any]:
    columns = (c for c in faces.schema if c.name not in ("frame", "time"))
    return {c.name: np.round(faces[c.name][row], c.decimals).tolist() for c in columns}


def as_text(result: Result) -> str:
    """The frame as a line to read: pose in degrees, most probable emotion, strongest units."""
    faces = result.faces
    parts = [f"{result.time:9.3f} s"]
    for row in np.flatnonzero(faces["success"] > 0):
        words = [f"#{faces['face_id'][row]}"]
        if "pose_euler" in faces:
            angles = np.degrees(faces["pose_euler"][row])
            pitch, yaw, roll = (round(float(angle)) for angle in angles)
            words.append(f"pitch {pitch:+d} yaw {yaw:+d} roll {roll:+d}")
        emotion = faces.emotion_names[int(faces["emotion"][row].argmax())]
        strongest = np.argsort(-faces["au"][row])[:3]
        units = " ".join(f"{faces.au_names[i]} {faces['au'][row][i]:.1f}" for i in strongest)
        parts.append(" ".join([*words, emotion, units]))
    return " | ".join(parts if len(parts) > 1 else [*parts, "no face"])
