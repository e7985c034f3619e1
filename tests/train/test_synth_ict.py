"""OBJ folder to rig, on a head of two polygons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from prosopon.errors import InputError
from prosopon_train import cli
from prosopon_train.synth import ict

NEUTRAL = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1], [0.5, 2, 0.25]])


def obj(vertices: np.ndarray, comment: str = "# licence\nmtllib a.mtl\n") -> str:
    lines = [f"v {x:.6g} {y:.6g} {z:.6g}" for x, y, z in vertices]
    lines += ["vt 0 0", "vt 1 0 0", "vt 1 0.5", "vt 0 0.5", "vt 0.5 1"]
    lines += ["s 1", "usemtl skin", "f 1/1 2/2 3/3 4/4", "f 4/4/1 3/3/1 5/5/1"]
    return comment + "\n".join(lines) + "\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(ict, "VERTICES", 5)
    monkeypatch.setattr(ict, "POLYGONS", 2)
    monkeypatch.setattr(ict, "IDENTITIES", ("identity000", "identity001"))
    monkeypatch.setattr(ict, "EXPRESSIONS", ("jawOpen", "mouthSmile_L"))
    (tmp_path / "obj").mkdir()
    for k, name in enumerate((ict.NEUTRAL, *ict.IDENTITIES, *ict.EXPRESSIONS)):
        (tmp_path / "obj" / f"{name}.obj").write_text(obj(NEUTRAL + (0, 0.25 * k, 0)))
    return tmp_path / "obj"


def test_names_are_the_models():
    assert len(ict.EXPRESSIONS) == 57
    assert ict.EXPRESSIONS[:3] == ("PupilDilate_L", "PupilDilate_R", "browDown_L")


@pytest.mark.shared
def test_names_are_those_of_the_rig_at_hand(shared: Path):
    with np.load(shared / "data" / "ict_rig.npz") as rig:
        assert tuple(rig["names"]) == ict.EXPRESSIONS
        assert rig["identity"].shape == (len(ict.IDENTITIES), ict.VERTICES, 3)
        assert rig["quads"].shape == (ict.POLYGONS, 4)


def test_convert(folder: Path, tmp_path: Path):
    ict.convert(folder, tmp_path / "new" / "rig.npz")
    with np.load(tmp_path / "new" / "rig.npz") as rig:
        assert rig["neutral"] == pytest.approx(NEUTRAL)
        assert rig["quads"].tolist() == [[0, 1, 2, 3], [3, 2, 4, 4]]
        assert rig["uvquads"].tolist() == [[0, 1, 2, 3], [3, 2, 4, 4]]
        assert rig["uv"].tolist() == [[0, 0], [1, 0], [1, 0.5], [0, 0.5], [0.5, 1]]
        assert rig["identity"].dtype == rig["expression"].dtype == np.float16
        assert rig["identity"][:, 0].tolist() == [[0, 0.25, 0], [0, 0.5, 0]]
        assert rig["expression"][:, 0].tolist() == [[0, 0.75, 0], [0, 1, 0]]
        assert rig["names"].tolist() == ["jawOpen", "mouthSmile_L"]
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["rig.npz"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        pytest.param("jawOpen", obj(NEUTRAL[:4]), r"jawOpen\.obj: 4 vertices", id="other model"),
        pytest.param("jawOpen", "hello", r"jawOpen\.obj: no OBJ", id="no OBJ"),
        pytest.param("jawOpen", "v 1 x 2\n", r"jawOpen\.obj: no OBJ", id="no number"),
        pytest.param(ict.NEUTRAL, "v 0 0 0\nvt 0 0\n", "holds no polygons", id="no polygons"),
        pytest.param(ict.NEUTRAL, obj(NEUTRAL) + "f 1 2 3\n", "no polygon with uv", id="no uv"),
        pytest.param(ict.NEUTRAL, obj(NEUTRAL) + "f 1/1 2/2\n", "of 2 corners", id="line"),
        pytest.param(ict.NEUTRAL, obj(NEUTRAL) + "f 1/1 2/2 9/3\n", "not there", id="index"),
        pytest.param(
            ict.NEUTRAL, obj(NEUTRAL) + "f 1/1 2/2 3/3\n", "3 polygons instead", id="size"
        ),
    ],
)
def test_broken_files_are_named(folder: Path, tmp_path: Path, name: str, text: str, message: str):
    (folder / f"{name}.obj").write_text(text)
    with pytest.raises(InputError, match=message):
        ict.convert(folder, tmp_path / "rig.npz")
    assert not (tmp_path / "rig.npz").exists()


def test_command_names_missing_files(folder: Path, tmp_path: Path):
    for name in ("identity001", "jawOpen"):
        (folder / f"{name}.obj").unlink()
    result = CliRunner().invoke(cli.main, ["rig", str(folder), str(tmp_path / "rig.npz")])
    assert result.exit_code == 1
    assert "lacks identity001.obj, jawOpen.obj; give the whole FaceXModel" in result.output
    missing = CliRunner().invoke(cli.main, ["rig", str(tmp_path / "none"), str(tmp_path / "o.npz")])
    assert "none: not a folder" in missing.output
