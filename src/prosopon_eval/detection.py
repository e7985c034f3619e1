"""How well the detector of a pack finds faces, and how often it sees one where there is none::

    python -m prosopon_eval.detection --pack default --backgrounds backgrounds.parquet \\
        --landmarks landmarks68_research.parquet --media media/

Recall is measured on hand-marked faces that are scaled to a given size, turned by a given angle and
set on a black canvas; a face counts as found when a box overlaps the true one by IoU ≥ 0.5. The
true box bounds the 68 points and is raised by a quarter of its height. False faces are counted on
the held-out half of the photographs without faces, as they are and enlarged.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np

from prosopon.crop import face_boxes
from prosopon.detect import FaceDetector
from prosopon.errors import InputError, ProsoponError
from prosopon.geometry import iou
from prosopon.packs import load_pack
from prosopon.session import create_session
from prosopon.types import Detections, FloatArray, UInt8Array
from prosopon_eval.data import decode_image, fold, read_rows

Detect = Callable[[UInt8Array], Detections]

CANVAS = 640
SIDES = (16, 20, 24, 32, 48, 96, 192, 400)  # px, geometric mean of the box's sides
ANGLES = (0, 15, 30, 45, 60, 90)  # degrees, either way
FOUND = 0.5  # IoU
TEST_FOLDS = 5  # of the photographs without faces, those of a lower fold are never trained on
LOWEST = 0.05  # scores below are of no interest
THRESHOLDS = (0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.64, 0.7)


@dataclass(frozen=True, slots=True)
class MarkedFace:
    """luma (h, w) uint8 and the 68 points (68, 2) px of one face in it."""

    luma: UInt8Array
    points: FloatArray


@dataclass(frozen=True, slots=True)
class Recall:
    """Faces of one size and turn: for each its best overlapping score (0: missed) and the IoU."""

    scores: FloatArray
    overlaps: FloatArray

    def at(self, threshold: float) -> float:
        """Share of faces found at a least score."""
        return float((self.scores >= threshold).mean())


def place(face: MarkedFace, side: float, degrees: float) -> MarkedFace:
    """The face scaled to ``side``, turned clockwise, in the middle of a black canvas."""
    box = face_boxes(face.points[None])[0]
    scale = side / float(np.sqrt(np.prod(box[2:] - box[:2])))
    luma, points = face.luma, face.points
    if scale < 1:
        h, w = luma.shape
        size = (max(1, round(w * scale)), max(1, round(h * scale)))
        luma = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)
        points = (points + 0.5) * (size[0] / w, size[1] / h) - 0.5
        scale = 1.0
    cos, sin = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    linear = np.array([[cos, -sin], [sin, cos]])
    shift = (CANVAS - 1) / 2 - linear @ points.mean(0)
    matrix = np.concatenate([linear, shift[:, None]], axis=1)
    canvas = cv2.warpAffine(luma, matrix, (CANVAS, CANVAS), flags=cv2.INTER_LINEAR)
    return MarkedFace(np.asarray(canvas, np.uint8), (points @ linear.T + shift).astype(np.float32))


def recall(detect: Detect, faces: Iterable[MarkedFace], side: float, degrees: float) -> Recall:
    """How ``faces`` are found at one size and turn; every other one is turned anticlockwise."""
    scores, overlaps = [], []
    for index, face in enumerate(faces):
        placed = place(face, side, degrees * (-1) ** index)
        found = detect(placed.luma)
        overlap = iou(found.boxes, face_boxes(placed.points[None]))[:, 0]
        hits = np.flatnonzero(overlap >= FOUND)
        best = hits[found.scores[hits].argmax()] if len(hits) else -1
        scores.append(found.scores[best] if len(hits) else 0.0)
        overlaps.append(overlap[best] if len(hits) else np.nan)
    return Recall(np.array(scores, np.float32), np.array(overlaps, np.float32))


def false_scores(detect: Detect, pictures: Iterable[UInt8Array]) -> FloatArray:
    """Scores of everything found in pictures without faces."""
    return np.concatenate([detect(picture).scores for picture in pictures])


def marked_faces(path: Path, count: int) -> list[MarkedFace]:
    """``count`` faces, evenly drawn from a Parquet file of ``image``, ``name``, ``landmarks``."""
    rows = read_rows(path, ["image", "name", "landmarks"])
    chosen = np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int)
    return [
        MarkedFace(
            _luma(rows[i]["image"], rows[i]["name"]),
            np.array(rows[i]["landmarks"], np.float32).reshape(68, 2),
        )
        for i in chosen
    ]


def held_out_backgrounds(path: Path, long_side: int | None) -> Iterator[UInt8Array]:
    """Photographs without faces that were kept for this test, enlarged to ``long_side``."""
    for row in read_rows(path, ["image", "name"]):
        if fold(row["name"]) >= TEST_FOLDS:
            continue
        luma = _luma(row["image"], row["name"])
        if long_side is not None:
            scale = long_side / max(luma.shape)
            enlarged = cv2.resize(luma, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
            luma = np.asarray(enlarged, np.uint8)
        yield luma


def frames(path: Path) -> Iterator[UInt8Array]:
    """Luminance of a picture, or of every frame of a film."""
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise InputError(f"{path}: not a picture or film that OpenCV opens; leave it out")
    while True:
        more, frame = capture.read()
        if not more:
            return
        yield np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)


def speed(detect: Detect, width: int, height: int, runs: int = 50) -> float:
    """Median milliseconds of one call on a noisy picture."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8)
    times = []
    for _ in range(runs + 5):
        start = time.perf_counter()
        detect(noise)
        times.append(time.perf_counter() - start)
    return float(np.median(times[5:])) * 1e3


