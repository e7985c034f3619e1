"""Average precision against cases computed by hand."""

import numpy as np
import pytest

from prosopon_eval.average_precision import average_precision, wider_average_precision


def test_average_precision_of_three_detections():
    # Right, wrong, right, of two faces: precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1.
    recall, precision = np.array([0.5, 0.5, 1.0]), np.array([1.0, 0.5, 2 / 3])
    assert average_precision(recall, precision) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


BIG, SMALL = [0, 0, 99, 99], [200, 200, 209, 209]
ELSEWHERE = [400, 400, 450, 450]


def wider(found, scores, counted=(True, True)):
    truth = np.array([BIG, SMALL], float)
    return wider_average_precision(
        [np.array(found, float).reshape(-1, 4)], [np.array(scores)], [truth], [np.array(counted)]
    )


def test_wider_average_precision():
    assert wider([BIG, SMALL], [0.9, 0.5]) == pytest.approx(1)
    assert wider([BIG], [0.9]) == pytest.approx(0.5)
    assert wider([BIG, ELSEWHERE, SMALL], [0.9, 0.8, 0.5]) == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert wider([], []) == 0
    assert np.isnan(wider([BIG], [0.9], (False, False)))


def test_wider_faces_that_do_not_count_are_neither_right_nor_wrong():
    assert wider([BIG, SMALL], [0.5, 0.9], (True, False)) == pytest.approx(1)


def test_wider_second_detection_of_a_face_is_wrong():
    # By the published code, the face stays found and the proposal counts: precision 1/2 at the end.
    assert wider([BIG, BIG, SMALL], [0.9, 0.8, 0.5]) == pytest.approx(0.5 + 0.5 * 2 / 3)
