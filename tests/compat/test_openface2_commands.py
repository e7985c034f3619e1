"""prosopon.compat.openface2: the commands, their flags and the files they write."""

from __future__ import annotations

import functools
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pandas
import pytest

import fakepack
from prosopon.compat.openface2 import commands, hog
from prosopon.compat.openface2.aligned import Aligner, similarity
from prosopon.compat.openface2.arguments import UsageError, parse
from prosopon.decoding import Decoder
from prosopon.pipeline import Analyzer
from prosopon.types import AnyArray, UInt8Array
from prosopon.writers.openface2 import COLUMNS, PARTS

EVERYTHING = frozenset((*PARTS, "simalign", "hogalign", "tracked"))


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fakepack.write_pack(tmp_path_factory.mktemp("packs") / "fake")


@pytest.fixture
def run(
    tmp_path: Path, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[], int], str], int]:
    """Runs a command in an empty folder on the fake pack, which has no 3D face to fit."""
    monkeypatch.chdir(tmp_path)

    def analyzer(*, fit: bool = False, **options: Any) -> Analyzer:
        return Analyzer(pack, **options)

    monkeypatch.setattr(commands, "Analyzer", analyzer)

    def call(command: Callable[[], int], words: str) -> int:
        monkeypatch.setattr(sys, "argv", [command.__name__, *words.split()])
        return command()

    return call


def noise(seed: int | None = 0) -> UInt8Array:
    """(96, 128, 3): noise, in which the fake pack sees one face, or without a seed grey."""
    if seed is None:
        return np.full((96, 128, 3), 128, np.uint8)
    grey = np.random.default_rng(seed).integers(0, 256, (96, 128, 1), dtype=np.uint8)
    return grey.repeat(3, axis=2)


