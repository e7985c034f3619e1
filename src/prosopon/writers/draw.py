"""Drawing the rows of a FaceTable on a picture.

Sizes follow the picture's shorter side and, for points and text, the face, so that a drawing
reads the same at 360 and at 1080 lines. Positions keep 1/16 px.
"""

from __future__ import annotations

import cv2
import numpy as np

from prosopon.types import AnyArray, FaceTable, UInt8Array

Color = tuple[int, int, int]
Rectangle = tuple[float, ...]  # x0, y0, x1, y1

_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates
_IDENTITY: tuple[Color, ...] = (  # BGR; after Okabe & Ito, distinct to colour-blind eyes too
    (233, 180, 86),
    (0, 159, 230),
    (115, 158, 0),
    (66, 228, 240),
    (167, 121, 204),
    (0, 94, 213),
)
_POINT: Color = (255, 255, 255)
_GAZE: Color = (0, 235, 255)
_AXES: tuple[Color, ...] = ((60, 60, 255), (60, 220, 60), (255, 120, 60))  # x red, y green, z blue
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_TOP_UNITS = 4
_UNIT_SHOWN = 0.5  # intensity of 0–5 from which a unit is worth naming


def draw_faces(image: UInt8Array, faces: FaceTable) -> None:
    """Draw boxes, points, head axes, gaze rays and a caption on ``image``, in place.

    image: (h, w, 3) uint8 BGR; faces: the rows of this frame. Columns that the table lacks, and
    values that are NaN, are left out.
    """
    scale = min(image.shape[:2]) / 360
    found = (faces["success"] != 0) & np.isfinite(faces["box"]).all(axis=1)
    measured: list[int] = np.flatnonzero(found).tolist()
    for row in measured:
        _draw_shape(image, faces, row, scale)
    kept_free = [tuple(map(float, box)) for box in faces["box"][measured]]
    for row in measured:  # captions lie over every face's drawing
        kept_free.append(_draw_caption(image, faces, row, scale, kept_free))


def _draw_shape(image: UInt8Array, faces: FaceTable, row: int, scale: float) -> None:
    box = faces["box"][row].astype(float)
    side = float(min(box[2] - box[0], box[3] - box[1]))
    thickness = _thickness(scale)
    corners = _fixed(box)
    cv2.rectangle(
        image, corners[:2], corners[2:], _color(faces, row), thickness, cv2.LINE_AA, _SHIFT
    )
    radius = max(0.6, min(1.4 * scale, side / 70))
    if "landmarks" in faces:
        _dots(image, faces["landmarks"][row], radius, _POINT)
    if "pose_r" in faces and "landmarks" in faces:
        _axes(image, faces["landmarks"][row], faces["pose_r"][row], side / 2, thickness)
    if "pupils" in faces and "gaze" in faces:
        _gaze(image, faces["pupils"][row], faces["gaze"][row], side * 0.6, thickness)
        _dots(image, faces["pupils"][row], radius * 1.4, _GAZE)


def _dots(image: UInt8Array, points: AnyArray, radius: float, color: Color) -> None:
    for point in points[np.isfinite(points).all(axis=1)]:
        cv2.circle(image, _fixed(point), round(radius * 16), color, -1, cv2.LINE_AA, _SHIFT)


def _axes(
    image: UInt8Array, landmarks: AnyArray, vector: AnyArray, length: float, thickness: int
) -> None:
    """The head's own axes from between the eyes: to its left, to the chin, and out of the face."""
    origin = landmarks[36:48].mean(axis=0)
    if not (np.isfinite(vector).all() and np.isfinite(origin).all()):
        return
    rotation = np.asarray(cv2.Rodrigues(vector.astype(float))[0])
    directions = rotation * (1, 1, -1)  # columns; z is drawn toward the viewer
    for i in np.argsort(-directions[2]):  # the nearest is drawn last
        _line(image, origin, origin + length * directions[:2, i], _AXES[i], thickness + 1)


