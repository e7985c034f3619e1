"""One network beside another on the same faces."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from fakepack import layout, write_network, write_pack
from prosopon.packs import Pack, load_pack, sha256
from prosopon_eval import precision
from prosopon_train.data.schema import AU_NAMES, SHARD_SIZE, write_shard


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Its int8 network tells every action unit at 2.5 of 5, its fp32 network at 0."""
    folder = write_pack(tmp_path / "pack")
    path = write_network(folder / "network-int8.onnx", au=0.5)
    toml = folder / "pack.toml"
    entry = f'[network.files.int8]\nfile = "{path.name}"\nsha256 = "{sha256(path)}"\n'
    toml.write_text(toml.read_text().replace("[network.outputs]", f"{entry}\n[network.outputs]"))
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Twelve rendered faces of four people, where the fake network says they are; no gaze."""
    rng = np.random.default_rng(0)
    points = layout() * 64 + (SHARD_SIZE - 1) / 2
    examples = [
        {
            "image": rng.integers(0, 256, (SHARD_SIZE, SHARD_SIZE), dtype=np.uint8),
            "points": points,
            "rotation": np.eye(3),
            "eye_open": np.ones(2),
            "au": np.where(np.arange(len(AU_NAMES)) < 2, rng.uniform(1, 5, len(AU_NAMES)), 0),
            "person": str(k % 4),
        }
        for k in range(12)
    ]
    write_shard(tmp_path / "data" / "synth_test" / "0.npz", examples)
    return tmp_path / "data"


def labelled_units(data: Path) -> np.ndarray:
    with np.load(data / "synth_test" / "0.npz") as shard:
        return np.asarray(shard["au"][:, :2])


def by_name(pack: Pack, data: Path) -> dict[str, precision.Difference]:
    return {one.before.name: one for one in precision.compare(pack, [data])}


def test_differences_are_those_of_the_networks(pack: Path, data: Path):
    found = by_name(load_pack(pack), data)
    units = found["AU, MAE on 0–5 ↓"]
    truth = labelled_units(data)
    expected = (np.abs(truth).mean(), np.abs(truth - 2.5).mean())
    assert (units.before.value, units.after.value) == pytest.approx(expected, abs=1e-5)
    assert units.change.value == pytest.approx(expected[1] - expected[0], abs=1e-5)
    assert units.change.low <= units.change.value <= units.change.high
    assert units.before.n == 12
    for name in ("points, NME ↓", "head rotation, mean error ↓"):
        assert found[name].before.value == pytest.approx(0, abs=1e-2)
        assert (found[name].change.value, found[name].change.low, found[name].change.high) == (
            0,
            0,
            0,
        )


def test_what_is_not_labelled_is_left_out(pack: Path, data: Path):
    assert not [name for name in by_name(load_pack(pack), data) if name.startswith("gaze")]


def test_a_pack_of_one_precision_has_no_difference(tmp_path: Path, data: Path):
    assert precision.compare(load_pack(write_pack(tmp_path / "one")), [data]) == []


def test_command_prints_and_writes(pack: Path, data: Path, tmp_path: Path):
    arguments = [str(pack), "--data", str(data), "--json", str(tmp_path / "p.json")]
    result = CliRunner().invoke(precision.main, arguments)
    assert result.exit_code == 0, result.output
    assert "int8 less fp32" in result.output
    written = json.loads((tmp_path / "p.json").read_text())
    assert {one["precision"] for one in written} == {"int8"}
    assert written[0]["change"]["name"] == "points, NME ↓"


def test_command_says_when_there_is_nothing(pack: Path, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(precision.main, [str(pack), "--data", str(tmp_path / "empty")])
    assert result.output == "nothing to compare: one precision only, or none of the data\n"
