import numpy as np

from faces import face_points
from prosopon.track.cuts import cells_of
from prosopon.track.tracker import Tracker, TrackSettings

PICTURE = np.zeros((480, 640), dtype=np.uint8)


def boxes(*points):
    stacked = np.stack(points)
    return np.concatenate([stacked.min(1), stacked.max(1)], axis=1)


def scores(*values):
    return np.array(values, dtype=np.float32)


def start(*faces, **settings):
    tracker = Tracker(TrackSettings(**settings))
    tracker.begin(PICTURE.size, cells_of(PICTURE))
    tracker.follow(tracker.expected(), scores())
    assert tracker.wants_detection()
    rows = tracker.unclaimed(boxes(*faces))
    tracker.admit(np.stack(faces)[rows], np.ones(len(rows), dtype=np.float32))
    return tracker


def test_ids_start_at_zero_and_stay():
    a, b = face_points((100, 100)), face_points((400, 100))
    tracker = start(a, b)
    assert tracker.ids == [0, 1]
    for step in range(1, 20):
        moved = np.stack([a + [3 * step, 0], b - [3 * step, 0]]).astype(np.float32)
        assert tracker.follow(moved, scores(0.9, 0.9)) == [0, 1]
    assert tracker.ids == [0, 1]


def test_no_swap_when_two_pass():
    a, b = face_points((100, 100)), face_points((500, 240))
    tracker = start(a, b)
    for step in range(1, 41):
        truth = np.stack([a + [10 * step, 0], b - [10 * step, 0]]).astype(np.float32)
        expected = tracker.expected()
        # The network finds the face that is nearest to where it was told to look.
        found = [truth[np.abs(truth - e).mean((1, 2)).argmin()] for e in expected]
        tracker.follow(np.stack(found), scores(0.9, 0.9))
    assert tracker.ids == [0, 1]
    np.testing.assert_allclose(tracker.expected()[0].mean(0), (a + [405, 0]).mean(0), atol=6)


def test_lost_face_keeps_its_id_when_it_comes_back_near():
    a = face_points((100, 100))
    tracker = start(a)
    assert tracker.follow(a[None], scores(0.1)) == []
    assert tracker.ids == []
    assert tracker.wants_detection()
    near = a + np.float32(20)
    assert tracker.unclaimed(boxes(near)) == [0]
    tracker.admit(near[None], scores(0.9))
    assert tracker.ids == [0]


def test_a_face_elsewhere_or_much_later_is_somebody_else():
    a = face_points((100, 100))
    for wait, offset, expected in ((1, 400, 1), (40, 0, 1), (5, 0, 0)):
        tracker = start(a)
        tracker.follow(a[None], scores(0.1))
        for _ in range(wait):
            tracker.follow(tracker.expected(), scores())
        tracker.unclaimed(boxes(a + np.float32(offset)))
        tracker.admit((a + np.float32(offset))[None], scores(0.9))
        assert tracker.ids == [expected]


def test_doubles_leave_the_older_track():
    a, b = face_points((100, 100)), face_points((400, 100))
    tracker = start(a)
    tracker.follow(a[None], scores(0.9))
    tracker.unclaimed(boxes(b))
    tracker.admit(b[None], scores(0.9))
    assert tracker.ids == [0, 1]
    assert tracker.follow(np.stack([a, a]), scores(0.9, 0.99)) == [0]
    assert tracker.ids == [0]


def test_detection_is_periodic():
    a = face_points((100, 100))
    tracker = start(a, detect_every=3)
    wanted = []
    for _ in range(7):
        tracker.follow(a[None], scores(0.9))
        wanted.append(tracker.wants_detection())
        if wanted[-1]:
            assert tracker.unclaimed(boxes(a)) == []
    assert wanted == [False, False, True, False, False, True, False]


def test_max_faces_takes_the_largest():
    small, large = face_points((100, 100), 50), face_points((400, 200), 150)
    tracker = start(small, large, max_faces=1)
    np.testing.assert_allclose(tracker.expected()[0], large)
    for _ in range(30):
        tracker.follow(large[None], scores(0.9))
        assert not tracker.wants_detection()


