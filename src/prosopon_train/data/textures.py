"""Made-up surfaces (flat, shaded, noisy, striped, blotched), lettering and shapes."""

from __future__ import annotations

import cv2
import numpy as np

from prosopon.types import AnyArray, UInt8Array

_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)


def texture(height: int, width: int, generator: np.random.Generator) -> UInt8Array:
    """A (height, width) uint8 picture of one random surface."""
    rng = generator
    base = np.full((height, width), rng.uniform(0, 255), np.float32)
    for _ in range(int(rng.integers(0, 4))):
        layer = (_gradient, _noise, _noise, _waves)[rng.integers(4)](height, width, rng)
        base += layer * rng.uniform(5, 90)
    return np.clip(base, 0, 255).astype(np.uint8)


def lettering(luma: UInt8Array, generator: np.random.Generator) -> tuple[int, int, int, int]:
    """Write a random word, often outlined, onto ``luma`` in place; returns its x0, y0, x1, y1.

    Titles and captions are the one thing that fills films and that no photograph here shows.
    """
    rng = generator
    height, width = luma.shape
    signs = np.array(list("ABCDEGKMNOPRSTUabcdeghmnopqrstuy0123456789@%&:."))
    word = "".join(rng.choice(signs, int(rng.integers(1, 11))))
    font = int(rng.choice(_FONTS))
    size = float(np.exp(rng.uniform(np.log(0.5), np.log(5))) * min(height, width) / 320)
    thickness = max(1, round(size * rng.uniform(0.8, 5)))
    (across, up), below = cv2.getTextSize(word, font, size, thickness)
    x = int(rng.uniform(-0.2 * across, max(width - 0.8 * across, 1)))
    y = int(rng.uniform(0.5 * up, height))
    if rng.random() < 0.6:
        outline = thickness + 2 * max(1, round(thickness * rng.uniform(0.2, 0.8)))
        cv2.putText(luma, word, (x, y), font, size, int(rng.integers(256)), outline, cv2.LINE_AA)
    cv2.putText(luma, word, (x, y), font, size, int(rng.integers(256)), thickness, cv2.LINE_AA)
    return x, y - up, x + across, y + below


def shapes(luma: UInt8Array, generator: np.random.Generator) -> tuple[int, int, int, int]:
    """Draw a few nested ellipses or boxes onto ``luma`` in place; returns their x0, y0, x1, y1."""
    rng = generator
    height, width = luma.shape
    side = float(np.exp(rng.uniform(np.log(8), np.log(0.5 * min(height, width)))))
    center = rng.uniform((0, 0), (width, height))
    for _ in range(int(rng.integers(1, 5))):
        at = center + rng.normal(0, 0.15, 2) * side
        axes = side * rng.uniform(0.1, 0.5, 2)
        tone, thickness = int(rng.integers(256)), int(rng.choice([-1, 2]))
        if rng.random() < 0.6:
            shape = (tuple(at), tuple(2 * axes), float(rng.uniform(0, 180)))
            cv2.ellipse(luma, shape, tone, thickness, cv2.LINE_AA)
        else:
            low, high = (at - axes).astype(int).tolist(), (at + axes).astype(int).tolist()
            cv2.rectangle(luma, low, high, tone, thickness)
    low, high = (center - side).astype(int), (center + side).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


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
