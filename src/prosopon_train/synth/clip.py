"""Make the clip of the examples: two synthetic people who move, with their true values.

    python -m prosopon_train.synth.clip RIG OUT.mp4 --seeds 27 34

Beside OUT.mp4 stands OUT_truth.csv: one row per frame and face, spelled like the output of
``prosopon analyze``. A face has rows while the centre of its box is in the picture. As in that
output, head pose and gaze are relative to the line of sight to the face.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import click
import cv2
import numpy as np

from prosopon.geometry import euler_from_rotation, gaze_angles, rotation_from_euler, rotation_vector
from prosopon.heads import load_heads
from prosopon.types import FRAME_COLUMNS, AnyArray, FaceTable, FloatArray, UInt8Array
from prosopon_train.synth.backdrop import smooth_noise
from prosopon_train.synth.camera import View
from prosopon_train.synth.expression import Expression
from prosopon_train.synth.gaze import look_at
from prosopon_train.synth.person import Person, sample_person
from prosopon_train.synth.pose import pose, unit_labels
from prosopon_train.synth.render import draw
from prosopon_train.synth.rig import Rig, load_rig

WIDTH, HEIGHT, RATE, FRAMES = 640, 360, 25, 200
_OVERSIZE = 2  # frames are drawn this much larger
_CANVAS = 1000  # px of the larger frame, square around one person
_DISTANCE = 95.0  # cm
_PIXELS_PER_CM = 10.0
_BLINK = (-0.12, -0.03, 0.04, 0.2), (0.0, 1.0, 1.0, 0.0)  # s, activation
_MEASURED = ("landmarks", "pupils", "pose_r", "pose_euler", "gaze", "gaze_angle", "eye_open", "au")
_OUTPUTS = {"points", "points_scale", "rotation", "gaze", "eye_open"} | {
    "au", "au_presence", "au_sides",
}  # fmt: skip
_COLUMNS = {c.name: c for head in load_heads(_OUTPUTS) for c in head.columns}
SCHEMA = tuple(c for c in FRAME_COLUMNS if c.name not in ("success", "confidence")) + tuple(
    _COLUMNS[name] for name in _MEASURED
)

Keys = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Role:
    """What one person looks like and does. Key frames are (seconds, value).

    albedo: least and most of the skin; skin, cloth: RGB factors of luminance; x, y: px, where the
    middle of the head stands; turn: pitch, yaw, roll in degrees; look: where the eyes look,
    degrees right of and above the lens; units: activations 0–1; blinks: seconds; sway: phase.
    """

    albedo: tuple[float, float]
    skin: tuple[float, float, float]
    cloth: tuple[float, float, float]
    x: Keys
    y: Keys
    turn: tuple[Keys, Keys, Keys]
    look: tuple[Keys, Keys]
    units: dict[str, Keys]
    blinks: tuple[float, ...]
    sway: float


def _held(start: float, end: float, most: float, attack: float = 0.4) -> Keys:
    """Rise to ``most`` from ``start`` on, be back at 0 at ``end``."""
    return (start, 0.0), (start + attack, most), (end - attack, most), (end, 0.0)


ROLES = (
    Role(
        albedo=(0.42, 0.6),
        skin=(1.12, 0.97, 0.86),
        cloth=(0.9, 1.0, 1.2),
        x=((0, 310), (1.9, 310), (3.1, 178)),
        y=((0, 208), (1.9, 208), (3.1, 212)),
        turn=(
            ((0, 0), (4.5, 0), (5.0, 10), (5.6, 8), (6.3, -8), (7.2, -4), (8, 0)),
            ((0, 0), (0.5, 0), (1.2, -30), (1.7, -28), (2.6, 26), (3.7, 20), (4.4, 0), (6.4, 0),
             (7.2, 8), (8, 0)),
            ((0, 0), (2.6, 0), (3.4, -9), (4.2, 6), (5.0, 0), (6.6, 0), (7.4, -6), (8, -3)),
        ),
        look=(
            ((0, 0), (0.45, 0), (0.53, -24), (1.75, -24), (1.83, 0), (2.15, 0), (2.23, 24),
             (3.8, 24), (3.88, 0), (6.9, 0), (6.98, 18), (7.6, 18), (7.68, 0)),
            ((0, 0), (6.2, 0), (6.28, -8), (6.9, -8), (6.98, 0)),
        ),
        units={
            "AU06": _held(2.5, 4.7, 0.8),
            "AU12": _held(2.4, 4.8, 0.9),
            "AU25": _held(2.5, 4.7, 0.6),
            "AU01": _held(4.8, 6.1, 0.9, 0.25),
            "AU02": _held(4.8, 6.1, 0.9, 0.25),
            "AU05": _held(4.85, 6.0, 0.5, 0.25),
            "AU26": _held(4.85, 6.1, 0.6, 0.3),
            "AU04": _held(6.2, 7.8, 0.9),
        },
        blinks=(0.5, 1.75, 3.85, 6.25, 7.65),
        sway=0.0,
    ),
    Role(
        albedo=(0.13, 0.2),
        skin=(1.16, 0.96, 0.82),
        cloth=(1.1, 1.0, 0.85),
        x=((0, 800), (1.9, 800), (3.4, 462)),
        y=((0, 206), (8, 209)),
        turn=(
            ((0, 0), (3.4, 0), (4.0, 5), (4.8, 0), (6.6, 0), (7.1, 9), (8, 7)),
            ((0, -30), (3.0, -28), (4.0, -4), (5.0, 0), (5.7, 30), (6.2, 28), (6.9, 0), (8, -4)),
            ((0, 0), (3.2, 0), (4.0, 8), (5.2, -4), (6.6, 0)),
        ),
        look=(
            ((0, -24), (3.45, -24), (3.53, 0), (5.15, 0), (5.23, 25), (6.3, 25), (6.38, 0)),
            ((0, 0), (5.15, 0), (5.23, 6), (6.3, 6), (6.38, 0)),
        ),
        units={
            "AU06": _held(3.6, 5.6, 0.7),
            "AU12": _held(3.5, 5.7, 0.85),
            "AU25": _held(3.6, 5.6, 0.7),
            "AU04": _held(5.6, 6.8, 0.85, 0.35),
            "AU01": _held(6.7, 8.6, 1.0, 0.25),
            "AU02": _held(6.7, 8.6, 1.0, 0.25),
            "AU05": _held(6.75, 8.6, 0.5, 0.25),
            "AU26": _held(6.75, 8.6, 0.7, 0.3),
        },
        blinks=(2.7, 3.5, 5.2, 6.35, 7.7),
        sway=2.0,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moment:
    """What a role does at one time. offset: px (2,) of the pivot; turn: pitch, yaw, roll, rad;
    look (2,): where the eyes look right of and above the lens, rad."""

    offset: FloatArray
    turn: FloatArray
    look: FloatArray
    expression: Expression


def moment(role: Role, time: float) -> Moment:
    """The role at ``time`` in seconds: its key frames, eased, and a little sway."""
    sway = np.sin(role.sway + time * np.array([1.1, 1.7, 1.3, 2.1, 0.9]))
    offset = np.array([_eased(role.x, time), _eased(role.y, time)]) + sway[:2] * [2.5, 1.5]
    turn = np.array([_eased(keys, time) for keys in role.turn]) + sway[2:] * [1.0, 1.5, 1.0]
    look = np.array([_eased(keys, time) for keys in role.look])
    levels = {unit: _eased(keys, time) for unit, keys in role.units.items()}
    levels["AU45"] = max(float(np.interp(time - blink, *_BLINK)) for blink in role.blinks)
    units = {unit: (level, level) for unit, level in levels.items() if level > 0}
    return Moment(
        offset.astype(np.float32),
        np.deg2rad(turn).astype(np.float32),
        np.deg2rad(look).astype(np.float32),
        Expression(units),
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


def _eased(keys: Keys, time: float) -> float:
    """Key frames, interpolated with rest at each of them."""
    order = np.arange(len(keys))
    place = np.interp(time, [key[0] for key in keys], order)
    part = place % 1
    eased = place - part + part * part * (3 - 2 * part)
    return float(np.interp(eased, order, [key[1] for key in keys]))


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
    _compose(picture, drawing.image[..., None] * tint, drawing.alpha[..., None], corner)
    points = (view.project(posed.points)[:, :2] + corner + 0.5) / _OVERSIZE - 0.5
    vectors = gaze @ view.to_camera.T
    return {
        "box": _box(points[:68]),
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


def _compose(picture: FloatArray, image: AnyArray, alpha: AnyArray, corner: AnyArray) -> None:
    """Lay a premultiplied image over the part of the picture that it covers, in place."""
    low = np.maximum(corner, 0)
    high = np.minimum(corner + _CANVAS, [picture.shape[1], picture.shape[0]])
    if (low >= high).any():
        return
    there = np.s_[low[1] : high[1], low[0] : high[0]]
    low, high = low - corner, high - corner
    here = np.s_[low[1] : high[1], low[0] : high[0]]
    picture[there] = image[here] + (1 - alpha[here]) * picture[there]


def _box(points: AnyArray) -> AnyArray:
    """The face box (4,) of points (68, 2): their bounding box and a forehead over it."""
    low, high = points.min(0), points.max(0)
    return np.array([low[0], low[1] - 0.25 * (high[1] - low[1]), high[0], high[1]])


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
    tables = []
    with av.open(str(out), "w") as container:
        stream = container.add_stream("libx264", Fraction(RATE))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": "22", "preset": "slow"}
        for picture, truth in render_frames(load_rig(rig, cache), seeds):
            tables.append(truth)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    FaceTable.concat(tables, SCHEMA).write(out.with_name(f"{out.stem}_truth.csv"))


if __name__ == "__main__":
    main()
