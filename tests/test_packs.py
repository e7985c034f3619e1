"""prosopon.packs: reading, listing, verifying and adding packs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fakepack
from prosopon.errors import OutputError, PackError
from prosopon.packs import add_pack, list_packs, load_pack, sha256, user_folder, verify_pack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fakepack.write_pack(tmp_path / "source" / "fake")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for the user's packs."""
    monkeypatch.setenv("PROSOPON_PACKS", str(tmp_path / "home"))
    return tmp_path / "home"


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "pack.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_reads_what_pack_toml_says(folder: Path):
    pack = load_pack(folder)
    assert (pack.name, pack.version, pack.license) == ("fake", "0.0.1", "Apache-2.0")
    assert (pack.network.size, pack.network.precision) == (128, "fp32")
    assert pack.network.outputs["points_scale"] == (156, 78)
    assert pack.network.file().path == folder / "network-fp32.onnx"
    assert (pack.detector.threshold, pack.detector.nms, pack.detector.long_side) == (0.5, 0.4, 320)
    assert pack.card == folder / "CARD.md"
    assert [file.path.name for file in pack.files] == [
        "network-fp32.onnx", "detector.onnx", "face_shape.npy"
    ]  # fmt: skip


def test_face_shape_is_68_points_in_mm(folder: Path):
    shape = load_pack(folder).face_shape()
    assert shape.shape == (68, 3)
    assert shape.dtype == np.float32


def test_face_shape_of_another_shape(folder: Path):
    np.save(folder / "face_shape.npy", np.zeros((5, 3)))
    with pytest.raises(PackError, match=r"face_shape\.npy: expected an array of \(68, 3\), got"):
        load_pack(folder).face_shape()


def test_unknown_precision_lists_the_packs_own(folder: Path):
    with pytest.raises(PackError, match="'int8' is not in this pack; there are: fp32"):
        load_pack(folder).network.file("int8")


def test_unknown_name_lists_the_installed(home: Path, folder: Path):
    add_pack(folder)
    with pytest.raises(PackError, match=r"no pack 'nought'; installed: (default, )?fake; add one"):
        load_pack("nought")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format = 1", "format = 2", "pack format 2, but this"),
        ("format = 1", "", "format: expected a value of type int, got nothing"),
        ("size = 128", 'size = "b"', "network.size: expected a value of type int"),
        ("threshold = 0.5", "", "detector.threshold: expected"),
        ("[156, 78]", "[156]", r"network.outputs.points_scale: expected \[first"),
        ('"fp32"', '"int8"', "network.precision: expected one of fp32"),
        ('"detector.onnx"', '"../d.onnx"', "detector.file: expected a file name"),
        ('"fake"', '"../fake"', "name '../fake' must match"),
        ("format = 1", "format 1", "not valid TOML"),
    ],
)
def test_pack_toml_that_is_not_understood(folder: Path, old: str, new: str, message: str):
    edit(folder, old, new)
    with pytest.raises(PackError, match=f"pack.toml: .*{message}"):
        load_pack(folder)


def test_verify_accepts_a_whole_pack(folder: Path):
    verify_pack(load_pack(folder))


def test_verify_names_a_damaged_file(folder: Path):
    with (folder / "detector.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(PackError, match=r"detector\.onnx: damaged \(sha256 .*reinstall"):
        verify_pack(load_pack(folder))


def test_verify_names_a_missing_file(folder: Path):
    (folder / "network-fp32.onnx").unlink()
    with pytest.raises(PackError, match=r"network-fp32\.onnx: No such file"):
        verify_pack(load_pack(folder))


def test_add_copies_and_replaces(home: Path, folder: Path):
    assert add_pack(folder).folder == home / "fake"
    edit(folder, "0.0.1", "0.0.2")
    assert add_pack(folder).version == "0.0.2"
    assert load_pack("fake").version == "0.0.2"
    assert list_packs()["fake"] == home / "fake"
    assert [p.name for p in home.iterdir()] == ["fake"]


def test_add_of_an_installed_pack_changes_nothing(home: Path, folder: Path):
    installed = add_pack(folder)
    assert add_pack(installed.folder) == installed


def test_add_refuses_a_damaged_pack(home: Path, folder: Path):
    (folder / "detector.onnx").write_bytes(b"")
    with pytest.raises(PackError, match="damaged"):
        add_pack(folder)
    assert not home.exists()


def test_add_where_no_pack_is(tmp_path: Path):
    with pytest.raises(PackError, match=r"nought: no pack there; give the folder"):
        add_pack(tmp_path / "nought")


def test_add_where_nobody_may_write(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PROSOPON_PACKS", str(tmp_path / "file" / "packs"))
    with pytest.raises(OutputError, match=r"can't add the pack .* set PROSOPON_PACKS"):
        add_pack(folder)


def test_user_folder_without_override(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("PROSOPON_PACKS", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_folder() == tmp_path / ".local/share/prosopon/packs"


def test_sha256(tmp_path: Path):
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert sha256(path).startswith("ba7816bf8f01cfea")


def test_bundled_packs_are_whole():
    for folder in list_packs().values():
        verify_pack(load_pack(folder))


def test_a_file_may_stand_in_another_installed_pack(home: Path, folder: Path, tmp_path: Path):
    add_pack(folder)
    other = fakepack.write_pack(tmp_path / "other", "other")
    (other / "detector.onnx").unlink()
    edit(other, 'file = "detector.onnx"', 'file = "detector.onnx"\npack = "fake"')
    verify_pack(load_pack(other))
    added = add_pack(other)
    assert load_pack("other").detector.file.path == home / "fake" / "detector.onnx"
    assert not (added.folder / "detector.onnx").exists(), "it is not copied"
    edit(added.folder, 'pack = "fake"', 'pack = "missing"')
    with pytest.raises(PackError, match=r"detector\.pack: expected one of .*fake.*'missing'"):
        load_pack("other")
