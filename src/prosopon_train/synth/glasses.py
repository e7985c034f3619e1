"""Spectacles: two superellipses, a bridge and an arm, drawn over the finished face."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from prosopon.types import AnyArray, FloatArray

_BITS = 3
_STEPS = 40
Projector = Callable[[AnyArray], AnyArray]


def draw_glasses(
    image: FloatArray,
    bridge: FloatArray,
    eyes: FloatArray,
    project: Projector,
    yaw: float,
    seed: int,
    rng: np.random.Generator,
) -> bool:
    """Draw the pair that belongs to ``seed``; True when its lenses are dark.

    bridge (3,): a point on the nose's ridge; eyes (2, 3): eyeball centres, subject's right first
    (rig frame, cm). project: points (n, 3) → (n, 2) px. yaw of the head, rad. rng: reflections.
    """
    style = np.random.default_rng(seed)
    width = style.uniform(2.1, 3.0)
    height = width * style.uniform(0.55, 1.0)
    power = style.choice([2, 2.6, 4])
    level = eyes[:, 1].mean() - style.uniform(-0.1, 0.6)
    front = max(bridge[2] + 0.25, eyes[0, 2] + 2.1)
    tones = (style.uniform(0, 0.15), style.uniform(0.2, 0.7), style.uniform(0.7, 1))
    tone = float(tones[style.choice(3, p=[0.6, 0.25, 0.15])])
    scale = len(image) / 256
    rim = max(1, round(scale * style.choice([1, 2, 3, 5], p=[0.3, 0.35, 0.2, 0.15])))
    arm = max(1, rim - 1)
    dark = bool(style.random() < 0.1)
    tint = style.uniform(0.75, 0.97) if dark else style.uniform(0.05, 0.25) * (style.random() < 0.4)
    tint_tone = 0.06 if dark else style.random()

    def pixels(points: AnyArray) -> AnyArray:
        return np.asarray(np.round(project(points) * 2**_BITS), np.int32)

    turn = np.linspace(0, 2 * np.pi, _STEPS, endpoint=False)
    cosine, sine = np.cos(turn), np.sin(turn)
    across = np.sign(cosine) * np.abs(cosine) ** (2 / power)
    upward = np.sign(sine) * np.abs(sine) ** (2 / power)
    for side, eye in zip((-1, 1), eyes, strict=True):
        x = eye[0] * 1.03 + width * across
        outline = pixels(np.stack([x, level + height * upward, front - 0.035 * x**2], 1))
        if tint:
            _blend(image, outline, tint, tint_tone)
        if rng.random() < 0.5:
            k = rng.integers(0, _STEPS)
            glint = outline[(k + np.array([0, 5, 19, 25])) % _STEPS]
            _blend(image, glint, rng.uniform(0, 0.3), 1.0)
        cv2.polylines(image, [outline], True, tone, rim, cv2.LINE_AA, _BITS)
        hinge_x = eye[0] * 1.03 + side * width
        hinge = [hinge_x, level + 0.3, front - 0.035 * hinge_x**2]
        ends = pixels(np.array([hinge, [side * 8.3, level + 0.5, 0.5]]))
        if side * yaw < 0.35 and (ends[1, 0] - ends[0, 0]) * side > 0:
            cv2.polylines(image, [ends], False, tone, arm, cv2.LINE_AA, _BITS)
    half = abs(eyes[0, 0]) * 1.03 - width
    x = np.linspace(-half, half, 6)
    middle = np.stack([x, level + 0.4 - 0.1 * np.abs(x), np.full(6, front + 0.1)], 1)
    cv2.polylines(image, [pixels(middle)], False, tone, arm, cv2.LINE_AA, _BITS)
    return dark


def _blend(image: FloatArray, outline: AnyArray, opacity: float, tone: float) -> None:
    mask = np.zeros(image.shape, np.float32)
    cv2.fillPoly(mask, [outline], float(opacity), cv2.LINE_AA, _BITS)
    image += mask * (tone - image)
