"""``prosopon live``: one line a frame of what a camera shows."""

from __future__ import annotations

import json
from typing import Any

import click
import numpy as np

from prosopon.analyzers import open_analyzer
from prosopon.pipeline import Result
from prosopon.sources import open_source
from prosopon.types import FaceTable


def run(source: str | None, camera: int, jsonl: bool, **options: Any) -> int:
    """Print until the source ends or the user presses Ctrl-C."""
    analyzer = open_analyzer(**options)
    with open_source(camera if source is None else source) as opened:
        try:
            for result in analyzer.frames(opened):
                click.echo(as_json(result) if jsonl else as_text(result))
        except KeyboardInterrupt:
            return 0
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
