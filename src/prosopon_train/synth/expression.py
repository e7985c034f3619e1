"""Facial action units: what a face does, as true intensities and as blend-shape weights.

Intensities of action units (Ekman & Friesen's FACS) are activations 0–1 here, separately for the
subject's right and left where a unit has sides; labels are 5 × activation. AU16 is drawn because
it shapes mouths, though it is not among the reported units. The rig has no shape of its own for
AU23 and AU28: they are composed (thinned lips; both lips rolled in).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from prosopon.types import FloatArray
from prosopon_train.data.schema import AU_NAMES

# Drawn alone more often than others.
_RARE = ("AU07", "AU14", "AU15", "AU17", "AU18", "AU20", "AU22", "AU23", "AU24")
UPPER = ("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU09")

# Blend shapes of each unit with the weight at activation 1. "*" stands for the sides _R and _L.
# Weights over 1 make visible at 128 px what the rig shows too faintly.
_SHAPES: dict[str, dict[str, float]] = {
    "AU01": {"browInnerUp*": 1.3},
    "AU02": {"browOuterUp*": 1.2},
    "AU04": {"browDown*": 1.6},
    "AU05": {"eyeWide*": 1.4},
    "AU06": {"cheekSquint*": 0.7, "cheekRaiser*": 0.8},
    "AU07": {"eyeSquint*": 1.6, "eyeBlink*": 0.25},
    "AU09": {"noseSneer*": 1.2, "browDown*": 0.25},
    "AU10": {"mouthUpperUp*": 1.15},
    "AU12": {"mouthSmile*": 1.0, "cheekSquint*": 0.15},
    "AU14": {"mouthDimple*": 1.5},
    "AU15": {"mouthFrown*": 1.4},
    "AU16": {"mouthLowerDown*": 1.0},
    "AU17": {"mouthShrugLower": 1.4, "mouthShrugUpper": 0.3},
    "AU18": {"mouthPucker": 1.35},
    "AU20": {"mouthStretch*": 1.2},
    "AU22": {"mouthFunnel": 1.0},
    "AU23": {"mouthRollUpper": 0.6, "mouthRollLower": 0.55, "mouthPucker": 0.3},
    "AU24": {"mouthPress*": 1.8, "mouthRollUpper": 0.18, "mouthRollLower": 0.15},
    "AU25": {"mouthLowerDown*": 0.8, "mouthUpperUp*": 0.2, "jawOpen": 0.1},
    "AU26": {"jawOpen": 0.8},
    "AU28": {"mouthRollLower": 1.0, "mouthRollUpper": 0.9},
    "AU45": {"eyeBlink*": 1.0},
}

_SPEECH = {
    "AU25": (0.8, 0.05, 0.8),
    "AU26": (0.6, 0.05, 0.6),
    "AU18": (0.3, 0.1, 0.9),
    "AU22": (0.25, 0.1, 0.9),
    "AU16": (0.3, 0.1, 0.7),
    "AU10": (0.2, 0.1, 0.5),
    "AU20": (0.15, 0.1, 0.6),
    "AU12": (0.2, 0.1, 0.5),
    "AU01": (0.2, 0.1, 0.5),
    "AU02": (0.15, 0.1, 0.5),
}

# (how often, {unit: (probability, least, most)}): the prototypes of EMFACS, drawn loosely.
_PROTOTYPES: tuple[tuple[float, dict[str, tuple[float, float, float]]], ...] = (
    (18, {}),
    (
        24,  # happiness
        {
            "AU12": (1, 0.2, 1.25),
            "AU06": (0.7, 0.1, 1.1),
            "AU25": (0.7, 0.2, 1),
            "AU26": (0.4, 0.05, 0.6),
            "AU07": (0.25, 0.1, 0.5),
            "AU10": (0.35, 0.1, 0.6),
        },
    ),
    (
        9,  # surprise
        {
            "AU01": (0.9, 0.3, 1),
            "AU02": (0.9, 0.3, 1),
            "AU05": (0.8, 0.2, 1),
            "AU26": (0.8, 0.2, 1.2),
            "AU25": (0.5, 0, 0.4),
        },
    ),
    (
        12,  # anger, shouted or held
        {
            "AU04": (0.95, 0.3, 1),
            "AU07": (0.6, 0.2, 1),
            "AU05": (0.3, 0.1, 0.7),
            "AU24": (0.3, 0.2, 1),
            "AU23": (0.3, 0.2, 1),
            "AU09": (0.2, 0.1, 0.6),
            "AU10": (0.3, 0.1, 0.8),
            "AU17": (0.25, 0.1, 0.7),
            "AU25": (0.4, 0.1, 0.9),
            "AU26": (0.4, 0.2, 1.1),
            "AU16": (0.3, 0.1, 0.8),
        },
    ),
    (
        8,  # sadness
        {
            "AU01": (0.8, 0.2, 1),
            "AU04": (0.6, 0.1, 0.8),
            "AU15": (0.8, 0.2, 1),
            "AU17": (0.5, 0.1, 0.9),
        },
    ),
    (
        6,  # disgust
        {
            "AU09": (0.9, 0.3, 1),
            "AU10": (0.7, 0.2, 1),
            "AU04": (0.5, 0.1, 0.8),
            "AU07": (0.4, 0.1, 0.7),
            "AU17": (0.4, 0.1, 0.8),
            "AU25": (0.3, 0.1, 0.6),
        },
    ),
    (
        5,  # fear
        {
            "AU01": (0.9, 0.3, 1),
            "AU02": (0.6, 0.2, 1),
            "AU04": (0.6, 0.2, 0.8),
            "AU05": (0.8, 0.2, 1),
            "AU20": (0.7, 0.2, 1),
            "AU25": (0.6, 0.1, 0.6),
            "AU26": (0.5, 0.1, 0.8),
        },
    ),
    (18, _SPEECH),
)
_PROTOTYPE_SHARE = np.array([weight for weight, _ in _PROTOTYPES])
_PROTOTYPE_SHARE = _PROTOTYPE_SHARE / _PROTOTYPE_SHARE.sum()

# Units that work against one another, so that beside a strong one a weak one is not to be seen: of
# two (one of the first, one of the second) that are both above the level, the weaker falls to it.
_RIVALS: tuple[tuple[tuple[str, ...], tuple[str, ...], float], ...] = (
    (("AU14",), ("AU18", "AU20", "AU22", "AU25", "AU26"), 0.15),
    (("AU14",), ("AU12", "AU15"), 0.4),
    (("AU17",), ("AU12", "AU16", "AU25", "AU26"), 0.3),
    (("AU18", "AU22"), ("AU10", "AU12", "AU15", "AU20"), 0.2),
    (("AU23",), ("AU16", "AU18", "AU20", "AU22", "AU25", "AU26"), 0.15),
    (("AU23",), ("AU10", "AU12"), 0.3),
    (("AU24",), ("AU18", "AU20"), 0.2),
)
# What a unit above a level leaves of others.
_RULED_OUT: tuple[tuple[str, float, dict[str, float]], ...] = (
    (
        "AU28",
        0.1,
        {
            **dict.fromkeys(("AU10", "AU14", "AU17", "AU18", "AU22"), 0.0),
            **dict.fromkeys(("AU23", "AU24", "AU25"), 0.0),
            "AU26": 0.1,
        },
    ),
    ("AU24", 0.2, {**dict.fromkeys(("AU10", "AU16", "AU22", "AU23", "AU25"), 0.0), "AU26": 0.1}),
    ("AU45", 0.5, dict.fromkeys(("AU05", "AU07"), 0.0)),
    ("AU05", 0.3, {"AU07": 0.3}),
)

# Movements without a label: (shape, spread of the weight).
_UNLABELLED = {
    "jawLeft": 0.3,
    "jawRight": 0.3,
    "mouthLeft": 0.3,
    "mouthRight": 0.3,
    "jawForward": 0.3,
    "cheekPuff_L": 0.3,
    "cheekPuff_R": 0.3,
    "mouthShrugUpper": 0.3,
}


@dataclass(frozen=True, slots=True)
class Expression:
    """Activations 0–1 per unit as (right, left), and weights of unlabelled shapes."""

    units: dict[str, tuple[float, float]] = field(default_factory=dict)
    shapes: dict[str, float] = field(default_factory=dict)

    def mean(self, unit: str) -> float:
        """Activation of a unit, averaged over its sides."""
        right, left = self.units.get(unit, (0.0, 0.0))
        return (right + left) / 2

    def weights(self, names: dict[str, int]) -> FloatArray:
        """Blend-shape weights (len(names),), sides taken apart."""
        out = np.zeros(len(names), np.float32)
        for unit, (right, left) in self.units.items():
            for shape, gain in _SHAPES[unit].items():
                if shape.endswith("*"):
                    out[names[shape[:-1] + "_R"]] += gain * right
                    out[names[shape[:-1] + "_L"]] += gain * left
                else:
                    out[names[shape]] += gain * (right + left) / 2
        for shape, weight in self.shapes.items():
            out[names[shape]] += weight
        return out


def sample_expression(rng: np.random.Generator, lids: float = 0.0) -> Expression:
    """Prototypes (upper face independent half of the time), sparse extras, asymmetry, blinks.

    lids: share of faces, beyond the usual few, whose lids are somewhere between open and shut;
    half of them wink.
    """
    levels = _draw_levels(rng)
    drawn = _lids(rng) if lids and rng.random() < lids else None
    if drawn:
        levels["AU45"] = min(drawn)
    _resolve(levels)
    units: dict[str, tuple[float, float]] = {}
    for unit, level in levels.items():
        level = min(level, 1.0)
        if level <= 0.01:
            continue
        lean = _asymmetry(unit, rng)
        right, left = np.clip([level * (1 - lean), level * (1 + lean)], 0, 1)
        units[unit] = (float(right), float(left))
    if drawn:
        units["AU45"] = drawn
    shapes = {
        shape: abs(rng.normal(0, spread))
        for shape, spread in _UNLABELLED.items()
        if rng.random() < 0.05
    }
    return Expression(units, shapes)


def _lids(rng: np.random.Generator) -> tuple[float, float]:
    """Both eyes alike, or one (nearly) open."""
    level = rng.uniform(0.15, 1)
    other = level if rng.random() < 0.5 else rng.uniform(0, 0.15)
    right, left = (level, other) if rng.random() < 0.5 else (other, level)
    return float(right), float(left)


def _draw_levels(rng: np.random.Generator) -> dict[str, float]:
    whole = _PROTOTYPES[rng.choice(len(_PROTOTYPES), p=_PROTOTYPE_SHARE)][1]
    gain = rng.uniform(0.5, 1.25)
    upper, upper_gain = whole, gain
    if rng.random() < 0.5:
        upper = _PROTOTYPES[rng.choice(len(_PROTOTYPES), p=_PROTOTYPE_SHARE)][1]
        upper_gain = rng.uniform(0.5, 1.25)
    levels: dict[str, float] = {}
    for prototype, strength, wanted in ((whole, gain, False), (upper, upper_gain, True)):
        for unit, (probability, least, most) in prototype.items():
            if (unit in UPPER) == wanted and rng.random() < probability:
                levels[unit] = strength * rng.uniform(least, most)
    if rng.random() < 0.15:
        levels["AU04"] = max(levels.get("AU04", 0), rng.uniform(0.2, 1))
    for unit in _SHAPES:
        share = 0.13 if unit in _RARE else 0.06
        if unit not in ("AU25", "AU28", "AU45") and rng.random() < share:
            levels[unit] = max(levels.get(unit, 0), rng.beta(1.2, 1.6))
    if rng.random() < 0.07:
        levels["AU28"] = rng.uniform(0.3, 1)
    levels["AU45"] = rng.uniform(0.6, 1) if rng.random() < 0.09 else abs(rng.normal(0, 0.08))
    return levels


def _resolve(levels: dict[str, float]) -> None:
    """Take out what one face cannot do at once, or would do without showing it."""
    for units, others, least in _RIVALS:
        for unit in units:
            for other in others:
                one, two = levels.get(unit, 0), levels.get(other, 0)
                if min(one, two) > least:
                    levels[unit if one < two else other] = least
    for unit, above, left in _RULED_OUT:
        if levels.get(unit, 0) > above:
            for other, most in left.items():
                levels[other] = min(levels.get(other, 0), most)


def _asymmetry(unit: str, rng: np.random.Generator) -> float:
    """Relative difference: 0 even, ±1 one side alone. Only mid-line units are always even."""
    shapes = _SHAPES[unit]
    if not any(shape.endswith("*") for shape in shapes) or unit in ("AU25", "AU24"):
        return 0.0
    if unit == "AU45":
        wink = rng.choice([-1.0, 1.0]) if rng.random() < 0.08 else 0.0
        return float(wink + rng.normal(0, 0.03))
    strong = rng.normal(0, 0.5) if rng.random() < 0.12 else 0.0
    return float(strong + rng.normal(0, 0.08))


def intensities(
    expression: Expression, lip_gap: float
) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Intensities 0–5 per unit: both sides together, right, left.

    lip_gap: distance in cm by which the inner lips stand apart, negative when they interpenetrate.
    AU25 is that gap (1.2 cm is 5), since many units open or shut the lips.
    """
    mean = {unit: 5 * expression.mean(unit) for unit in AU_NAMES}
    right = {unit: 5 * expression.units.get(unit, (0.0, 0.0))[0] for unit in AU_NAMES}
    left = {unit: 5 * expression.units.get(unit, (0.0, 0.0))[1] for unit in AU_NAMES}
    mean["AU25"] = 5 * float(np.clip((lip_gap - 0.05) / 1.2, 0, 1))
    return mean, right, left
