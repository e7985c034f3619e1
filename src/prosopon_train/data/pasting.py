"""Laying a cut-out face on a canvas, and something over it."""

from __future__ import annotations

import cv2
import numpy as np

from prosopon.crop import face_boxes
from prosopon.types import AnyArray, UInt8Array
from prosopon_train.data.cutouts import Cutout
from prosopon_train.data.degrade import relight
from prosopon_train.data.grounds import Grounds
from prosopon_train.data.scene import HINTED, Canvas, side_of, within
from prosopon_train.data.warps import blend, transform, warp


def paste(
    canvas: Canvas,
    cutout: Cutout,
    matrix: AnyArray,
    index: int,
    rng: np.random.Generator,
    *,
    tile: bool,
    clip: AnyArray | None = None,
) -> AnyArray | None:
    """Lay a cut-out on the canvas: whole (``tile``), or its face ``index`` and what is around it.

    clip: (4,) px, where the canvas may be painted; all of it by default. Returns the points
    (n, 68, 2) of the cut-out's faces on the canvas, None when too little of it lies there.
    """
    clip = canvas.bounds if clip is None else clip
    points = transform(cutout.points, matrix)
    h, w = cutout.luma.shape
    corners = transform(np.array([[0, 0], [w, 0], [w, h], [0, h]]), matrix)
    box = face_boxes(points[index : index + 1])[0]
    reach = corners
    widen = rng.uniform(1.05, 1.7)
    if not tile and cutout.alpha is None:
        middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
        reach = np.stack([middle - widen * half * 1.3, middle + widen * half * 1.3])
    x0, y0 = np.maximum(np.floor(reach.min(0)), clip[:2]).astype(int)
    x1, y1 = np.minimum(np.ceil(reach.max(0)), clip[2:] + 1).astype(int)
    if x1 - x0 < 4 or y1 - y0 < 4:
        return None
    local = matrix.astype(np.float64).copy()
    local[:, 2] -= (x0, y0)
    patch = relight(warp(cutout.luma, local, (x1 - x0, y1 - y0)), rng)
    if cutout.alpha is not None:
        mask = warp(cutout.alpha, local, (x1 - x0, y1 - y0), cv2.BORDER_CONSTANT)
    else:
        mask = np.zeros(patch.shape, np.uint8)
        cv2.fillConvexPoly(mask, np.round(corners - (x0, y0)).astype(np.int32), 255)
        if not tile:
            mask = np.minimum(mask, _ellipse(points[index] - (x0, y0), widen, mask.shape))
        soft = int(rng.uniform(0, 0.25) * side_of(box))
        if soft > 1 and (not tile or rng.random() < 0.3):
            mask = np.asarray(cv2.blur(mask, (soft, soft)), np.uint8)
    left, top, across, down = cv2.boundingRect(np.asarray(mask > 127, np.uint8))
    if not across:
        return None
    low = np.array([x0 + left, y0 + top])
    area = np.concatenate([low, low + (across - 1, down - 1)])
    canvas.cover(area.astype(np.float32))
    blend(canvas.luma[y0:y1, x0:x1], patch, mask)
    for i, face in enumerate(points):
        if i == index or tile:
            canvas.add(face, bool(cutout.sure[i]), area.astype(np.float32) if tile else clip)
        elif within(face, area).mean() > HINTED:
            canvas.ignored.append(face_boxes(face[None])[0])
    return points


def occlude(canvas: Canvas, points: AnyArray, grounds: Grounds, rng: np.random.Generator) -> None:
    """Something opaque over a quarter of a face (68, 2) or so, which stays a face."""
    height, width = canvas.luma.shape
    box = face_boxes(points[None])[0]
    center = rng.uniform(box[:2], box[2:])
    half = side_of(box) * np.exp(rng.uniform(np.log(0.08), np.log(0.24), 2))
    x0, y0 = np.clip(center - half, 0, (width, height)).astype(int)
    x1, y1 = np.clip(center + half, 0, (width, height)).astype(int)
    if x1 > x0 and y1 > y0:
        canvas.luma[y0:y1, x0:x1] = grounds(y1 - y0, x1 - x0)


def _ellipse(points: AnyArray, widen: float, shape: tuple[int, ...]) -> UInt8Array:
    """A filled ellipse around a face of 68 points, turned as the face is."""
    eyes, mouth = points[36:48].mean(0), points[[48, 54]].mean(0)
    up = (eyes - mouth) / max(float(np.linalg.norm(eyes - mouth)), 1e-3)
    axes = np.stack([np.array([-up[1], up[0]]), up])
    local = points @ axes.T
    low, high = local.min(0), local.max(0)
    high[1] += 0.25 * (high - low)[1]
    center = (low + high) / 2 @ axes
    half = np.maximum((high - low) / 2 * widen, 2)
    angle = np.degrees(np.arctan2(axes[0, 1], axes[0, 0]))
    mask = np.zeros(shape, np.uint8)
    cv2.ellipse(mask, (tuple(center), tuple(2 * half), angle), 255, -1)
    return mask
