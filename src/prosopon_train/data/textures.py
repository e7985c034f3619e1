"""Made-up surfaces: flat, shaded, noisy, striped, blotched."""

from __future__ import annotations

import cv2
import numpy as np

from prosopon.types import AnyArray, UInt8Array


def texture(height: int, width: int, generator: np.random.Generator) -> UInt8Array:
    """A (height, width) uint8 picture of one random surface."""
    rng = generator
    base = np.full((height, width), rng.uniform(0, 255), np.float32)
    for _ in range(int(rng.integers(0, 4))):
        layer = rng.choice([_gradient, _noise, _noise, _waves])(height, width, rng)
        base += layer * rng.uniform(5, 90)
    return np.clip(base, 0, 255).astype(np.uint8)


def _gradient(height: int, width: int, rng: np.random.Generator) -> AnyArray:
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    return np.asarray(np.cos(angle) * x + np.sin(angle) * y, np.float32)


def _noise(height: int, width: int, rng: np.random.Generator) -> AnyArray:
    """Smooth noise of one random grain, −1…1."""
    grain = np.exp(rng.uniform(0, np.log(max(height, width) / 2 + 1)))
    small = (max(int(width / grain), 2), max(int(height / grain), 2))
    noise = rng.uniform(-1, 1, small[::-1]).astype(np.float32)
    return np.asarray(cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC))


def _waves(height: int, width: int, rng: np.random.Generator) -> AnyArray:
    """Stripes, bent a little; squared off half the time."""
    angle, step = rng.uniform(0, np.pi), np.exp(rng.uniform(np.log(3), np.log(60)))
    y, x = np.ogrid[:height, :width]
    phase = (np.cos(angle) * x + np.sin(angle) * y) * (2 * np.pi / step)
    waves = np.sin(phase + _noise(height, width, rng) * rng.uniform(0, 4))
    return np.asarray(np.sign(waves) if rng.random() < 0.5 else waves, np.float32)
