"""Blinks, winks and longer closures of the eyes, from ``eye_open``.

The signal is the log-odds of the openness, the mean of both eyes: the network tells openness
through a logistic function, so its noise is even in log-odds and a half blink of a wide-open eye
is not squeezed away. A blink is a dip that is deep against both of its shoulders and quick. Its
limits follow the spontaneous blink as measured by high-speed video and lid coils: closing in
50–120 ms, reopening in 150–350 ms (Evinger, Manning & Sibony, IOVS 1991; Kwon et al., J. R. Soc.
Interface 2013). What lasts longer is a closure: sleep, squeezing, or a look far down, which
openness alone cannot tell apart.

Events: ``blink``, ``wink_right``, ``wink_left`` (one eye), ``closure``. Their start and end are
where the dip has a tenth of its depth, the apex its lowest frame, and the amplitude the share of
the eye's openness before and after that was lost at the apex, 0–1: about 1 for a full blink.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from prosopon.measures.base import (
    Doubles,
    Event,
    Person,
    crossing,
    in_order,
    people,
    pieces,
    require,
    turning_points,
)
from prosopon.measures.measure import Findings, Measure, Settings, count_and_rate, mean
from prosopon.types import FaceTable

KINDS = ("blink", "wink_right", "wink_left", "closure")
LEAST_DEPTH = 1.2  # log-odds: 0.9 to 0.73, or 0.5 to 0.23
NOISE_FACTOR = 6.0  # depth in standard deviations of the frame-to-frame noise
SHORTEST = 0.03  # s at half depth: one frame at 30 per second, two at 60
LONGEST = 0.5  # s at half depth; longer is a closure
SHOULDER = 0.5  # s before and after the lowest frame in which a blink's eye is open
EDGE = 0.1  # share of the depth at which an event starts and ends
ONE_SIDED = 0.35  # a wink's other eye moves less than this share
FAR_EYE_YAW = np.deg2rad(40)  # from here on the nose hides the far eye
_RANGE = 0.02, 0.98  # openness beyond tells nothing more


def log_odds(eye_open: Doubles) -> Doubles:
    """Openness 0–1 as log-odds, cut off where the logistic function is flat."""
    share = np.clip(eye_open, *_RANGE)
    return np.asarray(np.log(share / (1 - share)))


def blinks(table: FaceTable) -> list[Event]:
    """Blinks, winks and closures of everybody, in order of time."""
    require(table, "eye_open")
    events = [event for person in people(table) for event in _of_person(table, person)]
    return in_order(events)


def _of_person(table: FaceTable, person: Person) -> list[Event]:
    eyes = table["eye_open"][person.rows].astype(np.float64)
    known = ~np.isnan(eyes).any(1)
    eyes, time = eyes[known], person.time[known]
    turned = np.zeros((len(eyes), 2), dtype=bool)
    if "pose_euler" in table:
        yaw = table["pose_euler"][person.rows][known][:, 1]
        # A face turned to image right shows the subject's right eye.
        turned = np.stack([yaw < -FAR_EYE_YAW, yaw > FAR_EYE_YAW], 1)
    events = []
    for piece in pieces(time):
        events += _in_piece(person.face_id, time[piece], eyes[piece], turned[piece])
    return events


def _in_piece(
    face_id: int, time: Doubles, eyes: Doubles, hidden: npt.NDArray[np.bool_]
) -> list[Event]:
    """Events in an unbroken stretch; hidden (n, 2): eyes that the head hides."""
    if len(time) < 3:
        return []
    sides = log_odds(eyes)
    shown = 1.0 - hidden
    shut = -(sides * shown).sum(1) / shown.sum(1)
    noise = 1.4826 * float(np.median(np.abs(np.diff(shut)))) / np.sqrt(2)
    depth = max(LEAST_DEPTH, NOISE_FACTOR * noise)
    events = []
    turns = turning_points(shut, depth)
    for before, apex, after in zip(turns[::2], turns[1::2], turns[2::2], strict=False):
        reach = np.abs(time - time[apex]) <= SHOULDER
        left = before + int(np.argmin(np.where(reach, shut, np.inf)[before : apex + 1]))
        right = apex + int(np.argmin(np.where(reach, shut, np.inf)[apex : after + 1]))
        quick = shut[apex] - max(shut[left], shut[right]) >= depth
        if not quick:
            left, right = before, after
        event = _measure(face_id, time, shut, (left, apex, right), quick)
        if event is None:
            continue
        base = (eyes[left] + eyes[right]) / 2
        lost = 1 - eyes[apex] / np.maximum(base, 1e-6)
        kind = event.kind
        if kind == "blink" and not hidden[apex].any():
            moved = (sides[left] + sides[right]) / 2 - sides[apex]
            if moved.min() < ONE_SIDED * moved.max():
                kind = ("wink_right", "wink_left")[int(np.argmax(moved))]
                lost = lost[[int(np.argmax(moved))]]
        amplitude = float(np.clip(np.mean(lost), 0, 1))
        events.append(Event(kind, face_id, event.start, event.apex, event.end, amplitude))
    return events


def _measure(
    face_id: int, time: Doubles, shut: Doubles, at: tuple[int, int, int], quick: bool
) -> Event | None:
    """The dip between two shoulders as an event, or None where it is too short to be one."""
    left, apex, right = at
    base = max(shut[left], shut[right])
    height = shut[apex] - base

    def width(share: float) -> tuple[float, float] | None:
        start = crossing(time, shut, base + share * height, apex, -1)
        end = crossing(time, shut, base + share * height, apex, +1)
        return None if start is None or end is None else (start, end)

    half, whole = width(0.5), width(EDGE)
    if half is None or whole is None or half[1] - half[0] < SHORTEST:
        return None
    kind = "blink" if quick and half[1] - half[0] <= LONGEST else "closure"
    return Event(kind, face_id, whole[0], float(time[apex]), whole[1], 0.0)


def _find(table: FaceTable, settings: Settings) -> Findings:
    del settings
    return Findings(blinks(table))


def _summarise(table: FaceTable, person: Person, found: Findings) -> dict[str, float]:
    own = found.of(person)
    of_kind = {kind: [e for e in own if e.kind == kind] for kind in KINDS}
    both = of_kind["blink"]
    shut = sum(event.duration for event in of_kind["closure"])
    return {
        **count_and_rate("blink", both, person),
        "blink_duration_s": mean(event.duration for event in both),
        "blink_amplitude": mean(event.amplitude for event in both),
        "blink_interval_s": float(np.median(np.diff([e.apex for e in both])))
        if len(both) > 1
        else float("nan"),
        "wink_count": len(of_kind["wink_right"]) + len(of_kind["wink_left"]),
        "closure_count": len(of_kind["closure"]),
        "closure_share": shut / person.seconds if person.seconds else float("nan"),
    }


MEASURE = Measure(needs=("eye_open",), find=_find, summarise=_summarise)
