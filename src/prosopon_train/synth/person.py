"""Who is drawn: shape, resting face, skin, brows, beard, eyes, hair and spectacles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prosopon.types import FloatArray
from prosopon_train.synth.hair import Hair, sample_hair
from prosopon_train.synth.rig import Rig

_RESTING_SHAPES = (
    "mouthSmile",
    "mouthStretch",
    "mouthFrown",
    "mouthPress",
    "mouthDimple",
    "mouthUpperUp",
    "mouthLowerDown",
    "cheekPuff",
    "cheekRaiser",
    "cheekSquint",
    "browOuterUp",
)


@dataclass(frozen=True, slots=True)
class Skin:
    """Albedos and the strengths (0–1) of what is painted on the face."""

    albedo: float
    blotches: float
    grain: float
    cheeks: float
    lips: float
    lashes: float
    upper_lids: float
    lower_lids: float
    bags: float
    oil: float
    age: float
    wrinkling: float
    spots: int


@dataclass(frozen=True, slots=True)
class Brows:
    """Shift and thickness in 1024ths of the uv square, strokes and their density, albedo."""

    shift: float
    thickness: float
    strokes: int
    length: float
    density: float
    albedo: float


@dataclass(frozen=True, slots=True)
class Beard:
    """Density 0–1 and the shares of it on jaw, upper lip and chin; albedo."""

    density: float
    jaw: float
    moustache: float
    chin: float
    albedo: float


@dataclass(frozen=True, slots=True)
class Eyes:
    """Albedos and radii on the unit eyeball; lid_droop is a resting eyeBlink weight."""

    sclera: float
    iris: float
    iris_radius: float
    limbus: float
    lid_droop: float


@dataclass(frozen=True, slots=True)
class Person:
    """One identity. shape (n, 3) cm at rest without expression; rest (57,) resting weights."""

    shape: FloatArray
    rest: FloatArray
    eye_centres: FloatArray
    skin: Skin
    brows: Brows
    beard: Beard
    eyes: Eyes
    hair: Hair
    glasses: bool
    seed: int  # of what is random but fixed for this person


def sample_person(rig: Rig, rng: np.random.Generator) -> Person:
    """Draw an identity; skin tones are spread evenly from very dark to very light."""
    male = rng.random() < 0.55
    modes = (rng.standard_normal(len(rig.identity)) * 1.05).clip(-2.5, 2.5).astype(np.float32)
    shape = (rig.neutral.ravel() + modes @ rig.identity).reshape(-1, 3)
    centres = np.stack(
        [
            shape[own].mean(0) + centre - rig.neutral[own].mean(0)
            for own, centre in zip(rig.eye_vertices, rig.eye_centres, strict=True)
        ]
    )
    albedo = float(np.exp(rng.uniform(np.log(0.1), np.log(0.66))))
    hair_albedo = _hair_albedo(rng)
    return Person(
        shape=shape,
        rest=sample_resting_face(rig.names, rng),
        eye_centres=centres.astype(np.float32),
        skin=_skin(albedo, male, rng),
        brows=sample_brows(hair_albedo, rng),
        beard=_beard(male, hair_albedo, rng),
        eyes=Eyes(
            sclera=rng.uniform(0.35, 0.68),
            iris=rng.uniform(0.04, 0.12) if rng.random() < 0.6 else rng.uniform(0.12, 0.45),
            iris_radius=rng.uniform(0.345, 0.40),
            limbus=rng.uniform(0.2, 0.8),
            lid_droop=float(np.clip(rng.normal(0.01, 0.11), -0.2, 0.4)),
        ),
        hair=sample_hair(rig, shape, male, hair_albedo, rng),
        glasses=bool(rng.random() < 0.2),
        seed=int(rng.integers(1 << 30)),
    )


def _hair_albedo(rng: np.random.Generator) -> float:
    mean, spread = ((0.05, 0.02), (0.15, 0.05), (0.35, 0.1), (0.6, 0.08))[
        rng.choice(4, p=[0.48, 0.3, 0.13, 0.09])
    ]
    return float(np.clip(rng.normal(mean, spread), 0.015, 0.75))


def _skin(albedo: float, male: bool, rng: np.random.Generator) -> Skin:
    return Skin(
        albedo=albedo,
        blotches=rng.uniform(0.2, 1.3),
        grain=rng.uniform(0, 1.3),
        cheeks=rng.uniform(-0.05, 0.15),
        lips=rng.uniform(0.05, 0.4) if male else rng.uniform(0.15, 0.65),
        lashes=rng.uniform(0.1, 0.6) if male else rng.uniform(0.3, 0.95),
        upper_lids=rng.uniform(0, 0.5),
        lower_lids=rng.uniform(0, 0.3),
        bags=rng.uniform(-0.05, 0.28),
        oil=rng.uniform(0, 0.2) * (0.4 + albedo),
        age=max(0.0, rng.normal(0.6, 0.55)),
        wrinkling=rng.uniform(0.3, 1.5),
        spots=int(rng.integers(0, 12)) if rng.random() < 0.35 else 0,
    )


def sample_brows(hair_albedo: float, rng: np.random.Generator) -> Brows:
    """Brows of a person whose hair has that albedo."""
    return Brows(
        shift=rng.uniform(-6, 8),
        thickness=rng.uniform(7, 20),
        strokes=int(rng.integers(60, 200)),
        length=rng.uniform(0.7, 1.3),
        density=rng.uniform(0.4, 1.4),
        albedo=float(np.clip(hair_albedo * rng.uniform(0.6, 1.1), 0.02, 0.45)),
    )


def _beard(male: bool, hair_albedo: float, rng: np.random.Generator) -> Beard:
    density, kind = 0.0, rng.random()
    if male and kind >= 0.35:
        density = rng.uniform(0.08, 0.3) if kind < 0.75 else rng.uniform(0.4, 0.95)
    shares = (1.0, 1.0, 1.0)
    if density > 0.35:
        choices = ((1, 1, 1), (0, 1, 0), (0, 1, 1), (1, 1, 1), (0.4, 0.8, 1))
        jaw, moustache, chin = choices[rng.integers(5)]
        shares = (float(jaw), float(moustache), float(chin))
    albedo = float(np.clip(hair_albedo * rng.uniform(0.8, 1.3), 0.02, 0.7))
    return Beard(density, *shares, albedo)


def sample_resting_face(names: dict[str, int], rng: np.random.Generator) -> FloatArray:
    """Weights (57,) a face has when it does nothing: people differ before they move."""
    rest = np.zeros(len(names), np.float32)
    for shape in _RESTING_SHAPES:
        both = abs(rng.normal(0, 0.05))
        for side in "RL":
            rest[names[f"{shape}_{side}"]] = both + abs(rng.normal(0, 0.02))
    brow_down, brow_up, squint = rng.normal(0.12, 0.25), rng.normal(0, 0.08), rng.normal(0, 0.15)
    for side in "RL":
        rest[names[f"browDown_{side}"]] = brow_down
        rest[names[f"browInnerUp_{side}"]] = brow_up
        rest[names[f"eyeSquint_{side}"]] = abs(squint)
    return rest
