"""Pieces that share a face's outline, tone or parts, and are no face."""

from __future__ import annotations

import cv2
import numpy as np

from prosopon.crop import face_boxes
from prosopon.types import AnyArray, UInt8Array
from prosopon_train.data.cutouts import Cutout
from prosopon_train.data.textures import texture
from prosopon_train.data.warps import framing, warp


def shuffled(cutout: Cutout, index: int, side: int, rng: np.random.Generator) -> UInt8Array:
    """The parts of a face in the wrong places, (side, side)."""
    box = face_boxes(cutout.points[index][None])[0]
    whole = warp(cutout.luma, framing(box, side), (side, side))
    blocks = int(rng.integers(3, 6))
    step = side // blocks + 1
    whole = np.asarray(cv2.resize(whole, (step * blocks, step * blocks)), np.uint8)
    cells = whole.reshape(blocks, step, blocks, step).swapaxes(1, 2).reshape(-1, step, step)
    rows = rng.permutation(cells).reshape(blocks, blocks, step, step).swapaxes(1, 2)
    return np.ascontiguousarray(rows.reshape(step * blocks, -1)[:side, :side])


def part(cutout: Cutout, index: int, side: int, rng: np.random.Generator) -> UInt8Array:
    """One part of a face alone: an eye, the nose, the mouth, a cheek; (side, side)."""
    points = cutout.points[index]
    box = face_boxes(points[None])[0]
    middle = points[rng.integers(0, 68)]
    half = rng.uniform(0.08, 0.17) * (box[2:] - box[:2]).max()
    around = np.concatenate([middle - half, middle + half])
    return warp(cutout.luma, framing(around, side), (side, side))


def beside(cutout: Cutout, index: int, side: int, rng: np.random.Generator) -> UInt8Array:
    """Hair, neck, clothes, with the face itself left out; a texture where there is no room."""
    box = face_boxes(cutout.points[index][None])[0]
    h, w = cutout.luma.shape
    strips = [(box[3], h, 0, w), (0, box[1], 0, w), (0, h, 0, box[0]), (0, h, box[2], w)]
    y0, y1, x0, x1 = max(strips, key=lambda s: min(s[1] - s[0], s[3] - s[2]))
    if min(y1 - y0, x1 - x0) < 12 or len(cutout.points) > 1:
        return texture(side, side, rng)
    return warp(cutout.luma, framing(np.array([x0, y0, x1, y1]), side), (side, side))


def outline(side: int, rng: np.random.Generator) -> UInt8Array:
    """A mask (side, side): all of the square or, mostly, a soft-edged ellipse as a head's is."""
    mask: AnyArray = np.full((side, side), 255, np.uint8)
    if rng.random() < 0.7:
        mask[:] = 0
        half = side / 2
        axes = (int(half * rng.uniform(0.6, 0.95)), int(half * rng.uniform(0.75, 0.98)))
        center = (side // 2, side // 2)
        cv2.ellipse(mask, center, axes, rng.uniform(-60, 60), 0, 360, 255, -1)
        soft = int(rng.uniform(0, 0.25) * side)
        mask = cv2.blur(mask, (soft, soft)) if soft > 1 else mask
    return np.asarray(mask, np.uint8)
