"""Training pictures for the detector, composed on the fly from cut-outs and backgrounds.

No photographs with many faces, marked and free to use, are at hand. So faces of known shape are
pasted at any scale and turn on any background, pictures are tiled beside each other, and pieces
that look like faces and are none are thrown in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from prosopon.crop import face_boxes
from prosopon.types import AnyArray, UInt8Array
from prosopon_train.data.cutouts import Cutout
from prosopon_train.data.decoys import beside, outline, part, shuffled
from prosopon_train.data.degrade import degrade_picture, relight
from prosopon_train.data.grounds import Grounds
from prosopon_train.data.pasting import occlude, paste
from prosopon_train.data.scene import Canvas, Scene, side_of
from prosopon_train.data.textures import lettering, shapes, texture
from prosopon_train.data.warps import blend, mirroring, similarity

# How often a collection is drawn; those that are absent leave their share to the others.
SOURCE_WEIGHTS = {
    "muxspace": 0.3,
    "fairface": 0.22,
    "interfaces": 0.14,
    "ferplus": 0.12,
    "synthetic": 0.22,
}
_LARGEST_SIDE = {"ferplus": 72.0}  # px; a 48 px face enlarged further shows nothing new


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
        self._grounds = Grounds(backgrounds, generator)
        self._rng = generator

    def __call__(self, height: int, width: int) -> Scene:
        """One scene; often a black margin at right and bottom, as the detector pads pictures."""
        rng = self._rng
        h, w = height, width
        if rng.random() < 0.3:
            h, w = h - int(rng.integers(0, 64)), w - int(rng.integers(0, 64))
        canvas = Canvas(np.zeros((h, w), np.uint8))
        kind = rng.random()
        if kind < 0.16:
            self._mosaic(canvas)
        else:
            canvas.luma = self._grounds(h, w)
            if kind < 0.26:  # a photograph as it was taken, without any face
                return self._finish(canvas, height, width)
            if kind < 0.42:
                self._whole(canvas)
            if rng.random() < 0.45:
                self._distract(canvas)
            if kind > 0.42 or rng.random() < 0.2:
                self._scatter(canvas)
        return self._finish(canvas, height, width)

    def _finish(self, canvas: Canvas, height: int, width: int) -> Scene:
        h, w = canvas.luma.shape
        luma = np.zeros((height, width), np.uint8)
        luma[:h, :w] = degrade_picture(canvas.luma, self._rng)
        return canvas.scene(luma)

    def _draw(self, names: Sequence[str] | None = None) -> tuple[Cutout, int]:
        """A cut-out and the index of one of its sure faces."""
        available = list(self._cutouts)
        weights = self._weights
        if names is not None and any(name in self._cutouts for name in names):
            weights = weights * [name in names for name in available]
        name = available[self._rng.choice(len(available), p=weights / weights.sum())]
        pool = self._cutouts[name]
        cutout = pool[int(self._rng.integers(len(pool)))]
        return cutout, int(self._rng.choice(np.flatnonzero(cutout.sure)))

    def _whole(self, canvas: Canvas) -> None:
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
        self._paste(canvas, cutout, similarity(start, target, scale, angle), index, tile=True)

    def _mosaic(self, canvas: Canvas) -> None:
        """Pictures side by side, each cut off by its tile."""
        rng = self._rng
        height, width = canvas.luma.shape
        rows, columns = rng.integers(1, 5, 2)
        ys = np.linspace(0, height, rows + 1).astype(int)
        xs = np.linspace(0, width, columns + 1).astype(int)
        for y0, y1 in pairwise(ys):
            for x0, x1 in pairwise(xs):
                canvas.luma[y0:y1, x0:x1] = self._grounds(y1 - y0, x1 - x0)
                if rng.random() < 0.15:
                    continue
                cutout, index = self._draw()
                side = _face_side(cutout.points[index])
                scale = min(y1 - y0, x1 - x0) / side * np.exp(rng.uniform(-1.6, 0.0))
                center = rng.uniform(0.3, 0.7, 2) * (x1 - x0, y1 - y0) + (x0, y0)
                matrix = similarity(cutout.points[index].mean(0), center, scale, self._angle())
                clip = np.array([x0, y0, x1 - 1, y1 - 1], np.float32)
                self._paste(canvas, cutout, matrix, index, tile=rng.random() < 0.7, clip=clip)

    def _scatter(self, canvas: Canvas) -> None:
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
            matrix = similarity(points.mean(0), center, side / _face_side(points), self._angle())
            if rng.random() < 0.5:
                matrix = matrix @ mirroring(points.mean(0))
            if rng.random() < 0.3:
                stretch = np.exp(rng.normal(0, 0.07))
                matrix[:, :2] = matrix[:, :2] @ np.diag([stretch, 1 / stretch])
                matrix[:, 2] = center - matrix[:, :2] @ points.mean(0)
            self._paste(canvas, cutout, matrix, index, tile=rng.random() < 0.25)

    def _place(self, canvas: Canvas, side: float) -> AnyArray | None:
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

    def _distract(self, canvas: Canvas) -> None:
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
            mask = outline(side, rng)
            canvas.cover(np.array([x, y, x + side, y + side]))
            blend(canvas.luma[y : y + side, x : x + side], relight(patch, rng), mask)

    def _non_face(self, side: int) -> UInt8Array:
        rng = self._rng
        kind = rng.random()
        if kind < 0.25:
            return self._grounds(side, side)
        if kind < 0.35:
            return texture(side, side, rng)
        cutout, index = self._draw(("muxspace", "fairface", "interfaces"))
        make = shuffled if kind < 0.65 else part if kind < 0.85 else beside
        return make(cutout, index, side, rng)

    def _paste(
        self,
        canvas: Canvas,
        cutout: Cutout,
        matrix: AnyArray,
        index: int,
        *,
        tile: bool,
        clip: AnyArray | None = None,
    ) -> None:
        """Lay a cut-out on the canvas, sometimes with something over its face ``index``."""
        points = paste(canvas, cutout, matrix, index, self._rng, tile=tile, clip=clip)
        if points is not None and self._rng.random() < 0.15:
            occlude(canvas, points[index], self._grounds, self._rng)


def _face_side(points: AnyArray) -> float:
    return side_of(face_boxes(points[None])[0])
