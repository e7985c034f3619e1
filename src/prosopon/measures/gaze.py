"""Gaze held over blinks and in the camera's axes, eye contact, and the place on a screen.

A lid that comes down takes the apparent gaze with it, by ten degrees and more. ``gaze_held`` is
``gaze_angle`` except in the frames of a blink or wink (``blink`` 1), where it is interpolated from
the frames just before and after. In a longer closure it is empty where the eyes are all but shut
(SHUT); where they are not, the person may look down, and it is left as measured. The measured
columns stay as they are.

``eye_contact`` is the probability that the true gaze lies within a cone about the line from the
eyes to the lens (or another target): the mass within the cone of a normal distribution about the
held gaze, round, of the size that the network expects of its own error (``gaze_sigma``). The cone
of 7° to each side is that of a partner's face at arm's length to a metre; the cone in which people
feel looked at is some 4° (Gamer & Hecht, J. Exp. Psychol. Hum. Percept. Perform. 2007). Shut eyes
make no eye contact: 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prosopon.geometry import gaze_angles
from prosopon.measures.base import Doubles, Event, Person, people, require
from prosopon.measures.blinks import blinks
from prosopon.measures.episodes import Trigger, episodes
from prosopon.measures.measure import Findings, Measure, Settings, count_and_rate, deviation, mean
from prosopon.measures.screen import Calibration, Screen, Target, calibrate, on_screen, rays
from prosopon.types import AnyArray, Column, FaceTable

CONE = np.deg2rad(7)
ASSUMED_SIGMA = np.deg2rad(8.6)
"""Expected error where a table does not tell it: the default pack's mean on rendered people."""
LEAST_CONFIDENCE = 0.4  # of gaze that a calibration rests on
SHUT = 0.15  # openness, mean of both eyes
CONTACT_TRIGGER = Trigger(up=0.5, down=0.35)
ANCHOR = 0.15  # s before and after a blink from which gaze is interpolated
_NODES = 24

HELD = Column(
    "gaze_held",
    (2,),
    ("gaze_held_yaw", "gaze_held_pitch"),
    "rad",
    "gaze_angle, interpolated over blinks and empty while the eyes are shut longer",
)
BLINK = Column("blink", (), ("blink",), "", "1 in the frames of a blink or wink", "int8", 0)
CONTACT = Column("eye_contact", (), ("eye_contact",), "0–1", "probability of eye contact")
IN_CAMERA = Column(
    "gaze_camera",
    (2,),
    ("gaze_camera_yaw", "gaze_camera_pitch"),
    "rad",
    "gaze_held in the camera's axes, for a head at pose_t; 0 along the axis, back to the camera",
)
ON_SCREEN = Column(
    "screen",
    (2,),
    ("screen_x", "screen_y"),
    "mm",
    "where gaze_held meets the screen, right of and below its upper left corner",
    decimals=1,
)


def held(table: FaceTable, events: list[Event] | None = None) -> tuple[AnyArray, AnyArray]:
    """(n, 2) rad gaze held over blinks, and (n,) int8 1 where it was.

    events: of :func:`blinks`, found anew without.
    """
    require(table, "gaze_angle", "eye_open")
    gaze = table["gaze_angle"].astype(np.float32)
    bridged = np.zeros(len(table), np.int8)
    found = blinks(table) if events is None else events
    for person in people(table):
        own = [event for event in found if event.face_id == person.face_id]
        shut = np.zeros(len(person.time), dtype=bool)
        for event in own:
            shut |= (person.time >= event.start) & (person.time <= event.end)
        for event in own:
            inside = (person.time >= event.start) & (person.time <= event.end)
            rows = person.rows[inside]
            if event.kind == "closure":
                gaze[rows[table["eye_open"][rows].mean(1) < SHUT]] = np.nan
            else:
                gaze[rows] = _bridge(person, table["gaze_angle"], event, inside, ~shut)
                bridged[rows] = 1
    return gaze, bridged


def _bridge(
    person: Person, angles: AnyArray, event: Event, inside: AnyArray, seen: AnyArray
) -> AnyArray:
    """(k, 2) gaze in the frames of a blink, between medians of the frames before and after."""
    anchors = []
    for low, high in ((event.start - ANCHOR, event.start), (event.end, event.end + ANCHOR)):
        near = seen & (person.time >= low) & (person.time <= high)
        values = angles[person.rows[near]]
        values = values[~np.isnan(values).any(1)]
        if len(values):
            anchors.append((float(np.mean((low, high))), np.median(values, axis=0)))
    if not anchors:
        return np.full((int(inside.sum()), 2), np.nan)
    times = [time for time, _ in anchors]
    return np.stack(
        [np.interp(person.time[inside], times, [v[k] for _, v in anchors]) for k in (0, 1)], axis=1
    )


