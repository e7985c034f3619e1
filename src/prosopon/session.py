"""The only place that creates an ONNX Runtime session: device, threads, memory, errors.

A session runs on the device that was asked for or not at all: ONNX Runtime itself would fall back
to the CPU with a warning, and the user would learn of it by the speed.
"""

from __future__ import annotations

from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING

from prosopon.errors import DeviceError, PackError

if TYPE_CHECKING:
    import onnxruntime

DEVICES: dict[str, tuple[str, str]] = {
    "cpu": ("CPUExecutionProvider", "onnxruntime"),
    "cuda": ("CUDAExecutionProvider", "onnxruntime-gpu"),
    "tensorrt": ("TensorrtExecutionProvider", "onnxruntime-gpu"),
    "directml": ("DmlExecutionProvider", "onnxruntime-directml"),
    "coreml": ("CoreMLExecutionProvider", "onnxruntime"),
    "openvino": ("OpenVINOExecutionProvider", "onnxruntime-openvino"),
}
"""Device name → (execution provider, the package that brings it)."""

_ERRORS_ONLY = 3


def available_devices() -> tuple[str, ...]:
    """Names of the devices that the installed ONNX Runtime was built for, ``cpu`` first."""
    import onnxruntime

    present = onnxruntime.get_available_providers()
    return tuple(name for name, (provider, _) in DEVICES.items() if provider in present)


def check_device(device: str) -> None:
    """Raise DeviceError unless ``device`` is known and the installed ONNX Runtime supports it."""
    if device not in DEVICES:
        raise DeviceError(f"{device!r} is no device; there are: {', '.join(DEVICES)}")
    available = available_devices()
    if device not in available:
        provider, package = DEVICES[device]
        raise DeviceError(
            f"{device!r} is not available: this ONNX Runtime has no {provider} "
            f"(available: {', '.join(available)}); pip uninstall onnxruntime && "
            f"pip install {package}"
        )


def create_session(
    path: Path, *, device: str = "cpu", threads: int = 1
) -> onnxruntime.InferenceSession:
    """Open the model file ``path`` on ``device`` with ``threads`` threads within an operator.

    Raises DeviceError when the device is missing or refuses the model, PackError when the file is
    missing or is no ONNX model.
    """
    check_device(device)
    if not isinstance(threads, Integral) or threads < 1:
        raise DeviceError(f"threads: expected a whole number of 1 or more, got {threads!r}")
    if not path.is_file():
        raise PackError(f"{path}: missing model file; run 'prosopon models verify'")

    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    # The memory arena stays on: measured without it, the peak is the same and frames are slower.
    if threads > 1:
        # Threads that spin between frames take the core from the decoder.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")

    provider = DEVICES[device][0]
    providers = [provider] if device == "cpu" else [provider, DEVICES["cpu"][0]]
    # The exceptions of ONNX Runtime have no base class of their own.
    unreadable = (
        errors.Fail,
        errors.InvalidProtobuf,
        errors.InvalidGraph,
        errors.InvalidArgument,
        errors.NotImplemented,
        errors.RuntimeException,
    )
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except unreadable as error:
        reason = str(error).strip().splitlines()[0]
        raise PackError(f"{path}: ONNX Runtime can't open this model: {reason}") from error
    if session.get_providers()[0] != provider:
        raise DeviceError(
            f"{device!r} did not start: {provider} is built in but its libraries failed to load; "
            "see 'prosopon doctor', or use --device cpu"
        )
    return session
