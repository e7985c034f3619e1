"""The picture of the live view: the camera's with the overlay, and a panel of bars beside it."""

from __future__ import annotations

import cv2
import numpy as np

from prosopon.live.session import BUDGET_MS, KEYS, Shown
from prosopon.types import FaceTable, UInt8Array
from prosopon.writers.draw import draw_faces

WIDTH = 290
_LEAST_HEIGHT = 480
_BACK = (33, 28, 24)
_INK = (235, 235, 235)
_SOFT = (170, 170, 170)
_UNIT = (0, 159, 230)  # BGR, after Okabe & Ito
_EMOTION = (233, 180, 86)
_ALERT = (80, 80, 255)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_STEP = 14  # px from line to line
_COLUMNS = ((10, 52, 106), (150, 192, 246))  # name, bar's start and end: two units a line
_WIDE = (10, 90, 220)


def compose(shown: Shown) -> UInt8Array:
    """(h, w + WIDTH, 3) BGR; a low picture stands on a dark ground of at least 480 lines."""
    height, width = shown.image.shape[:2]
    view = np.empty((max(height, _LEAST_HEIGHT), width + WIDTH, 3), np.uint8)
    view[:] = _BACK
    view[:height, :width] = shown.image
    draw_faces(view[:height, :width], shown.faces)
    _draw_panel(view[:, width:], shown)
    return view


def _draw_panel(panel: UInt8Array, shown: Shown) -> None:
    late = shown.latency > BUDGET_MS
    row = _followed(shown.faces)
    of = "" if row is None else f"   face #{shown.faces['face_id'][row]}"
    _text(panel, f"{shown.fps:.0f} frames/s{of}", (10, 20), _INK)
    if np.isfinite(shown.latency):
        words = f"latency {shown.latency:.0f} ms (budget {BUDGET_MS:.0f})"
        _text(panel, words, (10, 38), _ALERT if late else _INK)
    if row is None:
        _text(panel, "no face", (10, 70), _SOFT)
    else:
        _draw_face(panel, shown.faces, row)
    _draw_foot(panel, shown)


def _draw_face(panel: UInt8Array, faces: FaceTable, row: int) -> None:
    y = 50
    if "au" in faces:
        half = -(-len(faces.au_names) // 2)
        for i, (name, unit) in enumerate(zip(faces.au_names, faces["au"][row], strict=True)):
            at = y + _STEP * (i % half)
            _bar(panel, at, _COLUMNS[i // half], name, float(unit) / 5, f"{unit:.1f}", _UNIT)
        y += _STEP * half + 4
    if "emotion" in faces:
        for name, share in zip(faces.emotion_names, faces["emotion"][row], strict=True):
            _bar(panel, y, _WIDE, name, float(share), f"{100 * share:.0f}%", _EMOTION)
            y += _STEP
    if "valence" in faces and "arousal" in faces:
        _draw_plane(panel, y, float(faces["valence"][row]), float(faces["arousal"][row]))


def _draw_plane(panel: UInt8Array, y: int, valence: float, arousal: float) -> None:
    radius = 34
    center = (60, y + radius + 2)
    cv2.circle(panel, center, radius, _SOFT, 1, cv2.LINE_AA)
    cv2.line(panel, (center[0] - radius, center[1]), (center[0] + radius, center[1]), _SOFT, 1)
    cv2.line(panel, (center[0], center[1] - radius), (center[0], center[1] + radius), _SOFT, 1)
    if np.isfinite(valence) and np.isfinite(arousal):
        dot = round(center[0] + radius * valence), round(center[1] - radius * arousal)
        cv2.circle(panel, dot, 5, _EMOTION, -1, cv2.LINE_AA)
        _text(panel, f"valence {valence:+.2f}", (112, center[1] - 6), _INK)
        _text(panel, f"arousal {arousal:+.2f}", (112, center[1] + 12), _INK)


def _draw_foot(panel: UInt8Array, shown: Shown) -> None:
    y = len(panel) - 16 * len(KEYS) - 12
    if shown.recording is not None:
        cv2.circle(panel, (16, y - 5), 6, _ALERT, -1, cv2.LINE_AA)
        _text(panel, f"{shown.recording} frames", (28, y), _INK)
    elif shown.message:
        _text(panel, shown.message[:36], (10, y), _EMOTION)
    for i, (key, meaning) in enumerate(KEYS.items()):
        _text(panel, f"{key}  {meaning}", (10, y + 16 * (i + 1)), _SOFT)


def _bar(
    panel: UInt8Array,
    y: int,
    columns: tuple[int, int, int],
    name: str,
    share: float,
    text: str,
    color: tuple[int, int, int],
) -> None:
    """Name, bar and value on one line; an empty bar where ``share`` is NaN."""
    start, left, right = columns
    _text(panel, name, (start, y + 9), _INK)
    cv2.rectangle(panel, (left, y + 1), (right, y + 9), (62, 56, 50), -1)
    end = left + round((right - left) * float(np.clip(np.nan_to_num(share), 0, 1)))
    if end > left:
        cv2.rectangle(panel, (left, y + 1), (end, y + 9), color, -1)
    _text(panel, text, (right + 6, y + 9), _INK)


def _followed(faces: FaceTable) -> int | None:
    """Row of the face that the bars are of: who was there first, so that they don't jump."""
    measured = np.flatnonzero(faces["success"] > 0)
    return int(measured[faces["face_id"][measured].argmin()]) if len(measured) else None


def _text(panel: UInt8Array, text: str, at: tuple[int, int], color: tuple[int, int, int]) -> None:
    cv2.putText(panel, text, at, _FONT, 0.4, color, 1, cv2.LINE_AA)