def write_video(path: Path, frames: int = 4) -> Path:
    """A lossless clip at 10 frames/s whose last frame has no face."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for i in range(frames):
            image = noise(i if i < frames - 1 else None)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    return path


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# ---- flags


def test_no_output_flag_asks_for_everything():
    arguments = parse("-f a.mp4".split())
    assert arguments.outputs == EVERYTHING
    assert arguments.target(0, "a") == Path("processed/a")


def test_flags():
    arguments = parse(
        "-root in -f a.mp4 -f b.mp4 -out_dir out -of x/one.csv -aus -pose -au_static -nomask -g "
        "-fx 500 -cy 240.5 -simscale 0.5 -simsize 96 -nobadaligned -format_aligned png -q "
        "-bboxdir boxes -device 1".split()
    )
    assert arguments.files == (Path("in/a.mp4"), Path("in/b.mp4"))
    assert arguments.target(0, "a") == Path("out/x/one")
    assert arguments.target(1, "b") == Path("out/b")
    assert arguments.outputs == {"aus", "pose"}
    assert arguments.intrinsics == (500, None, None, 240.5)
    assert (arguments.scale, arguments.size, arguments.aligned_format) == (0.5, 96, "png")
    assert arguments.static
    assert arguments.grey
    assert arguments.quiet
    assert not arguments.masked
    assert not arguments.bad_aligned
    assert (arguments.boxes, arguments.camera) == (Path("in/boxes"), 1)
    assert arguments.warnings == ()


@pytest.mark.parametrize(
    ("words", "target"),
    [
        ("-of b.csv", "processed/b"),
        ("-of to/b.csv", "to/b"),
        ("-out_dir o", "o/a"),
        ("-out_dir o -of b", "o/b"),
    ],
)
def test_where_results_go(words: str, target: str):
    assert parse(words.split()).target(0, "a") == Path(target)


def test_what_has_no_effect_is_named():
    arguments = parse("-mloc model.txt -wild -vis-track -foo 3 -bar -aus".split())
    assert [line.partition(" has no effect")[0] for line in arguments.warnings] == [
        "-mloc model.txt", "-wild", "-vis-track", "-foo 3 is not known and", "-bar is not known and"
    ]  # fmt: skip
    assert arguments.outputs == {"aus"}


@pytest.mark.parametrize("words", ["-f", "-fx wide", "-simsize 0", "-fx -3", "-device x"])
def test_values_that_make_no_sense(words: str):
    with pytest.raises(UsageError, match=words.split()[0]):
        parse(words.split())


# ---- files


def test_video(tmp_path: Path, run: Any, capsys: pytest.CaptureFixture[str]):
    write_video(tmp_path / "clip.mkv")
    assert run(commands.feature_extraction, "-f clip.mkv") == 0
    names = [f"clip_aligned/frame_det_00_{i:06d}.bmp" for i in (1, 2, 3, 4)]
    made = ["clip.avi", "clip.csv", "clip.hog", *names, "clip_of_details.txt"]
    assert files(tmp_path / "processed") == sorted(made)
    table = pandas.read_csv(tmp_path / "processed" / "clip.csv")
    assert tuple(table) == COLUMNS
    assert table["frame"].tolist() == [1, 2, 3, 4]
    assert table["success"].tolist() == [1, 1, 1, 0]
    assert table["timestamp"].tolist() == [0, 0.1, 0.2, 0.3]
    assert "4 frames, face in 3 -> processed/clip.csv" in capsys.readouterr().out

    details = (tmp_path / "processed" / "clip_of_details.txt").read_text().splitlines()
    assert details[:7] == [
        "Input:clip.mkv",
        f"Input full path:{tmp_path / 'clip.mkv'}",
        "Camera parameters:100,100,64,48",
        "Output HOG:clip.hog",
        "Output video:clip.avi",
        "Output aligned directory:clip_aligned",
        "Output csv:clip.csv",
    ]
    assert details[7:13] == [
        "Gaze: 1", "AUs: 1", "Landmarks 2D: 1", "Landmarks 3D: 1", "Pose: 1", "Shape parameters: 1"
    ]  # fmt: skip
    assert details[13].startswith("Not measured:eye_lmk_x_0,")

    face, none = (cv2.imread(str(tmp_path / "processed" / names[i])) for i in (0, 3))
    assert face.shape == none.shape == (112, 112, 3)
    assert face.any()
    assert not none.any()
    with av.open(str(tmp_path / "processed" / "clip.avi")) as video:
        assert video.streams.video[0].average_rate == 10
        assert len(list(video.decode(video=0))) == 4
    content = (tmp_path / "processed" / "clip.hog").read_bytes()
    size = 16 + 4 * 12 * 12 * 31
    assert len(content) == 4 * size
    assert struct.unpack("<iiif", content[:16]) == (12, 12, 31, 1)
    assert struct.unpack("<iiif", content[3 * size :][:16]) == (12, 12, 31, -1)


def test_columns_that_were_asked_for(tmp_path: Path, run: Any):
    write_video(tmp_path / "clip.mkv")
    assert run(commands.feature_extraction, "-f clip.mkv -out_dir o -of b.csv -2Dfp -q") == 0
    assert files(tmp_path / "o") == ["b.csv", "b_of_details.txt"]
    header = (tmp_path / "o" / "b.csv").read_text().partition("\n")[0].split(",")
    assert header == [*COLUMNS[:5], *(f"{axis}_{i}" for axis in "xy" for i in range(68))]
    assert "Pose: 0\n" in (tmp_path / "o" / "b_of_details.txt").read_text()


def test_several_inputs_of_which_one_is_not_there(
    tmp_path: Path, run: Any, capsys: pytest.CaptureFixture[str]
):
    write_video(tmp_path / "a.mkv")
    write_video(tmp_path / "b.mkv")
    assert run(commands.face_landmark_vid_multi, "-f a.mkv -f nought.mkv -f b.mkv -aus") == 1
    assert {"a.csv", "b.csv"} < set(files(tmp_path / "processed"))
    assert "error: nought.mkv: no such file" in capsys.readouterr().err


def test_inputs_of_one_name_do_not_replace_each_other(
    tmp_path: Path, run: Any, capsys: pytest.CaptureFixture[str]
):
    for folder, frames in (("p1", 1), ("p2", 3)):
        (tmp_path / folder).mkdir()
        write_video(tmp_path / folder / "clip.mkv", frames)
    assert run(commands.feature_extraction, "-f p1/clip.mkv -f p2/clip.mkv -aus") == 0
    assert capsys.readouterr().out.splitlines() == [
        "p1/clip.mkv: 1 frame, face in 0 -> processed/clip.csv",
        "p2/clip.mkv: 3 frames, face in 2 -> processed/clip_2.csv",
    ]


def test_sequence_of_pictures(tmp_path: Path, run: Any):
    folder = tmp_path / "shots"
    folder.mkdir()
    for i in range(3):
        cv2.imwrite(str(folder / f"{i}.png"), noise(i))
    assert run(commands.feature_extraction, "-fdir shots -pose -tracked") == 0
    table = pandas.read_csv(tmp_path / "processed" / "shots.csv")
    assert table["frame"].tolist() == [1, 2, 3]
    assert table["face_id"].tolist() == [0, 0, 0]
    with av.open(str(tmp_path / "processed" / "shots.avi")) as video:
        assert len(list(video.decode(video=0))) == 3


def test_units_are_told_against_the_person_at_rest(
    tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch
):
    """A unit that reads 2 in all of a clip is how that face looks at rest."""
    strong = functools.partial(fakepack.write_network, au=0.4)
    monkeypatch.setattr(fakepack, "write_network", strong)
    other = fakepack.write_pack(tmp_path / "strong")
    monkeypatch.setattr(commands, "Analyzer", lambda fit, **options: Analyzer(other, **options))
    write_video(tmp_path / "clip.mkv", 60)
    told = {}
    for name, flag in (("static", "-au_static"), ("calibrated", "")):
        assert run(commands.feature_extraction, f"-f clip.mkv -aus -of {name} {flag}") == 0
        told[name] = pandas.read_csv(tmp_path / "processed" / f"{name}.csv")["AU12_r"][:59]
    assert (told["static"] == 2).all()
    assert (told["calibrated"] == 0).all()


@pytest.mark.parametrize("flags", ["-aus", "-aus -simalign"])
def test_interrupt_keeps_the_rows_so_far(
    tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch, flags: str
):
    write_video(tmp_path / "a.mkv", 200)
    write_video(tmp_path / "b.mkv")
    decode = Decoder.__call__
    calls = []

    def interrupted(self: Decoder, *arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            signal.raise_signal(signal.SIGINT)
        return decode(self, *arguments, **options)

    monkeypatch.setattr(Decoder, "__call__", interrupted)
    assert run(commands.feature_extraction, f"-f a.mkv -f b.mkv {flags}") == 1
    table = pandas.read_csv(tmp_path / "processed" / "a.csv")
    assert len(table) in (2, 128)
    assert "Output csv:a.csv" in (tmp_path / "processed" / "a_of_details.txt").read_text()
    assert not (tmp_path / "processed" / "b.csv").exists()


def test_pictures(tmp_path: Path, run: Any, capsys: pytest.CaptureFixture[str]):
    cv2.imwrite(str(tmp_path / "a.png"), noise())
    cv2.imwrite(str(tmp_path / "none.png"), noise(None))
    assert run(commands.face_landmark_img, "-f a.png -f none.png") == 0
    assert files(tmp_path / "processed") == [
        "a.csv", "a.hog", "a.jpg", "a_aligned/face_det_000000.bmp", "a_of_details.txt",
        "none.hog", "none.jpg", "none_of_details.txt",
    ]  # fmt: skip
    table = pandas.read_csv(tmp_path / "processed" / "a.csv")
    assert tuple(table) == ("face", "confidence", *COLUMNS[5:])
    assert "Output image:a.jpg" in (tmp_path / "processed" / "a_of_details.txt").read_text()
    assert "Output csv" not in (tmp_path / "processed" / "none_of_details.txt").read_text()
    assert capsys.readouterr().out.splitlines() == [
        "a.png: 1 face -> processed/a.csv", "none.png: 0 faces"
    ]  # fmt: skip


def test_boxes_of_pictures(tmp_path: Path, run: Any, capsys: pytest.CaptureFixture[str]):
    for folder in ("in", "boxes"):
        (tmp_path / folder).mkdir()
    cv2.imwrite(str(tmp_path / "in" / "a.png"), noise(None))
    cv2.imwrite(str(tmp_path / "in" / "b.png"), noise())
    (tmp_path / "boxes" / "a.txt").write_text("10 10 60 60\n\n70 20 110 70\n")
    assert run(commands.face_landmark_img, "-fdir in -bboxdir boxes -2Dfp") == 1
    assert len(pandas.read_csv(tmp_path / "processed" / "a.csv")) == 2
    assert "error: boxes/b.txt: can't be read" in capsys.readouterr().err


def test_command_that_only_shows(tmp_path: Path, run: Any, capsys: pytest.CaptureFixture[str]):
    write_video(tmp_path / "clip.mkv")
    assert run(commands.face_landmark_vid, "-f clip.mkv") == 0
    assert capsys.readouterr().out.splitlines()[3].endswith("no face")
    assert files(tmp_path) == ["clip.mkv"]


def test_usage(run: Any, capsys: pytest.CaptureFixture[str]):
    assert run(commands.feature_extraction, "") == 0
    assert capsys.readouterr().out.startswith("FeatureExtraction: OpenFace 2.2's command")
    assert run(commands.feature_extraction, "-aus") == 2
    assert "error: no input; name a file by -f" in capsys.readouterr().err


# ---- aligned faces


def average() -> AnyArray:
    """(68, 3) mm: the fake pack's face."""
    return np.asarray(fakepack.face_shape(), float)


