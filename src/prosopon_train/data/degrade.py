"""What light, lens, sensor and codec do to pictures, put on at training time.

The shape stays and nothing moves, so that labels hold. A crop of one face and a picture of many are
each worsened as often and as much as suits the network that learns from them.
"""

from __future__ import annotations

import cv2
import numpy as np

from prosopon.types import AnyArray, UInt8Array


def degrade_crop(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """A crop of one face (h, w): light, coarse resolution, blur, noise and JPEG, each sometimes."""
    out: AnyArray = _light(image, rng)
    if rng.random() < 0.4:
        out = _lower_resolution(out, rng)
    if rng.random() < 0.3:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.5))
    if rng.random() < 0.08:
        out = _motion_blur(out, rng)
    if rng.random() < 0.45:
        out = _noise(out, rng)
    if rng.random() < 0.6:
        out = _jpeg(np.asarray(out, np.uint8), int(rng.uniform(20, 92)))
    return np.asarray(out, np.uint8)


def degrade_picture(luma: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """A picture of many faces (h, w): tone, darkness, light, blur, noise and JPEG, sometimes."""
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
        cv2.randn(noise, 0, spread)  # type: ignore[call-overload]
        luma = np.asarray(cv2.add(luma, noise, dtype=cv2.CV_8U), np.uint8)
    if rng.random() < 0.35:
        luma = _jpeg(luma, int(rng.integers(20, 96)))
    return luma


def relight(luma: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Another gain, offset and gamma for a piece of a picture; half the pieces stay."""
    if rng.random() < 0.5:
        return luma
    return _tone(luma, rng.normal(1, 0.25), rng.normal(0, 20), np.exp(rng.normal(0, 0.25)))


def _light(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
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


def _lower_resolution(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    height, width = image.shape
    share = rng.uniform(0.28, 0.85)
    small = (max(1, int(width * share)), max(1, int(height * share)))
    way_up = cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_LINEAR
    reduced = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(reduced, (width, height), interpolation=way_up), np.uint8)


def _coarse(luma: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Seen through fewer pixels."""
    height, width = luma.shape
    scale = rng.uniform(0.4, 0.9)
    small = cv2.resize(luma, (int(width * scale), int(height * scale)))
    kind = cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(small, (width, height), interpolation=kind), np.uint8)


def _motion_blur(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    reach, size = rng.uniform(1, 4), 9
    angle = rng.uniform(0, np.pi)
    step = reach * np.array([np.cos(angle), np.sin(angle)])
    ends = np.round((4 + np.stack([-step, step])) * 16).astype(np.int32)
    kernel = np.zeros((size, size), np.float32)
    cv2.polylines(kernel, [ends], False, 1.0, 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.uint8)


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


def _noise(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    grain = rng.standard_normal(image.shape, np.float32) * np.float32(
        min(1 + rng.exponential(2.5), 12)
    )
    if rng.random() < 0.3:  # grain of film and of denoised sensors is coarser than a pixel
        grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), 0.8) * 2)
    return np.asarray((image + grain).clip(0, 255), np.uint8)


def _jpeg(luma: UInt8Array, quality: int) -> UInt8Array:
    _, data = cv2.imencode(".jpg", luma, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
