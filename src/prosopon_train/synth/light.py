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
        lobe = np.exp(rng.choice([3, 10, 40]) * (directions @ toward - 1)).astype(np.float32)
        strength = rng.uniform(0.3, 1.0) * (1 if lamp == 0 else 0.5)
        radiance += strength * lobe / lobe.sum() * count / 3
        if lamp == 0:
            main = toward
    return Light(radiance * np.float32(3.2 / count), main, rng.uniform(8, 30), 0.03)
