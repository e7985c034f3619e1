"""prosopon openface3, models add openface3, and analyze with such a pack."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from types import ModuleType

import av
import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

import fakeopenface3
import fakepack
from prosopon import doctor
from prosopon.cli import main
from prosopon.commands import openface3
from prosopon.compat.openface3.analyzer import IBUG_OF_WFLW, OpenFace3Analyzer
from prosopon.compat.openface3.networks import NetworkKind
from prosopon.compat.openface3.table import COLUMNS
from prosopon.errors import InputError, PackError


@pytest.fixture(autouse=True)
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's packs, with a fake one of each kind; an empty working directory."""
    folder = tmp_path / "packs"
    fakeopenface3.write_pack(folder / "openface3")
    fakepack.write_pack(folder / "fake")
    monkeypatch.setenv("PROSOPON_PACKS", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def prosopon(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def write_video(path: Path, frames: int = 3) -> Path:
    """A lossless clip at 10 frames/s."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for i in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(i), format="bgr24")))
        container.mux(stream.encode(None))
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_detect_writes_a_row_a_face(tmp_path: Path):
    cv2.imwrite("two.png", picture(0))
    done = prosopon("openface3", "detect", "two.png", "--output-dir", "results")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "two.png: 1 frame, 2 rows" in done.stdout
    first, second = read(tmp_path / "results" / "two.csv")
    assert tuple(first) == COLUMNS
    assert (first["timestamp"], first["image_path"], first["face_id"]) == (
        "0.000000", "two.png", "0"
    )  # fmt: skip
    detection = json.loads(first["face_detection"])
    assert detection == pytest.approx([4, 4, 20, 20, 0.9, *[12] * 10], abs=1e-3)
    assert np.array(json.loads(second["landmarks"])) == pytest.approx(np.full((98, 2), 44))
    assert second["face_id"] == "1"
    assert first["emotion"] == "Contempt"
    assert float(first["gaze_pitch"]) - float(first["gaze_yaw"]) == pytest.approx(1)
    assert len(json.loads(first["action_units"])) == 8
    assert first["action_units"] != second["action_units"]


def test_detect_video_tells_the_time(tmp_path: Path):
    write_video(tmp_path / "clip.mkv")
    done = prosopon("openface3", "detect-video", "clip.mkv")
    assert done.exit_code == 0
    rows = read(tmp_path / "out" / "clip.csv")
    assert [row["timestamp"] for row in rows[::2]] == ["0.000000", "0.100000", "0.200000"]
    assert len(rows) == 6


def test_a_video_is_measured_where_it_is_asked_for(tmp_path: Path):
    clip = write_video(tmp_path / "clip.mkv", frames=7)
    chosen = list(OpenFace3Analyzer().video(clip, start=0.2, end="0:00.6", every=2))
    assert [(result.index, round(result.time, 6)) for result in chosen] == [(2, 0.2), (4, 0.4)]
    with pytest.raises(InputError, match=r"end: expected later than 1 s, got 0\.5"):
        next(OpenFace3Analyzer().video(clip, start=1, end=0.5))


def test_each_command_names_the_other(tmp_path: Path):
    cv2.imwrite("one.png", picture(0))
    write_video(tmp_path / "clip.mkv")
    wrong = prosopon("openface3", "detect-video", "one.png")
    assert wrong.exit_code == 1
    assert wrong.stderr.strip() == "error: one.png: no video; use 'prosopon openface3 detect'"
    wrong = prosopon("openface3", "detect", "clip.mkv")
    assert wrong.stderr.strip() == (
        "error: clip.mkv: no image; use 'prosopon openface3 detect-video'"
    )
    assert not Path("out").exists()


def test_landmarks_of_a_pack_of_ours(tmp_path: Path):
    write_video(tmp_path / "clip.mkv")
    done = prosopon("openface3", "detect-video", "clip.mkv", "--landmarks", "fake")
    assert done.exit_code == 0
    rows = read(tmp_path / "out" / "clip.csv")
    assert [row["face_id"] for row in rows] == ["0", "0", "0"]
    assert len(json.loads(rows[0]["landmarks"])) == 98
    assert len(json.loads(rows[0]["face_detection"])) == 5


def test_analyze_takes_the_pack(tmp_path: Path):
    cv2.imwrite("two.png", picture(0))
    done = prosopon("analyze", "two.png", "--pack", "openface3", "--overlay")
    assert (done.exit_code, done.stderr) == (0, "")
    rows = read(tmp_path / "out" / "two.csv")
    assert len(rows) == 2
    assert {"x_0", "wflw_x_97", "AU26", "emotion_contempt", "gaze_pitch"} <= set(rows[0])
    assert float(rows[0]["AU26"]) > float(rows[0]["AU01"])
    sidecar = json.loads((tmp_path / "out" / "two.json").read_text())
    assert sidecar["pack"]["name"] == "openface3"
    assert set(sidecar["pack"]["sha256"]) == {f"{kind}.onnx" for kind in fakeopenface3.KINDS}


def test_analyze_with_landmarks_of_ours_keeps_the_head_pose(tmp_path: Path):
    cv2.imwrite("one.png", picture(0))
    done = prosopon("analyze", "one.png", "--pack", "openface3", "--landmarks", "fake")
    assert done.exit_code == 0
    row = read(tmp_path / "out" / "one.csv")[0]
    assert float(row["pose_yaw"]) == pytest.approx(0, abs=1e-3)
    assert "valence" not in row
    refused = prosopon("analyze", "one.png", "--pack", "fake", "--landmarks", "fake")
    assert refused.exit_code == 2
    assert "--landmarks is for pack openface3" in refused.stderr


def test_live_prints_what_the_pack_measures(tmp_path: Path):
    write_video(tmp_path / "clip.mkv", frames=1)
    plain = prosopon("live", "clip.mkv", "--pack", "openface3").stdout
    assert plain.startswith("    0.000 s | #0 contempt AU26 ")
    posed = prosopon("live", "clip.mkv", "--pack", "openface3", "--landmarks", "fake").stdout
    assert "#0 pitch +0 yaw +0 roll +0 contempt" in posed


def test_a_frame_without_a_face_has_a_row_of_nothing(packs: Path):
    write_video(Path("clip.mkv"), frames=1)
    analyzer = OpenFace3Analyzer("openface3", max_faces=1)
    assert len(next(analyzer.video("clip.mkv")).faces) == 1
    analyzer._detector.confidence_threshold = 0.99
    faces = next(analyzer.video("clip.mkv")).faces
    assert (len(faces), faces["success"][0], faces["face_id"][0]) == (1, 0, -1)
    assert np.isnan(faces["au"]).all()
    assert len(analyzer.image(picture(0))) == 0


def test_the_68_points_among_the_98():
    assert len(set(IBUG_OF_WFLW.tolist())) == 68
    # Chin, nose tip, eye corners, mouth corners.
    assert IBUG_OF_WFLW[[8, 30, 36, 39, 42, 45, 48, 54]].tolist() == [
        16, 54, 60, 64, 68, 72, 76, 82
    ]  # fmt: skip


def test_models_shows_the_pack():
    assert "openface3       3.0" in prosopon("models", "list").stdout
    info = prosopon("models", "info", "openface3").stdout
    assert "networks  detector, landmarks, multitask" in info
    assert "3 files as they should be" in prosopon("models", "verify", "openface3").stdout
    assert any(found.name == "pack openface3" and found.state == "ok" for found in doctor.examine())


def test_other_commands_refuse_the_pack():
    done = prosopon("bench", "--pack", "openface3")
    assert done.exit_code == 2
    assert "a pack of another kind; use it through 'prosopon openface3'" in done.stderr


@pytest.fixture
def converter(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Stands in for the converter, which needs torch; lists the folders it was given."""
    module = ModuleType("converter")
    seen: list[Path] = []

    def find_checkpoints(folder: Path) -> dict[NetworkKind, Path]:
        seen.append(folder)
        if not (folder / "MTL_backbone.pth").is_file():
            raise PackError(f"{folder}: no MTL_backbone.pth")
        return {}

    def write_pack(_: dict[NetworkKind, Path], folder: Path) -> list[object]:
        fakeopenface3.write_pack(folder)
        return []

    vars(module).update(
        LICENSE="research-only",
        TERMS="non-commercial research",
        find_checkpoints=find_checkpoints,
        write_pack=write_pack,
    )
    monkeypatch.setattr(openface3, "converter", lambda *_: module)
    return seen


def test_add_asks_for_consent(converter: list[Path], tmp_path: Path):
    (tmp_path / "MTL_backbone.pth").touch()
    refused = prosopon("models", "add", "openface3", "--from", tmp_path)
    assert refused.exit_code == 2
    assert "non-commercial research" in refused.stdout
    assert "its license must be accepted; add --accept-license" in refused.stderr
    assert converter == []
    added = prosopon("models", "add", "openface3", "--from", tmp_path, "--accept-license")
    assert added.exit_code == 0
    assert "added openface3 3.0" in added.stdout
    assert converter == [tmp_path]


def test_add_from_the_hub(converter: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    fetched = []

    def hf_hub_download(repository: str, name: str, local_dir: Path) -> str:
        fetched.append((repository, name))
        local_dir.mkdir(exist_ok=True)
        (local_dir / name).touch()
        return str(local_dir / name)

    hub = ModuleType("huggingface_hub")
    vars(hub)["hf_hub_download"] = hf_hub_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    done = prosopon("models", "add", "openface3", "--from", "hub", "--accept-license")
    assert done.exit_code == 0
    assert fetched == [
        ("nutPace/openface_weights", name)
        for name in ("Alignment_RetinaFace.pth", "Landmark_98.pkl", "MTL_backbone.pth")
    ]
    assert converter[0].name == "download"


def test_hub_that_is_missing_or_fails(converter: list[Path], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    done = prosopon("models", "add", "openface3", "--from", "hub", "--accept-license")
    assert (done.exit_code, "pip install 'prosopon[hub]'" in done.stderr) == (2, True)

    def fails(*_: object, **__: object) -> str:
        raise OSError("no route to host\nand more")

    hub = ModuleType("huggingface_hub")
    vars(hub)["hf_hub_download"] = fails
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    done = prosopon("models", "add", "openface3", "--from", "hub", "--accept-license")
    assert done.exit_code == 1
    assert "can't be downloaded (no route to host); check the connection" in done.stderr


def test_from_is_for_openface3_alone():
    done = prosopon("models", "add", "elsewhere", "--from", ".")
    assert done.exit_code == 2
    assert "--from goes with 'models add openface3'" in done.stderr