def test_similarity():
    points = np.array([[0, 0], [10, 0], [10, 5.0]])
    turn = np.array([[0, -2], [2, 0.0]])
    np.testing.assert_allclose(
        similarity(points, points @ turn.T + (3, 4)), [[0, -2, 3], [2, 0, 4]], atol=1e-9
    )


def test_aligned_face_stands_in_the_middle():
    """Wherever a face is, however large and turned, its bridge comes to the same place."""
    align = Aligner(average(), 0.7, 112, masked=False, grey=True)
    goal = ((average() - average().mean(0))[27, :2] * 0.7 + 56).round().astype(int)
    for angle, size, x in ((0, 2.0, 300), (0.5, 1.2, 350)):
        turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        points = average()[:, :2] @ turn.T + (x, 250)
        image = np.zeros((600, 700, 3), np.uint8)
        cv2.circle(image, points[27].round().astype(int).tolist(), 6, (255, 255, 255), -1)
        face = align(image, points)
        assert face.shape == (112, 112)
        assert np.abs(np.argwhere(face > 128).mean(axis=0)[::-1] - goal).max() < 1.5


def test_mask_keeps_the_face():
    points = average()[:, :2] * 2 + 300
    white = np.full((600, 600, 3), 255, np.uint8)
    face = Aligner(average(), 0.7, 112, masked=True, grey=False)(white, points)
    assert face.shape == (112, 112, 3)
    assert face[56, 56].tolist() == [255] * 3
    assert not face[[0, -1], -1].any()
    assert 0.3 < (face > 0).mean() < 0.9


