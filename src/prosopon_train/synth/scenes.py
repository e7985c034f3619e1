"""Scenes that make a tracker of faces go wrong: who is where, when, and what the camera does.

Places are px of a 640 × 360 picture with (0, 0) in its middle, as seen without camera motion;
key frames are (seconds, value), joined by straight lines. The larger face is the nearer one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Keys = tuple[tuple[float, float], ...]


def at(keys: Keys | float, time: float) -> float:
    """The value at ``time``."""
    if isinstance(keys, int | float):
        return float(keys)
    return float(np.interp(time, [key[0] for key in keys], [key[1] for key in keys]))


@dataclass(frozen=True, slots=True)
class Actor:
    """Person number ``who`` of the cast; size: px of the face's larger side."""

    who: int
    x: Keys | float
    y: Keys | float
    size: Keys | float


@dataclass(frozen=True, slots=True)
class Post:
    """Something upright that hides what is behind it: middle, width and nearness in px."""

    x: float
    width: float
    size: float


@dataclass(frozen=True, slots=True)
class Shot:
    """From ``start`` (s) on: people and camera; ``place`` chooses background and light."""

    actors: tuple[Actor, ...]
    start: float = 0.0
    posts: tuple[Post, ...] = ()
    camera_x: Keys | float = 0.0
    camera_y: Keys | float = 0.0
    zoom: Keys | float = 1.0
    place: int = 0


@dataclass(frozen=True, slots=True)
class Scene:
    """Shots in order of time."""

    seconds: float
    shots: tuple[Shot, ...]

    def shot(self, time: float) -> Shot:
        """The one on screen."""
        return [shot for shot in self.shots if shot.start <= time + 1e-9][-1]


_FACING = (Actor(0, -120, -20, 90), Actor(1, 110, -10, 95))
_OTHERS = (Actor(2, -130, -15, 92), Actor(0, 120, -10, 100))

SCENES: dict[str, Scene] = {
    # Two pass before each other and back; a third stands behind.
    "crossing": Scene(12, (Shot((
        Actor(0, ((0, -200), (1, -200), (4, 180), (7, 180), (11, -200)), -20, 80),
        Actor(1, ((0, 190), (1, 190), (4, -180), (7, -180), (11, 200)), -10, 105),
        Actor(2, ((0, 20), (12, -30)), -60, 52),
    )),)),
    # Behind a post and out again; later one goes in and another comes out.
    "hiding": Scene(14, (Shot((
        Actor(0, ((0, -220), (3, 0), (4.5, 0), (7, 210), (9, 210), (11, 0), (14, 0)), -20, 80),
        Actor(1, ((0, 700), (4, 700), (10, 0), (11, 0), (13.5, -200)), -15, 78),
    ), posts=(Post(0, 150, 120),)),)),
    # Out of the picture and back after 1, 3 and 5 s; somebody else comes in at the same place.
    "leaving": Scene(16, (Shot((
        Actor(0, ((0, 0), (1, 0), (2.2, 420), (3.2, 420), (4.2, 150), (6, 150), (7, 420), (12, 420),
                  (13, 120)), -20, 90),
        Actor(1, ((0, -620), (7.4, 420), (8.4, 160), (10, 160), (11, -100), (16, -100)), -10, 92),
        Actor(2, ((0, -200), (3, -200), (4.2, -420), (9, -420), (10.2, -220)), -30, 75),
    )),)),
    # Two dialogues whose people stand at the same places, cut every two seconds or less.
    "cuts": Scene(14, tuple(
        Shot(_FACING if n % 2 == 0 else _OTHERS, start, place=n % 2)
        for n, start in enumerate((0, 2, 4, 5.2, 6.4, 8.4, 9.2, 11, 12.4))
    )),
    # In to one of three faces and out again, slowly and fast.
    "zoom": Scene(12, (Shot((
        Actor(0, -190, -20, 58), Actor(1, 0, -15, 62), Actor(2, 190, -10, 55),
    ), camera_x=((0, 0), (2, 0), (4, 0), (6, 0), (7, 190), (8, 190), (8.4, 0)),
        zoom=((0, 1), (2, 1), (4, 2.6), (6, 1), (7, 2.2), (8, 2.2), (8.4, 1), (10, 1), (10.3, 2.4)),
    ),)),
    # A camera that swings past four people, and shakes.
    "panning": Scene(14, (Shot((
        Actor(0, -380, -20, 85), Actor(1, -130, -10, 80), Actor(2, 130, -20, 88),
        Actor(3, 380, -15, 82),
    ), camera_x=((0, -250), (2, -250), (4, 250), (5, 250), (5.7, -250), (7, -250), (7.4, -120),
                 (7.8, -280), (8.2, -110), (8.6, -250), (10, -250), (10.5, 250), (14, 200)),
        camera_y=((0, 0), (7, 0), (7.2, 30), (7.6, -30), (8, 30), (8.4, -20), (8.8, 0)),
    ),)),
    # Five people walk to and fro at different distances.
    "crowd": Scene(16, (Shot((
        Actor(0, ((0, -260), (6, 240), (11, -200), (16, 250)), -40, 60),
        Actor(1, ((0, 250), (5, -240), (10, 230), (16, -260)), -25, 74),
        Actor(2, ((0, 0), (4, 200), (8, -230), (13, 420), (16, 120)), -10, 92),
        Actor(3, ((0, -120), (3, -420), (6, -420), (9, 100), (16, 40)), -55, 50),
        Actor(4, ((0, 440), (7, 440), (12, -120), (16, -420)), 5, 112),
    )),)),
}  # fmt: skip