def _gaze(
    image: UInt8Array, pupils: AnyArray, vectors: AnyArray, length: float, thickness: int
) -> None:
    for pupil, vector in zip(pupils, vectors, strict=True):
        if np.isfinite(pupil).all() and np.isfinite(vector).all():
            _line(image, pupil, pupil + length * vector[:2], _GAZE, thickness)


def _line(image: UInt8Array, start: AnyArray, end: AnyArray, color: Color, thickness: int) -> None:
    cv2.line(image, _fixed(start), _fixed(end), color, thickness, cv2.LINE_AA, _SHIFT)


def _draw_caption(
    image: UInt8Array, faces: FaceTable, row: int, scale: float, kept_free: list[Rectangle]
) -> Rectangle:
    """Returns where it is; it lies over as little as can be of what is to be kept free."""
    box: Rectangle = tuple(map(float, faces["box"][row]))
    room = max(0.8, min(1.0, (box[3] - box[1]) / (90 * scale)))
    font_scale, thickness = 0.42 * scale * room, _thickness(scale * room)
    lines = _caption(faces, row)
    if room < 1:  # a small face is likely one of many: its number and emotion
        lines = lines[:2]
    sizes = [cv2.getTextSize(line, _FONT, font_scale, thickness)[0] for line in lines]
    pad = max(2, round(3 * scale * room))
    step = max(size[1] for size in sizes) + 2 * pad
    width, height = max(size[0] for size in sizes) + 2 * pad, step * len(lines) + pad
    left, top = _beside(box, (width, height), image.shape[:2], kept_free)
    plate = image[top : top + height, left : left + width]
    cv2.convertScaleAbs(plate, dst=plate, alpha=0.35)
    for i, line in enumerate(lines):
        color = _color(faces, row) if i == 0 else _POINT
        at = (left + pad, top + step * (i + 1) - pad)
        cv2.putText(image, line, at, _FONT, font_scale, color, thickness, cv2.LINE_AA)
    return (left, top, left + width, top + height)


def _beside(
    box: Rectangle, size: tuple[int, int], shape: tuple[int, ...], kept_free: list[Rectangle]
) -> tuple[int, int]:
    """Top left corner of a caption: right, left, below or above of the box; within the picture."""
    x0, y0, x1, y1 = (round(value) for value in box)
    width, height = size
    corners = [(x1 + 4, y0), (x0 - width - 4, y0), (x0, y1 + 4), (x0, y0 - height - 4)]
    limits = shape[1] - width, shape[0] - height
    inside = [(max(0, min(x, limits[0])), max(0, min(y, limits[1]))) for x, y in corners]

    def covered(corner: tuple[int, int]) -> float:
        x, y = corner
        return sum(_shared((x, y, x + width, y + height), other) for other in kept_free)

    return min(inside, key=covered)  # the first of those that cover least


def _shared(a: Rectangle, b: Rectangle) -> float:
    """Area in both, px²."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(0.0, width) * max(0.0, height)


def _caption(faces: FaceTable, row: int) -> list[str]:
    lines = [f"#{faces['face_id'][row]}  {_percent(faces['confidence'][row])}"]
    if "emotion" in faces:
        emotion = faces["emotion"][row]
        if np.isfinite(emotion).all():
            best = int(emotion.argmax())
            lines.append(f"{faces.emotion_names[best]} {_percent(emotion[best])}")
    if "au" in faces:
        units = np.nan_to_num(faces["au"][row])
        for i in np.argsort(-units, kind="stable")[:_TOP_UNITS]:
            if units[i] >= _UNIT_SHOWN:
                lines.append(f"{faces.au_names[i]} {units[i]:.1f}")
    return lines


def _thickness(scale: float) -> int:
    return max(1, round(0.7 * scale))


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%" if np.isfinite(share) else "?"


def _color(faces: FaceTable, row: int) -> Color:
    return _IDENTITY[int(faces["face_id"][row]) % len(_IDENTITY)]


def _fixed(values: AnyArray) -> list[int]:
    """Pixels in OpenCV's fixed point, kept within what it can clip."""
    limited = np.clip(np.asarray(values, float), -32_000, 32_000)
    return [int(value) for value in np.round(limited * (1 << _SHIFT))]
