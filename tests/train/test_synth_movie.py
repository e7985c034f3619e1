"""Layers into pictures, and pictures into a video with what came beside them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from prosopon.sources import open_source
from prosopon.types import FRAME_COLUMNS, FaceTable
from prosopon_train.synth.movie import lay, write_movie, write_with_rows

pytestmark = pytest.mark.train


def test_a_layer_is_cut_off_at_the_edges():
    picture = np.full((4, 6), 0.5, np.float32)
    alpha = np.full((3, 3), 0.5, np.float32)
    lay(picture, alpha * 1.0, alpha, np.array([-2, 3]))
    expected = np.full((4, 6), 0.5)
    expected[3, 0] = 0.75
    np.testing.assert_array_equal(picture, expected)


def test_a_layer_beside_the_picture_changes_nothing():
    picture = np.full((4, 6, 3), 0.5, np.float32)
    lay(picture, np.ones((2, 2, 3)), np.ones((2, 2, 1)), np.array([6, 0]))
    assert (picture == 0.5).all()


@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 3)])
def test_a_movie_has_the_pictures_in_their_order(tmp_path, shape):
    frames = ((np.full(shape, level, np.uint8), level) for level in (40, 120, 200))
    path = tmp_path / "a.mp4"
    assert write_movie(path, frames, 25, crf=10) == [40, 120, 200]
    with open_source(path, 1) as source:
        levels = [float(frame.luma.mean()) for frame in source]
    assert np.diff(levels).min() > 60


def test_rows_stand_beside_the_movie(tmp_path):
    schema = tuple(c for c in FRAME_COLUMNS if c.name in ("frame", "face_id"))
    rows = [FaceTable(schema, {"frame": np.array([i]), "face_id": np.array([7])}) for i in (0, 1)]
    frames = [(np.zeros((32, 32), np.uint8), row) for row in rows]
    write_with_rows(tmp_path / "a.mp4", frames, schema, 25, crf=23)
    assert (tmp_path / "a_truth.csv").read_text() == "frame,face_id\n0,7\n1,7\n"
