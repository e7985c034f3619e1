"""Counts of tracks that are worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from prosopon_eval.tracking import Counts, Faces, count, drop_unseen

pytest.importorskip("scipy")


def faces(*rows: tuple[int, int, float]) -> Faces:
    """Rows (frame, id, x) of boxes 10 px wide."""
    frame, face_id, x = zip(*rows, strict=True) if rows else ((), (), ())
    left = np.array(x, float)
    box = np.stack([left, 0 * left, left + 10, 0 * left + 10], axis=1)
    return Faces(np.array(frame, int), np.array(face_id, int), box.reshape(-1, 4))


def line(face_id: int, x: float, frames: range) -> list[tuple[int, int, float]]:
    return [(frame, face_id, x) for frame in frames]


def test_perfect():
    truth = faces(*line(0, 0, range(5)), *line(1, 50, range(5)))
    counts = count(truth, faces(*line(7, 0, range(5)), *line(3, 50, range(5))))
    assert counts == Counts(10, 10, 10, 0, 0, 10, 2, 2)
    assert counts.mota == 1
    assert counts.idf1 == 1


def test_a_new_id_halfway_is_one_switch():
    truth = faces(*line(0, 0, range(10)))
    counts = count(truth, faces(*line(0, 0, range(6)), *line(1, 0, range(6, 10))))
    assert counts == Counts(10, 10, 10, 1, 0, 6, 1, 2)
    assert counts.mota == pytest.approx(0.9)
    assert counts.idf1 == pytest.approx(0.6)


def test_a_gap_is_a_fragment_and_not_a_switch():
    truth = faces(*line(0, 0, range(10)))
    counts = count(truth, faces(*line(0, 0, range(4)), *line(0, 0, range(6, 10))))
    assert counts == Counts(10, 8, 8, 0, 1, 8, 1, 1)
    assert counts.mota == pytest.approx(0.8)
    assert counts.idf1 == pytest.approx(16 / 18)


def test_somebody_who_is_away_is_not_fragmented():
    truth = faces(*line(0, 0, range(4)), *line(0, 0, range(6, 10)))
    counts = count(truth, faces(*line(0, 0, range(4)), *line(5, 0, range(6, 10))))
    assert (counts.switches, counts.fragments) == (1, 0)


def test_swapped_ids_are_two_switches():
    truth = faces(*line(0, 0, range(10)), *line(1, 50, range(10)))
    swapped = [*line(0, 0, range(7)), *line(1, 50, range(7))]
    swapped += [*line(1, 0, range(7, 10)), *line(0, 50, range(7, 10))]
    counts = count(truth, faces(*swapped))
    assert (counts.switches, counts.identified, counts.matched) == (2, 14, 20)
    assert counts.mota == pytest.approx(0.9)
    assert counts.idf1 == pytest.approx(0.7)


def test_a_match_holds_though_another_overlaps_more():
    truth = faces(*line(0, 0, range(2)))
    counts = count(truth, faces((0, 4, 0), (1, 4, 3), (1, 5, 0)))
    assert (counts.switches, counts.matched, counts.predicted) == (0, 2, 3)
    assert counts.mota == pytest.approx(0.5)


def test_no_overlap_is_a_miss_and_a_false_face():
    counts = count(faces((0, 0, 0)), faces((0, 0, 6)))
    assert (counts.matched, counts.identified, counts.mota) == (0, 0, -1)


def test_hidden_faces_count_neither_way():
    truth = faces(*line(0, 0, range(2)), *line(1, 50, range(2)))
    seen = np.array([True, True, False, False])
    left, kept = drop_unseen(truth, seen, faces((0, 0, 0), (0, 1, 50), (1, 1, 90)))
    assert left.face_id.tolist() == [0, 0]
    assert kept.box[:, 0].tolist() == [0, 90]


def test_clips_add_up_and_none_is_unknown():
    assert Counts(1, 2, 3, 4, 5, 6, 7, 8) + Counts(truth=1) == Counts(2, 2, 3, 4, 5, 6, 7, 8)
    assert np.isnan(count(faces(), faces()).idf1)
    assert np.isnan(count(faces(), faces()).mota)
