"""How figures fall in worse pictures: blur, noise, JPEG, small, dark, covered and turned faces::

    python -m prosopon_eval.robustness --landmarks landmarks68_research.parquet \\
        --ferplus ferplus.parquet

Landmarks go through the whole pipeline: at every level the median NME, in which a missed face is
an infinite error, and the share of faces missed. Emotions are of FER+ pictures, given as boxes.
Every level sees the same PICTURES pictures, spread evenly over the data, and the same noise.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import cv2
import numpy as np

from prosopon.crop import face_boxes
from prosopon.errors import ProsoponError
from prosopon.types import AnyArray, FaceTable, UInt8Array
from prosopon_eval.data import map_faces, spread, whole_picture
from prosopon_eval.metrics import bootstrap_by_group
from prosopon_eval.protocols import ferplus, landmarks68
from prosopon_eval.report import Figure, Result, Slice, show

if TYPE_CHECKING:
    from prosopon import Analyzer

PICTURES = 200
DRAWS = 500
NME, MISSED, ACCURACY = "NME median", "faces missed", "FER+ accuracy"


@dataclass(frozen=True, slots=True)
class Change:
    """One way to make pictures worse.

    levels: from mild to severe; name: with the unit of the levels;
    apply(luma, box, level, generator): the (h, w) uint8 picture changed, where box (4,) px holds
    the face, and the (2, 3) affine map from old to new pixels.
    """

    name: str
    levels: tuple[float, ...]
    apply: Callable[[UInt8Array, AnyArray, float, np.random.Generator], tuple[UInt8Array, AnyArray]]


SAME = np.eye(2, 3)


def _side(box: AnyArray) -> float:
    return float(max(box[2] - box[0], box[3] - box[1]))


def blur(
    luma: UInt8Array, box: AnyArray, level: float, _: np.random.Generator
) -> tuple[UInt8Array, AnyArray]:
    """Gaussian blur whose σ is ``level`` % of the face's side."""
    return _uint8(cv2.GaussianBlur(luma, (0, 0), level / 100 * _side(box))), SAME


def noise(
    luma: UInt8Array, box: AnyArray, level: float, generator: np.random.Generator
) -> tuple[UInt8Array, AnyArray]:
    """Gaussian noise with σ of ``level`` grey levels."""
    return _uint8(luma + generator.normal(0, level, luma.shape)), SAME


def jpeg(
    luma: UInt8Array, box: AnyArray, level: float, _: np.random.Generator
) -> tuple[UInt8Array, AnyArray]:
    """JPEG at quality ``level``."""
    coded = cv2.imencode(".jpg", luma, [cv2.IMWRITE_JPEG_QUALITY, int(level)])[1]
    return _uint8(np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE))), SAME


def shrink(
    luma: UInt8Array, box: AnyArray, level: float, _: np.random.Generator
) -> tuple[UInt8Array, AnyArray]:
    """The picture shrunk until the face's longer side has ``level`` px."""
    h, w = luma.shape
    scale = level / _side(box)
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    x, y = size[0] / w, size[1] / h
    # Pixel centres: the middle of the top-left pixel is (0, 0) in both pictures.
    matrix = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2]])
    return _uint8(cv2.resize(luma, size, interpolation=cv2.INTER_AREA)), matrix


def darken(
    luma: UInt8Array, box: AnyArray, level: float, _: np.random.Generator
) -> tuple[UInt8Array, AnyArray]:
    """Grey levels at ``level`` % of what they were, rounded: detail is lost for good."""
    return _uint8(luma * (level / 100)), SAME


def cover(
    luma: UInt8Array, box: AnyArray, level: float, generator: np.random.Generator
) -> tuple[UInt8Array, AnyArray]:
    """A grey square over ``level`` % of the area of the face's box, somewhere within the box."""
    width, height = box[2] - box[0], box[3] - box[1]
    side = min(np.sqrt(level / 100 * width * height), width, height)
    x, y = box[:2] + generator.uniform(0, 1, 2) * (width - side, height - side)
    out = luma.copy()
    top, left = max(0, round(y)), max(0, round(x))
    out[top : round(y + side), left : round(x + side)] = 128
    return out, SAME


def turn(
    luma: UInt8Array, box: AnyArray, level: float, generator: np.random.Generator
) -> tuple[UInt8Array, AnyArray]:
    """The picture turned by ``level`` degrees about the face's middle, to a side drawn by lot."""
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    matrix = cv2.getRotationMatrix2D(middle, level * generator.choice([-1, 1]), 1)
    size = (luma.shape[1], luma.shape[0])
    return _uint8(cv2.warpAffine(luma, matrix, size, borderMode=cv2.BORDER_REPLICATE)), matrix


