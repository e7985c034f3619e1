"""prosopon.export: ELAN, WebVTT and ARKit's blendshapes out of a table."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner, Result

import prosopon
from prosopon.cli import main
from prosopon.errors import InputError, OutputError
from prosopon.export import arkit, export_table, vtt
from prosopon.heads import HEAD_NAMES, load_head
from prosopon.measures.base import Event
from prosopon.types import FRAME_COLUMNS, AnyArray, FaceTable
from prosopon.writers.sidecar import write_sidecar

HEADS = tuple(column for name in HEAD_NAMES for column in load_head(name).columns)
SCHEMA = (*FRAME_COLUMNS, *HEADS)
UNITS = next(column.flat for column in HEADS if column.name == "au")


def table(frames: int = 75, rate: float = 25.0, faces: int = 1, **units: Any) -> FaceTable:
    """Open eyes that look into the lens, a neutral face; units: of AU12 and so on, a value or one
    for each frame."""
    n = frames * faces
    data: dict[str, AnyArray] = {column.name: column.empty(n) for column in SCHEMA}
    for column in HEADS:
        data[column.name][:] = 0
    data["frame"] = np.repeat(np.arange(frames), faces)
    data["time"] = data["frame"] / rate
    data["face_id"] = np.tile(np.arange(faces, dtype=np.int32), frames)
    data["success"][:], data["confidence"][:] = 1, 0.9
    data["gaze"][:] = (0, 0, -1)
    data["eye_open"][:] = 1
    data["pose_t"][:] = (0, 0, 600)
    data["gaze_sigma"][:] = 0.05
    data["emotion"][:], data["au_presence"][:] = 0.02, 0.02
    data["emotion"][:, 0] = 0.86
    for name, values in units.items():
        data["au"][:, UNITS.index(name)] = np.repeat(values, faces) if np.ndim(values) else values
    return FaceTable(SCHEMA, data)


def changed(given: FaceTable, **columns: Any) -> FaceTable:
    return FaceTable(given.schema, given.data | columns)


def smiling() -> FaceTable:
    """From 1 s to 2 s of 3."""
    up = np.zeros(75)
    up[25:50] = 3
    given = table(AU12=up)
    emotion = given["emotion"].copy()
    emotion[25:50, :2] = (0.1, 0.9)
    return changed(given, emotion=emotion)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["export", *map(str, arguments)])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


# ---- WebVTT


def test_captions_of_events(tmp_path: Path):
    (path,) = export_table(smiling(), "vtt", tmp_path / "a")
    lines = path.read_text().splitlines()
    assert lines[:2] == ["WEBVTT", ""]
    at = lines.index("face 0: happiness 0.90")
    start, _, end = lines[at - 1].split()
    assert start.startswith("00:00:00.9")
    assert end.startswith("00:00:01.9") or end.startswith("00:00:02.0")
    assert lines[at + 1] == ""
    assert not any("AU12" in line for line in lines)


def test_a_short_event_stays_readable():
    blink = Event("wink_left", 2, 3725.25, 3725.3, 3725.35, 0.8)
    assert vtt.cue(blink) == "01:02:05.250 --> 01:02:05.750\nface 2: wink left 0.80"


def test_a_table_without_events(tmp_path: Path):
    (path,) = export_table(FaceTable.concat([], SCHEMA), "vtt", tmp_path / "a")
    assert path.read_text() == "WEBVTT\n\n"


# ---- ELAN


def test_tiers_of_events(tmp_path: Path):
    pytest.importorskip("pympi")
    video = tmp_path / "my clip.mp4"
    video.write_bytes(b"")
    (path,) = export_table(smiling(), "eaf", tmp_path / "a", video)
    root = ElementTree.parse(path).getroot()
    tiers = {tier.get("TIER_ID"): tier for tier in root.iter("TIER")}
    assert {"AU12@face0", "happiness@face0"} <= set(tiers)
    assert "default" not in tiers
    assert tiers["AU12@face0"].get("PARTICIPANT") == "face0"
    slots = {slot.get("TIME_SLOT_ID"): slot.get("TIME_VALUE") for slot in root.iter("TIME_SLOT")}
    (annotation,) = tiers["AU12@face0"].iter("ALIGNABLE_ANNOTATION")
    start, end = (slots[annotation.get(f"TIME_SLOT_REF{i}")] for i in (1, 2))
    assert 950 < int(start or 0) < 1000
    assert 1950 < int(end or 0) < 2050
    assert annotation.findtext("ANNOTATION_VALUE") == "3.00"
    (media,) = root.iter("MEDIA_DESCRIPTOR")
    assert media.get("MEDIA_URL") == video.resolve().as_uri()
    assert media.get("MIME_TYPE") == "video/mp4"


def test_annotations_of_a_tier_do_not_overlap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pympi = pytest.importorskip("pympi")
    from prosopon.export import eaf
    from prosopon.measures.run import measure

    events = (Event("smile", 0, 1, 1.2, 2, 1), Event("smile", 0, 1.9, 2, 2.00004, 2))
    found = measure(table(5))
    monkeypatch.setattr(
        eaf, "measure", lambda _: type(found)(found.names, events, found.rows, found.people)
    )
    (path,) = export_table(table(5), "eaf", tmp_path / "a")
    written = pympi.Elan.Eaf(str(path)).get_annotation_data_for_tier("smile@face0")
    assert sorted(written) == [(1000, 2000, "1.00"), (2000, 2001, "2.00")]


# ---- ARKit


def test_layout_of_live_link_face(tmp_path: Path):
    (path,) = export_table(table(31, rate=30), "arkit", tmp_path / "a")
    assert path.name == "a.arkit.csv"
    found = rows(path)
    names = list(found[0])
    assert names[:3] == ["Timecode", "BlendShapeCount", "EyeBlinkLeft"]
    assert names[53:55] == ["TongueOut", "HeadYaw"]
    assert (len(names), names[-1]) == (63, "RightEyeRoll")
    assert len(found) == 61
    assert [found[i]["Timecode"] for i in (0, 30, 60)] == [
        "00:00:00:00.000", "00:00:00:30.000", "00:00:01:00.000"
    ]  # fmt: skip
    assert {row["BlendShapeCount"] for row in found} == {"61"}


def test_shapes_of_units():
    given = table(2, AU26=2.5, AU01=5, AU12=4)
    left, right = given["au_left"].copy(), given["au_right"].copy()
    sided = next(column.flat for column in HEADS if column.name == "au_left")
    smile = sided.index("AU12_left")
    left[:, smile], right[:, smile] = 1, 3
    values = arkit.blendshapes(changed(given, au_left=left, au_right=right), np.arange(2))
    shapes = dict(zip(arkit.SHAPES, values[0].tolist(), strict=False))
    up = {name: round(value, 3) for name, value in shapes.items() if value}
    # Of the unit that is told for both sides, the sides count.
    assert up == {"JawOpen": 0.5, "BrowInnerUp": 1, "MouthSmileLeft": 0.2, "MouthSmileRight": 0.6}


def test_every_shape_is_known():
    assert len(arkit.SHAPES) == len(set(arkit.SHAPES)) == 52
    assert all({shape, f"{shape}Left"} & set(arkit.SHAPES) for shape in arkit.UNITS)
    assert set(arkit.UNITS.values()) <= set(UNITS)


def test_looks_are_told_for_each_eye():
    """The subject's left is image right: the left eye looks outward, the right one inward."""
    angle = np.deg2rad(15)
    gaze = np.tile(np.array([np.sin(angle), 0, -np.cos(angle)], np.float32), (1, 2, 1))
    values = arkit.blendshapes(changed(table(1), gaze=gaze), np.arange(1))[0]
    shapes = dict(zip((*arkit.SHAPES, *arkit.ROTATIONS), values, strict=True))
    assert shapes["EyeLookOutLeft"] == pytest.approx(0.5, abs=1e-4)
    assert shapes["EyeLookInRight"] == pytest.approx(0.5, abs=1e-4)
    assert shapes["EyeLookInLeft"] == shapes["EyeLookOutRight"] == 0
    assert shapes["LeftEyeYaw"] == pytest.approx(angle, abs=1e-4)


