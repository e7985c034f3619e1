"""Fitting within the Analyzer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import prosopon
from fakepack import write_pack
from prosopon.errors import PackError
from prosopon.geometry import Camera, gaze_angles, rotation_from_euler

CLIP = Path(__file__).parents[2] / "examples" / "clip.mp4"


def test_a_pack_without_a_face_model_still_measures(tmp_path: Path):
    folder = write_pack(tmp_path / "fake")
    assert "landmarks_3d" not in {c.name for c in prosopon.Analyzer(folder).schema}
    with pytest.raises(PackError, match="has no 3D face to fit"):
        prosopon.Analyzer(folder, fit=True)


def test_a_clip_is_fitted():
    camera = Camera(950.0, 950.0, 320.0, 180.0)
    analyzer = prosopon.Analyzer(fit=True, intrinsics=camera, max_faces=1)
    table = []
    for result in analyzer.video(CLIP):
        table.append(result.faces)
        if result.index == 9:
            break
    last = table[-1]
    placed = last["landmarks_3d"][0]
    seen = placed[:, :2] / placed[:, 2:] * 950 + [320, 180]
    size = np.ptp(last["landmarks"][0][:, 0])
    assert np.linalg.norm(seen - last["landmarks"][0], axis=1)[17:].mean() < 0.03 * size
    assert last["pose_t"][0, 2] == pytest.approx(950, rel=0.12)  # mm, as it was rendered
    assert last["shape_modes"].shape == (1, 34)
    assert analyzer.settings["fit"] is True
    assert analyzer.settings["intrinsics"]["fx"] == 950.0


def test_gaze_in_the_head_follows_the_fitted_head():
    faces = next(prosopon.Analyzer(fit=True, max_faces=1).video(CLIP)).faces
    plain = next(prosopon.Analyzer(max_faces=1).video(CLIP)).faces
    turned = rotation_from_euler(faces["pose_euler"].astype(float))[0]
    both = faces["gaze"][0].astype(float).sum(0)
    expected = gaze_angles((both / np.linalg.norm(both) @ turned)[None])
    np.testing.assert_array_equal(faces["gaze"], plain["gaze"])
    np.testing.assert_allclose(faces["gaze_head"], expected, atol=1e-5)
    assert np.abs(faces["gaze_head"] - plain["gaze_head"]).max() > 1e-3
