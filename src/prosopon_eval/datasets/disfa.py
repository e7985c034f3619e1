"""DISFA: spontaneous action units with intensity (Mavadati et al., IEEE TAC 2013).

Files: ``ActionUnit_Labels/SN001/SN001_auN.txt``, a line a frame: number from 1, comma, intensity
0–5; and ``Videos_LeftCamera/LeftVideoSN001_comp.avi`` (``Video_LeftCamera`` is found too).

Splits: three folds by subject, as Shao et al. (JAA-Net, ECCV 2018) and those after them; ``all``
is the 27 of them together, for packs that learned nothing from DISFA. ``fold1`` … are the test
parts, ``train1`` … their complements. F1 is over 8 units, a unit being present from intensity 2;
ICC and MAE are over all 12 coded. No box is given: the largest face of a frame is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prosopon.errors import InputError
from prosopon_eval.datasets.base import Dataset, Sample, fold_of
from prosopon_eval.datasets.files import Video, lines, need, numbers

ORIGIN = "http://mohammadmahoor.com/disfa/"
NUMBERS = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
SCORED = (1, 2, 4, 6, 9, 12, 25, 26)
"""Units of which F1 is published."""
PRESENT = 2
FOLDS = {
    "fold1": ("SN001", "SN002", "SN009", "SN010", "SN016", "SN026", "SN027", "SN030", "SN032"),
    "fold2": ("SN006", "SN011", "SN012", "SN013", "SN018", "SN021", "SN024", "SN028", "SN031"),
    "fold3": ("SN003", "SN004", "SN005", "SN007", "SN008", "SN017", "SN023", "SN025", "SN029"),
}
SPLITS = ("all", "fold1", "fold2", "fold3", "train1", "train2", "train3")


def presence(intensity: np.ndarray) -> np.ndarray:
    """(12,) 0/1 of the units whose F1 is published, NaN for the others."""
    scored = np.isin(NUMBERS, SCORED) & ~np.isnan(intensity)
    return np.where(scored, (intensity >= PRESENT).astype(np.float32), np.nan)


def read(root: Path, split: str) -> Iterator[Sample]:
    """Every coded frame, subject by subject."""
    labels = need(root / "ActionUnit_Labels", ORIGIN)
    subjects = sorted(p.name for p in labels.glob("SN*") if p.is_dir())
    if not subjects:
        raise InputError(f"{labels}: holds no folders SN001 …; get DISFA from {ORIGIN}")
    for subject in subjects:
        if not fold_of(split, subject, FOLDS):
            continue
        codes: dict[int, dict[int, float]] = {}
        for unit in NUMBERS:
            path = labels / subject / f"{subject}_au{unit}.txt"
            for line in lines(path, ORIGIN):
                frame, value = numbers(path, line, 2, ",")
                codes.setdefault(int(frame), {})[unit] = float(value)
        name = f"LeftVideo{subject}_comp.avi"
        places = (root / "Videos_LeftCamera" / name, root / "Video_LeftCamera" / name)
        video = Video(next((p for p in places if p.exists()), places[0]), ORIGIN)
        for frame, found in sorted(codes.items()):
            intensity = np.array([found.get(unit, np.nan) for unit in NUMBERS], np.float32)
            yield Sample(
                f"{subject}/{frame}",
                video.frame(frame - 1),
                subject,
                labels={"au": intensity, "au_present": presence(intensity)},
            )


DATASET = Dataset(
    "DISFA", ORIGIN, ("units",), SPLITS, read, units=tuple(f"AU{n:02}" for n in NUMBERS)
)