CHANGES = (
    Change("blur, σ in % of the face", (0.5, 1, 2, 3, 5), blur),
    Change("noise, σ in grey levels", (5, 10, 20, 30, 50), noise),
    Change("JPEG quality", (50, 30, 20, 10, 5), jpeg),
    Change("size of the face, px", (96, 64, 48, 32, 24), shrink),
    Change("light, % of what it was", (50, 25, 12, 6, 3), darken),
    Change("covered, % of the face", (5, 10, 20, 30, 40), cover),
    Change("turned in the image plane, degrees", (10, 20, 30, 45, 60), turn),
)
UNCHANGED = Change("nothing", (0,), lambda luma, *_: (luma, SAME))


def landmark_curves(analyzer: Analyzer, path: Path) -> tuple[Slice, ...]:
    """Median NME and misses at every level of every change."""
    data = landmarks68.read(path)
    chosen = spread(len(data.rows), PICTURES)
    lumas = [_grey(data.image(i)) for i in chosen]
    boxes = face_boxes(data.points[chosen])
    points, people = data.points[chosen], data.photographs[chosen]

    def median(values: AnyArray) -> float:
        return float(np.median(values))

    def missed(values: AnyArray) -> float:
        return 100 * float(np.isinf(values).mean())

    def score(change: Change, level: float) -> tuple[Figure, ...]:
        truths: list[AnyArray] = []

        def measure(i: int) -> FaceTable:
            luma, matrix = _apply(change, lumas[i], boxes[i], level, i)
            truths.append((points[i] @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32))
            return analyzer.image(luma)

        tables = map_faces(measure, range(len(chosen)), change.name)
        errors = np.array(
            [landmarks68.picture_error(t, p) for t, p in zip(tables, truths, strict=True)]
        )
        return (
            _figure(NME, errors, people, median),
            _figure(MISSED, errors, people, missed),
        )

    return _curves(score, CHANGES)


def emotion_curves(analyzer: Analyzer, path: Path) -> tuple[Slice, ...]:
    """Accuracy on FER+ PublicTest, majority label, at every level of every change."""
    data = ferplus.read(path)
    labels = ferplus.majority(data.votes)
    labelled = np.flatnonzero(labels >= 0)
    chosen = labelled[spread(len(labelled), PICTURES)]
    lumas = [_grey(data.image(i)) for i in chosen]

    def score(change: Change, level: float) -> tuple[Figure, ...]:
        def measure(i: int) -> FaceTable:
            luma, _ = _apply(change, lumas[i], whole_picture(lumas[i])[0], level, i)
            return analyzer.image(luma, boxes=whole_picture(luma))

        tables = map_faces(measure, range(len(chosen)), change.name)
        predicted = np.array([ferplus.predicted_emotion(faces) for faces in tables])
        pairs = np.stack([predicted, labels[chosen]], axis=1)
        return (_figure(ACCURACY, pairs, chosen, ferplus.correct),)

    # Pictures of 48 px are not made larger.
    side = max(lumas[0].shape)
    changes = (
        replace(c, levels=tuple(x for x in c.levels if c.apply is not shrink or x < side))
        for c in CHANGES
    )
    return _curves(score, tuple(changes))


def _curves(
    score: Callable[[Change, float], tuple[Figure, ...]], changes: tuple[Change, ...]
) -> tuple[Slice, ...]:
    return tuple(
        Slice(change.name, f"{level:g}" if change is not UNCHANGED else "–", figure)
        for change in (UNCHANGED, *changes)
        for level in change.levels
        for figure in score(change, level)
    )


def _figure(
    name: str, values: AnyArray, people: AnyArray, statistic: Callable[[AnyArray], float]
) -> Figure:
    interval = bootstrap_by_group(values, people, statistic, n=DRAWS)
    return Figure(name, statistic(values), "%", len(values), *interval)


def _apply(
    change: Change, luma: UInt8Array, box: AnyArray, level: float, seed: int
) -> tuple[UInt8Array, AnyArray]:
    return change.apply(luma, box, level, np.random.default_rng(seed))


def _grey(image: UInt8Array) -> UInt8Array:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def _uint8(values: AnyArray) -> UInt8Array:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


@click.command(help=(__doc__ or "").split("::")[0])
@click.option("--pack", default="default", show_default=True, help="Model pack to score.")
@click.option("--landmarks", type=click.Path(path_type=Path), help="Parquet of marked faces.")
@click.option("--ferplus", "emotions", type=click.Path(path_type=Path), help="Parquet of FER+.")
def main(pack: str, landmarks: Path | None, emotions: Path | None) -> None:
    """Print the curves that the given data allow."""
    from rich.console import Console

    import prosopon

    try:
        analyzer = prosopon.Analyzer(pack=pack)
        for path, curves in ((landmarks, landmark_curves), (emotions, emotion_curves)):
            if path is not None:
                slices = curves(analyzer, path)
                result = Result("robustness", path.name, pack, prosopon.__version__, (), (), slices)
                show(result, Console())
    except ProsoponError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
