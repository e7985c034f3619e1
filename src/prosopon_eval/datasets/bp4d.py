"""BP4D-Spontaneous: action units of 41 people in 8 tasks (Zhang et al., IVC 2014).

Files: ``AUCoding/AU_OCC/F001_T1.csv``, a heading of unit numbers after the column of frame
numbers, then 0 absent, 1 present, 9 not coded; where there are any,
``AUCoding/AU_INT/AU06/F001_T1_AU06.csv`` (frame, intensity 0–5, 9 not coded); and pictures
``2D+3D/F001/T1/0001.jpg`` (also ``Sequences(2D+3D)``), their numbers padded with any zeros.

Splits: three folds by subject, as Shao et al. (JAA-Net, ECCV 2018) and those after them; ``all``
is the 41 of them together, for packs that learned nothing from BP4D. ``fold1`` … are the test
parts, ``train1`` … their complements. F1 is over 12 units. No box is given: the largest face of a
frame is taken.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prosopon.errors import InputError
from prosopon.types import AnyArray
from prosopon_eval.datasets.base import Dataset, Sample, fold_of
from prosopon_eval.datasets.files import lines, need, numbers, picture

ORIGIN = "https://www.cs.binghamton.edu/~lijun/Research/3DFE/3DFE_Analysis.html"
NUMBERS = (1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24)
INTENSITY = (6, 10, 12, 14, 17)
UNKNOWN = 9
FOLDS = {
    "fold1": tuple("F001 F002 F008 F009 F010 F016 F018 F023 M001 M004 M007 M008 M012 M014".split()),
    "fold2": tuple("F003 F005 F011 F013 F020 F022 M002 M005 M010 M011 M013 M016 M017 M018".split()),
    "fold3": tuple("F004 F006 F007 F012 F014 F015 F017 F019 F021 M003 M006 M009 M015".split()),
}
SPLITS = ("all", "fold1", "fold2", "fold3", "train1", "train2", "train3")


def _presence(path: Path) -> dict[int, AnyArray]:
    """Frame → (12,) 0/1, NaN where not coded."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    heading = [name.strip().upper().removeprefix("AU").lstrip("0") for name in rows[0]]
    try:
        columns = [heading.index(str(unit), 1) for unit in NUMBERS]
    except ValueError as error:
        raise InputError(
            f"{path}: its heading lacks a unit ({error}); get the file again"
        ) from None
    found = {}
    for row in rows[1:]:
        values = numbers(path, ",".join(row), len(heading), ",")[columns]
        found[int(float(row[0]))] = np.where(values == UNKNOWN, np.nan, values).astype(np.float32)
    return found


def _intensity(folder: Path, session: str) -> dict[int, AnyArray]:
    """Frame → (12,) 0–5, NaN where not coded; empty where the intensities are not there."""
    found: dict[int, AnyArray] = {}
    for unit in INTENSITY:
        path = folder / f"AU{unit:02}" / f"{session}_AU{unit:02}.csv"
        if path.exists():
            for line in lines(path, ORIGIN):
                frame, value = numbers(path, line, 2, ",")
                row = found.setdefault(int(frame), np.full(len(NUMBERS), np.nan, np.float32))
                row[NUMBERS.index(unit)] = np.nan if value == UNKNOWN else value
    return found


def read(root: Path, split: str) -> Iterator[Sample]:
    """Every coded frame, session by session."""
    coding = need(root / "AUCoding" / "AU_OCC", ORIGIN)
    folders = (root / "2D+3D", root / "Sequences(2D+3D)")
    pictures = need(next((p for p in folders if p.is_dir()), folders[0]), ORIGIN)
    sessions = sorted(coding.glob("[FM][0-9][0-9][0-9]_T*.csv"))
    if not sessions:
        raise InputError(f"{coding}: holds no F001_T1.csv …; get BP4D's coding from {ORIGIN}")
    for path in sessions:
        subject, task = path.stem.split("_")
        if not fold_of(split, subject, FOLDS):
            continue
        folder = need(pictures / subject / task, ORIGIN)
        by_number = {int(p.stem): p for p in folder.glob("*.jpg") if p.stem.isdigit()}
        levels = _intensity(root / "AUCoding" / "AU_INT", path.stem)
        for frame, present in sorted(_presence(path).items()):
            image = by_number.get(frame, folder / f"{frame:04}.jpg")
            labels = {"au_present": present}
            if levels:
                labels["au"] = levels.get(frame, np.full(len(NUMBERS), np.nan, np.float32))
            yield Sample(
                f"{subject}/{task}/{frame}", picture(image, ORIGIN), subject, labels=labels
            )


DATASET = Dataset(
    "BP4D", ORIGIN, ("units",), SPLITS, read, units=tuple(f"AU{n:02}" for n in NUMBERS)
)
