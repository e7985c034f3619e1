"""DISFA+: posed and spontaneous action units with intensity (Mavadati et al., CVPRW 2016).

Files: ``Labels/SN001/A1_AU1_TrailNo_1/AU1.txt`` (that spelling), after any heading a line a
frame: ``000.jpg`` and its intensity 0–5; the pictures are
``Images/SN001/A1_AU1_TrailNo_1/000.jpg``.

Splits: ``all`` nine subjects. There is no fixed protocol: usual is leaving one subject out
(``person=SN001``, ``without=SN001``). Presence is from intensity 2, as in DISFA.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prosopon.errors import InputError
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.disfa import NUMBERS, PRESENT
from prosopon_eval.datasets.files import lines, need, numbers, picture

ORIGIN = "http://mohammadmahoor.com/disfa-plus-request-form/"


def read(root: Path, split: str) -> Iterator[Sample]:
    """Every coded picture, trial by trial."""
    trials = sorted(p for p in need(root / "Labels", ORIGIN).glob("SN*/*") if p.is_dir())
    if not trials:
        raise InputError(f"{root / 'Labels'}: holds no SN001/TRIAL folders; see {ORIGIN}")
    for trial in trials:
        codes: dict[str, dict[int, float]] = {}
        for unit in NUMBERS:
            path = trial / f"AU{unit}.txt"
            for line in lines(path, ORIGIN):
                fields = line.split()
                if len(fields) == 2 and fields[0].lower().endswith(".jpg"):
                    value = numbers(path, fields[1], 1)[0]
                    codes.setdefault(fields[0], {})[unit] = float(value)
        subject = trial.parent.name
        for name, found in sorted(codes.items()):
            intensity = np.array([found.get(unit, np.nan) for unit in NUMBERS], np.float32)
            present = np.where(np.isnan(intensity), np.nan, intensity >= PRESENT)
            yield Sample(
                f"{subject}/{trial.name}/{name}",
                picture(root / "Images" / subject / trial.name / name, ORIGIN),
                subject,
                labels={"au": intensity, "au_present": present.astype(np.float32)},
            )


DATASET = Dataset(
    "DISFA+", ORIGIN, ("units",), ("all",), read, units=tuple(f"AU{n:02}" for n in NUMBERS)
)
