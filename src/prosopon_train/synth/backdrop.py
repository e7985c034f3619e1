"""What stands behind and before the head: backgrounds, shoulders and occluders."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np

from prosopon.types import AnyArray, FloatArray, UInt8Array

_BODY = np.array(  # neck and shoulders in the rig frame, cm
    [[-6, -13, -2], [6, -13, -2], [19, -18, -4], [22, -60, -4], [-22, -60, -4], [-19, -18, -4]],
    np.float32,
)


def load_backgrounds(path: Path) -> list[UInt8Array]:
    """Luminance photographs of the trainable half (hash fold of the name ≥ 5) of a parquet file."""
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=["image", "name"])
    out = []
    for image, name in zip(table["image"].to_pylist(), table["name"].to_pylist(), strict=True):
        if int(hashlib.sha1(name.encode()).hexdigest(), 16) % 10 >= 5:
            pixels = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_GRAYSCALE)
            out.append(np.asarray(pixels, np.uint8))
    return out


def background(size: int, photographs: list[UInt8Array], rng: np.random.Generator) -> FloatArray:
    """(size, size) luminance 0–1: a photograph's part, or gradients, polygons and lines."""
    if photographs and rng.random() < 0.5:
        photograph = photographs[rng.integers(len(photographs))]
        side = int(min(photograph.shape) * rng.uniform(0.3, 1))
        y, x = (int(rng.integers(0, extent - side + 1)) for extent in photograph.shape)
        part = cv2.resize(photograph[y : y + side, x : x + side], (size, size))
        out: AnyArray = part / np.float32(255)
        if rng.random() < 0.5:
            out = cv2.GaussianBlur(out, (0, 0), rng.uniform(1, 6))
        return np.asarray(out[:, ::-1] if rng.random() < 0.5 else out, np.float32)
    out = np.full((size, size), rng.random(), np.float32)
    if rng.random() < 0.7:
        out += smooth_noise(3, size, rng) * np.float32(rng.uniform(0, 0.3))
    for _ in range(rng.integers(0, 7)):
        corners = rng.integers(-size // 3, size + size // 3, (rng.integers(3, 6), 2), np.int32)
        if rng.random() < 0.5:
            cv2.fillPoly(out, [corners], rng.random(), cv2.LINE_AA)
        else:
            width = int(rng.integers(1, 10))
            cv2.polylines(out, [corners], False, rng.random(), width, cv2.LINE_AA)
    if rng.random() < 0.6:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 7))
    return np.asarray(out.clip(0, 1))


def smooth_noise(cells: int, size: int, rng: np.random.Generator) -> FloatArray:
    """Gaussian noise of ``cells`` × ``cells`` enlarged to (size, size)."""
    coarse = rng.standard_normal((cells, cells), np.float32)
    return np.asarray(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC))


def body_outline(to_camera: FloatArray, upright_to_camera: FloatArray) -> FloatArray:
    """Corners (6, 3) of the shoulders, rig frame, for a body that turns half as far as the head.

    to_camera (3, 3): rig frame → camera frame; upright_to_camera: the same for a squared head.
    """
    upright = _BODY @ (to_camera.T @ upright_to_camera).T
    return np.asarray((_BODY + upright) / 2, np.float32)


def draw_body(image: FloatArray, outline: AnyArray, tone: FloatArray | float) -> None:
    """Fill the shoulders' outline (6, 2) px with a tone or a picture (size, size) of tones."""
    mask = np.zeros(image.shape, np.float32)
    cv2.fillPoly(mask, [outline.astype(np.int32)], 1.0, cv2.LINE_AA)
    image += mask * (tone - image)


def draw_occluders(image: FloatArray, rng: np.random.Generator) -> UInt8Array:
    """Draw one or two blobs, mostly from below (hands, cups); their mask (size, size) 0–255."""
    size = len(image)
    covered = np.zeros(image.shape, np.uint8)
    for _ in range(rng.integers(1, 3)):
        mask = np.zeros(image.shape, np.uint8)
        top = 0 if rng.random() < 0.4 else int(size * 0.7)
        centre = (int(rng.integers(0, size)), int(rng.integers(top, size)))
        radius = rng.uniform(0.06, 0.2) * size
        if rng.random() < 0.5:
            axes = (int(radius), int(radius * rng.uniform(0.4, 2)))
            cv2.ellipse(mask, centre, axes, rng.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)
        else:
            corners = (np.array(centre) + rng.normal(0, radius, (5, 2))).astype(np.int32)
            cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA)
        tone = rng.uniform(0, 0.8) + 0.25 * rng.random() * smooth_noise(4, size, rng)
        image += (mask / np.float32(255)) * (tone - image)
        covered |= mask
    return covered
