"""Who is who, with embeddings that are known: the tone of a face says which person it is."""

from __future__ import annotations

import numpy as np
import pytest

from faces import face_points
from prosopon.track.cuts import cells_of
from prosopon.track.identities import LOOKS
from prosopon.track.memory import Likeness
from prosopon.track.tracker import Tracker, TrackSettings

LIKENESS = Likeness(slope=12, middle=0.5)
STILL = np.zeros((360, 640), dtype=np.uint8)
LEFT, RIGHT = face_points((150, 180)), face_points((450, 180))


class Scene:
    """Faces at known places, each a person with an embedding of their own."""

    def __init__(self, **settings) -> None:
        self.tracker = Tracker(TrackSettings(**settings), LIKENESS)
        self.looks = 0

    def step(self, people: dict[int, np.ndarray], luma: np.ndarray = STILL, glance=None) -> dict:
        """One frame with ``people`` (who → landmarks); returns who → identity."""

        def nearest(points):
            return min(people, key=lambda who: np.abs(people[who] - points).mean())

        def look(landmarks):
            self.looks += len(landmarks)
            return np.stack([np.eye(9, dtype=np.float32)[nearest(p)] for p in landmarks])

        tracker = self.tracker
        tracker.begin(luma.size, cells_of(luma))
        expected = tracker.expected()
        found, scores = [], []
        for points in expected:
            near = people and np.abs(people[nearest(points)] - points).mean() < 40
            found.append(people[nearest(points)] if near else points)
            scores.append(0.9 if near else 0.0)
        glances = None if glance is None else np.tile(glance, (len(expected), 1))
        stacked = np.stack(found) if found else expected
        tracker.follow(stacked, np.array(scores, np.float32), glances, look)
        if tracker.wants_detection() and people:
            boxes = np.stack([np.r_[p.min(0), p.max(0)] for p in people.values()])
            rows = tracker.unclaimed(boxes)
            if rows:
                landmarks = np.stack(list(people.values()))[rows]
                tracker.admit(landmarks, np.ones(len(rows), np.float32), look)
        places = tracker.expected()
        return {nearest(p): i for p, i in zip(places, tracker.ids, strict=True)}

    def run(self, frames: int, people: dict[int, np.ndarray], **options) -> dict:
        for _ in range(frames):
            found = self.step(people, **options)
        return found


def test_somebody_who_comes_back_elsewhere_much_later_is_known():
    scene = Scene()
    assert scene.run(30, {0: LEFT}) == {0: 0}
    assert scene.run(200, {}) == {}
    assert scene.run(10, {0: RIGHT}) == {0: 0}
    assert scene.tracker.confidences[0] > 0.9


def test_somebody_else_at_the_same_place_is_new():
    scene = Scene()
    scene.run(30, {0: LEFT})
    scene.run(10, {})
    assert scene.run(30, {1: LEFT}) == {1: 1}
    assert scene.tracker.confidences[0] > 0.9


def test_everybody_is_recognised_after_a_cut():
    rng = np.random.default_rng(0)
    shots = [
        np.kron(rng.integers(0, 255, (9, 16), dtype=np.uint8), np.ones((40, 40), np.uint8))
        for _ in range(2)
    ]
    scene = Scene()
    assert scene.run(30, {0: LEFT, 1: RIGHT}, luma=shots[0]) == {0: 0, 1: 1}
    assert scene.step({2: LEFT, 0: RIGHT}, luma=shots[1]) == {2: 2, 0: 0}
    assert scene.run(30, {2: LEFT, 0: RIGHT}, luma=shots[1]) == {2: 2, 0: 0}
    assert scene.step({0: LEFT, 1: RIGHT}, luma=shots[0]) == {0: 0, 1: 1}


def test_two_who_swap_places_while_they_touch_are_told_apart():
    scene = Scene()
    together = {0: face_points((280, 180)), 1: face_points((340, 180))}
    scene.run(30, together | {1: RIGHT})
    scene.run(3, together)
    # The tracks stay where they are, and the people under them change.
    scene.run(3, {1: together[0], 0: together[1]})
    apart = {1: face_points((260, 180)), 0: face_points((400, 180))}
    assert scene.run(LOOKS[-1] + 2, apart) == {1: 1, 0: 0}


def test_two_tracks_on_one_face_leave_it_to_whom_it_is_like():
    scene = Scene()
    scene.run(30, {0: LEFT, 1: face_points((290, 180))})
    # Person 0, the older track, is hidden: both tracks run onto person 1.
    hidden = {1: face_points((220, 180))}
    assert scene.run(5, hidden) == {1: 1}


def test_a_face_whose_picture_changes_at_once_is_looked_at():
    scene, rng = Scene(), np.random.default_rng(0)
    one, other = rng.normal(size=(2, 64))
    scene.run(30, {0: LEFT, 1: RIGHT}, glance=one)
    scene.run(40, {0: LEFT}, glance=one)
    assert scene.run(12, {1: LEFT}, glance=other) == {1: 1}


def test_a_face_alone_is_seldom_looked_at():
    scene = Scene()
    scene.run(200, {0: LEFT})
    assert scene.looks <= len(LOOKS) + 4


def test_without_looks_places_tell_who_is_back():
    tracker = Tracker(TrackSettings())
    tracker.begin(STILL.size, cells_of(STILL))
    one = np.ones(1, dtype=np.float32)
    assert tracker.admit(LEFT[None], one) == [0]
    tracker.follow(LEFT[None], 0 * one)
    tracker.admit((LEFT + 10)[None], one)
    assert tracker.ids == [0]
    assert 0.5 < tracker.confidences[0] < 1


@pytest.mark.parametrize(("gap", "expected"), [(3, 0), (40, 1)])
def test_without_looks_nobody_is_kept_for_long(gap, expected):
    tracker = Tracker(TrackSettings(patience=30))
    tracker.begin(STILL.size, cells_of(STILL))
    one = np.ones(1, dtype=np.float32)
    tracker.admit(LEFT[None], one)
    tracker.follow(LEFT[None], 0 * one)
    for _ in range(gap):
        tracker.follow(tracker.expected(), np.empty(0, np.float32))
    tracker.admit(LEFT[None], one)
    assert tracker.ids == [expected]
