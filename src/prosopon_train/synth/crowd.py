"""Clips of several synthetic people who cross, hide, leave, return and are cut away from.

    python -m prosopon_train.synth.crowd RIG OUT --seeds 1 --seeds 2 [--backgrounds FILE]

Every scene of ``scenes.py`` becomes OUT/NAME-SEED.mp4 with OUT/NAME-SEED_truth.csv beside it: one
row per frame and person whose face is in the picture, with the share of the face that is seen.
People are drawn once in a cycle of poses and laid over a moving background, the nearer over the
farther; each shot has a light of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np

from prosopon.crop import face_boxes
from prosopon.geometry import rotation_from_euler
from prosopon.types import FRAME_COLUMNS, AnyArray, Column, FaceTable, FloatArray, UInt8Array
from prosopon_train.synth.backdrop import background, load_backgrounds, smooth_noise
from prosopon_train.synth.camera import View
from prosopon_train.synth.expression import Expression
from prosopon_train.synth.gaze import look_at
from prosopon_train.synth.movie import lay, write_with_rows
from prosopon_train.synth.person import Person, sample_person
from prosopon_train.synth.pose import pose
from prosopon_train.synth.render import draw
from prosopon_train.synth.rig import Rig, load_rig
from prosopon_train.synth.scenes import SCENES, Actor, Scene, Shot, at

WIDTH, HEIGHT, RATE = 640, 360, 25
CAST = 6
_POSES = 24  # of the cycle, shown for two frames each
_SIDE, _PIXELS_PER_CM, _DISTANCE = 440, 8.0, 120.0
_ANCHOR = (220.0, 150.0)  # px of the sprite, where the head's pivot is drawn
_WORLD = 2 * WIDTH  # px, side of the square background; its middle is the scene's (0, 0)
_SEEN = Column("visible", (), ("visible",), "0–1", "share of the face that is seen")
SCHEMA = (*(c for c in FRAME_COLUMNS if c.name in ("frame", "time", "face_id", "box")), _SEEN)


@dataclass(frozen=True, slots=True)
class Sprite:
    """One pose of a person: premultiplied luminance and alpha (s, s) 0–1, points (68, 2) px."""

    image: FloatArray
    alpha: FloatArray
    points: FloatArray

    @property
    def extent(self) -> float:
        """Larger side of the points' bounding box, px."""
        return float(np.ptp(self.points, axis=0).max())


def draw_cycle(rig: Rig, person: Person, seed: tuple[int, ...]) -> list[Sprite]:
    """A person who looks about and speaks, in a light of ``seed``."""
    style = np.random.default_rng(seed)
    swing, phase = style.uniform([15, 4, 2], [32, 10, 6]), style.uniform(0, 2 * np.pi, 4)
    sprites = []
    for step in range(_POSES):
        turn = 2 * np.pi * step / _POSES
        yaw, pitch, roll = swing * np.sin(turn * np.array([1, 2, 1]) + phase[:3])
        mouth = max(0.0, float(np.sin(3 * turn + phase[3])))
        smile = max(0.0, float(np.sin(turn + phase[0])))
        units = {"AU26": (mouth * 0.5,) * 2, "AU12": (smile * 0.7,) * 2, "AU06": (smile * 0.5,) * 2}
        rotation = rotation_from_euler(np.deg2rad([[pitch, yaw, roll]]))[0].astype(np.float32)
        view = View(rotation, np.eye(3, dtype=np.float32), _DISTANCE, _PIXELS_PER_CM, _ANCHOR)
        gaze = look_at(person.eye_centres, view.lens)
        posed = pose(rig, person, Expression(units), gaze)
        drawing = draw(rig, posed, view, _SIDE, np.random.default_rng(seed))
        points = view.project(posed.points)[:68, :2]
        sprites.append(Sprite(drawing.image, drawing.alpha, points))
    return sprites


def render(
    rig: Rig, scene: Scene, seed: int, photographs: Sequence[UInt8Array] = ()
) -> Iterator[tuple[UInt8Array, FaceTable]]:
    """Frames (HEIGHT, WIDTH) of luminance and the true rows of each."""
    rng = np.random.default_rng(seed)
    cast = [sample_person(rig, rng) for _ in range(CAST)]
    cycles: dict[tuple[int, int], list[Sprite]] = {}
    backdrops: dict[int, FloatArray] = {}
    for index in range(round(scene.seconds * RATE)):
        time = index / RATE
        shot = scene.shot(time)
        if shot.place not in backdrops:
            backdrops[shot.place] = _backdrop(seed, shot.place, photographs)
        for actor in shot.actors:
            if (actor.who, shot.place) not in cycles:
                light = (seed, actor.who, shot.place)
                cycles[actor.who, shot.place] = draw_cycle(rig, cast[actor.who], light)
        sprites = {a.who: _turn(cycles[a.who, shot.place], a, index) for a in shot.actors}
        picture, rows = compose(shot, sprites, backdrops[shot.place], time)
        picture += rng.normal(0, 0.012, picture.shape)
        frame = np.round(picture.clip(0, 1) * 255).astype(np.uint8)
        yield np.asarray(frame), _table(index, time, rows)


