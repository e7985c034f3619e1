"""The command line: what it writes, says and returns, on good and bad input."""

from __future__ import annotations

import csv
import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

import fakepack
from prosopon import __version__, runner
from prosopon.cli import main
from prosopon.progress import Advance
from prosopon.types import UInt8Array
from prosopon.writers.base import PartialFile


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(fakepack.write_pack(tmp_path_factory.mktemp("packs") / "fake"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def picture(seed: int | None = 0) -> UInt8Array:
    """(96, 128, 3): noise, in which the fake pack sees one face, or without a seed grey."""
    if seed is None:
        return np.full((96, 128, 3), 128, np.uint8)
    noise = np.random.default_rng(seed).integers(0, 256, (96, 128, 1), dtype=np.uint8)
    return noise.repeat(3, axis=2)


def write_video(path: Path, frames: int = 6) -> Path:
    """A lossless clip at 10 frames/s."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1" if path.suffix == ".mkv" else "mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.bit_rate = 8_000_000
        for i in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(i), format="bgr24")))
        container.mux(stream.encode(None))
    return path


def prosopon(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# What is written


def test_video_gives_a_table_and_a_sidecar(here: Path, pack: str):
    write_video(here / "clip.mkv")
    result = prosopon("analyze", "clip.mkv", "-o", "out", "--pack", pack)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("clip.mkv: 6 frames, face in 6 (")
    assert result.stdout.endswith("-> out/clip.csv\n")
    assert result.stderr == ""
    assert files(here / "out") == ["clip.csv", "clip.json"]
    table = rows(here / "out/clip.csv")
    assert [row["frame"] for row in table] == ["0", "1", "2", "3", "4", "5"]
    assert [float(row["time"]) for row in table] == pytest.approx(np.arange(6) / 10, abs=1e-3)
    assert {row["success"] for row in table} == {"1"}
    assert {row["face_id"] for row in table} == {"0"}


def test_sidecar_tells_where_the_numbers_come_from(here: Path, pack: str):
    clip = write_video(here / "clip.mkv")
    prosopon("analyze", clip, "--pack", pack, "--max-faces", 2)
    sidecar = json.loads((here / "out/clip.json").read_text())
    assert sidecar["input"]["kind"] == "video"
    assert sidecar["input"]["bytes"] == clip.stat().st_size
    assert len(sidecar["input"]["sha256"]) == 64
    assert sidecar["input"]["size"] == [128, 96]
    assert sidecar["outputs"] == ["clip.csv"]
    assert sidecar["complete"] is True
    assert sidecar["counts"] == {
        "frames": 6, "frames_with_face": 6, "faces": 6, "identities": 1, "skipped": 0
    }  # fmt: skip
    assert sidecar["problems"] == []
    assert sidecar["pack"]["name"] == "fake"
    assert sidecar["settings"]["max_faces"] == 2
    assert sidecar["versions"]["prosopon"] == __version__
    assert "landmarks" in {column["name"] for column in sidecar["columns"]}


def test_several_formats(here: Path, pack: str):
    cv2.imwrite("photo.png", picture())
    result = prosopon("analyze", "photo.png", "--pack", pack, "--format", "csv", "--format",
                      "parquet", "--format", "jsonl")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert files(here / "out") == ["photo.csv", "photo.json", "photo.jsonl", "photo.parquet"]


def test_picture_without_a_face_gives_a_row_that_says_so(here: Path, pack: str):
    cv2.imwrite("grey.png", picture(None))
    result = prosopon("analyze", "grey.png", "--pack", pack)
    assert result.stdout.startswith("grey.png: 1 frame, no face (")
    (row,) = rows(here / "out/grey.csv")
    assert (row["success"], row["face_id"], row["x_0"]) == ("0", "-1", "")


def test_overlay_of_a_picture_is_a_picture_of_a_video_a_video(here: Path, pack: str):
    cv2.imwrite("photo.png", picture())
    write_video(here / "clip.mkv")
    result = prosopon("analyze", "photo.png", "clip.mkv", "--pack", pack, "--overlay")
    assert result.exit_code == 0, result.output
    assert "out/photo.overlay.png" in result.stdout
    assert cv2.imread("out/photo.overlay.png").shape == (96, 128, 3)
    with av.open("out/clip.overlay.mp4") as container:
        assert sum(1 for _ in container.decode(video=0)) == 6
    assert len(rows(here / "out/clip.csv")) == 6


def test_folder_of_pictures_is_one_table_and_its_videos_one_each(here: Path, pack: str):
    (here / "day").mkdir()
    for name, seed in (("10.png", 1), ("9.png", None)):
        cv2.imwrite(f"day/{name}", picture(seed))
    write_video(here / "day/clip.mkv")
    result = prosopon("analyze", "day", "--pack", pack)
    assert result.exit_code == 0, result.output
    assert files(here / "out") == ["clip.csv", "clip.json", "day.csv", "day.json"]
    assert [row["success"] for row in rows(here / "out/day.csv")] == ["0", "1"]
    listed = json.loads((here / "out/day.json").read_text())["input"]["files"]
    assert [entry["path"] for entry in listed] == ["day/9.png", "day/10.png"]


def test_quiet_prints_nothing(here: Path, pack: str):
    cv2.imwrite("photo.png", picture())
    result = prosopon("analyze", "photo.png", "--pack", pack, "--quiet")
    assert (result.exit_code, result.output) == (0, "")


# Bad input


def text_named_mp4(path: Path) -> None:
    path.write_text("This is not a video.\n" * 200)


def truncated_mp4(path: Path) -> None:
    whole = write_video(path.with_name("whole.mp4"), frames=20)
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    whole.unlink()


def one_pixel(path: Path) -> None:
    cv2.imwrite(str(path), np.zeros((1, 1, 3), np.uint8))


def immense(path: Path) -> None:
    cv2.imwrite(str(path), np.zeros((16, 16), np.uint8))
    data = bytearray(path.read_bytes())
    data[16:24] = struct.pack(">II", 20_000, 20_000)  # IHDR: width, height
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        pytest.param("missing.mp4", lambda path: None, id="missing"),
        pytest.param("notes", lambda path: path.mkdir(), id="folder without pictures"),
        pytest.param("text.mp4", text_named_mp4, id="text named mp4"),
        pytest.param("cut.mp4", truncated_mp4, id="truncated mp4"),
        pytest.param("empty.png", lambda path: path.touch(), id="zero bytes"),
        pytest.param("dot.png", one_pixel, id="one pixel"),
        pytest.param("immense.png", immense, id="20,000 px"),
    ],
)
def test_bad_input_is_named_in_one_line_and_the_rest_goes_on(here: Path, pack: str, name, make):
    make(here / name)
    cv2.imwrite("good.png", picture())
    result = prosopon("analyze", name, "good.png", "--pack", pack)
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: {name}: ")
    assert ";" in line, "says what to do"
    assert result.stdout.startswith("good.png: 1 frame, face in 1 (")
    assert files(here / "out") == ["good.csv", "good.json"]


def test_broken_picture_in_a_folder_is_named_and_the_others_measured(here: Path, pack: str):
    (here / "set").mkdir()
    cv2.imwrite("set/a.png", picture())
    (here / "set/b.png").touch()
    cv2.imwrite("set/c.png", picture(1))
    result = prosopon("analyze", "set", "--pack", pack)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: set/b.png: ")
    assert [row["frame"] for row in rows(here / "out/set.csv")] == ["0", "2"]


def test_folder_of_broken_pictures_leaves_nothing(here: Path, pack: str):
    (here / "set").mkdir()
    (here / "set/a.png").touch()
    result = prosopon("analyze", "set", "--pack", pack)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: set/a.png: ")
    assert files(here / "out") == []


# Bad output


def test_output_under_a_file(here: Path, pack: str):
    cv2.imwrite("photo.png", picture())
    (here / "file").touch()
    result = prosopon("analyze", "photo.png", "-o", "file/out", "--pack", pack)
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: file/out/photo.csv: can't be written: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_full_disk_is_one_line_and_leaves_nothing(
    here: Path, pack: str, format: str, monkeypatch: pytest.MonkeyPatch
):
    cv2.imwrite("photo.png", picture())
    begin = PartialFile.__init__

    def on_full_disk(self: PartialFile, path: Path) -> None:
        begin(self, path)
        self.part.symlink_to("/dev/full")

    monkeypatch.setattr(PartialFile, "__init__", on_full_disk)
    result = prosopon("analyze", "photo.png", "--pack", pack, "--format", format)
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: out/photo.{format}: can't be written: the disk is full; ")
    assert files(here / "out") == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_folder_without_permission(here: Path, pack: str):
    cv2.imwrite("photo.png", picture())
    (here / "out").mkdir(mode=0o500)
    result = prosopon("analyze", "photo.png", "--pack", pack)
    assert result.exit_code == 1
    assert "out/photo.csv: can't be written: no permission" in result.stderr


# Ctrl-C


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_keeps_the_rows_so_far(
    here: Path, pack: str, monkeypatch: pytest.MonkeyPatch, kind: signal.Signals
):
    @contextmanager
    def interrupted_at_the_third_frame(*_: object, **__: object) -> Iterator[Advance]:
        frames = count(1)

        def advance(note: str = "") -> None:
            if next(frames) == 3:
                signal.raise_signal(kind)

        yield advance

    monkeypatch.setattr(runner, "progress", interrupted_at_the_third_frame)
    write_video(here / "clip.mkv")
    before = signal.getsignal(kind)
    result = prosopon("analyze", "clip.mkv", "after.mkv", "--pack", pack)
    assert result.exit_code == 1
    assert result.stderr == "stopped; out/clip.csv holds what was measured\n"
    assert [row["frame"] for row in rows(here / "out/clip.csv")] == ["0", "1", "2"]
    sidecar = json.loads((here / "out/clip.json").read_text())
    assert (sidecar["complete"], sidecar["counts"]["frames"]) == (False, 3)
    assert sidecar["stopped_after"] == {"frame": 2, "time": 0.2}
    assert signal.getsignal(kind) is before


def test_stretch_of_a_video(here: Path, pack: str):
    write_video(here / "clip.mkv", frames=12)
    result = prosopon("analyze", "clip.mkv", "--pack", pack, "--start", "0:00.3", "--end", "1",
                      "--every", 2)  # fmt: skip
    assert result.exit_code == 0, result.output
    table = rows(here / "out/clip.csv")
    assert [row["frame"] for row in table] == ["3", "5", "7", "9"]
    assert [float(row["time"]) for row in table] == pytest.approx([0.3, 0.5, 0.7, 0.9])
    sidecar = json.loads((here / "out/clip.json").read_text())
    assert sidecar["selection"] == {"start": 0.3, "end": 1.0, "every": 2, "fps": None}
    assert sidecar["complete"] is True


def test_stretch_without_a_frame(here: Path, pack: str):
    write_video(here / "clip.mkv")
    result = prosopon("analyze", "clip.mkv", "--pack", pack, "--start", "9")
    assert result.exit_code == 1
    assert result.stderr == (
        "error: clip.mkv: no frame from 9 s to its end; choose another start or end\n"
    )
    assert not list((here / "out").iterdir())


# Usage


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["analyze"], "Missing argument 'INPUT...'"),
        (["analyze", "a.png", "--format", "xls"], "no format 'xls'; there are: csv, "),
        (["analyze", "a.mp4", "--start", "1:2:3:4"], "'1:2:3:4' is no time; give seconds or hh:"),
        (["analyze", "a.mp4", "--start", "5", "--end", "4"], "end: expected later than 5 s"),
        (["analyze", "a.mp4", "--every", "2", "--fps", "5"], "every and fps: expected one"),
        (["analyze", "a.png", "--threads", "0"], "0 is not in the range"),
        (["analyze", "a.png", "--pack", "nought"], "error: no pack 'nought'; installed: "),
        (["nought"], "No such command 'nought'"),
    ],
)
def test_wrong_usage(here: Path, arguments: list[str], message: str):
    result = prosopon(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--device", "gpu", "error: 'gpu' is no device; there are: cpu, "),
        ("--precision", "int4", "error: precision 'int4' is not in this pack; there are: fp32"),
    ],
)
def test_device_and_precision_that_are_not_there(here, pack: str, option, value, message):
    result = prosopon("analyze", "a.png", "--pack", pack, option, value)
    assert result.exit_code == 2
    assert result.stderr.startswith(message)


def test_version():
    assert prosopon("--version").stdout == f"prosopon {__version__}\n"


@pytest.mark.parametrize("group", [(), ("models",), ("openface3",)], ids=str)
def test_help_says_what_each_command_does_in_full(group: tuple[str, ...]):
    assert "..." not in prosopon(*group, "--help").stdout.partition("Commands:")[2]


# The other commands


def test_models(here: Path, pack: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PROSOPON_PACKS", str(here / "home"))
    added = prosopon("models", "add", pack)
    assert added.stdout.startswith(f"added fake 0.0.1 to {here / 'home/fake'}; license: Apache")
    assert "fake            0.0.1     Apache-2.0    A pack for tests" in prosopon(
        "models", "list"
    ).stdout.splitlines()  # fmt: skip
    info = prosopon("models", "info", "fake").stdout
    assert "heads     points, points_scale, rotation" in info
    assert info.endswith("A pack for tests; it measures nothing.\n")
    assert prosopon("models", "verify", "fake").stdout == "fake 0.0.1: 3 files as they should be\n"
    (here / "home/fake/detector.onnx").write_bytes(b"")
    damaged = prosopon("models", "verify", "fake")
    assert damaged.exit_code == 1
    assert damaged.stderr.startswith(f"error: {here / 'home/fake/detector.onnx'}: damaged")


def test_live_prints_a_line_a_frame(here: Path, pack: str):
    write_video(here / "clip.mkv", frames=3)
    lines = prosopon("live", "clip.mkv", "--pack", pack).stdout.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("    0.100 s | #0 pitch +0 yaw +0 roll +0 neutral AU")


def test_live_says_when_there_is_no_face(here: Path, pack: str):
    cv2.imwrite("grey.png", picture(None))
    assert prosopon("live", "grey.png", "--pack", pack).stdout == "    0.000 s | no face\n"


def test_live_as_json(here: Path, pack: str):
    write_video(here / "clip.mkv", frames=2)
    lines = prosopon("live", "clip.mkv", "--pack", pack, "--jsonl").stdout.splitlines()
    second = json.loads(lines[1])
    assert (second["frame"], second["time"], len(second["faces"])) == (1, 0.1, 1)
    assert len(second["faces"][0]["landmarks"]) == 68


def test_live_without_a_camera(pack: str, monkeypatch: pytest.MonkeyPatch):
    absent = SimpleNamespace(isOpened=lambda: False, release=lambda: None)
    monkeypatch.setattr(cv2, "VideoCapture", lambda index: absent)
    result = prosopon("live", "--camera", 7, "--pack", pack)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: camera 7: not found or in use; ")


def test_evaluate_of_an_unknown_protocol_lists_the_known(here: Path):
    result = prosopon("evaluate", "nought", ".")
    assert result.exit_code == 2
    assert "Error: nought: no such protocol; choose one of " in result.stderr


def test_bench_of_an_input(here: Path, pack: str):
    write_video(here / "clip.mkv")
    result = prosopon("bench", "clip.mkv", "--pack", pack, "--json", "bench.json")
    assert result.exit_code == 0, result.output
    assert "clip.mkv: 6 frames, 6 faces in " in result.stdout
    report = json.loads((here / "bench.json").read_text())
    assert report["frames_per_s"] > 0
    assert set(report["stages_ms"]) == {"detect", "crop, 1 face", "network, 1 face"}
    assert report["stages_ms"]["detect"]["q1"] <= report["stages_ms"]["detect"]["median"]


def test_bench_of_the_networks_alone(here: Path, pack: str):
    result = prosopon("bench", "--pack", pack)
    assert result.exit_code == 0, result.output
    assert "network, 4 faces" in result.stdout


# As a process of its own


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "prosopon", *map(str, arguments)]


def test_process_returns_the_exit_code(here: Path, pack: str):
    cv2.imwrite("photo.png", picture())
    done = subprocess.run(
        command("analyze", "missing.png", "photo.png", "--pack", pack),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert files(here / "out") == ["photo.csv", "photo.json"]
