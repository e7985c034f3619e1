"""Render heads before a known camera, for benchmarks/geometry.py.

    python benchmarks/geometry_scenes.py RIG scenes.npz

Each scene is one synthetic person who turns, moves, speaks and looks about for 40 frames, seen by
a pinhole camera of 1280×720. Focal length and distance differ from scene to scene.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np

from prosopon.geometry import rotation_from_euler, sight_rotation
from prosopon.types import AnyArray, FloatArray
from prosopon_train.synth.backdrop import smooth_noise
from prosopon_train.synth.camera import View
from prosopon_train.synth.expression import Expression, sample_expression
from prosopon_train.synth.gaze import look_at
from prosopon_train.synth.person import sample_person
from prosopon_train.synth.pose import pose
from prosopon_train.synth.render import draw
from prosopon_train.synth.rig import Rig, load_rig

WIDTH, HEIGHT, FRAMES, RATE = 1280, 720, 40, 25.0
CAMERAS = ((600, 35), (600, 60), (1000, 50), (1000, 90), (2000, 90), (2000, 180))
"""(focal length px, distance cm)."""
SUPERSAMPLING = 1.5
PIVOT = np.array([0, 0, 5.0])  # cm, rig frame, as prosopon_train.synth.camera


@dataclass(frozen=True, slots=True)
class PlacedView(View):
    """A camera of focal length ``focal`` px that sees the pivot at ``place`` (3,) cm."""

    place: tuple[float, float, float] = (0.0, 0.0, 60.0)
    focal: float = 1000.0

    @property
    def lens(self) -> FloatArray:
        return np.asarray(PIVOT - self.to_camera.T @ self.place, np.float32)

    def project(self, points: AnyArray) -> FloatArray:
        seen = (points - PIVOT) @ self.to_camera.T + self.place
        flat = seen[:, :2] * (self.focal / seen[:, 2:]) + self.offset
        return np.concatenate([flat, seen[:, 2:]], 1).astype(np.float32)


def wander(rng: np.random.Generator, spread: AnyArray, count: int) -> AnyArray:
    """(count, k) smooth paths about 0 with standard deviations ``spread`` (k,)."""
    time = np.arange(count)[:, None] / RATE
    rates = rng.uniform(0.2, 0.9, (3, len(spread)))
    phases = rng.uniform(0, 2 * np.pi, (3, len(spread)))
    waves = np.sin(2 * np.pi * rates[:, None] * time + phases[:, None]).sum(0)
    return np.asarray(waves * spread * np.sqrt(2 / 3))


def scene(rig: Rig, focal: float, distance: float, seed: int) -> dict[str, AnyArray]:
    """Pictures (n, h, w) uint8, and truth: rotation (n, 3, 3) head → camera, translation (n, 3) mm
    of the model's origin, landmarks (n, 68, 3) mm in the camera frame."""
    rng = np.random.default_rng([seed, int(focal), int(distance)])
    person = sample_person(rig, rng)
    turns = np.deg2rad(wander(rng, np.array([9.0, 18.0, 7.0]), FRAMES))
    aside = rng.uniform([-0.45, -0.2], [0.45, 0.2]) * [WIDTH, HEIGHT] * 0.6
    shifts = wander(rng, np.array([0.03, 0.02, 0.03]), FRAMES) * distance
    said = [sample_expression(rng).units for _ in range(4)]
    origin = rig.neutral[rig.landmarks[[36, 39, 42, 45]]].mean(0)
    backdrop = 0.3 + 0.3 * smooth_noise(6, WIDTH, rng)[:HEIGHT]
    out: dict[str, list[AnyArray]] = {
        name: [] for name in ("luma", "rotation", "translation", "landmarks")
    }
    for i in range(FRAMES):
        place = np.array([*(aside / focal * distance), distance]) + shifts[i]
        apparent = rotation_from_euler(turns[i : i + 1])
        rotation = (sight_rotation(place[None]) @ apparent)[0].astype(np.float32)
        middle = place[:2] / place[2] * focal * SUPERSAMPLING
        size = int(focal * SUPERSAMPLING * 34 / distance)
        view = PlacedView(
            rotation,
            np.eye(3, dtype=np.float32),
            distance,
            1.0,
            (size / 2 - middle[0], size / 2 - middle[1]),
            (place[0], place[1], place[2]),
            focal * SUPERSAMPLING,
        )
        part = i / (FRAMES / (len(said) - 1))
        units = _blend(said[int(part)], said[int(part) + 1], part % 1)
        gaze = look_at(person.eye_centres, view.lens)
        posed = pose(rig, person, Expression(units), gaze)
        # The same light and skin in every frame.
        drawing = draw(rig, posed, view, size, np.random.default_rng([seed, 7]))
        out["luma"].append(_compose(backdrop, drawing.image, drawing.alpha, middle))
        to_camera = view.to_camera
        out["rotation"].append(rotation)
        out["translation"].append(10 * (to_camera @ (origin - PIVOT) + place))
        out["landmarks"].append(10 * ((posed.points[:68] - PIVOT) @ to_camera.T + place))
    return {name: np.array(values) for name, values in out.items()}


def _blend(
    a: dict[str, tuple[float, float]], b: dict[str, tuple[float, float]], share: float
) -> dict[str, tuple[float, float]]:
    none = (0.0, 0.0)
    mixed = {}
    for unit in a.keys() | b.keys():
        x, y = a.get(unit, none), b.get(unit, none)
        mixed[unit] = (x[0] + (y[0] - x[0]) * share, x[1] + (y[1] - x[1]) * share)
    return mixed


def _compose(backdrop: AnyArray, image: AnyArray, alpha: AnyArray, middle: AnyArray) -> AnyArray:
    """The picture with a supersampled drawing whose middle is ``middle`` from the optical axis."""
    size = len(image)
    shift = (middle - size / 2) / SUPERSAMPLING + [WIDTH / 2, HEIGHT / 2]
    matrix = np.array([[1 / SUPERSAMPLING, 0, shift[0]], [0, 1 / SUPERSAMPLING, shift[1]]])
    layers = (np.asarray(layer, np.float32) for layer in (image * alpha, alpha))
    soft = [cv2.GaussianBlur(layer, (0, 0), 0.45) for layer in layers]
    colour, cover = (
        cv2.warpAffine(a, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR) for a in soft
    )
    return np.round((colour + (1 - cover) * backdrop).clip(0, 1) * 255).astype(np.uint8)


@click.command()
@click.argument("rig", type=click.Path(exists=True, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--cache", type=click.Path(path_type=Path), help="Derived rig; made once.")
@click.option("--people", default=2, show_default=True, help="Scenes for each camera.")
def main(rig: Path, out: Path, cache: Path | None, people: int) -> None:
    """Render the scenes of all cameras to OUT."""
    head = load_rig(rig, cache)
    scenes, cameras = [], []
    for focal, distance in CAMERAS:
        for seed in range(people):
            scenes.append(scene(head, focal, distance, seed))
            cameras.append((focal, distance))
            print(f"f {focal} px, {distance} cm, person {seed}", flush=True)
    arrays = {name: np.stack([s[name] for s in scenes]) for name in scenes[0]}
    np.savez(out, cameras=np.array(cameras), **arrays)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
