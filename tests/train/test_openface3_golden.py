"""The classes of OpenFace 3.0 against what its official package answered for the same weights.

Landmark and multitask weights are drawn from random numbers seeded by each parameter's name; the
detector's are real.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
import torch

from prosopon.compat.openface3 import FaceDetector, LandmarkDetector, MultitaskPredictor

pytestmark = [pytest.mark.shared, pytest.mark.train, pytest.mark.slow]

LAYOUTS = Path(__file__).parents[1] / "fixtures" / "openface3"


def draw(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """The value of a parameter."""
    if "num_batches" in name:
        return torch.tensor(0)
    noise = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)
    if name.endswith("running_var"):
        values = 1 + 0.2 * np.abs(noise)
    elif name.endswith("running_mean"):
        values = 0.1 * noise
    elif "e2h" in name:
        values = np.abs(noise) * (0.1 if name.endswith("bias") else 1)
    elif len(shape) > 1:
        values = noise * np.sqrt(2 / np.prod(shape[1:]))
    elif name.endswith("bias"):
        values = 0.05 * noise
    else:
        values = 1 + 0.1 * noise
    return torch.tensor(values, dtype=torch.float32)


def draw_all(kind: str) -> dict[str, torch.Tensor]:
    rows = (line.split() for line in (LAYOUTS / f"{kind}.txt").read_text().splitlines())
    return {
        name: draw(name, () if shape == "-" else tuple(map(int, shape.split("x"))))
        for name, shape in rows
    }


@pytest.fixture(scope="module")
def classes(
    shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[FaceDetector, LandmarkDetector, MultitaskPredictor]:
    """The three, each on a checkpoint that is converted on the way."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("weights")
    torch.save({"net": draw_all("landmarks")}, folder / "Landmark_98.pkl")
    torch.save(draw_all("multitask"), folder / "MTL_backbone.pth")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROSOPON_PACKS", str(folder / "packs"))
        return (
            FaceDetector(shared / "teachers" / "retinaface_mobilenet0.25.pth"),
            LandmarkDetector(folder / "Landmark_98.pkl"),
            MultitaskPredictor(folder / "MTL_backbone.pth"),
        )


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict[str, np.ndarray]:
    with np.load(shared / "openface3" / "golden.npz") as file:
        return dict(file)


@pytest.mark.parametrize("name", ["single", "multi"])
def test_pictures(
    name: str,
    classes: tuple[FaceDetector, LandmarkDetector, MultitaskPredictor],
    golden: dict[str, np.ndarray],
    shared: Path,
):
    detector, landmarker, predictor = classes
    path = str(shared / "media" / f"{name}_face.jpg")
    face, dets = detector.get_face(path)
    assert face is not None
    assert face.shape == tuple(golden[f"{name}_crop_shape"])
    np.testing.assert_allclose(dets, golden[f"{name}_dets"], rtol=0, atol=0.001)
    landmarks = landmarker.detect_landmarks(cv2.imread(path), dets)
    np.testing.assert_allclose(landmarks, golden[f"{name}_landmarks"], rtol=0, atol=0.01)
    for key, values in zip(("emotion", "gaze", "au"), predictor.predict(face), strict=True):
        np.testing.assert_allclose(values, golden[f"{name}_{key}"], rtol=0, atol=1e-5)


def test_networks(
    classes: tuple[FaceDetector, LandmarkDetector, MultitaskPredictor],
    golden: dict[str, np.ndarray],
):
    _, landmarker, predictor = classes
    noise = np.random.RandomState(1)
    face = noise.standard_normal((1, 3, 256, 256)).astype(np.float32)
    np.testing.assert_allclose(landmarker._network(face), golden["star_points"], atol=1e-4)
    values = predictor._network(noise.standard_normal((1, 3, 224, 224)).astype(np.float32))
    expected = np.concatenate([golden[f"mtl_{key}"] for key in ("emotion", "gaze", "au")], axis=1)
    np.testing.assert_allclose(values, expected, atol=1e-5)