def test_looks_are_relative_to_the_head():
    euler = np.array([[0.1, 0.3, 0]], np.float32)  # turned, and looking into the lens
    values = arkit.blendshapes(changed(table(1), pose_euler=euler), np.arange(1))[0]
    shapes = dict(zip((*arkit.SHAPES, *arkit.ROTATIONS), values, strict=True))
    assert (shapes["HeadYaw"], shapes["HeadPitch"]) == pytest.approx((0.3, 0.1))
    assert shapes["EyeLookInLeft"] == pytest.approx(0.3 / arkit.FULL_LOOK, abs=0.01)
    assert shapes["EyeLookDownLeft"] == pytest.approx(0.1 / arkit.FULL_LOOK, abs=0.02)


def test_blinks_are_of_their_eye():
    values = arkit.blendshapes(
        changed(table(1), eye_open=np.array([[0.9, 0.2]], np.float32)), np.arange(1)
    )[0]
    shapes = dict(zip(arkit.SHAPES, values, strict=False))
    assert (shapes["EyeBlinkRight"], shapes["EyeBlinkLeft"]) == pytest.approx((0.1, 0.8))


def test_rows_are_between_the_frames():
    time = np.array([0.5, 0.51, 0.7])
    at, values = arkit.resampled(time, np.array([[0.0], [1], [3]]))
    np.testing.assert_allclose(at, np.arange(30, 43) / 60)
    np.testing.assert_allclose(values[-1], 3)
    np.testing.assert_allclose(values[6], 1 + 2 * (0.6 - 0.51) / 0.19)


