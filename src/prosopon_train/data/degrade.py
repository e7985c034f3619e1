"""What light, lens, sensor and codec do to a whole picture."""

from __future__ import annotations

import cv2
import numpy as np

from prosopon.types import UInt8Array


def relight(luma: UInt8Array, generator: np.random.Generator) -> UInt8Array:
    """Another gain, offset and gamma for a piece of a picture; half the pieces stay."""
    rng = generator
    if rng.random() < 0.5:
        return luma
    return _tone(luma, rng.normal(1, 0.25), rng.normal(0, 20), np.exp(rng.normal(0, 0.25)))


def degrade(luma: UInt8Array, generator: np.random.Generator) -> UInt8Array:
    """Tone, darkness, uneven light, blur, coarse resolution, noise and JPEG, each sometimes."""
    rng = generator
    if rng.random() < 0.6:
        gain = np.exp(rng.normal(0, 0.3))
        if rng.random() < 0.15:
            gain *= rng.uniform(0.12, 0.5)
        luma = _tone(luma, gain, rng.normal(0, 18), np.exp(rng.normal(0, 0.3)))
    if rng.random() < 0.15:
        luma = _uneven(luma, rng)
    kind = rng.random()
    if kind < 0.15:
        luma = np.asarray(cv2.GaussianBlur(luma, (0, 0), rng.uniform(0.4, 1.6)), np.uint8)
    elif kind < 0.25:
        luma = _coarse(luma, rng)
    elif kind < 0.30:
        luma = _motion(luma, rng)
    if rng.random() < 0.35:
        spread = float(np.exp(rng.uniform(np.log(1), np.log(16))))
        noise = np.empty(luma.shape, np.int16)
        cv2.setRNGSeed(int(rng.integers(1 << 31)))
        cv2.randn(noise, 0, spread)
        luma = np.asarray(cv2.add(luma, noise, dtype=cv2.CV_8U), np.uint8)
    if rng.random() < 0.35:
        quality = int(rng.integers(20, 96))
        _, data = cv2.imencode(".jpg", luma, [cv2.IMWRITE_JPEG_QUALITY, quality])
        luma = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
    return luma


def _tone(luma: UInt8Array, gain: float, offset: float, gamma: float) -> UInt8Array:
    levels = (np.arange(256) / 255) ** gamma * 255
    table = np.clip((levels - 100) * gain + (100 + offset) * min(gain, 1), 0, 255)
    return np.asarray(cv2.LUT(luma, table.astype(np.uint8)), np.uint8)


def _uneven(luma: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """A strong light from one side."""
    height, width = luma.shape
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    field = 1 + rng.uniform(0.2, 0.8) * (np.cos(angle) * x + np.sin(angle) * y)
    return np.asarray(np.clip(luma * field, 0, 255), np.uint8)


def _coarse(luma: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Seen through fewer pixels."""
    height, width = luma.shape
    scale = rng.uniform(0.4, 0.9)
    small = cv2.resize(luma, (int(width * scale), int(height * scale)))
    kind = cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(small, (width, height), interpolation=kind), np.uint8)


def _motion(luma: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Blurred along a line of 3–9 px."""
    size = int(rng.integers(3, 10))
    kernel = np.zeros((size, size), np.float32)
    angle = rng.uniform(0, np.pi)
    reach = (size - 1) / 2 * np.array([np.cos(angle), np.sin(angle)])
    middle = (size - 1) / 2
    start, end = np.round(middle - reach).astype(int), np.round(middle + reach).astype(int)
    cv2.line(kernel, start.tolist(), end.tolist(), 1.0)
    return np.asarray(cv2.filter2D(luma, -1, kernel / kernel.sum()), np.uint8)
