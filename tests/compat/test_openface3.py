"""prosopon.compat.openface3: the classes of OpenFace 3.0, on networks whose answers are known."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import fakeopenface3
from prosopon.compat.openface3 import FaceDetector, LandmarkDetector, MultitaskPredictor
from prosopon.compat.openface3.crop import SIZE, SquareCrop
from prosopon.compat.openface3.face_detection import cut_face
from prosopon.compat.openface3.networks import converter, device_name
from prosopon.compat.openface3.priors import decode, prior_boxes, suppress
from prosopon.compat.openface3.resize import resize_bilinear
from prosopon.errors import DeviceError, InputError, MissingExtraError, PackError


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fakeopenface3.write_pack(tmp_path_factory.mktemp("packs") / "openface3")


@pytest.fixture
def picture() -> np.ndarray:
    """(64, 64, 3): grey, with the second face's region brighter."""
    image = np.full((64, 64, 3), 100, np.uint8)
    image[28:60, 28:60] = 200
    return image


def test_prior_boxes_come_by_stride_row_column_and_side():
    priors = prior_boxes(64, 40)
    assert priors.shape == (2 * (8 * 5 + 4 * 3 + 2 * 2), 4)
    np.testing.assert_allclose(priors[0], [4 / 40, 4 / 64, 16 / 40, 16 / 64])
    np.testing.assert_allclose(priors[1], [4 / 40, 4 / 64, 32 / 40, 32 / 64])
    np.testing.assert_allclose(priors[2], [12 / 40, 4 / 64, 16 / 40, 16 / 64])
    np.testing.assert_allclose(priors[-1], [48 / 40, 48 / 64, 512 / 40, 512 / 64])
    assert prior_boxes(64, 40) is priors
    assert not priors.flags.writeable


def test_decode_moves_and_scales_a_prior():
    priors = np.array([[0.5, 0.5, 0.2, 0.4]], np.float32)
    values = np.zeros((1, 15), np.float32)
    values[0, :5] = [1, -1, np.log(2) / 0.2, 0, 0.7]
    values[0, 5:7] = [10, 5]
    face = decode(values, priors, (100, 50))[0]
    np.testing.assert_allclose(face[:5], [52 - 20, 23 - 10, 52 + 20, 23 + 10, 0.7], rtol=1e-6)
    np.testing.assert_allclose(face[5:9], [50 + 20, 25 + 10, 50, 25], rtol=1e-6)


def test_suppress_counts_the_last_pixel():
    # 10 × 10 px each, 5 px apart: 50 of 150 px in common.
    faces = np.array([[0, 0, 9, 9, 0.5], [5, 0, 14, 9, 0.9], [50, 0, 59, 9, 0.1]], np.float32)
    assert suppress(faces, 0.34).tolist() == [1, 0, 2]
    assert suppress(faces, 0.33).tolist() == [1, 2]
    assert suppress(faces[:0], 0.4).tolist() == []


def test_resizing_averages_when_it_shrinks_and_interpolates_when_it_grows():
    step = np.array([0, 0, 1, 1], np.float32)[None, :, None].repeat(4, 0).repeat(3, 2)
    # Triangles of two source pixels' reach: weights 1 3 3 1 over 8, cut off at the border.
    np.testing.assert_allclose(resize_bilinear(step, 2)[0], [[1 / 7, 6 / 7]] * 2, rtol=1e-6)
    grown = resize_bilinear(step[:2, 1:3], 4)
    assert grown.shape == (3, 4, 4)
    np.testing.assert_allclose(grown[0, 0], [0, 0.25, 0.75, 1])


def test_crop_is_the_boxs_shorter_side_and_a_little():
    crop = SquareCrop.around(np.array([10.9, 20.2, 110.7, 320.0]))
    assert crop.scale == np.float32(256 / 105)
    np.testing.assert_allclose(crop.to_image(np.full((1, 2), 127.5)), [[60, 170]])
    middle = crop.to_image(np.array([[0.0, 0.0]]))
    np.testing.assert_allclose(middle, [[60 - 127.5 * 105 / 256, 170 - 127.5 * 105 / 256]], 1e-5)


