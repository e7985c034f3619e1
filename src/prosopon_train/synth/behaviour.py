"""Render clips of single people who blink, wink, squint and look at known places on a screen.

    python -m prosopon_train.synth.behaviour RIG OUT_FOLDER --people 8

Each person sits before a webcam on the upper edge of a screen and looks at the nine points of a
calibration grid, then at other places of the screen and into the lens. Lids blink meanwhile, fully
or halfway, in 0.1 to 0.4 s, with both eyes or one. Clips run at 25, 30 or 60 frames per second.
Beside NAME.mp4 stands NAME.json, what ``prosopon_eval.protocols.behaviour`` reads:

- ``fps``; ``screen``: width, height, and the lens's place from the upper left corner, mm;
- ``blinks``: kind, start, apex, end (s; the start and end of any movement) and closure 0–1;
- ``looks``: start, end (s), x, y (mm on the screen from its upper left corner, as the viewer sees
  it), ``lens`` (whether the lens is looked at) and ``calibration``;
- ``frames``: for each frame the openness of both eyes and the true gaze (yaw, pitch, rad).

A core draws some 25 frames a second.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np

from prosopon.geometry import gaze_angles, rotation_from_euler, sight_rotation
from prosopon.types import AnyArray, FloatArray, UInt8Array
from prosopon_train.synth.backdrop import smooth_noise
from prosopon_train.synth.camera import View
from prosopon_train.synth.expression import Expression
from prosopon_train.synth.gaze import look_at
from prosopon_train.synth.movie import write_movie
from prosopon_train.synth.person import Person, sample_person
from prosopon_train.synth.pose import pose
from prosopon_train.synth.render import draw
from prosopon_train.synth.rig import Rig, load_rig

WIDTH, HEIGHT = 640, 480
RATES = (25, 30, 60)
SECONDS = 16.0
SCREEN = (520.0, 320.0)  # mm
LENS = (260.0, -10.0)  # mm from the screen's upper left corner
_CANVAS = 360  # px of the picture, square around the head
_OVERSIZE = 1.5
_DISTANCE = 60.0  # cm
# With this scale the camera is the one that is guessed for a picture of this size: 500 px focal.
_SCALE = 500 / _DISTANCE
_CALIBRATION_SHARE = 0.7  # of the clip
_SACCADE = 0.05  # s
_HEAD_TURN = 0.4  # s
_TURN = 0.35  # share of the way to a target that the head turns


@dataclass(frozen=True, slots=True)
class Blink:
    """Lids that shut by ``closure`` 0–1 from start to apex and open until the end (s)."""

    kind: str
    start: float
    apex: float
    end: float
    closure: float

    def at(self, time: float) -> float:
        """Share shut, eased, with lids held a moment at the apex."""
        down = np.interp(time, [self.start, self.apex - 0.1 * (self.end - self.start)], [0, 1])
        up = np.interp(time, [self.apex + 0.1 * (self.end - self.start), self.end], [1, 0])
        level = min(float(down), float(up))
        return self.closure * level * level * (3 - 2 * level)


@dataclass(frozen=True, slots=True)
class Look:
    """A place on the screen (mm from its upper left corner) that is looked at from start to end."""

    start: float
    end: float
    x: float
    y: float
    lens: bool
    calibration: bool


@dataclass(frozen=True, slots=True)
class Script:
    """What one person does. squint: start and end (s) of narrowed eyes; sway (5,): the head's
    phases."""

    blinks: tuple[Blink, ...]
    looks: tuple[Look, ...]
    squint: tuple[float, float]
    sway: AnyArray


def write_script(rng: np.random.Generator) -> Script:
    """Blinks every 0.7 to 1.6 s; nine calibration points, then other places and the lens."""
    blinks = []
    time = float(rng.uniform(0.3, 0.8))
    while True:
        length = float(rng.choice([0.1, 0.15, 0.2, 0.3, 0.4]))
        if time + length > SECONDS - 0.3:
            break
        kind = rng.choice(["blink", "blink", "blink", "blink", "wink_right", "wink_left"])
        closure = float(rng.choice([0.6, 1.0, 1.0])) if kind == "blink" else 1.0
        apex = time + 0.4 * length  # lids shut more quickly than they open
        blinks.append(Blink(str(kind), time, apex, time + length, closure))
        time += length + float(rng.uniform(0.7, 1.6))
    grid = [(x * SCREEN[0], y * SCREEN[1]) for y in (0.1, 0.5, 0.9) for x in (0.1, 0.5, 0.9)]
    places = [(*grid[i], False, True) for i in rng.permutation(9)]
    for _ in range(6):
        lens = bool(rng.random() < 0.4)
        away = (
            float(rng.uniform(0.05, 0.95)) * SCREEN[0],
            float(rng.uniform(0.05, 0.95)) * SCREEN[1],
        )
        places.append((*(LENS if lens else away), lens, False))
    first = _CALIBRATION_SHARE * SECONDS
    starts = [*np.linspace(0, first, 10), *np.linspace(first, SECONDS, 7)[1:]]
    looks = tuple(
        Look(float(start), float(end), *place)
        for start, end, place in zip(starts[:-1], starts[1:], places, strict=True)
    )
    begin = float(rng.uniform(2, SECONDS - 3))
    return Script(tuple(blinks), looks, (begin, begin + 1.5), rng.uniform(0, 6, 5))


def render_clip(
    rig: Rig, person: Person, script: Script, rate: int, seed: int
) -> Iterator[tuple[UInt8Array, dict[str, Any]]]:
    """Luminance (HEIGHT, WIDTH) and the truth of each frame."""
    wall = 0.5 + 0.1 * smooth_noise(4, WIDTH, np.random.default_rng(seed))[:HEIGHT]
    size = round(_CANVAS * _OVERSIZE)
    for index in range(round(SECONDS * rate)):
        time = index / rate
        target = _target(script, time, _SACCADE)
        # Right of and above the lens; the head follows the eyes.
        aim = np.arctan2(_target(script, time, _HEAD_TURN)[:2], _DISTANCE) * [1, -1]
        sway = np.sin(script.sway + time * np.array([1.1, 1.7, 1.3, 2.1, 0.9]))
        yaw, pitch = _TURN * aim + np.deg2rad([2.0, 1.5]) * sway[:2]
        rotation = rotation_from_euler(np.array([[pitch, yaw, 0.03 * sway[2]]]))[0]
        view = View(
            rotation.astype(np.float32),
            np.eye(3, dtype=np.float32),
            _DISTANCE,
            _SCALE * _OVERSIZE,
            ((size - 1) / 2, (size - 1) / 2),
        )
        gaze = look_at(person.eye_centres, view.lens + target @ view.to_camera)
        posed = pose(rig, person, _expression(script, time), gaze)
        drawing = draw(rig, posed, view, size, np.random.default_rng([seed, 1]))
        picture = wall.copy()
        top, left = (HEIGHT - _CANVAS) // 2, (WIDTH - _CANVAS) // 2
        image, alpha = (
            cv2.resize(plane, (_CANVAS, _CANVAS), interpolation=cv2.INTER_AREA)
            for plane in (drawing.image * drawing.alpha, drawing.alpha)
        )
        part = picture[top : top + _CANVAS, left : left + _CANVAS]
        part[:] = image + (1 - alpha) * part
        truth = {
            "eye_open": [round(float(v), 4) for v in posed.eye_open],
            "gaze": [round(float(v), 5) for v in _true_angles(person, gaze, view)],
        }
        yield np.round(picture.clip(0, 1) * 255).astype(np.uint8), truth


def _true_angles(person: Person, gaze: FloatArray, view: View) -> AnyArray:
    """Yaw, pitch (rad) of both eyes' mean gaze relative to the line of sight to their middle."""
    both = (gaze @ view.to_camera.T).sum(0)
    eyes = (person.eye_centres.mean(0) - view.lens) @ view.to_camera.T
    local = sight_rotation(eyes[None])[0].T @ (both / np.linalg.norm(both))
    return np.asarray(gaze_angles(local[None])[0])


