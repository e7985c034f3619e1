"""Histograms of oriented gradients in OpenFace's ``.hog`` file.

The features are those of Felzenszwalb, Girshick, McAllester & Ramanan, PAMI 2010: in cells of 8
pixels, 18 directions, 9 orientations and 4 energies, each normalised by its four neighbourhoods
and cut off at 0.2. The cells at the border are left out, so that 112 pixels give 12 × 12 × 31.

A record of the file: columns, rows, channels (int32), 1 or −1 (float32) for a face that was or
wasn't found, then the features (float32) row by row, the 31 of a cell together.
"""

from __future__ import annotations

import numpy as np

from prosopon.types import AnyArray, FloatArray, UInt8Array

_CELL = 8
_DIRECTIONS = 18
_LIMIT = 0.2
_ENERGY = 0.2357  # 1/√18
CHANNELS = 31


def features(image: UInt8Array) -> FloatArray:
    """(h, w, 3) or (h, w) uint8 → (h // 8 − 2, w // 8 − 2, 31)."""
    histogram = _histogram(image)
    energy = ((histogram[..., :9] + histogram[..., 9:]) ** 2).sum(axis=2)
    blocks = energy[:-1, :-1] + energy[1:, :-1] + energy[:-1, 1:] + energy[1:, 1:]
    scales = 1 / np.sqrt(blocks + 1e-4)
    norms = (scales[:-1, :-1], scales[1:, :-1], scales[:-1, 1:], scales[1:, 1:])
    directed = histogram[1:-1, 1:-1]
    plain = directed[..., :9] + directed[..., 9:]
    cut = [np.minimum(directed * norm[..., None], _LIMIT) for norm in norms]
    cut_plain = [np.minimum(plain * norm[..., None], _LIMIT) for norm in norms]
    energies = [_ENERGY * part.sum(axis=2, keepdims=True) for part in cut]
    parts = [0.5 * np.sum(cut, axis=0), 0.5 * np.sum(cut_plain, axis=0), *energies]
    return np.concatenate(parts, axis=2).astype(np.float32)


def record(found: bool, image: UInt8Array) -> bytes:
    """The record of one face; all 0 where none was found."""
    values = features(image)
    if not found:
        values = np.zeros_like(values)
    rows, columns, channels = values.shape
    head = np.array([columns, rows, channels], "<i4").tobytes()
    return head + np.array(1 if found else -1, "<f4").tobytes() + values.astype("<f4").tobytes()


def _histogram(image: UInt8Array) -> FloatArray:
    """(cells, cells, 18): gradients shared between the four nearest cells."""
    planes = image.astype(np.float32).reshape(*image.shape[:2], -1)
    dy = planes[2:, 1:-1] - planes[:-2, 1:-1]
    dx = planes[1:-1, 2:] - planes[1:-1, :-2]
    strongest = (dx**2 + dy**2).argmax(axis=2)[..., None]
    dx = np.take_along_axis(dx, strongest, 2)[..., 0]
    dy = np.take_along_axis(dy, strongest, 2)[..., 0]
    magnitude = np.hypot(dx, dy)
    turn = np.arctan2(dy, dx) / (2 * np.pi / _DIRECTIONS)
    direction = np.round(turn).astype(int) % _DIRECTIONS
    rows, columns = (side // _CELL for side in image.shape[:2])
    histogram = np.zeros((rows + 2, columns + 2, _DIRECTIONS), np.float32)
    low_y, share_y = _shares(magnitude.shape[0])
    low_x, share_x = _shares(magnitude.shape[1])
    for down in (0, 1):
        for right in (0, 1):
            weight = np.abs(1 - down - share_y)[:, None] * np.abs(1 - right - share_x)
            cells = (low_y + down)[:, None], np.broadcast_to(low_x + right, magnitude.shape)
            np.add.at(histogram, (*cells, direction), magnitude * weight)
    return histogram[1:-1, 1:-1]


def _shares(count: int) -> tuple[AnyArray, AnyArray]:
    """Of inner pixels: index of the nearest cell before each, and the share of the next."""
    position = (np.arange(1, count + 1) + 0.5) / _CELL - 0.5
    low = np.floor(position).astype(int)
    return low + 1, position - low