def test_crop_blends_pixels_in_steps_of_a_thirty_second():
    ramp = np.arange(64, dtype=np.uint8)[None, :, None].repeat(64, 0).repeat(3, 2)
    crop = SquareCrop.around(np.array([0, 0, 64, 64]))
    values = (crop.cut(ramp) + 1) * 127.5
    assert values.shape == (1, 3, SIZE, SIZE)
    columns = np.rint((np.arange(SIZE) - crop.shift[0]) / crop.scale * 32) / 32
    inside = (columns >= 0) & (columns <= 63)
    np.testing.assert_allclose(values[0, 0, 128, inside], np.floor(columns[inside] + 0.5), 1e-5)
    assert values[0, 0, :, columns < -1].max() == pytest.approx(0, abs=1e-5)


def test_crop_outside_the_picture_is_black():
    outside = SquareCrop.around(np.array([500, 500, 600, 600]))
    assert outside.cut(np.full((64, 64, 3), 255, np.uint8)).max() == -1
    before = SquareCrop.around(np.array([-600, -600, -500, -500]))
    assert before.cut(np.full((64, 64, 3), 255, np.uint8)).max() == -1


def test_get_face_gives_the_best_face_and_all(pack: Path, picture: np.ndarray, tmp_path: Path):
    cv2.imwrite(str(tmp_path / "face.png"), picture)
    face, dets = FaceDetector(model_path=str(pack)).get_face(str(tmp_path / "face.png"))
    assert dets is not None
    assert dets.dtype == np.float32
    np.testing.assert_allclose(dets[:, :4], fakeopenface3.BOXES, atol=1e-5)
    np.testing.assert_allclose(dets[:, 4], fakeopenface3.SCORES)
    np.testing.assert_allclose(dets[0, 5:], [12] * 10, atol=1e-5)
    assert face is not None
    assert face.shape == (16, 16, 3)


def test_confidence_and_vis_thresholds(pack: Path, picture: np.ndarray):
    assert len(FaceDetector(pack, confidence_threshold=0.7).get_face(picture)[1]) == 1
    assert FaceDetector(pack, vis_threshold=0.95).get_face(picture) == (None, None)
    assert FaceDetector(pack, confidence_threshold=0.95).get_face(picture) == (None, None)


def test_resize_is_undone_in_the_results(pack: Path, picture: np.ndarray):
    large = cv2.resize(picture, (128, 128))
    dets = FaceDetector(pack).get_face(large, resize=0.5)[1]
    np.testing.assert_allclose(dets[:, :4], 2 * fakeopenface3.BOXES, atol=1e-4)
    with pytest.raises(InputError, match="resize: expected a number above 0, got 0"):
        FaceDetector(pack).get_face(large, resize=0)


def test_pictures_that_are_none(pack: Path, tmp_path: Path):
    with pytest.raises(InputError, match="no such file"):
        FaceDetector(pack).get_face(tmp_path / "nothing.jpg")
    with pytest.raises(InputError, match=r"expected a path or \(h, w, 3\) uint8 BGR, got"):
        FaceDetector(pack).get_face(np.zeros((64, 64), np.uint8))


def test_face_is_cut_at_the_pictures_border():
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    np.testing.assert_array_equal(cut_face(image, np.array([-3.5, 1.9, 2.2, 90])), image[1:, :2])
    assert cut_face(image, np.array([50, 50, 60, 60])).shape == (1, 1, 3)


