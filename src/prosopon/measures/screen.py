"""Where on a screen somebody looks, in millimetres, and its correction by points of known place.

The screen is taken to lie in the plane of the camera's sensor, with its upper edge level: the line
from between the eyes (``pose_t``) along the gaze is cut with that plane. The distance is that of a
face of average size, the gaze is off by a constant for each person, and few cameras stand upright;
all of this a calibration takes out: a polynomial from the measured to the true places of some
points that the person looked at (Cerrolaza, Villanueva & Cabeza, ETRA 2008). It is a shift, affine
or of second degree: the simplest that foretells each point from the others about as well as any.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from prosopon.errors import InputError
from prosopon.geometry import sight_rotation
from prosopon.measures.base import Doubles
from prosopon.types import AnyArray

FEWEST_POINTS = {0: 1, 1: 5, 2: 9}
"""Of each degree: a shift has 1 unknown an axis, an affine map 3, one of second degree 6."""
_TERMS = {0: 1, 1: 3, 2: 6}
SETTLED = 0.3
"""s after a point appears before which the eyes may still be on their way (saccade latency is
about 0.2 s)."""
_AS_GOOD, _SMALL = 1.1, 0.1  # the simplest map is taken whose error is this near the least, mm
_LEAST_TOWARD = 0.1  # cosine to the camera's axis; flatter gaze never meets the plane


@dataclass(frozen=True, slots=True)
class Screen:
    """width, height (mm), and where the lens is: right of and below the upper left corner, mm.

    Right is the viewer's. A webcam on the upper edge has a small negative ``lens_y``.
    """

    width: float
    height: float
    lens_x: float
    lens_y: float

    @classmethod
    def parse(cls, size: str, lens: str | None = None) -> Screen:
        """From ``520x320`` and ``260,-10``; without a lens, it is in the middle of the upper edge.

        InputError when a text is something else.
        """
        try:
            width, height = (float(part) for part in size.lower().split("x"))
            x, y = (width / 2, 0.0) if lens is None else (float(v) for v in lens.split(","))
        except ValueError:
            raise InputError(
                f"screen {size!r}, lens {lens!r}: expected millimetres as 520x320 and 260,-10"
            ) from None
        if not (0 < width < math.inf and 0 < height < math.inf):
            raise InputError(f"screen {size!r}: expected a width and a height over 0")
        return cls(width, height, x, y)


def rays(angles: AnyArray, places: AnyArray) -> Doubles:
    """(n, 3) unit vectors of gaze in the camera's axes.

    angles (n, 2): yaw, pitch relative to the line of sight, rad; places (n, 3): of the head, mm.
    """
    yaw, pitch = angles.astype(np.float64).T
    local = np.stack(
        [np.sin(yaw) * np.cos(pitch), -np.sin(pitch), -np.cos(yaw) * np.cos(pitch)], axis=1
    )
    turns = sight_rotation(places.astype(np.float64))
    return np.asarray((turns @ local[:, :, None])[:, :, 0])


def on_screen(angles: AnyArray, places: AnyArray, screen: Screen) -> Doubles:
    """(n, 2) mm from the screen's upper left corner, x to the viewer's right and y down.

    angles (n, 2): gaze yaw, pitch relative to the line of sight, rad; places (n, 3): of the head
    in the camera frame, mm. NaN where the gaze does not meet the plane of the screen.
    """
    places = places.astype(np.float64)
    ray = rays(angles, places)
    toward = -ray[:, 2]
    reach = np.where(
        toward > _LEAST_TOWARD, places[:, 2] / np.maximum(toward, _LEAST_TOWARD), np.nan
    )
    met = places[:, :2] + ray[:, :2] * reach[:, None]
    # The viewer's right is the camera's left.
    return np.stack([screen.lens_x - met[:, 0], screen.lens_y + met[:, 1]], axis=1)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A polynomial of ``degree`` from measured to true places on ``screen``.

    coefficients: (terms, 2) of what is added to the measured place, mm; error: mm, the mean
    distance by which each point was missed when it was foretold from the others, NaN for a single
    one; points: how many there were.
    """

    screen: Screen
    degree: int
    coefficients: Doubles
    error: float
    points: int

    @classmethod
    def fit(cls, measured: Doubles, true: Doubles, screen: Screen) -> Calibration:
        """From (n, 2) measured and true places in mm. InputError: no points."""
        if not len(measured):
            raise InputError(
                "calibration: no face was seen while a point was shown; compare the times"
            )
        errors = {
            degree: _foretold(measured, true, screen, degree)
            for degree, fewest in FEWEST_POINTS.items()
            if len(measured) >= fewest
        }
        least = min(errors.values())
        degree = next(d for d, e in errors.items() if not e > _AS_GOOD * least + _SMALL)
        coefficients = _solve(measured, true, screen, degree)
        return cls(screen, degree, coefficients, errors[degree], len(measured))

    def __call__(self, measured: Doubles) -> Doubles:
        """(n, 2) corrected places in mm."""
        return np.asarray(measured + _terms(measured, self.screen, self.degree) @ self.coefficients)

    def to_json(self) -> dict[str, Any]:
        """What :meth:`read` reads."""
        screen = self.screen
        return {
            "screen": [screen.width, screen.height, screen.lens_x, screen.lens_y],
            "degree": self.degree,
            "coefficients": self.coefficients.tolist(),
            "error_mm": None if math.isnan(self.error) else round(self.error, 2),
            "points": self.points,
        }

    @classmethod
    def read(cls, path: Path) -> Calibration:
        """From a JSON file. InputError: it can't be read, or is none of ours."""
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            coefficients = np.array(told["coefficients"], dtype=np.float64)
            degree = int(told["degree"])
            found = cls(
                Screen(*map(float, told["screen"])),
                degree,
                coefficients,
                math.nan if told["error_mm"] is None else float(told["error_mm"]),
                int(told["points"]),
            )
            right = coefficients.shape == (_TERMS[degree], 2)
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: can't be read; is it the calibration's file?") from error
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: no calibration of ours; make it again") from error
        if not right:
            raise InputError(f"{path}: a calibration with coefficients missing; make it again")
        return found


