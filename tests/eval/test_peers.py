"""Tables of other programs: pictures out, rows back, scored beside a pack."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from eval_stubs import face_points, moved, png, write_parquet
from fakepack import write_pack
from prosopon import cli
from prosopon.crop import face_boxes
from prosopon.errors import InputError
from prosopon.heads import landmarks
from prosopon.types import FRAME_COLUMNS, Column, FaceTable
from prosopon_eval import peers
from prosopon_eval.run import evaluate_tables, export

GREYS = (40, 80, 120)
LANDMARKS = next(c for c in landmarks.HEAD.columns if c.name == "landmarks")


def picture(grey: int) -> np.ndarray:
    return np.full((120, 120, 3), grey, np.uint8)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    truth = face_points().ravel().tolist()
    rows = [
        {"image": png(grey, 120), "source": "afw", "name": f"{grey}_1", "landmarks": truth}
        for grey in GREYS
    ]
    return write_parquet(tmp_path / "points.parquet", rows)


def program(faces: list[tuple[int, float]], *more: tuple[Column, np.ndarray]) -> FaceTable:
    """What a program found: (frame, how far right of the truth its points are) a face."""
    columns = (*FRAME_COLUMNS, LANDMARKS, *(column for column, _ in more))
    rows = {c.name: c.empty(len(faces)) for c in columns}
    for i, (frame, shift) in enumerate(faces):
        rows["frame"][i], rows["success"][i] = frame, 1
        rows["landmarks"][i] = moved(face_points(), shift, 0)
    rows["time"][:] = 0
    rows["box"] = face_boxes(rows["landmarks"])
    return FaceTable(columns, {**rows, **{column.name: values for column, values in more}})


def test_pictures_are_written_once_and_in_order(data: Path, tmp_path: Path):
    folder = tmp_path / "pictures"
    assert export("landmarks68", data, folder) == 3
    files = sorted(folder.iterdir())
    assert [file.name[:7] for file in files] == ["000000-", "000001-", "000002-"]
    assert [int(cv2.imread(str(file))[0, 0, 0]) for file in files] == list(GREYS)
    # Protocols that look twice at a picture write it once.
    assert export("calibration", data, tmp_path / "again") == 3


def test_one_table_counts_the_pictures(data: Path, tmp_path: Path):
    table = program([(0, 2.0), (2, 4.0), (2, 60.0)]).write(tmp_path / "peer.parquet")
    (result,) = evaluate_tables("landmarks68", data, [table])
    assert result.pack == "peer.parquet"
    assert result["NME mean, all"].value == pytest.approx((4 + 8) / 2, abs=1e-4)
    assert result["faces missed, all"].value == 1


def test_a_folder_has_a_file_for_each_picture(data: Path, tmp_path: Path):
    export("landmarks68", data, tmp_path / "pictures")
    names = [file.stem for file in sorted((tmp_path / "pictures").iterdir())]
    (tmp_path / "of2").mkdir()
    for name, shift in ((names[1], 1.0), (names[2], 3.0)):
        lines = ["face,confidence," + ",".join([*(f"x_{i}" for i in range(68)),
                                               *(f"y_{i}" for i in range(68))])]  # fmt: skip
        points = moved(face_points(), shift, 0)
        lines.append("0,0.9," + ",".join(f"{v:.3f}" for v in points.T.ravel()))
        (tmp_path / "of2" / f"{name}.csv").write_text("\n".join(lines) + "\n")
    (result,) = evaluate_tables("landmarks68", data, [tmp_path / "of2"])
    assert result["NME mean, all"].value == pytest.approx((2 + 6) / 2, abs=1e-2)
    assert result["faces missed, all"].value == 1


def test_a_box_is_answered_by_the_face_that_overlaps_it(tmp_path: Path):
    path = program([(0, 0.0), (0, 100.0)]).write(tmp_path / "peer.parquet")
    peer = peers.Peer(path, ("landmarks",))
    boxes = face_boxes(np.stack([moved(face_points(), 90, 0), moved(face_points(), 900, 0)]))
    faces = peer.image(picture(40), boxes)
    assert faces["success"].tolist() == [1, 0]
    assert faces["landmarks"][0] == pytest.approx(moved(face_points(), 100, 0))
    assert np.isnan(faces["landmarks"][1]).all()
    assert np.isnan(faces["emotion"]).all()


def test_units_and_emotions_are_found_by_name(tmp_path: Path):
    units = Column("au", (2,), ("AU12", "AU01"), "", "")
    emotions = Column("emotion", (1,), ("emotion_happiness",), "", "")
    more = (units, np.array([[3.0, 1]], np.float32)), (emotions, np.array([[0.8]], np.float32))
    path = program([(0, 0.0)], *more).write(tmp_path / "peer.parquet")
    faces = peers.Peer(path).image(picture(40))
    values = dict(zip(faces.au_names, faces["au"][0], strict=True))
    assert (values["AU12"], values["AU01"]) == (3, 1)
    assert np.isnan(values["AU04"])
    assert faces["emotion"][0, faces.emotion_names.index("happiness")] == pytest.approx(0.8)


def test_a_table_without_what_is_scored_is_refused(data: Path, tmp_path: Path):
    path = program([(0, 0.0)]).write(tmp_path / "peer.parquet")
    with pytest.raises(InputError, match=r"peer\.parquet: has no emotion, which this protocol"):
        evaluate_tables("ferplus", data, [path])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no tables"):
        evaluate_tables("landmarks68", data, [tmp_path / "empty"])


def test_video_protocols_are_refused(data: Path, tmp_path: Path):
    path = program([(0, 0.0)]).write(tmp_path / "peer.parquet")
    with pytest.raises(InputError, match="follows faces in video"):
        evaluate_tables("jitter", data, [path])


def test_command_shows_a_column_each(data: Path, tmp_path: Path):
    pack = write_pack(tmp_path / "pack")
    for name, shift in (("one", 1.0), ("two", 2.0)):
        program([(k, shift) for k in range(3)]).write(tmp_path / f"{name}.parquet")
    arguments = ["evaluate", "landmarks68", str(data), "--pack", str(pack)]
    arguments += ["--json", str(tmp_path / "out.json")]
    for name in ("one", "two"):
        arguments += ["--csv", str(tmp_path / f"{name}.parquet")]
    result = CliRunner().invoke(cli.main, arguments, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    line = next(line for line in result.output.splitlines() if "NME median, all" in line)
    assert "2.00 %" in line
    assert "4.00 %" in line
    stored = json.loads((tmp_path / "out.json").read_text())
    assert [other["pack"] for other in stored["beside"]] == ["one.parquet", "two.parquet"]
    pictures = CliRunner().invoke(cli.main, [*arguments[:3], "--export", str(tmp_path / "p")])
    assert pictures.output.strip().endswith(": 3 pictures")
