"""Make the clip of the examples: two synthetic people who move, with their true values.

    python -m prosopon_train.synth.clip RIG OUT.mp4 --seeds 27 34

Beside OUT.mp4 stands OUT_truth.csv: one row per frame and face, spelled like the output of
``prosopon analyze``. A face has rows while the centre of its box is in the picture. As in that
output, head pose and gaze are relative to the line of sight to the face.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import cv2
import numpy as np

from prosopon.crop import face_boxes
from prosopon.geometry import euler_from_rotation, gaze_angles, rotation_from_euler, rotation_vector
from prosopon.heads import load_heads
from prosopon.types import FRAME_COLUMNS, AnyArray, FaceTable, FloatArray, UInt8Array
from prosopon_train.synth.backdrop import smooth_noise
from prosopon_train.synth.camera import View
from prosopon_train.synth.gaze import look_at
from prosopon_train.synth.movie import lay, write_with_rows
from prosopon_train.synth.person import Person, sample_person
from prosopon_train.synth.pose import pose, unit_labels
from prosopon_train.synth.render import draw
from prosopon_train.synth.rig import Rig, load_rig
from prosopon_train.synth.roles import ROLES, Role, moment

WIDTH, HEIGHT, RATE, FRAMES = 640, 360, 25, 200
_OVERSIZE = 2  # frames are drawn this much larger
_CANVAS = 1000  # px of the larger frame, square around one person
_DISTANCE = 95.0  # cm
_PIXELS_PER_CM = 10.0
_MEASURED = ("landmarks", "pupils", "pose_r", "pose_euler", "gaze", "gaze_angle", "eye_open", "au")
_OUTPUTS = {"points", "points_scale", "rotation", "gaze", "eye_open"} | {
    "au", "au_presence", "au_sides",
}  # fmt: skip
_COLUMNS = {c.name: c for head in load_heads(_OUTPUTS) for c in head.columns}
SCHEMA = tuple(c for c in FRAME_COLUMNS if c.name not in ("success", "confidence")) + tuple(
    _COLUMNS[name] for name in _MEASURED
)


def cast(rig: Rig, seeds: tuple[int, int]) -> list[Person]:
    """A person without spectacles for each role, of the skin tone that it asks for."""
    people = []
    for number, (role, seed) in enumerate(zip(ROLES, seeds, strict=True)):
        rng = np.random.default_rng([seed, number])
        person = sample_person(rig, rng)
        while person.glasses or not role.albedo[0] < person.skin.albedo < role.albedo[1]:
            person = sample_person(rig, rng)
        people.append(person)
    return people


def render_frames(
    rig: Rig, seeds: tuple[int, int], indices: range = range(FRAMES)
) -> Iterator[tuple[UInt8Array, FaceTable]]:
    """Frames (HEIGHT, WIDTH, 3) RGB and the true rows of each."""
    people = cast(rig, seeds)
    backdrop = _backdrop(np.random.default_rng(seeds))
    for index in indices:
        picture = backdrop.copy()
        rows: list[dict[str, AnyArray | float]] = []
        for number, (role, person) in enumerate(zip(ROLES, people, strict=True)):
            # The same light and the same skin in every frame.
            rng = np.random.default_rng([seeds[number], number, 1])
            truth = _add_person(picture, rig, person, role, index / RATE, rng)
            if 0 <= (truth["box"][0] + truth["box"][2]) / 2 < WIDTH:
                face = {"frame": index, "time": index / RATE, "face_id": number}
                rows.append(face | truth)
        small = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        frame = np.round(small.clip(0, 1) * 255).astype(np.uint8)
        yield np.asarray(frame), _table(rows)


def _add_person(
    picture: FloatArray, rig: Rig, person: Person, role: Role, time: float, rng: np.random.Generator
) -> dict[str, AnyArray]:
    """Draw a person on the large picture, in place; true values in px of the final frame."""
    now = moment(role, time)
    offset = _enlarged(now.offset)
    corner = np.floor(offset - _CANVAS / 2).astype(int)
    view = View(
        rotation_from_euler(now.turn[None])[0].astype(np.float32),
        np.eye(3, dtype=np.float32),
        _DISTANCE,
        _PIXELS_PER_CM * _OVERSIZE,
        (float(offset[0] - corner[0]), float(offset[1] - corner[1])),
    )
    aside = _DISTANCE * np.array([np.tan(now.look[0]), -np.tan(now.look[1]), 0])
    gaze = look_at(person.eye_centres, view.lens + aside @ view.to_camera)
    posed = pose(rig, person, now.expression, gaze)
    drawing = draw(rig, posed, view, _CANVAS, rng)

    tint = np.where((drawing.depth < 1e6)[..., None], role.skin, role.cloth).astype(np.float32)
    lay(picture, drawing.image[..., None] * tint, drawing.alpha[..., None], corner)
    points = (view.project(posed.points)[:, :2] + corner + 0.5) / _OVERSIZE - 0.5
    vectors = gaze @ view.to_camera.T
    return {
        "box": face_boxes(points[None, :68])[0],
        "landmarks": points[:68],
        "pupils": points[68:70],
        "pose_r": rotation_vector(view.rotation[None])[0],
        "pose_euler": euler_from_rotation(view.rotation[None])[0],
        "gaze": vectors,
        "gaze_angle": gaze_angles(vectors.sum(0, keepdims=True) / np.linalg.norm(vectors.sum(0)))[
            0
        ],
        "eye_open": posed.eye_open,
        "au": unit_labels(posed)["au"],
    }


def _enlarged(point: AnyArray) -> AnyArray:
    """Pixels of the final frame → pixels of the large picture."""
    return (point + 0.5) * _OVERSIZE - 0.5


def _table(rows: list[dict[str, AnyArray | float]]) -> FaceTable:
    data = {c.name: np.array([row[c.name] for row in rows], c.dtype) for c in SCHEMA}
    return FaceTable(SCHEMA, data)


def _backdrop(rng: np.random.Generator) -> FloatArray:
    """A wall out of focus, lit from above, with discs of light: (h, w, 3) RGB 0–1, large."""
    width, height = WIDTH * _OVERSIZE, HEIGHT * _OVERSIZE
    wall = np.linspace(0.62, 0.38, height, dtype=np.float32)[:, None]
    wall = wall + 0.05 * smooth_noise(4, width, rng)[:height]
    for _ in range(7):
        disc = np.zeros((height, width), np.float32)
        centre = (int(rng.integers(width)), int(rng.integers(height * 2 // 3)))
        cv2.circle(disc, centre, int(rng.integers(40, 110)), 1.0, -1, cv2.LINE_AA)
        wall = wall + rng.uniform(0.03, 0.12) * cv2.GaussianBlur(disc, (0, 0), 9)
    return np.asarray(wall[..., None] * np.array([0.98, 1.0, 1.02]), np.float32)


@click.command()
@click.argument("rig", type=click.Path(path_type=Path, exists=True))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--cache", type=click.Path(path_type=Path), help="Derived rig; made once.")
@click.option(
    "--seeds", nargs=2, type=int, default=(27, 34), show_default=True, help="Who is seen."
)
def main(rig: Path, out: Path, cache: Path | None, seeds: tuple[int, int]) -> None:
    """Write the clip to OUT and its true values beside it."""
    frames = render_frames(load_rig(rig, cache), seeds)
    write_with_rows(out, frames, SCHEMA, RATE, crf=22, preset="slow")


if __name__ == "__main__":
    main()