@dataclass(frozen=True, slots=True)
class Target:
    """A point that was shown from ``start`` to ``end`` (s) at (x, y) mm on the screen."""

    start: float
    end: float
    x: float
    y: float


def read_targets(path: Path) -> list[Target]:
    """Rows of a CSV with columns start, end, x, y. InputError names what is wrong with it."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        return [Target(*(float(row[name]) for name in ("start", "end", "x", "y"))) for row in rows]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: can't be read; check the name of the targets") from error
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: expected columns start, end (s), x, y (mm), with a number in each"
        ) from error


def calibrate(
    time: Doubles, measured: Doubles, targets: Sequence[Target], screen: Screen
) -> Calibration:
    """From one person's places (n, 2) mm at ``time`` (n,) s; NaN rows are passed over.

    Each target counts with the median of its rows, the first ``SETTLED`` seconds left out.
    """
    seen, true = [], []
    for target in targets:
        rows = (time >= target.start + SETTLED) & (time <= target.end)
        rows &= ~np.isnan(measured).any(1)
        if rows.any():
            seen.append(np.median(measured[rows], axis=0))
            true.append((target.x, target.y))
    shape = (len(seen), 2)
    return Calibration.fit(np.reshape(seen, shape), np.reshape(true, shape), screen)


def _terms(places: Doubles, screen: Screen, degree: int) -> Doubles:
    """(n, terms) of places in mm, taken relative to the screen so that all are about 1."""
    x, y = (places / (screen.width, screen.height) - 0.5).T
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y][: _TERMS[degree]], axis=1)


def _solve(measured: Doubles, true: Doubles, screen: Screen, degree: int) -> Doubles:
    terms = _terms(measured, screen, degree)
    return np.asarray(np.linalg.lstsq(terms, true - measured, rcond=None)[0])


def _foretold(measured: Doubles, true: Doubles, screen: Screen, degree: int) -> float:
    """Mean error in mm of each point under the fit of all others."""
    if len(measured) < 2:
        return math.nan
    errors = []
    for i in range(len(measured)):
        others = np.arange(len(measured)) != i
        fit = _solve(measured[others], true[others], screen, degree)
        guess = measured[i : i + 1] + _terms(measured[i : i + 1], screen, degree) @ fit
        errors.append(float(np.linalg.norm(guess[0] - true[i])))
    return float(np.mean(errors))