def test_aligned_face_of_nobody():
    align = Aligner(average(), 0.7, 96, masked=True, grey=True)
    assert not align(noise(), np.full((68, 2), np.nan)).any()


# ---- histograms


def test_histogram_of_an_edge():
    """A vertical edge is brightness that grows along x: direction 0, orientation 0."""
    image = np.zeros((112, 112), np.uint8)
    image[:, 56:] = 200
    found = hog.features(image)
    assert found.shape == (12, 12, 31)
    middle = found[6, 5]
    assert middle[:18].argmax() == 0
    assert middle[18:27].argmax() == 0
    assert middle[0] == pytest.approx(0.4)  # each of the four parts is cut off at 0.2
    assert not found[:, [0, -1]].any()


def test_histogram_looks_at_the_strongest_colour():
    grey = noise()[:96, :96]
    colour = grey // 4
    colour[..., 1] = grey[..., 1]
    np.testing.assert_array_equal(hog.features(colour), hog.features(grey[..., 1]))


def test_opposite_edges_differ_in_direction_alone():
    image = np.zeros((64, 64), np.uint8)
    image[:, 32:] = 100
    up, down = hog.features(image)[3, 3], hog.features(255 - image)[3, 3]
    assert (up[:18].argmax(), down[:18].argmax()) == (0, 9)
    np.testing.assert_allclose(up[18:], down[18:], atol=1e-6)
