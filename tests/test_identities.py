"""Corrections of who is who: the table that comes out, and what stays as it was."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import prosopon
from prosopon import identities
from prosopon.cli import main
from prosopon.errors import InputError
from prosopon.types import FRAME_COLUMNS, Column, FaceTable
from prosopon.writers.sidecar import describe_columns, write_sidecar

SURE = Column("identity_confidence", (), ("identity_confidence",), "0–1", "", decimals=4)
SCHEMA = (*FRAME_COLUMNS, SURE)


def table(*rows: tuple[int, int], schema=SCHEMA) -> FaceTable:
    """Rows (frame, face_id) at two frames a second."""
    frame, face_id = (np.array(v) for v in zip(*rows, strict=True))
    data = {column.name: column.empty(len(rows)) for column in schema}
    data |= {"frame": frame, "time": frame / 2, "face_id": face_id.astype(np.int32)}
    data["confidence"] = np.linspace(0.5, 0.9, len(rows), dtype=np.float32)
    data["identity_confidence"] = np.linspace(0.9, 0.5, len(rows), dtype=np.float32)
    return FaceTable(schema, data)


PAIR = ((0, 0), (0, 1), (1, 0), (2, 0), (2, 1), (3, -1), (4, 2))


def test_identities_of_a_table():
    first, second, third = identities.identities(table(*PAIR))
    assert (first.face_id, first.rows, first.start, first.end) == (0, 3, 0.0, 1.0)
    assert (first.appearances, second.appearances) == (1, 2)
    assert first.doubt == pytest.approx((0.7, 1.0))
    assert third.doubt == pytest.approx((0.5, 2.0))


def test_frames_that_were_not_measured_are_no_gaps():
    (only,) = identities.identities(table((0, 0), (5, 0), (10, 0)))
    assert only.appearances == 1


def test_merge_keeps_the_original_beside():
    merged = identities.merge(table(*PAIR), [1, 2])
    assert merged["face_id"].tolist() == [0, 1, 0, 0, 1, -1, 1]
    assert merged["face_id_original"].tolist() == [0, 1, 0, 0, 1, -1, 2]
    names = [column.name for column in merged.schema]
    assert names.index("face_id_original") == names.index("face_id") + 1


def test_the_original_is_kept_once():
    twice = identities.merge(identities.merge(table(*PAIR), [1, 2]), [1])
    split, new = identities.split(twice, 1, 0.5)
    assert new == 2
    assert split["face_id"].tolist() == [0, 1, 0, 0, 2, -1, 2]
    assert split["face_id_original"].tolist() == [0, 1, 0, 0, 1, -1, 2]


def test_split_takes_the_time_from_start_to_before_end():
    split, new = identities.split(table(*PAIR), 0, 0.5, 1.0)
    assert new == 3
    assert split["face_id"].tolist() == [0, 1, 3, 0, 1, -1, 2]


def test_two_splits_and_merges_undo_a_swap():
    swapped = table((0, 0), (0, 1), (1, 1), (1, 0))
    swapped, a = identities.split(swapped, 0, 0.5)
    swapped, b = identities.split(swapped, 1, 0.5)
    mended = identities.merge(identities.merge(swapped, [0, b]), [1, a])
    assert mended["face_id"].tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda t: identities.merge(t, [0, 1]), "frames, first in 0", id="together"),
        pytest.param(lambda t: identities.merge(t, [0, 9]), "there are: 0, 1, 2", id="unknown"),
        pytest.param(lambda t: identities.merge(t, [-1, 0]), "-1 doesn't occur", id="nobody"),
        pytest.param(lambda t: identities.split(t, 0, 7), "no row of 0", id="too late"),
        pytest.param(lambda t: identities.split(t, 0, 0, 9), "every row of 0", id="all"),
        pytest.param(lambda t: identities.renumber(t, 0, 2), "somebody else", id="taken"),
        pytest.param(lambda t: identities.renumber(t, 0, -4), "no number", id="negative"),
    ],
)
def test_refusals(change, words):
    with pytest.raises(InputError, match=words):
        change(table(*PAIR))


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_command_changes_ids_and_nothing_else(tmp_path, suffix):
    path = table(*PAIR).write(tmp_path / f"clip.{suffix}")
    info = {"counts": {"frames": 5, "identities": 3}, "columns": describe_columns(SCHEMA)}
    write_sidecar(tmp_path / "clip.json", info)
    arguments = ["identities", str(path), "--split", "0@1", "--merge", "1,2"]
    done = CliRunner().invoke(main, [*arguments, "--rename", "0=Anna", "--rename", "1=7"])
    assert done.exit_code == 0, done.output
    assert "Anna" in done.output
    before, after = table(*PAIR), prosopon.read(path)
    assert after["face_id"].tolist() == [0, 7, 0, 3, 7, -1, 7]
    assert after["face_id_original"].tolist() == before["face_id"].tolist()
    for column in SCHEMA:
        if column.name != "face_id":
            np.testing.assert_allclose(after[column.name], before[column.name], atol=1e-4)
    sidecar = json.loads((tmp_path / "clip.json").read_text())
    assert sidecar["counts"] == {"frames": 5, "identities": 3}
    assert sidecar["identities"]["names"] == {"0": "Anna"}
    assert len(sidecar["identities"]["edits"]) == 4
    assert not list(tmp_path.glob(".*"))


def test_other_values_keep_their_text(tmp_path):
    path = table(*PAIR).write(tmp_path / "clip.csv")
    before = path.read_text().splitlines()
    out = tmp_path / "new" / "mended.csv"
    options = ["--merge", "1,2", "-o", str(out)]
    assert CliRunner().invoke(main, ["identities", str(path), *options]).exit_code == 0
    assert path.read_text().splitlines() == before
    for old, new in zip(before[1:], out.read_text().splitlines()[1:], strict=True):
        left, right = old.split(","), new.split(",")
        assert left[:2] + left[3:] == right[:2] + right[4:]
        assert left[2] == right[3]


def test_names_follow_a_merge_and_a_new_number(tmp_path):
    path = table(*PAIR).write(tmp_path / "clip.csv")
    for option, value in (("--rename", "2=Bo"), ("--merge", "1,2"), ("--rename", "1=5")):
        done = CliRunner().invoke(main, ["identities", str(path), option, value])
        assert done.exit_code == 0, done.output
    told = json.loads((tmp_path / "clip.json").read_text())["identities"]
    assert told["names"] == {"5": "Bo"}
    assert told["edits"] == ["rename 2=Bo", "merge 1,2: all are 1", "rename 1=5"]


@pytest.mark.parametrize(
    "bad", [["--split", "0"], ["--merge", "0"], ["--rename", "0="], ["-o", "x"]]
)
def test_wrong_usage(tmp_path, bad):
    path = table(*PAIR).write(tmp_path / "clip.csv")
    done = CliRunner().invoke(main, ["identities", str(path), *bad])
    assert done.exit_code == 2
    assert "expected" in done.output or "goes with" in done.output


def test_errors_name_the_table_and_leave_it(tmp_path):
    path = table(*PAIR).write(tmp_path / "clip.csv")
    before = path.read_bytes()
    done = CliRunner().invoke(main, ["identities", str(path), "--merge", "0,1"])
    assert done.exit_code == 1
    assert done.output.startswith(f"error: {path}: 0, 1 can't be one person")
    assert path.read_bytes() == before


def test_a_table_without_a_sidecar_keeps_whole_numbers(tmp_path):
    plain = tuple(replace(c, description="") for c in SCHEMA)
    path = table(*PAIR, schema=plain).write(tmp_path / "clip.csv")
    for _ in range(2):
        CliRunner().invoke(main, ["identities", str(path), "--rename", "0=A"])
        (tmp_path / "clip.json").unlink()
    assert path.read_text().splitlines()[1].startswith("0,0.000000,0,0,")