def test_newcomer_needs_a_better_score_than_a_followed_face():
    a = face_points((100, 100))
    tracker = Tracker(TrackSettings())
    tracker.follow(tracker.expected(), scores())
    tracker.unclaimed(boxes(a))
    assert tracker.admit(a[None], scores(0.4)) == []
    assert tracker.admit(a[None], scores(0.7)) == [0]
    assert tracker.follow(a[None], scores(0.4)) == [0]


def test_a_track_that_slipped_onto_a_part_is_set_right():
    face, eye = face_points((100, 100), 120), face_points((80, 80), 30)
    tracker = start(face, detect_every=1)
    tracker.follow(eye[None], scores(0.9))
    rows = tracker.unclaimed(boxes(face))
    assert rows == [0]
    assert tracker.admit(face[None], scores(0.9)) == []
    assert tracker.ids == [0]
    np.testing.assert_allclose(tracker.expected()[0], face)


def test_a_part_of_a_followed_face_is_no_newcomer_and_no_second_track():
    face, eye = face_points((100, 100), 120), face_points((80, 80), 30)
    tracker = start(face)
    assert tracker.unclaimed(boxes(eye)) == []
    other = face_points((400, 100), 120)
    tracker.admit(other[None], scores(0.9))
    assert tracker.follow(np.stack([eye, face]), scores(0.9, 0.9)) == [1]


def test_a_still_face_is_looked_for_where_it_was():
    face = face_points((100, 100))
    tracker = start(face)
    extent = np.ptp(face, axis=0).max()
    rng = np.random.default_rng(0)
    places = []
    for _ in range(10):
        places.append(tracker.expected()[0].copy())
        noisy = face + rng.normal(0, 0.003 * extent, face.shape).astype(np.float32)
        tracker.follow(noisy[None], scores(0.9))
    assert all((place == places[0]).all() for place in places)
    tracker.follow((face + 0.05 * extent)[None], scores(0.9))
    assert np.abs(tracker.expected()[0] - places[0]).mean() > 0.03 * extent


def anchored(tracker, *faces):
    """What a detector that finds ``faces`` makes of the tracker."""
    rows = tracker.anchored(boxes(*faces))
    found = np.stack(faces)[rows]
    return tracker.anchor(found, np.ones(len(rows), dtype=np.float32))


def test_anchors_come_by_number(monkeypatch):
    monkeypatch.setattr("prosopon.track.tracker.ANCHOR_EVERY", 3)
    found = []
    for number in (0, 3):
        tracker = Tracker(TrackSettings(), number=number)
        for _ in range(5):
            tracker.begin(PICTURE.size, cells_of(PICTURE))
            found.append(tracker.is_anchor())
    assert found == [False, False, False, True, False, True, False, False, True, False]


def test_faces_keep_their_ids_at_an_anchor():
    a, b, c = face_points((100, 100)), face_points((400, 100)), face_points((250, 300))
    tracker = start(a, b)
    taken, left = anchored(tracker, c, b + np.float32(2), a)
    assert (taken, left) == ([0, 1, 2], [])
    assert tracker.ids == [2, 1, 0]
    np.testing.assert_array_equal(tracker.expected(), np.stack([c, b + np.float32(2), a]))
    assert not tracker.wants_detection()


def test_a_face_that_is_not_found_at_an_anchor_is_followed_on():
    a, b = face_points((100, 100)), face_points((400, 100))
    tracker = start(a, b)
    assert anchored(tracker, b) == ([0], [0])
    assert tracker.ids == [1, 0]


def test_no_more_faces_than_asked_for_at_an_anchor():
    a, b, c = face_points((100, 100)), face_points((400, 100)), face_points((250, 300))
    tracker = start(a, b, max_faces=2)
    assert anchored(tracker, c) == ([0], [0])
    assert tracker.ids == [2, 0]
