"""Random light: an ambient sky and one to three lamps, as radiance from fixed directions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prosopon.types import FloatArray


@dataclass(frozen=True, slots=True)
class Light:
    """radiance (d,) per direction; main (3,) unit vector to the strongest lamp, camera frame."""

    radiance: FloatArray
    main: FloatArray
    shininess: float
    floor: float


def sample_light(directions: FloatArray, rng: np.random.Generator) -> Light:
    """Draw a light; ``directions`` (d, 3) are unit vectors toward the light in the camera frame."""
    count = len(directions)
    radiance = np.full(count, rng.uniform(0.1, 0.5), np.float32)
    radiance *= (1 - rng.uniform(-0.3, 0.8) * directions[:, 1]).clip(0.05)
    main = np.zeros(3, np.float32)
    for lamp in range(rng.integers(1, 4)):
        side = rng.uniform(-1.9, 1.9) if rng.random() < 0.6 else rng.normal(0, 0.5)
        height = rng.normal(0.5, 0.45)
        toward = np.array(
            [np.sin(side) * np.cos(height), -np.sin(height), -np.cos(side) * np.cos(height)],
            np.float32,
        )
        hardness = rng.choice([3, 10, 40])
        strength = rng.uniform(0.3, 1.0) * (1 if lamp == 0 else 0.5)
        radiance += strength * _lobe(directions, toward, hardness) * count / 3
        if lamp == 0:
            main = toward
    return Light(radiance * np.float32(3.2 / count), main, rng.uniform(8, 30), 0.03)


def one_lamp(directions: FloatArray, side: float, height: float, ambient: float = 0.25) -> Light:
    """One lamp ``side`` rad right of the camera and ``height`` rad above it, in an even ambient.

    ``directions`` as for :func:`sample_light`.
    """
    toward = np.array(
        [np.sin(side) * np.cos(height), -np.sin(height), -np.cos(side) * np.cos(height)],
        np.float32,
    )
    count = len(directions)
    radiance = ambient + 0.7 * _lobe(directions, toward, 10) * count / 3
    return Light((radiance * 3.2 / count).astype(np.float32), toward, 15.0, 0.03)


def _lobe(directions: FloatArray, toward: FloatArray, hardness: float) -> FloatArray:
    """Share (d,) of a lamp's light that comes from each direction."""
    lobe = np.exp(hardness * (directions @ toward - 1)).astype(np.float32)
    return np.asarray(lobe / lobe.sum(), np.float32)
