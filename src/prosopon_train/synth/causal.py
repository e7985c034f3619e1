"""The same rendered face again with one thing changed: skin tone, light, age-like texture, glasses.

    prosopon-train synth causal RIG OUT --people 120

Every person is drawn once as the base (BASE) and once for each level of each change. Identity,
expression, camera, gaze, background, hair, and all that is random about skin, lens and sensor are
those of the base, since every stage draws from a stream of its own that each picture restarts. The
exposure follows the skin, as a camera's does. Truth is as exact as in any rendered face: where a
change moves the lids or the mouth at rest (the last age level), the points and lids say so, while
the action units, which count from a person's own rest, stay.

The examples are in the format of ``prosopon_train.data.schema``; ``name`` is
``PERSON/ATTRIBUTE/LEVEL``, that of the base ``PERSON/base/base``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from prosopon.types import AnyArray, FloatArray, UInt8Array
from prosopon_train.data.schema import SHARD_SIZE
from prosopon_train.synth.backdrop import background
from prosopon_train.synth.camera import View, sample_view
from prosopon_train.synth.expression import Expression, sample_expression
from prosopon_train.synth.gaze import sample_gaze
from prosopon_train.synth.light import one_lamp
from prosopon_train.synth.person import Person, Skin, sample_person
from prosopon_train.synth.pose import pose, unit_labels
from prosopon_train.synth.render import SUPERSAMPLING, crop_view, draw, finish
from prosopon_train.synth.rig import Rig

BASE = "base"
_TONES = {"darkest": 0.10, "dark": 0.16, "light": 0.42, "lightest": 0.64}  # albedo; base 0.27
_BASE_TONE = 0.27
_LIGHTS = {  # side, height (rad); base: from the front, a little above
    "from the left": (-1.2, 0.3),
    "from the right": (1.2, 0.3),
    "from above": (0.0, 1.2),
    "from below": (0.0, -0.8),
}
_BASE_LIGHT = (0.15, 0.35)
_AGES = {"smooth": 0.0, "lined": 1.2, "deeply lined": 2.2}  # strength of creases; base 0.5
_BASE_AGE = 0.5
_DROOPING = "deeply lined, drooping"


@dataclass(frozen=True, slots=True)
class Scene:
    """All that the pictures of one person share."""

    person: Person
    expression: Expression
    gaze: FloatArray
    view: View
    seed: int


@dataclass(frozen=True, slots=True)
class Look:
    """What differs between the pictures: the person's looks, and the lamp (side, height) in rad."""

    person: Person
    lamp: tuple[float, float] = _BASE_LIGHT


def changes(rig: Rig, person: Person) -> Iterator[tuple[str, str, Look]]:
    """(attribute, level, look) of the base and of all its changes."""
    base = replace(
        person,
        skin=replace(person.skin, albedo=_BASE_TONE, age=_BASE_AGE, wrinkling=1.0),
        glasses=False,
    )
    yield BASE, BASE, Look(base)
    for level, albedo in _TONES.items():
        yield "skin tone", level, Look(replace(base, skin=replace(base.skin, albedo=albedo)))
    for level, lamp in _LIGHTS.items():
        yield "light", level, Look(base, lamp)
    for level, strength in _AGES.items():
        yield "age", level, Look(replace(base, skin=_aged(base, strength)))
    old = replace(base, skin=_aged(base, max(_AGES.values())))
    yield "age", _DROOPING, Look(_drooping(rig, old))
    yield "glasses", "worn", Look(replace(base, glasses=True))


def _aged(person: Person, strength: float) -> Skin:
    """Skin with creases, bags, uneven tone and grain that grow with ``strength``."""
    return replace(
        person.skin,
        age=strength,
        bags=0.12 * strength,
        blotches=0.3 + 0.4 * strength,
        grain=0.4 * strength,
    )


def _drooping(rig: Rig, person: Person) -> Person:
    """Heavier lids and brows, and corners of the mouth that hang at rest."""
    rest = person.rest.copy()
    for name, weight in (("mouthFrown", 0.25), ("browDown", 0.3), ("cheekPuff", 0.1)):
        for side in "RL":
            rest[rig.names[f"{name}_{side}"]] += weight
    eyes = replace(person.eyes, lid_droop=person.eyes.lid_droop + 0.15)
    return replace(person, rest=rest, eyes=eyes)


def sample_scene(rig: Rig, seed: int) -> Scene:
    """A person who does something before a camera."""
    rng = np.random.default_rng([seed, 0])
    person = sample_person(rig, rng)
    view = sample_view(rng, most_yaw=45.0)
    expression = sample_expression(rng)
    return Scene(person, expression, sample_gaze(person.eye_centres, view.lens, rng), view, seed)


def render_changes(
    rig: Rig, scene: Scene, photographs: Sequence[UInt8Array] = ()
) -> list[dict[str, AnyArray | float | str]]:
    """Examples of the base and of all its changes; none where this pair of glasses is dark."""
    name = f"causal-{scene.seed}"
    examples: list[dict[str, AnyArray | float | str]] = []
    frame: View | None = None
    for attribute, level, look in changes(rig, scene.person):
        posed = pose(rig, look.person, scene.expression, scene.gaze)
        size = round(SHARD_SIZE * SUPERSAMPLING)
        # The crop is the base's, as a shift of it would change every picture's pixels.
        frame = frame or crop_view(scene.view, posed.points, size)
        lamps = one_lamp(rig.directions @ frame.to_camera.T, *look.lamp)
        drawing = draw(rig, posed, frame, size, _stream(scene, 1), lamps)
        if drawing.dark_lenses:
            continue
        behind = background(size, list(photographs), _stream(scene, 2))
        image = drawing.image + (1 - drawing.alpha) * behind
        examples.append(
            {
                "image": finish(image, SHARD_SIZE, _stream(scene, 3)),
                "points": (frame.project(posed.points)[:, :2] + 0.5) / SUPERSAMPLING - 0.5,
                "rotation": frame.rotation,
                "gaze": posed.gaze @ frame.to_camera.T,
                "eye_open": posed.eye_open,
                "face": 1.0,
                "person": name,
                "source": "causal",
                "name": f"{name}/{attribute}/{level}",
                **unit_labels(posed),
            }
        )
    return examples


def _stream(scene: Scene, stage: int) -> np.random.Generator:
    return np.random.default_rng([scene.seed, stage])
