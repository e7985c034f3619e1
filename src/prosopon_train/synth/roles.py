"""What the two people of the examples' clip look like and do, in key frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prosopon.types import FloatArray
from prosopon_train.synth.expression import Expression
from prosopon_train.synth.scenes import Keys

_BLINK = (-0.12, -0.03, 0.04, 0.2), (0.0, 1.0, 1.0, 0.0)  # s, activation


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


def _eased(keys: Keys, time: float) -> float:
    """Key frames, interpolated with rest at each of them."""
    order = np.arange(len(keys))
    place = np.interp(time, [key[0] for key in keys], order)
    part = place % 1
    eased = place - part + part * part * (3 - 2 * part)
    return float(np.interp(eased, order, [key[1] for key in keys]))