def test_where_nobody_was_seen_nothing_is_told(tmp_path: Path):
    given = table(75)
    success = np.ones(75, np.int8)
    success[20:50] = 0
    (path,) = export_table(changed(given, success=success), "arkit", tmp_path / "a")
    found = rows(path)
    gone = [i for i, row in enumerate(found) if row["BlendShapeCount"] == "0"]
    assert gone == list(range(46, 120))  # after 0.76 s and before 2 s
    assert found[60]["JawOpen"] == ""


def test_a_file_for_each_person(tmp_path: Path):
    written = export_table(table(5, faces=2), "arkit", tmp_path / "a")
    assert [path.name for path in written] == ["a.face0.arkit.csv", "a.face1.arkit.csv"]


def test_what_can_not_be_told(tmp_path: Path):
    nobody = changed(table(3), success=np.zeros(3, np.int8))
    with pytest.raises(InputError, match="a: nobody was seen"):
        export_table(nobody, "arkit", tmp_path / "a")
    bare = FaceTable(FRAME_COLUMNS, {c.name: table(3)[c.name] for c in FRAME_COLUMNS})
    with pytest.raises(InputError, match="no action units"):
        export_table(bare, "arkit", tmp_path / "a")
    with pytest.raises(OutputError, match="no format 'bvh'; there are: csv"):
        export_table(bare, "bvh", tmp_path / "a")


# ---- the command


def test_command(tmp_path: Path):
    source = smiling().write(tmp_path / "clip.parquet")
    done = run(source, "--format", "vtt", "--format", "csv", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["clip.csv", "clip.vtt"]
    assert prosopon.read(tmp_path / "out" / "clip.csv").schema == SCHEMA
    assert f"{source} -> {tmp_path / 'out' / 'clip.vtt'}" in done.output


def test_command_beside_the_table(tmp_path: Path):
    source = smiling().write(tmp_path / "clip.openface2.csv")
    assert run(source, "--format", "arkit").exit_code == 0
    assert (tmp_path / "clip.arkit.csv").is_file()


def test_command_finds_what_was_analysed(tmp_path: Path):
    pytest.importorskip("pympi")
    video = tmp_path / "clip.mov"
    video.write_bytes(b"")
    write_sidecar(tmp_path / "clip.json", {"input": {"path": str(video)}})
    assert run(smiling().write(tmp_path / "clip.parquet"), "--format", "eaf").exit_code == 0
    assert "video/quicktime" in (tmp_path / "clip.eaf").read_text()


def test_command_names_what_failed(tmp_path: Path):
    good = smiling().write(tmp_path / "good.parquet")
    done = run(tmp_path / "nought.csv", good, "--format", "vtt")
    assert done.exit_code == 1
    assert "nought.csv: no such file" in done.output
    assert (tmp_path / "good.vtt").is_file()


def test_command_goes_on_with_the_next_format(tmp_path: Path):
    done = run(table(0).write(tmp_path / "clip.parquet"), "--format", "arkit", "--format", "vtt")
    assert done.exit_code == 1
    assert "nobody was seen" in done.output
    assert (tmp_path / "clip.vtt").is_file()


def test_command_with_an_unknown_format(tmp_path: Path):
    done = run(tmp_path / "a.csv", "--format", "bvh")
    assert done.exit_code == 2
    assert "no format 'bvh'; there are: csv, parquet, jsonl, openface2" in done.output
