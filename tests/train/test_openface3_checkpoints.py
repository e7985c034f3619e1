"""prosopon_train.openface3: layouts, safe loading, and conversion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
import torch

from prosopon.compat.openface3 import FaceDetector, LandmarkDetector
from prosopon.compat.openface3.networks import NetworkKind
from prosopon.errors import PackError
from prosopon.packs import load_networks_pack
from prosopon_train.openface3 import convert as converting
from prosopon_train.openface3 import pack as packing
from prosopon_train.openface3.checkpoint import kind_of, load_network, read_state
from prosopon_train.openface3.mtl import MultitaskNetwork
from prosopon_train.openface3.retinaface import RetinaFace
from prosopon_train.openface3.star import LandmarkNetwork

pytestmark = pytest.mark.train

LAYOUTS = Path(__file__).parents[1] / "fixtures" / "openface3"
NETWORKS: dict[str, Any] = {
    "detector": RetinaFace,
    "landmarks": LandmarkNetwork,
    "multitask": MultitaskNetwork,
}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector as it is before training, under its published name."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "Alignment_RetinaFace.pth"
    torch.save(RetinaFace().state_dict(), path)
    return path


def layout(kind: str) -> dict[str, tuple[int, ...]]:
    """Parameter name → shape, as published; '-' is a scalar."""
    rows = (line.split() for line in (LAYOUTS / f"{kind}.txt").read_text().splitlines())
    return {
        name: () if shape == "-" else tuple(int(side) for side in shape.split("x"))
        for name, shape in rows
    }


@pytest.mark.parametrize("kind", NETWORKS)
def test_names_and_shapes_are_the_published_ones(kind: str):
    with torch.device("meta"):
        state = NETWORKS[kind]().state_dict()
    assert {name: tuple(value.shape) for name, value in state.items()} == layout(kind)
    assert kind_of(state) == kind


def test_sixty_eight_landmarks_are_told_from_the_file(tmp_path: Path):
    torch.save({"net": LandmarkNetwork(68, 13).state_dict()}, tmp_path / "Landmark_68.pkl")
    kind, network = load_network(tmp_path / "Landmark_68.pkl")
    assert kind == "landmarks"
    assert network.state_dict()["e2h_transform.weight"].shape == (68, 13, 1, 1)


def test_prefixes_and_wrappings_of_a_state(detector: Path, tmp_path: Path):
    plain = read_state(detector)
    torch.save({"state_dict": {f"module.{k}": v for k, v in plain.items()}}, tmp_path / "x.pth")
    assert read_state(tmp_path / "x.pth").keys() == plain.keys()


class Malicious:
    """Unpickled carelessly, it would write a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.target,)


def test_code_in_a_checkpoint_is_refused_and_does_not_run(tmp_path: Path):
    torch.save({"net": Malicious(tmp_path / "ran")}, tmp_path / "bad.pth")
    with pytest.raises(PackError, match=r"bad\.pth: refused: it holds \S+, and opening"):
        read_state(tmp_path / "bad.pth")
    torch.save(RetinaFace(), tmp_path / "model.pth")
    with pytest.raises(PackError, match="save its state_dict alone"):
        read_state(tmp_path / "model.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "no such file", id="missing"),
        pytest.param(b"", "not a readable checkpoint", id="empty"),
        pytest.param(b"<html>not found</html>", "not a readable checkpoint", id="page"),
        pytest.param(b"weights", "not a readable checkpoint", id="text"),
        pytest.param({}, "holds no parameters", id="no parameters"),
        pytest.param([1, 2], "holds no parameters", id="a list"),
        pytest.param({"epoch": 3}, "holds other values besides parameters", id="other values"),
        pytest.param({"w": torch.zeros(2)}, "no network of OpenFace 3.0", id="another network"),
    ],
)
def test_files_that_are_no_checkpoint(tmp_path: Path, content: object, message: str):
    path = tmp_path / "file.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(PackError, match=rf"file\.pth: {message}"):
        load_network(path)


def test_a_cut_off_download(detector: Path, tmp_path: Path):
    whole = detector.read_bytes()
    (tmp_path / "half.pth").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PackError, match=r"half\.pth: not a readable checkpoint; download"):
        read_state(tmp_path / "half.pth")


def test_parameters_that_do_not_fit(detector: Path, tmp_path: Path):
    state, path = read_state(detector), tmp_path / "x.pth"
    name = "fpn.merge1.0.weight"

    def refusal(changed: dict[str, torch.Tensor]) -> str:
        torch.save(changed, path)
        with pytest.raises(PackError) as caught:
            load_network(path)
        return str(caught.value)

    assert refusal({**state, name: torch.zeros(1)}).endswith(
        f"{name} has shape (1,), expected (64, 64, 3, 3)"
    )
    assert f"the detector network lacks {name}" in refusal(
        {key: value for key, value in state.items() if key != name}
    )
    assert "detector network has no extra" in refusal({**state, "extra": torch.zeros(1)})


def test_a_checkpoint_is_converted_once(
    detector: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PROSOPON_PACKS", str(tmp_path))
    picture = np.random.default_rng(0).integers(0, 256, (101, 77, 3), dtype=np.uint8)
    first = FaceDetector(detector).detect(picture)
    (converted,) = (tmp_path / ".openface3-converted").iterdir()
    made = converted.stat().st_mtime_ns
    second = FaceDetector(detector).detect(picture)
    np.testing.assert_array_equal(first, second)
    assert converted.stat().st_mtime_ns == made
    with pytest.raises(PackError, match="a detector network; expected a landmarks network"):
        LandmarkDetector(detector)


def test_an_export_that_deviates_is_refused(
    detector: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(converting, "PARITY", -1.0)
    with pytest.raises(PackError, match="the ONNX export deviates by"):
        converting.convert(detector, tmp_path / "x.onnx")
    assert list(tmp_path.iterdir()) == []


def test_pack_of_converted_networks(
    detector: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    written = packing.write_pack({NetworkKind.DETECTOR: detector}, tmp_path / "pack")
    assert [item.kind for item in written] == [NetworkKind.DETECTOR]
    assert written[0].deviation < 1e-4
    pack = load_networks_pack(tmp_path / "pack")
    assert (pack.kind, pack.license) == ("openface3", "research-only")
    assert "non-commercial" in pack.terms
    assert "Alignment_RetinaFace.pth" in pack.card.read_text()
    with pytest.raises(PackError, match="this pack has no landmarks network; there are: detector"):
        LandmarkDetector(tmp_path / "pack")
    with pytest.raises(PackError, match="is a detector network, expected multitask"):
        packing.write_pack({NetworkKind.MULTITASK: detector}, tmp_path / "other")


def test_checkpoints_of_a_folder(tmp_path: Path):
    for name in ("mobilenet0.25_Final.pth", "Landmark_68.pkl"):
        (tmp_path / name).touch()
    with pytest.raises(PackError, match=r"no MTL_backbone\.pth; download OpenFace 3\.0's weights"):
        packing.find_checkpoints(tmp_path)
    for name in ("MTL_backbone.pth", "Landmark_98.pkl"):
        (tmp_path / name).touch()
    assert [path.name for path in packing.find_checkpoints(tmp_path).values()] == [
        "mobilenet0.25_Final.pth", "Landmark_98.pkl", "MTL_backbone.pth"
    ]  # fmt: skip
