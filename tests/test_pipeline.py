from pathlib import Path

import cv2
import numpy as np
import pytest

from fakepack import write_pack
from prosopon.errors import DeviceError, InputError, PackError
from prosopon.pipeline import Analyzer, analyze
from prosopon.sources.base import Source
from prosopon.types import Frame

NOISE = np.random.default_rng(0).integers(0, 255, (240, 320), dtype=np.uint8)
FLAT = np.full((240, 320), 90, dtype=np.uint8)


@pytest.fixture(scope="module")
def pack(tmp_path_factory) -> Path:
    return write_pack(tmp_path_factory.mktemp("packs") / "fake")


@pytest.fixture(scope="module")
def analyzer(pack) -> Analyzer:
    return Analyzer(pack)


class Pictures(Source):
    """A source of given luminance planes, 25 a second."""

    kind = "video"

    def __init__(self, *planes):
        super().__init__()
        self.planes = planes

    def __iter__(self):
        for index, plane in enumerate(self.planes):
            yield Frame(plane, index, index / 25, lambda: np.zeros(0, np.uint8))


def test_image_without_a_face_has_no_rows(analyzer):
    faces = analyzer.image(FLAT)
    assert len(faces) == 0
    assert faces["landmarks"].shape == (0, 68, 2)


def test_no_boxes_give_no_rows(analyzer):
    assert len(analyzer.image(NOISE, boxes=[])) == 0


@pytest.mark.parametrize(
    "options",
    [{"max_faces": 0}, {"detect_every": 0}, {"min_confidence": 2.0}, {"detect_every": "3"}],
    ids=str,
)
def test_numbers_that_make_no_sense(pack, options):
    with pytest.raises(InputError, match=f"{next(iter(options))}: expected "):
        Analyzer(pack, **options)


def test_image_with_a_face(analyzer):
    faces = analyzer.image(cv2.cvtColor(NOISE, cv2.COLOR_GRAY2BGR))
    assert len(faces) == 1
    assert faces["success"][0] == 1
    assert faces["face_id"][0] == 0
    assert faces["confidence"][0] > 0.99
    assert faces["emotion"].sum() == pytest.approx(1)
    assert faces.au_names[:2] == ("AU01", "AU02")
    np.testing.assert_allclose(faces["gaze"][0], [[0, 0, -1]] * 2, atol=1e-6)


def test_boxes_give_one_row_each_in_order(analyzer):
    faces = analyzer.image(NOISE, boxes=[[200, 100, 300, 220], [10, 20, 110, 140]])
    assert len(faces) == 2
    centers = faces["landmarks"].mean(1)
    assert centers[0, 0] > centers[1, 0]


def test_a_box_may_fill_a_tiny_picture(analyzer):
    small = NOISE[:48, :48]
    faces = analyzer.image(small, boxes=[[0, 0, 48, 48]])
    assert len(faces) == 1
    assert np.isfinite(faces["landmarks"]).all()


@pytest.mark.parametrize(
    ("image", "boxes", "message"),
    [
        pytest.param(NOISE, [[1, 2, 3]], r"boxes: expected shape \(n, 4\)", id="boxes' shape"),
        pytest.param(NOISE, [[0, 0, np.nan, 9]], "boxes: expected x1 > x0", id="box of NaN"),
        pytest.param(NOISE, [[0, 0, 9, 9], [1]], "boxes: expected numbers of", id="ragged boxes"),
        pytest.param(NOISE, [[9, 9, 3, 12]], "expected x1 > x0", id="empty box"),
        pytest.param(NOISE.astype(float), None, "expected uint8", id="float pixels"),
        pytest.param(NOISE[None], None, "expected shape", id="three axes"),
        pytest.param("nowhere.png", None, "nowhere.png", id="missing file"),
    ],
)
def test_bad_input_is_named(analyzer, image, boxes, message):
    with pytest.raises(InputError, match=message):
        analyzer.image(image, boxes=boxes)


def test_every_frame_has_a_row(analyzer):
    source = Pictures(FLAT, NOISE, NOISE, FLAT, NOISE)
    (table,) = analyzer.tables(source)
    np.testing.assert_array_equal(table["frame"], [0, 1, 2, 3, 4])
    np.testing.assert_allclose(table["time"], [0, 0.04, 0.08, 0.12, 0.16])
    np.testing.assert_array_equal(table["success"], [0, 1, 1, 0, 1])
    np.testing.assert_array_equal(table["face_id"], [-1, 0, 0, -1, 0])
    assert np.isnan(table["landmarks"][0]).all()
    assert table["confidence"][0] == 0
    assert np.isfinite(table["landmarks"][1]).all()


def test_chunks_change_nothing(analyzer):
    planes = [NOISE, FLAT, NOISE, NOISE, NOISE, FLAT, FLAT, NOISE]
    (whole,) = analyzer.tables(Pictures(*planes))
    pieces = list(analyzer.tables(Pictures(*planes), frames=3))
    assert [len(piece) for piece in pieces] == [3, 3, 2]
    for name in whole:
        joined = np.concatenate([piece[name] for piece in pieces])
        np.testing.assert_array_equal(joined, whole[name], err_msg=name)


def test_frames_give_results_one_by_one(analyzer):
    results = list(analyzer.frames(Pictures(FLAT, NOISE)))
    assert [r.index for r in results] == [0, 1]
    assert [r.time for r in results] == [0, 0.04]
    assert [int(r.faces["success"][0]) for r in results] == [0, 1]


def test_pictures_of_different_size_in_one_source(analyzer):
    tables = list(analyzer.tables(Pictures(NOISE, NOISE[:200, :200])))
    assert [len(table) for table in tables] == [1, 1]


def test_analyze_a_file(pack, tmp_path):
    path = tmp_path / "picture.png"
    cv2.imwrite(str(path), NOISE)
    table = analyze(path, pack=pack)
    assert len(table) == 1
    assert table["success"][0] == 1


@pytest.mark.parametrize("method", ["tables", "frames"])
def test_a_path_is_no_source(analyzer, method):
    with pytest.raises(InputError, match=r"'clip.mp4': expected an open source, got str; open it"):
        list(getattr(analyzer, method)("clip.mp4"))


def test_what_analyze_refuses(pack, tmp_path):
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), NOISE)
    with pytest.raises(InputError, match="None: expected a path or a camera's number"):
        analyze(None, pack=pack)
    with pytest.raises(DeviceError, match=r"threads: expected a whole number .* got '2'"):
        analyze(tmp_path, pack=pack, threads="2")
    with pytest.raises(InputError, match="pictures have no time for start, end or fps"):
        analyze(tmp_path, pack=pack, start="1:00")
    assert len(analyze(tmp_path, pack=pack, every=2)) == 1


def test_max_faces(pack):
    faces = Analyzer(pack, max_faces=1).image(NOISE)
    assert len(faces) == 1


def test_a_network_that_its_pack_does_not_describe_is_refused(tmp_path):
    folder = write_pack(tmp_path / "fake")
    toml = (folder / "pack.toml").read_text()
    (folder / "pack.toml").write_text(toml.replace("face = [329, 1]", "face = [329, 2]"))
    with pytest.raises(PackError, match=r"network-fp32\.onnx: gives 330 values a face"):
        Analyzer(folder)
