"""Contact sheets, and the command that makes them (needs the face rig)."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("numba")

from prosopon.errors import OutputError
from prosopon_train import cli
from prosopon_train.data.schema import NETWORK_SIZE
from prosopon_train.synth import preview

pytestmark = pytest.mark.train


@pytest.mark.shared
def test_sheets_have_a_face_in_every_cell(rig_files: tuple[Path, Path]):
    path, cache = rig_files
    for sheet, cells in (
        (preview.face_sheet(path, 2, 1, cache, None, 1), 2),
        (preview.head_sheet(path, 2, 1, cache, 1), 2),
        (preview.causal_sheet(path, 1, cache, None, 9002), 14),
    ):
        assert sheet.shape == (NETWORK_SIZE, cells * NETWORK_SIZE)
        parts = np.split(sheet, cells, axis=1)
        assert all(part.std() > 10 for part in parts)
        assert not np.array_equal(parts[0], parts[1])


@pytest.mark.shared
def test_command_writes_the_sheet(
    rig_files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    small = preview.face_sheet
    monkeypatch.setattr(
        preview, "face_sheet", lambda path, columns, rows, *rest: small(path, 2, 1, *rest)
    )
    out = tmp_path / "sheet.png"
    arguments = ["synth", str(rig_files[0]), str(out), "--preview", "--cache", str(rig_files[1])]
    result = CliRunner().invoke(cli.main, arguments)
    assert result.exit_code == 0, result.output
    assert cv2.imread(str(out), cv2.IMREAD_GRAYSCALE).shape == (NETWORK_SIZE, 2 * NETWORK_SIZE)


@pytest.mark.shared
def test_command_renders_a_shard(rig_files: tuple[Path, Path], tmp_path: Path):
    arguments = [
        "synth",
        str(rig_files[0]),
        str(tmp_path / "out"),
        "--what",
        "causal",
        "--count",
        "1",
    ]
    result = CliRunner().invoke(cli.main, [*arguments, "--cache", str(rig_files[1])])
    assert result.exit_code == 0, result.output
    with np.load(tmp_path / "out" / "causal.npz") as shard:
        assert len(shard["image"]) in (13, 14)


@pytest.mark.parametrize("name", ["sheet", "sheet.nothing", "absent/sheet.png"])
def test_a_picture_that_cannot_be_written_is_named(tmp_path: Path, name: str):
    with pytest.raises(OutputError, match="sheet"):
        preview.write_picture(np.zeros((4, 4), np.uint8), tmp_path / name)
