import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from prosopon.crop import face_boxes
from prosopon.types import Detections
from prosopon_eval.detection import (
    CANVAS,
    MarkedFace,
    false_scores,
    held_out_backgrounds,
    marked_faces,
    place,
    recall,
)


def corners_as_68(x0, y0, x1, y1):
    points = np.full((68, 2), ((x0 + x1) / 2, (y0 + y1) / 2), np.float32)
    points[:2] = (x0, y0), (x1, y1)
    return points


def detections(boxes, scores):
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    points = np.zeros((len(boxes), 5, 2), np.float32)
    return Detections(boxes, np.array(scores, np.float32), points)


def jpeg(luma):
    return cv2.imencode(".png", luma)[1].tobytes()


def test_face_box_is_raised_by_a_quarter():
    np.testing.assert_array_equal(
        face_boxes(corners_as_68(10, 20, 50, 60)[None])[0], (10, 10, 50, 60)
    )


@pytest.mark.parametrize("side", [20, 40, 160])
def test_placed_face_has_the_side_and_stands_in_the_middle(side):
    face = MarkedFace(np.full((80, 80), 255, np.uint8), corners_as_68(20, 32, 60, 64))
    placed = place(face, side, 0)
    box = face_boxes(placed.points[None])[0]
    assert np.sqrt(np.prod(box[2:] - box[:2])) == pytest.approx(side, rel=0.02)
    np.testing.assert_allclose(placed.points.mean(0), (CANVAS - 1) / 2, atol=1e-2)
    assert placed.luma.shape == (CANVAS, CANVAS)
    assert placed.luma[CANVAS // 2, CANVAS // 2] == 255


def test_turning_is_clockwise():
    face = MarkedFace(np.zeros((80, 80), np.uint8), corners_as_68(20, 40, 60, 40))
    face.points[2:] = (40, 72)
    placed = place(face, 40, 90)
    assert placed.points[0, 1] < placed.points[1, 1]  # the left end has gone up


def test_recall_counts_boxes_that_overlap_by_half():
    face = MarkedFace(np.zeros((80, 80), np.uint8), corners_as_68(20, 32, 60, 64))
    box = face_boxes(place(face, 40, 0).points[None])[0]
    off = box + np.array([30, 0, 30, 0])
    found = recall(lambda _: detections([off, box + 2, box], [0.9, 0.8, 0.6]), [face], 40, 0)
    assert found.scores.tolist() == pytest.approx([0.8])
    assert 0.5 < found.overlaps[0] < 1
    assert (found.at(0.8), found.at(0.81)) == (1, 0)
    missed = recall(lambda _: detections([off], [0.9]), [face], 40, 0)
    assert (missed.at(0.1), np.isnan(missed.overlaps[0])) == (0, True)


def test_false_scores_of_all_pictures():
    answers = iter([detections([], []), detections([(0, 0, 9, 9)] * 2, [0.5, 0.4])])
    scores = false_scores(lambda _: next(answers), [np.zeros((8, 8), np.uint8)] * 2)
    np.testing.assert_allclose(scores, (0.5, 0.4))


def test_only_the_lower_folds_of_backgrounds_are_used(tmp_path):
    picture = jpeg(np.zeros((10, 20), np.uint8))
    names = [f"{i}.png" for i in range(20)]
    path = tmp_path / "b.parquet"
    pq.write_table(pa.table({"image": [picture] * 20, "name": names}), path)
    pictures = list(held_out_backgrounds(path, 40))
    assert 0 < len(pictures) < 20
    assert pictures[0].shape == (20, 40)


def test_marked_faces_are_drawn_evenly(tmp_path):
    pictures = [jpeg(np.full((8, 8), i, np.uint8)) for i in range(5)]
    points = [[float(i)] * 136 for i in range(5)]
    path = tmp_path / "m.parquet"
    table = pa.table({"image": pictures, "name": list("abcde"), "landmarks": points})
    pq.write_table(table, path)
    assert [int(face.luma[0, 0]) for face in marked_faces(path, 3)] == [0, 2, 4]
    assert marked_faces(path, 9)[4].points[0, 0] == 4
