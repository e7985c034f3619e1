"""Hair as a shell around the skull, cut by a margin that says where it grows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from prosopon.types import FloatArray
from prosopon_train.synth.raster import STRANDS
from prosopon_train.synth.rig import (
    HAIR_AZIMUTH,
    HAIR_COLUMNS,
    HAIR_ELEVATION,
    HANGING_ROWS,
    SKULL_CENTRE,
    SKULL_ROWS,
    Rig,
)

# Lower edge of the hair in degrees of elevation, by style, at these distances from the face's
# middle plane: the forehead, temple, ear, neck.
_EDGE_AT = (0, 30, 52, 66, 80, 95, 110, 180)
_SIDE_SHORT = (22.0, 2.0, 8.0, -30.0, -45.0)
_SIDE_LONG = (22.0, -60.0, -90.0, -90.0, -90.0)
_FOREHEAD = {"bald": 95.0, "short": 38.0, "receding": 56.0, "fringe": 20.0, "long": 36.0}


@dataclass(frozen=True, slots=True)
class Hair:
    """vertices (h, 3) cm; margin (h,) degrees inside the hair; coordinate (h,) along STRANDS."""

    vertices: FloatArray
    margin: FloatArray
    coordinate: FloatArray
    strands: FloatArray
    albedo: float
    fray: float


def sample_hair(
    rig: Rig, shape: FloatArray, male: bool, albedo: float, rng: np.random.Generator
) -> Hair:
    """Draw a style for a head ``shape`` (n, 3)."""
    shares = [0.08, 0.46, 0.16, 0.14, 0.16] if male else [0.01, 0.17, 0.02, 0.3, 0.5]
    style = tuple(_FOREHEAD)[rng.choice(5, p=shares)]
    thickness = rng.uniform(0.25, 1.5) if style != "bald" else 0.0
    vertices = _shell(rig, shape, thickness, rng.uniform(1, 16), rng)
    return Hair(
        vertices=vertices,
        margin=_margin(style, rng),
        coordinate=np.tile(
            (HAIR_AZIMUTH + np.pi) / (2 * np.pi) * STRANDS, len(HAIR_ELEVATION)
        ).astype(np.float32),
        strands=_strands(rng),
        albedo=albedo,
        fray=5.0 if style == "short" else 9.0,
    )


def _shell(
    rig: Rig, shape: FloatArray, thickness: float, length: float, rng: np.random.Generator
) -> FloatArray:
    skull = shape[rig.hair_rays].mean(1)
    outward = skull - SKULL_CENTRE
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    lumps = cv2.resize(
        rng.standard_normal((5, 9)).astype(np.float32),
        (HAIR_COLUMNS, SKULL_ROWS),
        interpolation=cv2.INTER_CUBIC,
    ).ravel()
    height = np.clip(np.sin(np.repeat(HAIR_ELEVATION[:SKULL_ROWS], HAIR_COLUMNS)), 0, 1)
    volume = thickness * (1 + 0.35 * lumps) * (0.5 + 0.8 * height)
    skull = skull + outward * volume[:, None]
    rows = skull.reshape(SKULL_ROWS, HAIR_COLUMNS, 3)
    edge = rows[11:14].mean(0)
    hanging = []
    for row in range(HANGING_ROWS):
        lower = edge * np.array([1.04 + 0.02 * row, 0, 1])
        lower[:, 1] = rows[-1][:, 1] - length * (row + 1) / HANGING_ROWS
        hanging.append(lower)
    return np.concatenate([skull, *hanging]).astype(np.float32)


def _margin(style: str, rng: np.random.Generator) -> FloatArray:
    front = _FOREHEAD[style] + rng.normal(0, 4)
    if style == "fringe":
        front = max(16.5, front)
    temple = front + (6 if style == "receding" else 0)
    sides = _SIDE_LONG if style == "long" else _SIDE_SHORT
    edge = np.interp(np.abs(np.rad2deg(HAIR_AZIMUTH)), _EDGE_AT, (front, temple, front - 2, *sides))
    edge += rng.uniform(-3, 3) * np.sin(HAIR_AZIMUTH * 1.5) + rng.normal(0, 1.2, HAIR_COLUMNS)
    if style == "bald":
        edge[:] = 99
    margin = np.rad2deg(HAIR_ELEVATION)[:, None] - edge[None]
    if style != "long":
        margin[SKULL_ROWS:] = -50
    return np.asarray(margin.ravel(), np.float32)


def _strands(rng: np.random.Generator) -> FloatArray:
    fine = cv2.GaussianBlur(rng.standard_normal((1, STRANDS)).astype(np.float32), (0, 0), 0.8)
    locks = cv2.GaussianBlur(rng.standard_normal((1, STRANDS)).astype(np.float32), (0, 0), 5)
    both = np.asarray(fine + 1.4 * locks)[0]
    return np.asarray((both - both.min()) / np.ptp(both), np.float32)
