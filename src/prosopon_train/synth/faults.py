"""Faults of cameras, compression and light, put on at training time."""

from __future__ import annotations

import cv2
import numpy as np

from prosopon.types import AnyArray, UInt8Array


def degrade(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """A worse picture of the same scene: same shape (h, w), no geometry changed."""
    out: AnyArray = _relight(image, rng)
    if rng.random() < 0.4:
        out = _lower_resolution(out, rng)
    if rng.random() < 0.3:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.5))
    if rng.random() < 0.08:
        out = _motion_blur(out, rng)
    if rng.random() < 0.45:
        out = _noise(out, rng)
    if rng.random() < 0.6:
        quality = int(rng.uniform(20, 92))
        _, code = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, quality])
        out = np.asarray(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE))
    return np.asarray(out, np.uint8)


def _relight(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Gamma and contrast by table; uneven light as a smooth gain over the picture."""
    if rng.random() < 0.6:
        tone = np.linspace(0, 1, 256) ** np.exp(rng.normal(0, 0.28))
        tone = (tone - 0.5) * np.exp(rng.normal(0, 0.15)) + 0.5 + rng.normal(0, 0.05)
        table: UInt8Array = (tone.clip(0, 1) * 255).astype(np.uint8)
        image = table[image]
    if rng.random() < 0.3:
        corners = rng.normal(1, 0.25, (2, 2)).clip(0.3, 1.8).astype(np.float32)
        gain = cv2.resize(corners, image.shape[::-1], interpolation=cv2.INTER_LINEAR)
        image = np.asarray(np.minimum(image * gain, 255), np.uint8)
    return image


def _lower_resolution(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    height, width = image.shape
    share = rng.uniform(0.28, 0.85)
    small = (max(1, int(width * share)), max(1, int(height * share)))
    way_up = cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_LINEAR
    reduced = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(reduced, (width, height), interpolation=way_up), np.uint8)


def _motion_blur(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    reach, size = rng.uniform(1, 4), 9
    angle = rng.uniform(0, np.pi)
    step = reach * np.array([np.cos(angle), np.sin(angle)])
    ends = np.round((4 + np.stack([-step, step])) * 16).astype(np.int32)
    kernel = np.zeros((size, size), np.float32)
    cv2.polylines(kernel, [ends], False, 1.0, 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.uint8)


def _noise(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    grain = rng.standard_normal(image.shape, np.float32) * np.float32(
        min(1 + rng.exponential(2.5), 12)
    )
    if rng.random() < 0.3:  # grain of film and of denoised sensors is coarser than a pixel
        grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), 0.8) * 2)
    return np.asarray((image + grain).clip(0, 255), np.uint8)