def _target(script: Script, time: float, seconds: float) -> AnyArray:
    """What is looked at, (3,) cm in the camera frame; from one to the next takes ``seconds``."""
    ends = [look.start + shift for look in script.looks for shift in (0.0, seconds)]
    last = [script.looks[0], *script.looks[:-1]]
    pairs = zip(last, script.looks, strict=True)
    places = np.array([(one.x, one.y) for pair in pairs for one in pair])
    x, y = (np.interp(time, ends, places[:, axis]) for axis in (0, 1))
    # The viewer's right is the camera's left.
    return np.array([LENS[0] - x, y - LENS[1], 0.0]) / 10


def _expression(script: Script, time: float) -> Expression:
    right = left = 0.0
    for blink in script.blinks:
        level = blink.at(time)
        right = max(right, level if blink.kind != "wink_left" else 0.0)
        left = max(left, level if blink.kind != "wink_right" else 0.0)
    begin, end = script.squint
    squint = 0.7 * float(np.interp(time, [begin, begin + 0.4, end - 0.4, end], [0, 1, 1, 0]))
    units = {"AU45": (right, left), "AU06": (squint, squint), "AU12": (squint, squint)}
    return Expression({unit: sides for unit, sides in units.items() if max(sides) > 0})


def write_clip(path: Path, rig: Rig, person: Person, rate: int, seed: int) -> None:
    """Write ``path`` (.mp4) and its truth beside it."""
    script = write_script(np.random.default_rng([seed, 2]))
    frames = write_movie(path, render_clip(rig, person, script, rate, seed), rate, crf=22)
    truth = {
        "fps": rate,
        "screen": [*SCREEN, *LENS],
        "blinks": [asdict(blink) for blink in script.blinks],
        "looks": [asdict(look) for look in script.looks],
        "frames": frames,
    }
    path.with_suffix(".json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")


def _hides_eyes(rig: Rig, person: Person) -> bool:
    """Whether the person wears dark lenses, behind which nothing could be measured."""
    eye = np.eye(3, dtype=np.float32)
    view = View(eye, eye, _DISTANCE, 2.0, (50.0, 50.0))
    posed = pose(rig, person, Expression({}), look_at(person.eye_centres, view.lens))
    return draw(rig, posed, view, 100, np.random.default_rng(0)).dark_lenses


@click.command()
@click.argument("rig", type=click.Path(path_type=Path, exists=True))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--cache", type=click.Path(path_type=Path), help="Derived rig; made once.")
@click.option("--people", default=8, show_default=True, help="One clip each.")
@click.option("--seed", default=0, show_default=True)
def main(rig: Path, folder: Path, cache: Path | None, people: int, seed: int) -> None:
    """Write one clip for each of so many PEOPLE into FOLDER."""
    folder.mkdir(parents=True, exist_ok=True)
    loaded = load_rig(rig, cache)
    for number in range(people):
        rng = np.random.default_rng([seed, number])
        person = sample_person(loaded, rng)
        while _hides_eyes(loaded, person):
            person = sample_person(loaded, rng)
        rate = RATES[number % len(RATES)]
        path = folder / f"person{number:02d}_{rate}fps.mp4"
        write_clip(path, loaded, person, rate, seed + number)
        click.echo(f"written: {path}")


if __name__ == "__main__":
    main()
