"""EYEDIAP: gaze at targets on a screen and at a ball (Funes Mora et al., ETRA 2014).

Files: ``Data/SESSION/`` (SESSION is ``1_A_DS_S``: participant, condition, target, head) with
``rgb_vga.mov``, ``rgb_vga_calibration.txt`` ([resolution], [intrinsics], [R], [T], numbers parted
by ``;``), ``eye_tracking.txt`` (frame; then 18 numbers, the last six being the 3D centres of both
eyes) and ``screen_coordinates.txt`` or ``ball_tracking.txt`` (frame; …; the last three the 3D
target), a heading first; lengths in metres, in the world frame that R and T take to the camera's.
Where ``Annotations/GazeState/GazeStateExport/Data/SESSION/gaze_state.txt`` is there, only frames
marked OK count.

Splits: ``screen`` (CS and DS), ``ball`` (FT), ``all``; every 15th frame, as is usual (Zhang et
al., CVPRW 2017), of the VGA camera. Gaze is from the middle between the eyes to the target.
Published figures leave people out in folds: ``person=1``, ``without=1``. No box is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prosopon.errors import InputError
from prosopon.types import AnyArray
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.files import Video, lines, need, numbers, unit

ORIGIN = "https://www.idiap.ch/dataset/eyediap"
EVERY = 15
TARGETS = {"screen": ("CS", "DS"), "ball": ("FT",), "all": ("CS", "DS", "FT")}


def _rotation(path: Path) -> AnyArray:
    """(3, 3) world → camera of a calibration file."""
    rows = lines(path, ORIGIN)
    heading = next((i for i, row in enumerate(rows) if row.lower() == "[r]"), None)
    if heading is None:
        raise InputError(f"{path}: has no section [R]; get the calibration again")
    return np.array([numbers(path, row, 3, ";") for row in rows[heading + 1 : heading + 4]])


def _columns(path: Path, width: int) -> dict[int, AnyArray]:
    """Frame → numbers after it, of rows of ``width`` or more that hold a measurement."""
    found = {}
    for line in lines(path, ORIGIN)[1:]:
        values = numbers(path, line, None, ";")
        if len(values) > width and np.any(values[-3:]):
            found[int(values[0])] = values[1:]
    return found


def _fit_to_score(path: Path) -> set[int] | None:
    """Frames marked OK; None where nobody marked them."""
    if not path.exists():
        return None
    rows = (line.split() for line in lines(path, ORIGIN))
    return {int(row[0]) for row in rows if len(row) == 2 and row[1] == "OK"}


def read(root: Path, split: str) -> Iterator[Sample]:
    """Samples, session by session."""
    folder = need(root / "Data", ORIGIN)
    states = root / "Annotations" / "GazeState" / "GazeStateExport" / "Data"
    for session in sorted(p for p in folder.iterdir() if p.name.count("_") == 3):
        person, _, target, _ = session.name.split("_")
        if target not in TARGETS[split]:
            continue
        rotation = _rotation(session / "rgb_vga_calibration.txt")
        file = "ball_tracking.txt" if target == "FT" else "screen_coordinates.txt"
        targets = _columns(session / file, 3)
        eyes = _columns(session / "eye_tracking.txt", 6)
        kept = _fit_to_score(states / session.name / "gaze_state.txt")
        video = Video(session / "rgb_vga.mov", ORIGIN)
        for frame in sorted(targets.keys() & eyes.keys()):
            if frame % EVERY or (kept is not None and frame not in kept):
                continue
            middle = (eyes[frame][-6:-3] + eyes[frame][-3:]) / 2
            # T cancels: both ends are moved by it.
            gaze = unit(rotation @ (targets[frame][-3:] - middle))
            name = f"{session.name}/{frame}"
            yield Sample(name, video.frame(frame), person, labels={"gaze": gaze})


DATASET = Dataset("EYEDIAP", ORIGIN, ("gaze",), ("all", "screen", "ball"), read)