def _luma(data: bytes, name: str) -> UInt8Array:
    return np.asarray(cv2.cvtColor(decode_image(data, name), cv2.COLOR_BGR2GRAY), np.uint8)


def _table(heading: str, columns: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> None:
    click.echo(f"\n{heading}")
    click.echo(" " * 14 + "".join(f"{name:>9}" for name in columns))
    for name, values in rows:
        click.echo(f"{name:<14}" + "".join(f"{value:>9}" for value in values))


@click.command(help=(__doc__ or "").split("::")[0])
@click.option("--pack", default="default", show_default=True, help="Pack whose detector to score.")
@click.option("--model", type=click.Path(path_type=Path), help="This ONNX file instead.")
@click.option("--threshold", type=float, help="Least score; by default the pack's.")
@click.option("--backgrounds", type=click.Path(path_type=Path), help="Parquet without faces.")
@click.option("--landmarks", type=click.Path(path_type=Path), help="Parquet of marked faces.")
@click.option("--media", type=click.Path(path_type=Path), help="Folder of pictures and films.")
@click.option("--count", default=300, show_default=True, help="Marked faces to use.")
def main(
    pack: str,
    model: Path | None,
    threshold: float | None,
    backgrounds: Path | None,
    landmarks: Path | None,
    media: Path | None,
    count: int,
) -> None:
    """Print the tables that the given data allow."""
    try:
        if model is None:
            spec = load_pack(pack).detector
            model, threshold = spec.file.path, threshold or spec.threshold
        threshold = threshold or 0.5
        session = create_session(model)
        detect = FaceDetector(session, threshold=threshold)
        lenient = FaceDetector(session, threshold=LOWEST)
        click.echo(f"{model}, threshold {threshold}: {speed(detect, 640, 360):.2f} ms at 640×360")
        if backgrounds is not None:
            _report_false(lenient, backgrounds)
        if landmarks is not None:
            _report_recall(lenient, marked_faces(landmarks, count), threshold)
        if media is not None:
            _report_media(detect, media)
    except ProsoponError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


def _report_false(detect: Detect, path: Path) -> None:
    rows = []
    for name, long_side in (("as it is", None), ("640 px", 640)):
        pictures = list(held_out_backgrounds(path, long_side))
        scores = false_scores(detect, pictures)
        rates = [100 * float((scores >= t).sum()) / len(pictures) for t in THRESHOLDS]
        rows.append((name, [f"{rate:.2f}" for rate in rates]))
    heading = f"false faces per 100 of {len(pictures)} pictures, by threshold"
    _table(heading, [str(t) for t in THRESHOLDS], rows)


def _report_recall(detect: Detect, faces: Sequence[MarkedFace], threshold: float) -> None:
    results = {(s, a): recall(detect, faces, s, a) for s in SIDES for a in ANGLES}
    columns = [f"{angle}°" for angle in ANGLES]

    def rows(value: Callable[[Recall], float]) -> list[tuple[str, list[str]]]:
        return [(f"{s} px", [f"{value(results[s, a]):.3f}" for a in ANGLES]) for s in SIDES]

    _table(f"recall of {len(faces)} faces at {threshold}", columns, rows(lambda r: r.at(threshold)))
    _table("mean IoU of those found", columns, rows(lambda r: float(np.nanmean(r.overlaps))))
    upright = [f"{np.mean([results[s, 0].at(t) for s in SIDES[2:]]):.3f}" for t in THRESHOLDS]
    turned = [f"{np.mean([results[s, 45].at(t) for s in SIDES[2:]]):.3f}" for t in THRESHOLDS]
    _table(
        f"recall from {SIDES[2]} px on, by threshold",
        [str(t) for t in THRESHOLDS],
        [("upright", upright), ("turned 45°", turned)],
    )


def _report_media(detect: Detect, folder: Path) -> None:
    suffixes = {".mp4", ".mov", ".gif", ".jpg", ".png"}
    rows = []
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in suffixes):
        counts = np.bincount([len(detect(frame)) for frame in frames(path)])
        spread = " ".join(f"{n}×{faces}" for faces, n in enumerate(counts) if n)
        rows.append((path.name, [spread]))
    click.echo("\nframes × faces found")
    for name, (spread,) in rows:
        click.echo(f"{name:<54} {spread}")


if __name__ == "__main__":
    main()
