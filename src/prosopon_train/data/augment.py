"""From stored crops to network inputs: geometry, mirror, light and camera faults, with labels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from prosopon.mirror import MIRROR_POINTS
from prosopon.types import AnyArray, FloatArray, UInt8Array
from prosopon_train.data.degrade import degrade_crop
from prosopon_train.data.schema import NETWORK_SIZE, SHARD_SIZE

_MIRROR_X = np.diag([-1.0, 1.0, 1.0]).astype(np.float32)
LABELS = (
    "points visible rotation gaze au au_right au_left au_present eye_open emotion affect face"
).split()

Example = dict[str, Any]


def standardise(crop: AnyArray) -> FloatArray:
    """(x − mean) / (std + 8), the network's input scaling."""
    crop = crop.astype(np.float32)
    return (crop - crop.mean()) / (crop.std() + np.float32(8))


def network_points(points: AnyArray) -> FloatArray:
    """Pixels of the network's crop → its unit (half the side, origin at the centre)."""
    return ((points - (NETWORK_SIZE - 1) / 2) / (NETWORK_SIZE / 2)).astype(np.float32)


def center_crop(example: Example) -> Example:
    """The example as inference sees it when the crop is exact: no augmentation."""
    return _warp(example, 0.0, 1.0, np.zeros(2), cv2.BORDER_REPLICATE, 0)


def augment(example: Example, rng: np.random.Generator) -> Example:
    """One random view of an example; labels follow."""
    if rng.random() < 0.04 and example["face"] == 1:
        return _miss(example, rng)
    angle = float(np.clip(rng.normal(0, 9), -28, 28))
    scale = float(np.exp(np.clip(rng.normal(0, 0.07), -0.22, 0.22)))
    shift = np.clip(rng.normal(0, 3.5, 2), -12, 12)
    border = cv2.BORDER_REPLICATE if rng.random() < 0.7 else cv2.BORDER_CONSTANT
    view = _warp(example, angle, scale, shift, border, int(rng.integers(0, 255)))
    if rng.random() < 0.5:
        view = mirror(view)
    view["image"] = _occlude(_tighten(view["image"], rng), rng)
    if rng.random() < 0.7:
        view["image"] = degrade_crop(view["image"], rng)
    return view


def mirror(view: Example) -> Example:
    """The example's mirror image: right and left exchange, x changes sign."""
    out = dict(view)
    out["image"] = np.ascontiguousarray(view["image"][:, ::-1])
    points = view["points"].copy()
    points[:, 0] = view["image"].shape[1] - 1 - points[:, 0]
    out["points"], out["visible"] = points[MIRROR_POINTS], view["visible"][MIRROR_POINTS]
    out["rotation"] = _MIRROR_X @ view["rotation"] @ _MIRROR_X
    out["gaze"] = (view["gaze"] @ _MIRROR_X)[::-1]
    out["au_right"], out["au_left"] = view["au_left"], view["au_right"]
    out["eye_open"] = view["eye_open"][::-1]
    return out


def _warp(
    example: Example, angle: float, scale: float, shift: AnyArray, border: int, fill: int
) -> Example:
    """Turn the picture clockwise by ``angle`` degrees, scale and shift it, keep the centre."""
    theta = np.float32(np.deg2rad(angle))
    cos, sin = np.cos(theta), np.sin(theta)
    turn = np.array([[cos, -sin], [sin, cos]], dtype=np.float32)
    matrix = np.empty((2, 3), dtype=np.float32)
    matrix[:, :2] = turn * scale
    middle = np.full(2, (SHARD_SIZE - 1) / 2, dtype=np.float32)
    matrix[:, 2] = (NETWORK_SIZE - 1) / 2 + shift - matrix[:, :2] @ middle
    out = {name: example[name] for name in LABELS}
    out["image"] = cv2.warpAffine(
        example["image"],
        matrix,
        (NETWORK_SIZE, NETWORK_SIZE),
        flags=cv2.INTER_LINEAR if scale > 0.75 else cv2.INTER_AREA,
        borderMode=border,
        borderValue=(fill,),
    )
    out["points"] = example["points"] @ matrix[:, :2].T + matrix[:, 2]
    spin = np.eye(3, dtype=np.float32)
    spin[:2, :2] = turn
    out["rotation"] = spin @ example["rotation"]
    out["gaze"] = example["gaze"] @ spin.T
    return out


def _miss(example: Example, rng: np.random.Generator) -> Example:
    """A crop that a tracker must not follow: the face is mostly outside, or far too small."""
    direction = rng.uniform(0, 2 * np.pi)
    if rng.random() < 0.7:
        shift = np.array([np.cos(direction), np.sin(direction)]) * rng.uniform(0.6, 0.95)
        scale = rng.uniform(0.7, 1.4)
    else:
        shift, scale = rng.uniform(-0.3, 0.3, 2), rng.uniform(3.5, 6)
    view = _warp(
        example,
        rng.uniform(-60, 60),
        scale,
        shift * NETWORK_SIZE,
        cv2.BORDER_REPLICATE if rng.random() < 0.5 else cv2.BORDER_CONSTANT,
        int(rng.integers(0, 255)),
    )
    for name in LABELS:
        view[name] = np.full_like(view[name], np.nan)
    view["face"] = np.float32(0)
    view["image"] = degrade_crop(view["image"], rng)
    return view


def _tighten(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Replicate from an inner line outward, as where a face is cut by the picture's edge."""
    if rng.random() > 0.25:
        return image
    width, edge = int(rng.integers(3, 24)), rng.integers(4)
    if edge == 0:
        image[-width:] = image[-width - 1]
    elif edge == 1:
        image[: width // 2] = image[width // 2]
    elif edge == 2:
        image[:, :width] = image[:, width : width + 1]
    else:
        image[:, -width:] = image[:, -width - 1 : -width]
    return image


def _occlude(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Cover a rectangle or a tilted ellipse, as hands, hair, cups and microphones do.

    Half of the covers are of one shade, half a piece of the same picture from elsewhere: skin.
    """
    if rng.random() > 0.18:
        return image
    side = len(image)
    width, height = (int(extent) for extent in rng.integers(10, 50, 2))
    x, y = (int(place) for place in rng.integers(0, side, 2))
    cover = np.zeros(image.shape, np.uint8)
    if rng.random() < 0.5:
        corner = (x + width // 2, y + height // 2)
        cv2.rectangle(cover, (x - width // 2, y - height // 2), corner, 1, cv2.FILLED)
    else:
        axes = (width // 2, height // 2)
        cv2.ellipse(cover, (x, y), axes, rng.uniform(0, 180), 0, 360, 1, cv2.FILLED)
    if rng.random() < 0.5:
        shade = rng.integers(0, 255)
        filling = (shade + rng.normal(0, rng.uniform(0, 20), image.shape)).clip(0, 255)
    else:
        filling = np.roll(image, tuple(rng.integers(side // 4, 3 * side // 4, 2)), (0, 1))
    np.copyto(image, filling.astype(np.uint8), where=cover.astype(bool))
    return image
