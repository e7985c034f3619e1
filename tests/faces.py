"""A face made of 68 points, for tests that need landmarks and no picture."""

from __future__ import annotations

import numpy as np

from prosopon.types import FloatArray


def face_points(center: tuple[float, float] = (0, 0), side: float = 100.0) -> FloatArray:
    """(68, 2) px: an upright frontal face whose points' bounding box has this centre and side."""
    points = np.zeros((68, 2), dtype=np.float32)
    t = np.linspace(0, np.pi, 17)
    points[:17] = np.stack([-0.5 * np.cos(t), -0.2 + 0.7 * np.sin(t)], 1)
    points[17:27, 0] = np.linspace(-0.4, 0.4, 10)
    points[17:27, 1] = -0.5
    points[27:36] = [[0, -0.25 + 0.04 * i] for i in range(9)]
    for first, x in ((36, -0.2), (42, 0.2)):
        a = np.linspace(np.pi, 3 * np.pi, 7)[:6]
        points[first : first + 6] = np.stack([x + 0.08 * np.cos(a), -0.25 + 0.04 * np.sin(a)], 1)
    a = np.linspace(np.pi, 3 * np.pi, 13)[:12]
    points[48:60] = np.stack([0.2 * np.cos(a), 0.25 + 0.08 * np.sin(a)], 1)
    a = np.linspace(np.pi, 3 * np.pi, 9)[:8]
    points[60:68] = np.stack([0.14 * np.cos(a), 0.25 + 0.03 * np.sin(a)], 1)
    return points * side + np.asarray(center, dtype=np.float32)


def turned(points: FloatArray, angle: float) -> FloatArray:
    """Points turned clockwise in the image by ``angle`` rad about their middle."""
    middle = points.mean(0)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]], dtype=np.float32)
    return (points - middle) @ turn.T + middle
