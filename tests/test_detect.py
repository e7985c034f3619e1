import math

import numpy as np
import pytest

from prosopon.detect import FaceDetector
from prosopon.detect.cells import N_VALUES, STRIDES, cell_centers, decode_cells, suppress


class OneCell:
    """Answers with one face at the cell of index ``cell``, and keeps what it was shown."""

    def __init__(self, cell, logit=4.0, offset=(0.0, 0.0), half=(10.0, 20.0)):
        self.cell, self.logit, self.offset, self.half = cell, logit, offset, half

    def run(self, output_names, input_feed):
        assert output_names is None
        self.seen = input_feed["luma"].copy()
        _, _, h, w = self.seen.shape
        values = np.full((N_VALUES, sum((h // s) * (w // s) for s in STRIDES)), -9.0, np.float32)
        values[:, self.cell] = 0
        values[0, self.cell] = self.logit
        values[1:3, self.cell] = self.offset
        values[3:5, self.cell] = np.log(self.half)
        values[5:7, self.cell] = (-4, -3)
        return [values]


class Looks:
    """One face in the middle of a 256×256 picture, and what further looks at it say."""

    def __init__(self, first, second, shift=0.0):
        self.first, self.second, self.shift, self.cuts = first, second, shift, []

    def run(self, output_names, input_feed):
        picture = input_feed["luma"][0, 0]
        looked_again = picture.shape == (192, 192)
        if looked_again:
            self.cuts.append(picture.copy())
        size = len(picture)
        centers = cell_centers(size, size)
        cell = int(np.abs(centers - size / 2).sum(1).argmin())
        values = np.full((N_VALUES, len(centers)), -9.0, np.float32)
        # A box of 40×40 px around (127.5, 127.5); the cut is 80 px wide and 192 px large.
        shift = self.shift * (-1) ** (len(self.cuts) - 1)  # the second of two cuts is mirrored
        center = 95.5 + shift if looked_again else 127.5
        half = 20 * 2.4 if looked_again else 20
        values[0, cell] = self.second if looked_again else self.first
        values[1:3, cell] = center - centers[cell]
        values[3:5, cell] = math.log(half)
        values[5:, cell] = np.tile(center - centers[cell], 5)
        return [values]


def test_cells_run_by_level_then_by_row():
    centers = cell_centers(64, 128)
    assert len(centers) == 8 * 16 + 4 * 8 + 2 * 4 + 1 * 2
    np.testing.assert_array_equal(centers[[0, 1, 16]], [(3.5, 3.5), (11.5, 3.5), (3.5, 11.5)])
    np.testing.assert_array_equal(centers[128], (7.5, 7.5))
    np.testing.assert_array_equal(centers[-1], (95.5, 31.5))


def test_decoding_adds_the_offsets_to_the_cell():
    values = np.zeros((N_VALUES, 1), np.float32)
    values[1:5, 0] = (1, -2, math.log(10), math.log(20))
    values[5:, 0] = np.arange(10)
    scores, boxes, points = decode_cells(values, np.array([[100, 50]], np.float32))
    assert scores[0] == 0.5
    np.testing.assert_allclose(boxes[0], (91, 28, 111, 68), rtol=1e-6)
    np.testing.assert_array_equal(points[0, 1], (102, 53))


def test_wild_values_stay_finite():
    values = np.full((N_VALUES, 1), 1e4, np.float32)
    assert all(np.isfinite(part).all() for part in decode_cells(values, np.zeros((1, 2))))


def test_suppression_keeps_the_best_of_overlapping_boxes():
    boxes = np.array([(0, 0, 10, 10), (1, 0, 11, 10), (20, 0, 30, 10)], np.float32)
    scores = np.array([0.6, 0.9, 0.7], np.float32)
    np.testing.assert_array_equal(suppress(boxes, scores, 0.5), [1, 2])
    np.testing.assert_array_equal(suppress(boxes, scores, 0.9), [1, 2, 0])
    assert suppress(boxes[:0], scores[:0], 0.5).shape == (0,)


def test_small_pictures_are_padded_not_enlarged():
    session = OneCell(cell=0, offset=(10.5, 20.5))
    luma = np.full((48, 70), 200, np.uint8)
    found = FaceDetector(session, threshold=0.5)(luma)
    assert session.seen.shape == (1, 1, 64, 128)
    assert session.seen.dtype == np.uint8
    assert (session.seen[0, 0, :48, :70] == 200).all()
    assert session.seen.sum() == 200 * 48 * 70
    np.testing.assert_allclose(found.boxes, [(4, 4, 24, 44)], rtol=1e-6)
    np.testing.assert_allclose(found.scores, [1 / (1 + math.exp(-4))], rtol=1e-6)
    np.testing.assert_allclose(found.points[0, 0], (-0.5, 0.5), rtol=1e-6)


def test_large_pictures_are_shrunk_and_boxes_put_back():
    session = OneCell(cell=0, offset=(10.5, 20.5))
    found = FaceDetector(session, threshold=0.5)(np.zeros((720, 1280), np.uint8))
    assert session.seen.shape == (1, 1, 384, 640)
    # Pixel centres are at integers, so halving moves coordinate x to (x + ½) / 2 − ½.
    np.testing.assert_allclose(found.boxes, [(8.5, 8.5, 48.5, 88.5)], rtol=1e-6)


def test_border_of_a_former_picture_does_not_remain():
    session = OneCell(cell=0)
    detector = FaceDetector(session, threshold=0.5)
    detector(np.full((64, 64), 255, np.uint8))
    detector(np.full((60, 50), 1, np.uint8))
    assert session.seen.sum() == 60 * 50


def test_nothing_below_the_threshold():
    found = FaceDetector(OneCell(cell=3, logit=-1), threshold=0.5)(np.zeros((64, 64), np.uint8))
    assert len(found) == 0
    assert (found.boxes.shape, found.points.shape) == ((0, 4), (0, 5, 2))


def test_a_doubtful_face_is_looked_at_again_and_mirrored():
    session = Looks(first=0.0, second=2.0, shift=2.4)
    luma = np.zeros((256, 256), np.uint8)
    luma[:, :128] = 200
    found = FaceDetector(session, threshold=0.6)(luma)
    cut, mirrored = session.cuts
    assert (cut[:, :95] == 200).all()
    assert (cut[:, 97:] == 0).all()
    np.testing.assert_array_equal(mirrored, cut[:, ::-1])
    np.testing.assert_allclose(found.scores, [1 / (1 + math.exp(-4 / 3))], rtol=1e-5)
    np.testing.assert_allclose(found.boxes, [(108.5, 108.5, 148.5, 148.5)], atol=1e-4)
    np.testing.assert_allclose(found.points[0, 0], (128.5, 128.5), atol=1e-4)


@pytest.mark.parametrize(
    ("first", "second", "shift", "looks", "faces"),
    [
        pytest.param(3.0, -9.0, 0, 0, 1, id="sure at once"),
        pytest.param(0.0, 0.5, 0, 2, 0, id="mean below the threshold"),
        pytest.param(1.0, 4.0, 90, 2, 0, id="the further looks see another place"),
        pytest.param(-1.0, 4.0, 0, 0, 0, id="not worth a second look"),
    ],
)
def test_further_looks(first, second, shift, looks, faces):
    session = Looks(first, second, shift)
    found = FaceDetector(session, threshold=0.6, long_side=768)(np.zeros((256, 256), np.uint8))
    assert (len(session.cuts), len(found)) == (looks, faces)


def test_where_nothing_is_found_the_picture_is_searched_smaller():
    class SmallOnly(OneCell):
        def run(self, names, feed):
            (values,) = super().run(names, feed)
            return [values if self.seen.shape[3] == 256 else values - 20]

    session = SmallOnly(cell=0, offset=(10.5, 20.5))
    found = FaceDetector(session, threshold=0.5, long_side=636)(np.zeros((212, 424), np.uint8))
    np.testing.assert_allclose(found.boxes, [(8.5, 8.5, 48.5, 88.5)], rtol=1e-6)


def test_a_doubtful_face_may_lie_at_the_border():
    session = OneCell(cell=0, logit=1.0, offset=(-10.0, -10.0))
    assert len(FaceDetector(session, threshold=0.2)(np.zeros((20, 300), np.uint8))) == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (64, 64), (65, 1)])
def test_any_size_of_picture(shape):
    assert len(FaceDetector(OneCell(cell=0), threshold=0.5)(np.zeros(shape, np.uint8))) == 1


def test_other_pictures_are_refused():
    detector = FaceDetector(OneCell(cell=0), threshold=0.5)
    with pytest.raises(ValueError, match=r"expected \(h, w\) uint8, got \(4, 4, 3\)"):
        detector(np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(ValueError, match="threshold"):
        FaceDetector(OneCell(cell=0), threshold=1.0)
