"""Recipes small enough for seconds, on made-up data in AffectNet's and DISFA+'s own layout."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from prosopon_train.benchmarks.examples import colour, luminance
from prosopon_train.benchmarks.recipe import Recipe, Stage
from prosopon_train.benchmarks.tasks import (
    JOINT_WEIGHTS,
    OPENFACE3_COLUMNS,
    FaceBehaviorTerms,
    OpenFace3Terms,
)
from prosopon_train.configs.facebehaviornet import RECIPE as JOINT
from prosopon_train.model.network import FaceNetwork

SIDE = 16
TINY = {
    "widths": (4, 8, 8, 8),
    "depths": (1, 0, 0),
    "squeeze": 4,
    "spatial": 16,
    "pooled": 8,
    "band": 8,
}


def write_data(root: Path, count: int = 32) -> None:
    """Happiness and its units where the upper half is lit, sadness and its where the lower is."""
    rng = np.random.default_rng(0)

    def picture(path: Path, low: bool) -> None:
        image = rng.integers(0, 60, (64, 64, 3), dtype=np.uint8)
        image[slice(32, 64) if low else slice(0, 32)] += 120
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)

    for folder, n in (("train_set", count), ("val_set", count // 2)):
        (root / "affectnet" / folder / "annotations").mkdir(parents=True)
        for i in range(n):
            low = i % 2
            picture(root / "affectnet" / folder / f"images/{i}.jpg", bool(low))
            values = {"exp": str(1 + low), "val": str(0.8 - 1.4 * low), "aro": str(0.5 - low)}
            for kind, value in values.items():
                np.save(root / "affectnet" / folder / f"annotations/{i}_{kind}.npy", value)
    for subject in ("SN001", "SN003"):
        trial = root / "disfaplus/Labels" / subject / "A1_AU1_TrailNo_1"
        trial.mkdir(parents=True)
        for i in range(count // 2):
            image = root / "disfaplus/Images" / subject / trial.name / f"{i:03}.jpg"
            picture(image, i % 2 == 1)
        for unit in (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26):
            levels = (4 * (unit in (6, 12, 25)), 4 * (unit in (1, 4, 15, 17)))
            rows = [f"{i:03}.jpg {levels[i % 2]}" for i in range(count // 2)]
            (trial / f"AU{unit}.txt").write_text("\n".join(rows))


class Small(nn.Module):
    """OpenFace 3.0's interface in a few thousand parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.base_model = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten()
        )
        self.heads = nn.Linear(8 * (SIDE // 2) ** 2, 18)

    def forward(self, x: Tensor) -> Tensor:
        out = self.heads(self.base_model(x))
        return torch.cat([out[:, :10], torch.sigmoid(out[:, 10:])], 1)


TRAIN = ("affectnet:train8", "disfaplus:without=SN001")
TEST = ("affectnet:8", "disfaplus:person=SN001")
RECIPE = OPENFACE3 = Recipe(
    train=TRAIN,
    test=TEST,
    picture=colour(SIDE),
    network=Small,
    terms=OpenFace3Terms,
    weights={"emotion": 1.0, "gaze": 1.0, "au": 1.0},
    columns=OPENFACE3_COLUMNS,
    stages=(Stage(2, ("base_model.",), 1e-2), Stage(8, learning_rate=1e-2)),
    batch=8,
)


def tiny() -> FaceNetwork:
    return FaceNetwork(**TINY)


BEHAVIOUR = Recipe(
    train=TRAIN,
    test=TEST,
    picture=luminance(128),
    network=tiny,
    terms=FaceBehaviorTerms,
    weights=JOINT_WEIGHTS,
    columns=JOINT.columns,
    stages=(Stage(8, learning_rate=5e-3),),
    batch=8,
    learned=False,
)
