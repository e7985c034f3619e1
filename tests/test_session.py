"""prosopon.session: devices and models that can't be opened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from fakepack import write_network
from prosopon.errors import DeviceError, PackError
from prosopon.session import available_devices, create_session


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return write_network(tmp_path / "network.onnx")


def test_cpu_is_available():
    assert available_devices()[0] == "cpu"


@pytest.mark.parametrize("threads", [1, 2])
def test_opens_and_runs_a_network(network: Path, threads: int):
    session = create_session(network, threads=threads)
    (heads,) = session.run(None, {"crops": np.zeros((3, 1, 128, 128), np.float32)})
    assert session.get_providers() == ["CPUExecutionProvider"]
    assert session.get_session_options().intra_op_num_threads == threads
    assert len(heads) == 3


def test_unknown_device_lists_the_known_ones(network: Path):
    with pytest.raises(DeviceError, match=r"'gpu' is no device; there are: cpu, cuda, "):
        create_session(network, device="gpu")


def test_missing_provider_says_what_is_there_and_how_to_get_it(
    network: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(DeviceError) as caught:
        create_session(network, device="cuda")
    assert "has no CUDAExecutionProvider (available: cpu)" in str(caught.value)
    assert "pip install onnxruntime-gpu" in str(caught.value)


def test_provider_that_fails_to_load_is_no_silent_fall_back(
    network: Path, monkeypatch: pytest.MonkeyPatch
):
    class FellBack:
        def __init__(self, *_: object, **__: object) -> None: ...

        def get_providers(self) -> list[str]:
            return ["CPUExecutionProvider"]

    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: both)
    monkeypatch.setattr(onnxruntime, "InferenceSession", FellBack)
    with pytest.raises(DeviceError, match="'cuda' did not start"):
        create_session(network, device="cuda")


def test_missing_model_file(tmp_path: Path):
    with pytest.raises(PackError, match=r"none\.onnx: missing model file"):
        create_session(tmp_path / "none.onnx")


def test_file_that_is_no_model(tmp_path: Path):
    path = tmp_path / "text.onnx"
    path.write_text("not a model")
    with pytest.raises(PackError, match=r"text\.onnx: ONNX Runtime can't open this model: ") as e:
        create_session(path)
    assert "\n" not in str(e.value)


def test_threads_must_be_positive(network: Path):
    with pytest.raises(DeviceError, match="expected a whole number of 1 or more, got 0"):
        create_session(network, threads=0)
