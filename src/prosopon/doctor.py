"""``prosopon doctor``: is everything here that is needed, and what to do where it is not."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from prosopon import __version__
from prosopon.errors import ProsoponError

REQUIRED = {
    "numpy": "numpy",
    "cv2": "opencv-python-headless",
    "onnxruntime": "onnxruntime",
    "av": "av",
    "pyarrow": "pyarrow",
    "rich": "rich",
    "click": "click",
}
"""Module → the package that brings it."""

EXTRAS = {
    "report": ("plotly",),
    "plot": ("matplotlib",),
    "server": ("fastapi", "uvicorn", "websockets", "python_multipart", "prometheus_client"),
    "pandas": ("pandas",),
    "elan": ("pympi",),
    "query": ("duckdb",),
    "ray": ("ray",),
    "cloud": ("fsspec", "s3fs"),
    "eval": ("scipy", "sklearn", "onnx", "h5py"),
    "train": ("torch", "numba", "onnx", "scipy", "sklearn", "lightning_fabric", "h5py"),
    "openface3": ("torch", "onnx"),
    "hub": ("huggingface_hub",),
    "teachers": ("mediapipe",),
}
"""Extra of this package → the modules it brings."""

_OLDEST_PYTHON = (3, 10)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: ``state`` is "ok", "problem" or "absent" (optional)."""

    state: str
    name: str
    detail: str


def examine() -> Iterator[Finding]:
    """Look at one thing after the other; nothing raises, what is wrong is a finding."""
    yield from _python()
    modules = [_module(name, package) for name, package in REQUIRED.items()]
    yield from modules
    if all(finding.state == "ok" for finding in modules):
        yield _devices()
        packs = list(_packs())
        yield from packs
        if all(finding.state == "ok" for finding in packs):
            yield _tried("self-test", _self_test)
    for extra, names in EXTRAS.items():
        yield _extra(extra, names)


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    if sys.version_info >= _OLDEST_PYTHON:
        yield Finding("ok", "python", f"{version} on {platform.platform()}, {os.cpu_count()} cores")
    else:
        yield Finding("problem", "python", f"{version}; install Python 3.10 or newer")
    yield Finding("ok", "prosopon", __version__)


def _module(name: str, package: str) -> Finding:
    try:
        module = import_module(name)
    except ImportError as error:
        return Finding("problem", name, f"{error}; pip install --force-reinstall {package}")
    try:
        return Finding("ok", name, version(package))
    except PackageNotFoundError:  # another build of the same module, as onnxruntime-gpu
        return Finding("ok", name, str(getattr(module, "__version__", "of unknown version")))


def _devices() -> Finding:
    from prosopon.session import DEVICES, available_devices

    available = available_devices()
    absent = ", ".join(name for name in DEVICES if name not in available)
    return Finding("ok", "devices", f"{', '.join(available)} (not in this ONNX Runtime: {absent})")


def _packs() -> Iterator[Finding]:
    from prosopon.packs import list_packs, user_folder

    installed = list_packs()
    for name in installed:
        yield _tried(f"pack {name}", partial(_whole_pack, name))
    if "default" not in installed:
        yield Finding("problem", "pack default", "is missing; reinstall prosopon")
    yield Finding("ok", "own packs", f"{user_folder()}")


def _whole_pack(name: str) -> str:
    from prosopon.packs import read_pack, verify_pack

    pack = read_pack(name)
    verify_pack(pack)
    return f"{pack.version}, {len(pack.files)} files verified, {pack.license}"


def _self_test() -> str:
    """Measure a face that is said to fill a grey picture: every stage runs once."""
    import numpy as np

    from prosopon import Analyzer

    picture = np.full((128, 128, 3), 128, np.uint8)
    started = time.perf_counter()
    analyzer = Analyzer()
    analyzer.image(picture)
    faces = analyzer.image(picture, boxes=np.array([[0, 0, 127, 127]], np.float32))
    seconds = time.perf_counter() - started
    return f"{len(faces)} row of {len(faces.schema)} columns in {seconds:.2f} s"


def _tried(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding("ok", name, check())
    except ProsoponError as error:
        return Finding("problem", name, str(error))


def _extra(extra: str, names: tuple[str, ...]) -> Finding:
    absent = [name for name in names if find_spec(name) is None]
    if not absent:
        return Finding("ok", f"[{extra}]", ", ".join(names))
    fix = f"pip install 'prosopon[{extra}]'"
    return Finding("absent", f"[{extra}]", f"no {', '.join(absent)}; optional: {fix}")
