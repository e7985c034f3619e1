"""Where on a screen somebody looks, in millimetres, and its correction by points of known place.

The screen is taken to lie in the plane of the camera's sensor, with its upper edge level: the line
from between the eyes (``pose_t``) along the gaze is cut with that plane. The distance is that of a
face of average size, the gaze is off by a constant for each person, and few cameras stand upright;
all of this a calibration takes out: an affine map from the measured to the true places of some
points that the person looked at, nine for preference; a shift, where there are fewer than five. A
map of second degree would have 6 unknowns an axis for 9 points that are a degree or two off each.
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
from prosopon.geometry import gaze_vectors, sight_rotation
from prosopon.measures.base import Doubles
from prosopon.types import AnyArray

AFFINE_FROM = 5
"""Points: an affine map has 3 unknowns an axis, a shift one."""
SETTLED = 0.3
"""s after a point appears before which the eyes may still be on their way (saccade latency is
about 0.2 s)."""
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
    local = gaze_vectors(angles.astype(np.float64))
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
    """An affine map or a shift from measured to true places on ``screen``.

    coefficients: (3, 2) of 1, x and y from the screen's middle in its sizes, to be added to the
    measured place, mm; error: mm, the mean distance by which each point was missed when it was
    foretold from the others, NaN for a single one; points: how many there were.
    """

    screen: Screen
    coefficients: Doubles
    error: float
    points: int

    @classmethod
    def fit(
        cls, measured: Doubles, true: Doubles, screen: Screen, weights: Doubles | None = None
    ) -> Calibration:
        """From (n, 2) measured and true places in mm, of (n,) weights. InputError: no points."""
        count = len(measured)
        if not count:
            raise InputError(
                "calibration: no face was seen while a point was shown; compare the times"
            )
        weights = np.ones(count) if weights is None else weights
        errors = []
        for i in range(count if count > 1 else 0):
            others = np.arange(count) != i
            fit = _solve(measured[others], true[others], screen, weights[others])
            guess = measured[i] + (_terms(measured[i : i + 1], screen) @ fit)[0]
            errors.append(float(np.linalg.norm(guess - true[i])))
        error = float(np.mean(errors)) if errors else math.nan
        return cls(screen, _solve(measured, true, screen, weights), error, count)

    def __call__(self, measured: Doubles) -> Doubles:
        """(n, 2) corrected places in mm."""
        return np.asarray(measured + _terms(measured, self.screen) @ self.coefficients)

    def to_json(self) -> dict[str, Any]:
        """What :meth:`read` reads."""
        screen = self.screen
        return {
            "screen": [screen.width, screen.height, screen.lens_x, screen.lens_y],
            "coefficients": self.coefficients.tolist(),
            "error_mm": None if math.isnan(self.error) else round(self.error, 2),
            "points": self.points,
        }

    @classmethod
    def read(cls, path: Path) -> Calibration:
        """From a JSON file. InputError: it can't be read, or is none of ours."""
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            error = told["error_mm"]
            found = cls(
                Screen(*map(float, told["screen"])),
                np.array(told["coefficients"], dtype=np.float64),
                math.nan if error is None else float(error),
                int(told["points"]),
            )
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: can't be read; is it the calibration's file?") from error
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: no calibration of ours; make it again") from error
        if found.coefficients.shape != (3, 2):
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
    time: Doubles,
    measured: Doubles,
    confidence: Doubles,
    targets: Sequence[Target],
    screen: Screen,
) -> Calibration:
    """From one person's places (n, 2) mm at ``time`` (n,) s; NaN rows are passed over.

    Each target counts with the median of its rows, the first ``SETTLED`` seconds left out, and by
    the root of their number times their mean confidence (n,).
    """
    seen, true, weights = [], [], []
    for target in targets:
        rows = (time >= target.start + SETTLED) & (time <= target.end)
        rows &= ~np.isnan(measured).any(1)
        if rows.any():
            seen.append(np.median(measured[rows], axis=0))
            true.append((target.x, target.y))
            weights.append(float(np.sqrt(rows.sum()) * confidence[rows].mean()))
    shape = (len(seen), 2)
    return Calibration.fit(
        np.reshape(seen, shape), np.reshape(true, shape), screen, np.array(weights)
    )


def _terms(places: Doubles, screen: Screen) -> Doubles:
    """(n, 3) of places in mm, taken relative to the screen so that all are about 1."""
    x, y = (places / (screen.width, screen.height) - 0.5).T
    return np.stack([np.ones_like(x), x, y], axis=1)


def _solve(measured: Doubles, true: Doubles, screen: Screen, weights: Doubles) -> Doubles:
    """(3, 2) coefficients by weighted least squares; of a shift, all but the first row are 0."""
    terms = _terms(measured, screen)
    if len(measured) < AFFINE_FROM:
        terms[:, 1:] = 0
    root = np.sqrt(weights)[:, None]
    return np.asarray(np.linalg.lstsq(terms * root, (true - measured) * root, rcond=None)[0])
