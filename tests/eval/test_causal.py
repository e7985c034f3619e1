"""One thing changed: paired differences with an analyser whose errors are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eval_stubs import StubAnalyzer, face_points, moved, table
from prosopon.errors import InputError
from prosopon.types import FaceTable
from prosopon_eval.protocols import causal
from prosopon_train.data.schema import write_shard

LEVELS = (("base", "base"), ("skin tone", "dark"), ("glasses", "worn"))


def example(person: int, level: int, name: str | None = None) -> dict[str, object]:
    points = np.full((78, 2), np.nan, np.float32)
    points[:68] = face_points()
    attribute, group = LEVELS[level]
    return {
        "image": np.full((160, 160), 10 * person + level, np.uint8),
        "points": points,
        "rotation": np.eye(3),
        "gaze": np.array([[0, 0, -1], [0, 0, -1]]),
        "eye_open": np.ones(2),
        "au": np.zeros(21),
        "person": f"p{person}",
        "name": name or f"p{person}/{attribute}/{group}",
    }


def answer(image: np.ndarray) -> FaceTable:
    """Everybody is off by 2 px; dark skin by 1 px and 4° of rotation more, and looks sadder."""
    dark = int(image[0, 0]) % 10 == 1
    glasses = int(image[0, 0]) % 10 == 2
    return table(
        {
            "landmarks": moved(face_points(), 2 + dark, 0),
            "pose_r": (0, np.radians(4 * dark), 0),
            "gaze": [(0, 0, -1)] * 2,
            "eye_open": (1, 1 - 0.5 * glasses),
            "au": np.full(21, 0.5),
            "emotion": [0.6, 0, 0.4, 0, 0, 0, 0, 0] if dark else [1, 0, 0, 0, 0, 0, 0, 0],
            "valence": -0.2 * dark,
        }
    )


def test_run(tmp_path: Path):
    # The second person has no picture with glasses: that level rests on one.
    pictures = [(p, k) for p in range(2) for k in range(3) if (p, k) != (1, 2)]
    write_shard(tmp_path / "causal.npz", [example(p, k) for p, k in pictures])
    scores = causal.run(StubAnalyzer(answer), tmp_path)
    base = {f.name: (f.value, f.n) for f in scores.figures}
    assert base["landmarks, NME"] == (pytest.approx(4.0), 2)
    assert base["action units, MAE"] == (pytest.approx(0.5), 2)
    changed = {(s.attribute, s.group, s.figure.name): s.figure for s in scores.slices}
    assert changed["skin tone", "dark", "landmarks, NME"].value == pytest.approx(2.0)
    assert changed["skin tone", "dark", "head rotation"].value == pytest.approx(4.0, abs=1e-3)
    assert changed["skin tone", "dark", "emotion moves"].value == pytest.approx(40)
    assert changed["skin tone", "dark", "valence moves"].value == pytest.approx(-0.2)
    assert changed["skin tone", "dark", "lids"].value == 0
    assert changed["glasses", "worn", "lids"].value == pytest.approx(0.25)
    assert changed["glasses", "worn", "lids"].n == 1
    assert changed["glasses", "worn", "landmarks, NME"].value == 0


def test_other_shards_are_refused(tmp_path: Path):
    write_shard(tmp_path / "faces.npz", [example(0, 0, name="synth-1-0")])
    with pytest.raises(InputError, match="synth --what causal"):
        causal.run(StubAnalyzer(answer), tmp_path)