def eye_contact(
    table: FaceTable,
    gaze: AnyArray | None = None,
    target: tuple[float, float] = (0.0, 0.0),
    cone: float = CONE,
) -> AnyArray:
    """(n,) probability of eye contact; NaN where gaze was not measured.

    gaze (n, 2): of :func:`held`, found anew without; target: yaw, pitch of what is looked at, rad,
    (0, 0) the lens; cone: half its angle, rad.
    """
    gaze = held(table)[0] if gaze is None else gaze
    away = np.hypot(gaze[:, 0] - target[0], gaze[:, 1] - target[1]).astype(np.float64)
    sigma = np.full(len(table), ASSUMED_SIGMA)
    if "gaze_sigma" in table:
        told = table["gaze_sigma"].mean(1)
        sigma = np.where(np.isnan(told), ASSUMED_SIGMA, told)
    contact = mass_in_cone(away, sigma, cone)
    shut = np.isnan(away) & ~np.isnan(table["gaze_angle"]).any(1)
    return np.where(shut, 0.0, contact).astype(np.float32)


def mass_in_cone(away: Doubles, sigma: Doubles, cone: float) -> Doubles:
    """(n,) mass of a round normal distribution within ``cone`` of a point ``away`` from its centre.

    sigma: mean distance from its centre, which is √(π/2) of its deviation along an axis. The
    integral over rings about the point (Rice's distribution) by Gauss–Legendre.
    """
    deviation = sigma / np.sqrt(np.pi / 2)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    radius = cone * (nodes + 1) / 2
    argument = radius * away[:, None] / deviation[:, None] ** 2
    ring = radius / deviation[:, None] ** 2
    near = np.exp(-((radius - away[:, None]) ** 2) / (2 * deviation[:, None] ** 2))
    return np.asarray((ring * near * _scaled_i0(argument)) @ weights * cone / 2)


def _scaled_i0(values: Doubles) -> Doubles:
    """exp(−x)·I₀(x) for x ≥ 0, without the overflow of I₀."""
    small = np.minimum(values, 500.0)
    return np.asarray(
        np.where(
            values < 500,
            np.exp(-small) * np.i0(small),
            1 / np.sqrt(2 * np.pi * np.maximum(values, 1)),
        )
    )


def screen_places(
    table: FaceTable, gaze: AnyArray, screen: Screen, calibration: Calibration | None = None
) -> AnyArray:
    """(n, 2) mm on the screen of gaze (n, 2) rad, corrected by a calibration where there is one."""
    require(table, "pose_t")
    places = on_screen(gaze, table["pose_t"], screen)
    return (calibration(places) if calibration else places).astype(np.float32)


def calibrate_by(
    table: FaceTable, person: Person, targets: Sequence[Target], screen: Screen
) -> Calibration:
    """A calibration from what ``person`` looked at, by frames whose gaze is sure enough.

    InputError: the person was seen at no target.
    """
    places = screen_places(table, held(table)[0], screen)[person.rows].astype(np.float64)
    confidence = np.ones(len(places))
    if "gaze_confidence" in table:
        confidence = np.nan_to_num(table["gaze_confidence"][person.rows].astype(np.float64))
    places[confidence < LEAST_CONFIDENCE] = np.nan
    return calibrate(person.time, places, confidence, targets, screen)


def _find(table: FaceTable, settings: Settings) -> Findings:
    gaze, bridged = held(table)
    columns = [HELD, BLINK, CONTACT]
    if "pose_t" in table:
        columns.append(IN_CAMERA)
    values = {"gaze_held": gaze, "blink": bridged}
    values["eye_contact"] = eye_contact(table, gaze, settings.target)
    if "pose_t" in table:
        in_camera = gaze_angles(rays(gaze, table["pose_t"]))
        values["gaze_camera"] = in_camera.astype(np.float32)
    if settings.screen is not None:
        columns.append(ON_SCREEN)
        values["screen"] = screen_places(table, gaze, settings.screen, settings.calibration)
    events = episodes(table, "eye_contact", values["eye_contact"], CONTACT_TRIGGER)
    return Findings(events, tuple(columns), values)


def _summarise(table: FaceTable, person: Person, found: Findings) -> dict[str, float]:
    own = found.of(person)
    yaw, pitch = found.values["gaze_held"][person.rows].T
    return {
        "eye_contact_mean": mean(found.values["eye_contact"][person.rows]),
        **count_and_rate("eye_contact", own, person),
        "eye_contact_duration_s": mean(event.duration for event in own),
        "gaze_yaw_mean_rad": mean(yaw),
        "gaze_yaw_sd_rad": deviation(yaw),
        "gaze_pitch_mean_rad": mean(pitch),
        "gaze_pitch_sd_rad": deviation(pitch),
    }


MEASURE = Measure(needs=("gaze_angle", "eye_open"), find=_find, summarise=_summarise)