def compose(
    shot: Shot, sprites: dict[int, Sprite], backdrop: FloatArray, time: float
) -> tuple[FloatArray, list[tuple[int, FloatArray, float]]]:
    """The picture (HEIGHT, WIDTH) at ``time`` and (who, points (68, 2) px, share seen) of all."""
    camera = np.array([at(shot.camera_x, time), at(shot.camera_y, time)], np.float32)
    zoom = at(shot.zoom, time)
    middle = np.array([WIDTH - 1, HEIGHT - 1], np.float32) / 2
    corner = (_WORLD - 1) / 2 + camera - middle / zoom
    matrix = np.array([[zoom, 0, -corner[0] * zoom], [0, zoom, -corner[1] * zoom]], np.float32)
    picture = np.asarray(
        cv2.warpAffine(backdrop, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT_101),
        np.float32,
    )
    things: list[tuple[float, Actor | None, FloatArray]] = [
        (post.size, None, np.array([post.x, post.width], np.float32)) for post in shot.posts
    ]
    for actor in shot.actors:
        place = np.array([at(actor.x, time), at(actor.y, time)], np.float32)
        things.append((at(actor.size, time), actor, place))
    seen: dict[int, tuple[FloatArray, FloatArray]] = {}
    for size, thing, place in sorted(things, key=lambda t: t[0]):
        if thing is None:
            left = (place[0] - place[1] / 2 - camera[0]) * zoom + middle[0]
            cover = np.zeros((HEIGHT, WIDTH), np.float32)
            right = left + place[1] * zoom
            cover[:, max(0, round(left)) : max(0, round(right))] = 1
            picture[cover > 0] = 0.25
        else:
            where = (place - camera) * zoom + middle
            cover, points = _place(picture, sprites[thing.who], where, size * zoom)
        for who, (others, mask) in seen.items():
            seen[who] = (others, mask * (1 - cover))
        if thing is not None:
            seen[thing.who] = (points, _hull(points))
    rows = []
    for who, (points, mask) in seen.items():
        whole = cv2.contourArea(cv2.convexHull(points))
        share = float(mask.sum()) / max(whole, 1.0)
        if share > 0.02:
            rows.append((who, points, min(share, 1.0)))
    return picture, rows


def _turn(cycle: list[Sprite], actor: Actor, index: int) -> Sprite:
    return cycle[(index // 2 + 7 * actor.who) % _POSES]


def _place(
    picture: FloatArray, sprite: Sprite, where: AnyArray, extent: float
) -> tuple[FloatArray, FloatArray]:
    """Draw a sprite with its anchor at ``where``; its cover (h, w) and its points in the picture.

    ``extent``: px that the face's larger side takes.
    """
    side = max(8, round(_SIDE * extent / sprite.extent))
    scale = side / _SIDE
    corner = np.round(where - (np.array(_ANCHOR) + 0.5) * scale).astype(int)
    size = (side, side)
    image = cv2.resize(sprite.image, size, interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(sprite.alpha, size, interpolation=cv2.INTER_AREA)
    cover = np.zeros((HEIGHT, WIDTH), np.float32)
    lay(picture, image, alpha, corner)
    lay(cover, alpha, alpha, corner)
    points = (sprite.points + 0.5) * scale - 0.5 + corner
    return cover, points.astype(np.float32)


def _hull(points: FloatArray) -> FloatArray:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillConvexPoly(mask, np.round(cv2.convexHull(points)).astype(np.int32), 1)
    return mask.astype(np.float32)


def _backdrop(seed: int, place: int, photographs: Sequence[UInt8Array]) -> FloatArray:
    """A wall with things on it, (_WORLD, _WORLD), 0–1."""
    rng = np.random.default_rng([seed, place, 99])
    rough = background(_WORLD // 2, list(photographs), rng)
    out = cv2.resize(rough, (_WORLD, _WORLD), interpolation=cv2.INTER_CUBIC)
    out = 0.15 + 0.7 * out + 0.04 * smooth_noise(60, _WORLD, rng)
    return np.asarray(out.clip(0, 1), np.float32)


def _table(index: int, time: float, rows: list[tuple[int, FloatArray, float]]) -> FaceTable:
    points = np.stack([r[1] for r in rows]) if rows else np.empty((0, 68, 2), np.float32)
    data: dict[str, AnyArray] = {
        "frame": np.full(len(rows), index, np.int64),
        "time": np.full(len(rows), time),
        "face_id": np.array([r[0] for r in rows], np.int32),
        "box": face_boxes(points),
        "visible": np.array([r[2] for r in rows], np.float32),
    }
    return FaceTable(SCHEMA, data)


def write_clip(
    rig: Rig, scene: Scene, seed: int, out: Path, photographs: Sequence[UInt8Array] = ()
) -> None:
    """Write the clip of a scene to ``out`` and its true rows beside it."""
    write_with_rows(out, render(rig, scene, seed, photographs), SCHEMA, RATE, crf=23)


@click.command()
@click.argument("rig", type=click.Path(path_type=Path, exists=True))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--cache", type=click.Path(path_type=Path), help="Derived rig; made once.")
@click.option("--backgrounds", type=click.Path(path_type=Path, exists=True))
@click.option("--seeds", multiple=True, type=int, default=(1, 2), show_default=True)
@click.option("--scene", "names", multiple=True, type=click.Choice(tuple(SCENES)))
def main(
    rig: Path,
    out: Path,
    cache: Path | None,
    backgrounds: Path | None,
    seeds: tuple[int, ...],
    names: tuple[str, ...],
) -> None:
    """Write every scene with every cast into the folder OUT."""
    out.mkdir(parents=True, exist_ok=True)
    head = load_rig(rig, cache)
    photographs = load_backgrounds(backgrounds) if backgrounds else []
    for name in names or SCENES:
        for seed in seeds:
            write_clip(head, SCENES[name], seed, out / f"{name}-{seed}.mp4", photographs)
            click.echo(f"{name}-{seed}")


if __name__ == "__main__":
    main()
