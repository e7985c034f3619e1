"""Blinks, gaze over blinks, eye contact and places on a screen, on rendered clips of known truth.

Data: a folder of clips by ``prosopon_train.synth.behaviour``, each NAME.mp4 beside its NAME.json.
Clips go through the whole pipeline and ``prosopon.measures``; of each the face seen longest counts.

- Blinks: found blinks and winks against true ones of either kind; a pair has its apexes, or the
  found apex and the true movement, at most TOLERANCE apart, and each takes part once. True
  movements that take less than LEAST_CHANGE off the openness of an eye, because the person looks
  down or narrows the eyes already, count neither way. Start and end are compared with the times
  at which the true movement passes a tenth of its depth.
- Gaze: angle between the true and the measured mean gaze of both eyes, as measured and held, in
  frames of true blinks of both eyes, and in open frames for comparison. *Dragged* is the angle
  between gaze in those frames and the median of the measured gaze in the open frames of the same
  look: what the blink alone does.
- Eye contact: frames of looks into the lens against all others, blinks and the first SETTLED
  seconds of each look left out.
- Screen: median place of each look at the screen or into the lens that is no calibration point,
  as measured and after a calibration on that clip's nine points.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prosopon.errors import InputError
from prosopon.geometry import gaze_vectors
from prosopon.measures.base import Event, Person, people
from prosopon.measures.blinks import blinks
from prosopon.measures.gaze import calibrate_by, eye_contact, held, screen_places
from prosopon.measures.screen import SETTLED, Screen, Target
from prosopon.sources import open_source
from prosopon.types import AnyArray, FaceTable
from prosopon_eval.metrics import angular_error, bootstrap_by_group, roc_auc
from prosopon_eval.report import Figure, Protocol, Scores

if TYPE_CHECKING:
    from prosopon import Analyzer

TOLERANCE = 0.1  # s
LEAST_CHANGE = 0.2
_PLACES = ("screen, measured", "screen, calibrated", "lens, measured", "lens, calibrated")
_EDGE = 0.1  # share of the depth


@dataclass(slots=True)
class Clip:
    """What one clip gives: pairs of (true, found) lid events, and arrays of errors by name."""

    fps: float
    true: list[dict[str, Any]]
    found: list[Event]
    pairs: list[tuple[dict[str, Any], Event]]
    errors: dict[str, AnyArray] = field(default_factory=dict)


def pair_up(
    true: Sequence[dict[str, Any]], found: Sequence[Event]
) -> list[tuple[dict[str, Any], Event]]:
    """Pairs of nearest apexes first; each event in one pair at most."""
    candidates = []
    for i, one in enumerate(true):
        for j, other in enumerate(found):
            outside = max(one["start"] - other.apex, other.apex - one["end"], 0.0)
            if outside <= TOLERANCE:
                candidates.append((abs(other.apex - one["apex"]), i, j))
    pairs: dict[int, int] = {}
    for _, i, j in sorted(candidates):
        if i not in pairs and j not in pairs.values():
            pairs[i] = j
    return [(true[i], found[j]) for i, j in sorted(pairs.items())]


def score_clip(table: FaceTable, truth: dict[str, Any]) -> Clip:
    """Everything that is compared in one clip."""
    everybody = list(people(table))
    events = blinks(table)
    if not everybody:
        return _lids(truth, [])
    person = max(everybody, key=lambda one: len(one.rows))
    own = [e for e in events if e.face_id == person.face_id and e.kind != "closure"]
    clip = _lids(truth, own)
    gaze = held(table, events)[0]
    contact = eye_contact(table, gaze)[person.rows]
    frames = table["frame"][person.rows]
    true_gaze = gaze_vectors(np.array([frame["gaze"] for frame in truth["frames"]])[frames])
    blinking = _during(truth["blinks"], person.time, ("blink",))
    any_lid = _during(truth["blinks"], person.time, ("blink", "wink_right", "wink_left"))
    measured = angular_error(
        gaze_vectors(table["gaze_angle"][person.rows].astype(float)), true_gaze
    )
    bridged = angular_error(gaze_vectors(gaze[person.rows].astype(float)), true_gaze)
    settled = np.zeros(len(person.time), bool)
    lens = np.zeros(len(person.time), bool)
    for look in truth["looks"]:
        inside = (person.time >= look["start"]) & (person.time < look["end"])
        settled |= inside & (person.time >= look["start"] + SETTLED)
        lens |= inside & look["lens"]
    used = settled & ~any_lid & ~np.isnan(contact)
    clip.errors = {
        "gaze, open": measured[~any_lid],
        "gaze in blinks, measured": measured[blinking],
        "gaze in blinks, held": bridged[blinking],
        **_drag(
            truth, person, blinking, any_lid, table["gaze_angle"][person.rows], gaze[person.rows]
        ),
        "contact": contact[used],
        "lens": lens[used],
        **_screen_errors(table, gaze, person, truth),
    }
    return clip


def _lids(truth: dict[str, Any], found: Sequence[Event]) -> Clip:
    """True, found and paired movements of the lids, without those that could not be seen."""
    openness = np.array([frame["eye_open"] for frame in truth["frames"]])
    pairs = pair_up(truth["blinks"], found)

    def seen(blink: dict[str, Any]) -> bool:
        first, last = (int(blink[end] * truth["fps"]) for end in ("start", "end"))
        part = openness[first : last + 2]
        return bool((part[0] - part.min(0)).max() >= LEAST_CHANGE)

    unseen = [event for blink, event in pairs if not seen(blink)]
    return Clip(
        truth["fps"],
        [blink for blink in truth["blinks"] if seen(blink)],
        [event for event in found if event not in unseen],
        [(blink, event) for blink, event in pairs if seen(blink)],
    )


def _during(blinks: Sequence[dict[str, Any]], time: AnyArray, kinds: Sequence[str]) -> AnyArray:
    inside = np.zeros(len(time), bool)
    for blink in blinks:
        if blink["kind"] in kinds:
            inside |= (time >= blink["start"]) & (time <= blink["end"])
    return inside


def _drag(
    truth: dict[str, Any],
    person: Person,
    blinking: AnyArray,
    any_lid: AnyArray,
    measured: AnyArray,
    bridged: AnyArray,
) -> dict[str, AnyArray]:
    """Degrees between gaze in blinks and the measured gaze of the same look with open eyes."""
    found: dict[str, list[AnyArray]] = {"measured": [], "held": []}
    for look in truth["looks"]:
        inside = (person.time >= look["start"] + SETTLED) & (person.time < look["end"])
        still = inside & ~any_lid
        if still.any():
            middle = gaze_vectors(np.median(measured[still], axis=0)[None].astype(float))
            for name, gaze in (("measured", measured), ("held", bridged)):
                found[name].append(
                    angular_error(gaze_vectors(gaze[inside & blinking].astype(float)), middle)
                )
    return {f"dragged in blinks, {name}": np.concatenate(all_) for name, all_ in found.items()}


def _screen_errors(
    table: FaceTable, gaze: AnyArray, person: Person, truth: dict[str, Any]
) -> dict[str, AnyArray]:
    """mm by which the median place of each other look missed, before and after calibration."""
    screen = Screen(*truth["screen"])
    places = screen_places(table, gaze, screen)[person.rows].astype(float)
    targets = [
        Target(look["start"], look["end"], look["x"], look["y"])
        for look in truth["looks"]
        if look["calibration"]
    ]
    try:
        correct = calibrate_by(table, person, targets, screen)
    except InputError:  # too few points were seen: nothing to compare
        return {}
    errors: dict[str, list[float]] = {name: [] for name in _PLACES}
    for look in truth["looks"]:
        rows = (person.time >= look["start"] + SETTLED) & (person.time < look["end"])
        rows &= ~np.isnan(places).any(1)
        if look["calibration"] or not rows.any():
            continue
        middle = np.median(places[rows], axis=0)[None]
        for name, place in (("measured", middle), ("calibrated", correct(middle))):
            distance = np.linalg.norm(place[0] - [look["x"], look["y"]])
            errors[f"{'lens' if look['lens'] else 'screen'}, {name}"].append(float(distance))
    return {name: np.array(values) for name, values in errors.items()}


def tenth(blink: dict[str, Any]) -> tuple[float, float]:
    """When a true movement passes a tenth of its depth, down and up (s)."""
    # The level is x²(3 − 2x) of the even movement x.
    even = np.linspace(0, 1, 1001)
    share = float(np.interp(_EDGE, even * even * (3 - 2 * even), even))
    hold = 0.1 * (blink["end"] - blink["start"])
    down = blink["start"] + share * (blink["apex"] - hold - blink["start"])
    up = blink["end"] - share * (blink["end"] - blink["apex"] - hold)
    return down, up


def figures(clips: Sequence[Clip]) -> Scores:
    """The figures over all clips, with 95 % intervals from drawing clips again."""
    made: list[Figure] = []
    for label, some in [("", list(clips)), *_by_rate(clips)]:
        made += _lid_figures(label, some)
    pairs = [pair for clip in clips for pair in clip.pairs]
    true = [blink for clip in clips for blink in clip.true]
    for label in ("full blinks", "half blinks", "winks"):
        count = sum(_group(blink) == label for blink in true)
        hits = sum(_group(blink) == label for blink, _ in pairs)
        made.append(Figure(f"{label} found", 100 * hits / max(count, 1), "%", count))
    kinds = [(blink["kind"], event.kind) for blink, event in pairs]
    for label, wink in (
        ("blinks told as blinks", False),
        ("winks told as winks of that eye", True),
    ):
        own = [a == b for a, b in kinds if (a != "blink") == wink]
        made.append(Figure(label, 100 * float(np.mean(own)) if own else 0.0, "%", len(own)))
    for label, side, part in (("start", 0, "start"), ("end", 1, "end")):
        late = np.array([1000 * (getattr(e, part) - tenth(b)[side]) for b, e in pairs])
        made.append(
            Figure(f"{label}, median deviation", float(np.median(np.abs(late))), "ms", len(late))
        )
        made.append(Figure(f"{label}, median lateness", float(np.median(late)), "ms", len(late)))
    for name in (
        *("gaze, open", "gaze in blinks, measured", "gaze in blinks, held"),
        *("dragged in blinks, measured", "dragged in blinks, held"),
    ):
        made.append(_median(name, clips, "deg"))
    contact = np.concatenate([clip.errors["contact"] for clip in clips if clip.errors])
    lens = np.concatenate([clip.errors["lens"] for clip in clips if clip.errors])
    made.append(Figure("eye contact, AUC", roc_auc(contact, lens), "", len(lens)))
    for label, rows in (("into the lens", lens), ("elsewhere", ~lens)):
        made.append(
            Figure(f"eye contact, mean, {label}", float(contact[rows].mean()), "", int(rows.sum()))
        )
    for name in _PLACES:
        made.append(_median(name, clips, "mm"))
    return Scores(tuple(made))


def _group(blink: dict[str, Any]) -> str:
    if blink["kind"] != "blink":
        return "winks"
    return "full blinks" if blink["closure"] == 1 else "half blinks"


def _by_rate(clips: Sequence[Clip]) -> list[tuple[str, list[Clip]]]:
    rates = sorted({clip.fps for clip in clips})
    return [(f", {rate:g} frames/s", [c for c in clips if c.fps == rate]) for rate in rates]


def _lid_figures(label: str, clips: Sequence[Clip]) -> list[Figure]:
    hits, found, true = (
        np.array([len(getattr(clip, name)) for clip in clips])
        for name in ("pairs", "found", "true")
    )
    count = int(true.sum())

    def share(name: str, over: AnyArray) -> Figure:
        return Figure(name + label, float(hits.sum() / max(over.sum(), 1)), "", int(over.sum()))

    return [
        share("blinks, precision", found),
        share("blinks, recall", true),
        Figure(
            f"blinks, F1{label}", float(2 * hits.sum() / max((found + true).sum(), 1)), "", count
        ),
    ]


def _median(name: str, clips: Sequence[Clip], unit: str) -> Figure:
    parts = [clip.errors.get(name, np.empty(0)) for clip in clips]
    values = np.concatenate(parts)
    groups = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    known = ~np.isnan(values)
    values, groups = values[known], groups[known]
    if not len(values):
        return Figure(f"{name}, median", float("nan"), unit, 0)

    def median(chosen: AnyArray) -> float:
        return float(np.median(chosen))

    interval = bootstrap_by_group(values, groups, median)
    return Figure(f"{name}, median", median(values), unit, len(values), *interval)


def run(analyzer: Analyzer, path: Path) -> Scores:
    """Figures over all clips in the folder ``path``."""
    files = sorted(file for file in path.glob("*.mp4") if file.with_suffix(".json").is_file())
    if not files:
        raise InputError(f"{path}: holds no clips with their truth beside them; render them first")
    clips = []
    for file in files:
        truth = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        with open_source(file) as source:
            table = FaceTable.concat(analyzer.tables(source), analyzer.schema)
        clips.append(score_clip(table, truth))
    return figures(clips)


PROTOCOL = Protocol("blinks, gaze, eye contact and screen places on rendered clips", run)
