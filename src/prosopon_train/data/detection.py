"""Training pictures for the detector, composed on the fly from cut-outs and backgrounds.

No photographs with many faces, marked and free to use, are at hand. So faces of known shape are
pasted at any scale and turn on any background, pictures are tiled beside each other, and pieces
that look like faces and are none are thrown in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np

from prosopon.crop import face_boxes
from prosopon.types import AnyArray, FloatArray, UInt8Array
from prosopon_train.data.cutouts import Cutout, five_points
from prosopon_train.data.degrade import degrade_picture, relight
from prosopon_train.data.textures import lettering, shapes, texture

# How often a collection is drawn; those that are absent leave their share to the others.
SOURCE_WEIGHTS = {
    "muxspace": 0.3,
    "fairface": 0.22,
    "interfaces": 0.14,
    "ferplus": 0.12,
    "synthetic": 0.22,
}
_LARGEST_SIDE = {"ferplus": 72.0}  # px; a 48 px face enlarged further shows nothing new
SMALLEST_SIDE = 13.0  # px; smaller faces are neither rewarded nor punished
LEAST_CONTRAST = 4.0  # standard deviation in grey levels; a face in the dark is not asked for
_SHOWN, _HINTED = 0.6, 0.2  # share of the 68 points in view: a face; perhaps one; none


@dataclass(frozen=True, slots=True)
class Scene:
    """A training picture: luma (h, w) uint8; boxes (n, 4), points (n, 5, 2) px; ignored (m, 4)."""

    luma: UInt8Array
    boxes: FloatArray
    points: FloatArray
    ignored: FloatArray


@dataclass(slots=True)
class _Canvas:
    luma: UInt8Array
    faces: list[AnyArray] = field(default_factory=list)  # (68, 2) each
    ignored: list[AnyArray] = field(default_factory=list)  # (4,) each

    def cover(self, area: AnyArray) -> None:
        """Something opaque was laid over ``area`` (4,): faces there are hidden or doubtful."""
        kept = []
        for points in self.faces:
            inside = (points >= area[:2]).all(1) & (points <= area[2:]).all(1)
            if inside.mean() <= 0.15:
                kept.append(points)
            elif inside.mean() < 0.95:
                self.ignored.append(face_boxes(points[None])[0])
        self.faces = kept

    def add(self, points: AnyArray, sure: bool, clip: AnyArray) -> None:
        """A face of which only what lies in ``clip`` (4,) is seen."""
        box = face_boxes(points[None])[0]
        shown = ((points >= clip[:2]).all(1) & (points <= clip[2:]).all(1)).mean()
        side = np.sqrt(np.prod(box[2:] - box[:2]))
        if shown >= _SHOWN and sure and side >= SMALLEST_SIDE:
            self.faces.append(points)
        elif shown >= _HINTED:
            self.ignored.append(box)


class Composer:
    """Makes scenes; all randomness comes from ``generator``.

    cutouts: by source; backgrounds: luminance pictures without faces.
    """

    def __init__(
        self,
        cutouts: Mapping[str, Sequence[Cutout]],
        backgrounds: Sequence[UInt8Array],
        generator: np.random.Generator,
    ) -> None:
        self._cutouts = {name: cutouts[name] for name in SOURCE_WEIGHTS if cutouts.get(name)}
        weights = np.array([SOURCE_WEIGHTS[name] for name in self._cutouts])
        self._weights = weights / weights.sum()
        self._backgrounds = backgrounds
        self._rng = generator

    def __call__(self, height: int, width: int) -> Scene:
        """One scene; often a black margin at right and bottom, as the detector pads pictures."""
        rng = self._rng
        h, w = height, width
        if rng.random() < 0.3:
            h, w = h - int(rng.integers(0, 64)), w - int(rng.integers(0, 64))
        canvas = _Canvas(np.zeros((h, w), np.uint8))
        kind = rng.random()
        if kind < 0.16:
            self._mosaic(canvas)
        else:
            canvas.luma = self._background(h, w)
            if kind < 0.26:  # a photograph as it was taken, without any face
                return self._finish(canvas, height, width)
            if kind < 0.42:
                self._whole(canvas)
            if rng.random() < 0.45:
                self._distract(canvas)
            if kind > 0.42 or rng.random() < 0.2:
                self._scatter(canvas)
        return self._finish(canvas, height, width)

    def _finish(self, canvas: _Canvas, height: int, width: int) -> Scene:
        h, w = canvas.luma.shape
        luma = np.zeros((height, width), np.uint8)
        luma[:h, :w] = degrade_picture(canvas.luma, self._rng)
        return _scene(luma, canvas)

    def _draw(self, names: Sequence[str] | None = None) -> tuple[Cutout, int]:
        """A cut-out and the index of one of its sure faces."""
        available = list(self._cutouts)
        weights = self._weights
        if names is not None and any(name in self._cutouts for name in names):
            weights = weights * [name in names for name in available]
        name = available[self._rng.choice(len(available), p=weights / weights.sum())]
        pool = self._cutouts[name]
        cutout = pool[self._rng.integers(len(pool))]
        return cutout, int(self._rng.choice(np.flatnonzero(cutout.sure)))

    def _background(self, height: int, width: int) -> UInt8Array:
        rng = self._rng
        kind = rng.random()
        if kind < 0.14 or not self._backgrounds:
            return texture(height, width, rng)
        if kind < 0.26 and min(height, width) >= 64:
            y, x = int(rng.uniform(0.25, 0.75) * height), int(rng.uniform(0.25, 0.75) * width)
            top = np.hstack([self._photograph(y, x), self._photograph(y, width - x)])
            low = [self._photograph(height - y, x), self._photograph(height - y, width - x)]
            return np.vstack([top, np.hstack(low)])
        return self._photograph(height, width)

    def _photograph(self, height: int, width: int) -> UInt8Array:
        rng = self._rng
        source = self._backgrounds[rng.integers(len(self._backgrounds))]
        if rng.random() < 0.5:
            source = source[:, ::-1]
        cover = max(height / source.shape[0], width / source.shape[1])
        scale = cover * np.exp(rng.choice([0.0, rng.uniform(-0.5, 1.1)], p=[0.3, 0.7]))
        angle = rng.normal(0, 0.15) if rng.random() < 0.4 else 0.0
        at = rng.uniform(0.2, 0.8, 2) * source.shape[::-1]
        matrix = _similarity(at, np.array([width / 2, height / 2]), scale, angle)
        luma = cv2.warpAffine(
            np.ascontiguousarray(source),
            matrix,
            (width, height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        return np.asarray(luma, np.uint8)

    def _whole(self, canvas: _Canvas) -> None:
        """One picture that fills most of the frame, as a photograph does."""
        rng = self._rng
        cutout, index = self._draw(("fairface", "interfaces", "muxspace"))
        height, width = canvas.luma.shape
        h, w = cutout.luma.shape
        scale = max(height / h, width / w) * np.exp(rng.uniform(-0.5, 0.8))
        angle = rng.normal(0, 0.12) if rng.random() < 0.5 else self._angle()
        face = cutout.points[index].mean(0)
        target = rng.uniform(0.2, 0.8, 2) * (width, height)
        # A picture's middle belongs in the frame's middle, unless the face would leave it.
        share = rng.uniform(0, 1)
        start = share * np.array([w / 2, h / 2]) + (1 - share) * face
        target = share * np.array([width / 2, height / 2]) + (1 - share) * target
        self._paste(canvas, cutout, _similarity(start, target, scale, angle), index, tile=True)

    def _mosaic(self, canvas: _Canvas) -> None:
        """Pictures side by side, each cut off by its tile."""
        rng = self._rng
        height, width = canvas.luma.shape
        rows, columns = rng.integers(1, 5, 2)
        ys = np.linspace(0, height, rows + 1).astype(int)
        xs = np.linspace(0, width, columns + 1).astype(int)
        for y0, y1 in pairwise(ys):
            for x0, x1 in pairwise(xs):
                canvas.luma[y0:y1, x0:x1] = self._background(y1 - y0, x1 - x0)
                if rng.random() < 0.15:
                    continue
                cutout, index = self._draw()
                side = _side(cutout.points[index])
                scale = min(y1 - y0, x1 - x0) / side * np.exp(rng.uniform(-1.6, 0.0))
                center = rng.uniform(0.3, 0.7, 2) * (x1 - x0, y1 - y0) + (x0, y0)
                matrix = _similarity(cutout.points[index].mean(0), center, scale, self._angle())
                clip = np.array([x0, y0, x1 - 1, y1 - 1], np.float32)
                self._paste(canvas, cutout, matrix, index, tile=rng.random() < 0.7, clip=clip)

    def _scatter(self, canvas: _Canvas) -> None:
        """Faces pasted here and there, larger ones rarely many."""
        rng = self._rng
        height, width = canvas.luma.shape
        most = 0.95 * min(height, width)
        count = int(rng.choice([0, 1, 2, 4, 8, 14], p=[0.12, 0.3, 0.18, 0.16, 0.14, 0.1]))
        limit = most / max(np.sqrt(count), 1)
        for _ in range(count):
            cutout, index = self._draw()
            largest = min(limit, _LARGEST_SIDE.get(cutout.source, np.inf))
            side = np.exp(rng.uniform(np.log(15), np.log(max(largest, 16))))
            if count == 1 and rng.random() < 0.4:
                side = rng.uniform(0.3, 1.0) * largest
            center = self._place(canvas, side)
            if center is None:
                continue
            points = cutout.points[index]
            matrix = _similarity(points.mean(0), center, side / _side(points), self._angle())
            if rng.random() < 0.5:
                matrix = matrix @ _mirror(points.mean(0))
            if rng.random() < 0.3:
                stretch = np.exp(rng.normal(0, 0.07))
                matrix[:, :2] = matrix[:, :2] @ np.diag([stretch, 1 / stretch])
                matrix[:, 2] = center - matrix[:, :2] @ points.mean(0)
            self._paste(canvas, cutout, matrix, index, tile=rng.random() < 0.25)

    def _place(self, canvas: _Canvas, side: float) -> AnyArray | None:
        height, width = canvas.luma.shape
        taken = face_boxes(np.array(canvas.faces)) if canvas.faces else np.zeros((0, 4))
        overhang = 0.3 * side if self._rng.random() < 0.1 else 0.5 * side
        low = np.minimum(overhang, (width / 2, height / 2))
        for _ in range(6):
            center = self._rng.uniform(low, np.array([width, height]) - low)
            half = 0.55 * side
            apart = (np.abs(center - (taken[:, :2] + taken[:, 2:]) / 2)).max(1) > (
                half + (taken[:, 2:] - taken[:, :2]).max(1, initial=0) / 2
            )
            if apart.all():
                return np.asarray(center)
        return None

    def _angle(self) -> float:
        kind = self._rng.random()
        if kind < 0.45:
            return float(self._rng.normal(0, np.radians(9)))
        if kind < 0.95:
            return float(np.radians(self._rng.uniform(-60, 60)))
        return float(np.radians(self._rng.uniform(-95, 95)))

    def _paste(
        self,
        canvas: _Canvas,
        cutout: Cutout,
        matrix: AnyArray,
        index: int,
        *,
        tile: bool,
        clip: AnyArray | None = None,
    ) -> None:
        """Lay a cut-out on the canvas: whole (``tile``), or its face and what is around it."""
        rng = self._rng
        height, width = canvas.luma.shape
        clip = np.array([0, 0, width - 1, height - 1], np.float32) if clip is None else clip
        points = cutout.points @ matrix[:, :2].T + matrix[:, 2]
        h, w = cutout.luma.shape
        corners = np.array([[0, 0], [w, 0], [w, h], [0, h]]) @ matrix[:, :2].T + matrix[:, 2]
        box = face_boxes(points[index : index + 1])[0]
        reach = corners
        widen = rng.uniform(1.05, 1.7)
        if not tile and cutout.alpha is None:
            middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
            reach = np.stack([middle - widen * half * 1.3, middle + widen * half * 1.3])
        x0, y0 = np.maximum(np.floor(reach.min(0)), clip[:2]).astype(int)
        x1, y1 = np.minimum(np.ceil(reach.max(0)), clip[2:] + 1).astype(int)
        if x1 - x0 < 4 or y1 - y0 < 4:
            return
        local = matrix.astype(np.float64).copy()
        local[:, 2] -= (x0, y0)
        patch = relight(_warp(cutout.luma, local, (x1 - x0, y1 - y0)), rng)
        if cutout.alpha is not None:
            mask = _warp(cutout.alpha, local, (x1 - x0, y1 - y0), cv2.BORDER_CONSTANT)
        else:
            mask = np.zeros(patch.shape, np.uint8)
            cv2.fillConvexPoly(mask, np.round(corners - (x0, y0)).astype(np.int32), 255)
            if not tile:
                mask = np.minimum(mask, _ellipse(points[index] - (x0, y0), widen, mask.shape))
            soft = int(rng.uniform(0, 0.25) * np.sqrt(np.prod(box[2:] - box[:2])))
            if soft > 1 and (not tile or rng.random() < 0.3):
                mask = cv2.blur(mask, (soft, soft))
        left, top, across, down = cv2.boundingRect(np.asarray(mask > 127, np.uint8))
        if not across:
            return
        low = np.array([x0 + left, y0 + top])
        high = low + (across - 1, down - 1)
        area = np.concatenate([low, high]).astype(np.float32)
        canvas.cover(area)
        _blend(canvas.luma[y0:y1, x0:x1], patch, mask)
        if rng.random() < 0.15:
            self._occlude(canvas, points[index])
        for i, face in enumerate(points):
            if i == index or tile:
                canvas.add(face, bool(cutout.sure[i]), area if tile else clip)
            elif ((face >= low).all(1) & (face <= high).all(1)).mean() > _HINTED:
                canvas.ignored.append(face_boxes(face[None])[0])

    def _occlude(self, canvas: _Canvas, points: AnyArray) -> None:
        """Something opaque over a quarter of a face or so, which stays a face."""
        rng = self._rng
        height, width = canvas.luma.shape
        box = face_boxes(points[None])[0]
        side = float(np.sqrt(np.prod(box[2:] - box[:2])))
        center = rng.uniform(box[:2], box[2:])
        half = side * np.exp(rng.uniform(np.log(0.08), np.log(0.24), 2))
        x0, y0 = np.clip(center - half, 0, (width, height)).astype(int)
        x1, y1 = np.clip(center + half, 0, (width, height)).astype(int)
        if x1 > x0 and y1 > y0:
            canvas.luma[y0:y1, x0:x1] = self._background(y1 - y0, x1 - x0)

    def _distract(self, canvas: _Canvas) -> None:
        """Pieces that share a face's outline, tone or parts, and are no face."""
        rng = self._rng
        height, width = canvas.luma.shape
        for _ in range(int(rng.integers(1, 4))):
            if rng.random() < 0.3:
                draw = lettering if rng.random() < 0.7 else shapes
                canvas.cover(np.array(draw(canvas.luma, rng), np.float32))
                continue
            side = int(np.exp(rng.uniform(np.log(14), np.log(0.7 * min(height, width)))))
            patch = self._non_face(side)
            x, y = rng.integers(0, width - side + 1), rng.integers(0, height - side + 1)
            mask = np.full((side, side), 255, np.uint8)
            if rng.random() < 0.7:
                mask[:] = 0
                half = side / 2
                axes = (int(half * rng.uniform(0.6, 0.95)), int(half * rng.uniform(0.75, 0.98)))
                center = (side // 2, side // 2)
                cv2.ellipse(mask, center, axes, rng.uniform(-60, 60), 0, 360, 255, -1)
                soft = int(rng.uniform(0, 0.25) * side)
                mask = cv2.blur(mask, (soft, soft)) if soft > 1 else mask
            canvas.cover(np.array([x, y, x + side, y + side]))
            _blend(canvas.luma[y : y + side, x : x + side], relight(patch, rng), mask)

    def _non_face(self, side: int) -> UInt8Array:
        rng = self._rng
        kind = rng.random()
        if kind < 0.25:
            return self._background(side, side)
        if kind < 0.35:
            return texture(side, side, rng)
        cutout, index = self._draw(("muxspace", "fairface", "interfaces"))
        points = cutout.points[index]
        box = face_boxes(points[None])[0]
        if kind < 0.65:  # the parts of a face in the wrong places
            whole = _warp(cutout.luma, _frame(box, side), (side, side))
            blocks = int(rng.integers(3, 6))
            step = side // blocks + 1
            whole = cv2.resize(whole, (step * blocks, step * blocks))
            cells = whole.reshape(blocks, step, blocks, step).swapaxes(1, 2).reshape(-1, step, step)
            cells = rng.permutation(cells).reshape(blocks, blocks, step, step).swapaxes(1, 2)
            return np.ascontiguousarray(cells.reshape(step * blocks, -1)[:side, :side])
        if kind < 0.85:  # one part alone: an eye, the nose, the mouth, a cheek
            middle = points[rng.integers(0, 68)]
            half = rng.uniform(0.08, 0.17) * (box[2:] - box[:2]).max()
            part = np.concatenate([middle - half, middle + half])
            return _warp(cutout.luma, _frame(part, side), (side, side))
        # beside the face: hair, neck, clothes; the face itself is out of the patch
        h, w = cutout.luma.shape
        strips = [(box[3], h, 0, w), (0, box[1], 0, w), (0, h, 0, box[0]), (0, h, box[2], w)]
        y0, y1, x0, x1 = max(strips, key=lambda s: min(s[1] - s[0], s[3] - s[2]))
        if min(y1 - y0, x1 - x0) < 12 or len(cutout.points) > 1:
            return texture(side, side, rng)
        return _warp(cutout.luma, _frame(np.array([x0, y0, x1, y1]), side), (side, side))


def _scene(luma: UInt8Array, canvas: _Canvas) -> Scene:
    points = np.array(canvas.faces, np.float32).reshape(-1, 68, 2)
    ignored = np.array(canvas.ignored, np.float32).reshape(-1, 4)
    if not len(points):
        return Scene(luma, np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), ignored)
    boxes = face_boxes(points)
    lit = np.array([_contrast(luma, box) >= LEAST_CONTRAST for box in boxes])
    ignored = np.concatenate([ignored, boxes[~lit]])
    return Scene(luma, boxes[lit], five_points(points[lit]), ignored)