def test_landmarks_of_confident_faces(pack: Path, picture: np.ndarray):
    dets = FaceDetector(pack).get_face(picture)[1]
    detector = LandmarkDetector(model_path=pack, device="cpu", device_ids=[-1])
    assert detector.count == 98
    before = picture.copy()
    landmarks = detector.detect_landmarks(picture, dets)
    np.testing.assert_array_equal(picture, before)
    assert [points.shape for points in landmarks] == [(98, 2), (98, 2)]
    np.testing.assert_allclose(landmarks[0], np.full((98, 2), 12), atol=1e-4)
    np.testing.assert_allclose(landmarks[1], np.full((98, 2), 44), atol=1e-4)
    assert len(detector.detect_landmarks(picture, dets, confidence_threshold=0.7)) == 1
    assert detector.detect_landmarks(picture, None) == []
    with pytest.raises(InputError, match=r"dets: expected shape \(n, 5 or more\), got \(1, 4\)"):
        detector.detect_landmarks(picture, np.zeros((1, 4)))


def test_predict_standardises_red_green_blue(pack: Path):
    code = (
        "import sys, numpy as np; from prosopon.compat.openface3 import MultitaskPredictor\n"
        "blue = np.zeros((30, 20, 3), np.uint8); blue[:, :, 0] = 255\n"
        f"values = MultitaskPredictor({str(pack)!r}).predict(blue)\n"
        "assert 'torch' not in sys.modules\n"
        "assert [v.shape for v in values] == [(1, 8), (1, 2), (1, 8)]\n"
        "assert all(type(v) is np.ndarray for v in values)\n"
        "print(values[0][0, 0], values[1][0, 0] - values[0][0, 0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, step = map(float, done.stdout.split())
    mean = ((0 - 0.485) / 0.229 + (0 - 0.456) / 0.224 + (1 - 0.406) / 0.225) / 3
    assert first == pytest.approx(mean, abs=1e-3)
    assert step == pytest.approx(8, abs=1e-5)


@pytest.mark.train
def test_predict_gives_tensors_to_a_script_that_uses_torch(pack: Path):
    torch = pytest.importorskip("torch")
    emotion, gaze, units = MultitaskPredictor(pack).predict(np.zeros((8, 8, 3), np.uint8))
    assert torch.argmax(emotion, dim=1).item() == 7
    assert (gaze.shape, units.shape) == ((1, 2), (1, 8))


def test_every_face_has_its_own_values(pack: Path):
    faces = [np.full((9, 9, 3), value, np.uint8) for value in (0, 255)]
    emotion, gaze, units = MultitaskPredictor(pack).predict_many(faces)
    assert (emotion[1] - emotion[0] > 4).all()
    assert (gaze.shape, units.shape) == ((2, 2), (2, 8))
    assert MultitaskPredictor(pack).predict_many([])[0].shape == (0, 8)


def test_model_paths(pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    FaceDetector(pack / "detector.onnx")
    with pytest.raises(PackError, match="a landmarks network; expected a detector network"):
        FaceDetector(pack / "landmarks.onnx")
    with pytest.raises(PackError, match=r"nothing\.pth: no such file; give a checkpoint"):
        FaceDetector(tmp_path / "nothing.pth")
    with pytest.raises(PackError, match="no pack"):
        FaceDetector(tmp_path)
    monkeypatch.setenv("PROSOPON_PACKS", str(pack.parent))
    FaceDetector("openface3")


def test_a_checkpoint_without_torch_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PROSOPON_PACKS", str(tmp_path / "packs"))
    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / "MTL_backbone.pth").write_bytes(b"weights")
    with pytest.raises(MissingExtraError, match=r"'torch': pip install 'prosopon\[openface3\]'"):
        MultitaskPredictor(tmp_path / "MTL_backbone.pth")
    with pytest.raises(MissingExtraError, match="converting needs the package 'torch'"):
        converter("pack", "converting")


def test_devices_as_torch_spells_them(pack: Path):
    assert device_name("cuda:0") == "cuda"
    with pytest.raises(DeviceError, match="'mps' is no device"):
        FaceDetector(pack, device="mps")
