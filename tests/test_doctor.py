"""prosopon.doctor: what it finds whole, missing and broken."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import fakepack
from prosopon import doctor
from prosopon.cli import main


@pytest.fixture(autouse=True)
def default_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The fake pack as the default one."""
    monkeypatch.setenv("PROSOPON_PACKS", str(tmp_path))
    return fakepack.write_pack(tmp_path / "default", name="default")


def findings() -> dict[str, doctor.Finding]:
    return {finding.name: finding for finding in doctor.examine()}


def test_all_is_well():
    found = findings()
    assert {f.state for f in found.values()} <= {"ok", "absent"}
    assert found["pack default"].detail == "0.0.1, 3 files verified, Apache-2.0"
    assert found["devices"].detail.startswith("cpu")
    assert found["self-test"].detail.startswith("1 row of ")


def test_broken_module_names_its_package(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    found = findings()
    assert found["cv2"].state == "problem"
    assert found["cv2"].detail.endswith("pip install --force-reinstall opencv-python-headless")
    assert "self-test" not in found


def test_damaged_pack(default_pack: Path):
    (default_pack / "network-fp32.onnx").write_bytes(b"")
    found = findings()
    assert found["pack default"].state == "problem"
    assert "network-fp32.onnx: damaged" in found["pack default"].detail
    assert "self-test" not in found


def test_every_extra_is_looked_for():
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    wanted = {
        extra: len([line for line in lines if not line.startswith("prosopon[")])
        for extra, lines in extras.items()
        if extra != "dev"
    }
    assert {extra: len(names) for extra, names in doctor.EXTRAS.items()} == wanted


def test_absent_extra_gives_its_pip_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor, "EXTRAS", {"moon": ("no_such_module",)})
    found = findings()["[moon]"]
    assert found.state == "absent"
    assert found.detail == "no no_such_module; optional: pip install 'prosopon[moon]'"


def test_command_says_what_is_wrong_and_returns_1(default_pack: Path):
    assert CliRunner().invoke(main, ["doctor"]).exit_code == 0
    (default_pack / "detector.onnx").unlink()
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 1
    assert "PROBLEM  pack default    " in result.stdout
    assert result.stderr == "1 to be put right: see the lines marked PROBLEM\n"