def _contrast(luma: UInt8Array, box: AnyArray) -> float:
    """Standard deviation of the pixels in a box."""
    x0, y0, x1, y1 = np.maximum(box, 0).astype(int)
    return float(luma[y0 : y1 + 1, x0 : x1 + 1].std())


def _side(points: AnyArray) -> float:
    box = face_boxes(points[None])[0]
    return float(np.sqrt(np.prod(box[2:] - box[:2])))


def _similarity(start: AnyArray, target: AnyArray, scale: float, angle: float) -> AnyArray:
    """(2, 3): ``start`` goes to ``target``; clockwise turns are positive."""
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.concatenate([linear, (target - linear @ start)[:, None]], axis=1)


def _mirror(center: AnyArray) -> AnyArray:
    return np.array([[-1, 0, 2 * center[0]], [0, 1, 0], [0, 0, 1]], float)


def _frame(box: AnyArray, side: int) -> AnyArray:
    scale = side / (box[2:] - box[:2])
    return np.array([[scale[0], 0, -scale[0] * box[0]], [0, scale[1], -scale[1] * box[1]]])


def _warp(
    luma: UInt8Array, matrix: AnyArray, size: tuple[int, int], border: int = cv2.BORDER_REPLICATE
) -> UInt8Array:
    """Affine warp that shrinks by area first, so that small faces are not aliased."""
    scale = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if scale < 0.6:
        h, w = luma.shape
        small = cv2.resize(
            luma,
            (max(round(w * scale * 1.3), 4), max(round(h * scale * 1.3), 4)),
            interpolation=cv2.INTER_AREA,
        )
        matrix = matrix.copy()
        matrix[:, :2] = matrix[:, :2] @ np.diag([w / small.shape[1], h / small.shape[0]])
        luma = small
    warped = cv2.warpAffine(luma, matrix, size, flags=cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(warped, np.uint8)


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


def _blend(below: UInt8Array, above: UInt8Array, mask: UInt8Array) -> None:
    weight = mask.astype(np.float32) * (1 / 255)
    below[:] = below + (above.astype(np.float32) - below) * weight + 0.5
