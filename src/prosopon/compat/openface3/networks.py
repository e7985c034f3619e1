"""From a model path, as scripts for OpenFace 3.0 give it, to a running network.

A path may be a published checkpoint (``.pth``, ``.pkl``), which is converted once and kept beside
the user's packs; an ONNX file made so; a pack's folder; or the name of an installed pack.
"""

from __future__ import annotations

import importlib
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prosopon.errors import MissingExtraError, OutputError, PackError
from prosopon.packs import list_packs, load_networks_pack, sha256, user_folder
from prosopon.session import create_session
from prosopon.types import AnyArray, FloatArray

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

METADATA_KEY = "prosopon.openface3"
"""Where a converted ONNX file says which network it is."""

CACHE = ".openface3-converted"
"""Folder of converted checkpoints within the user's packs, each named by its SHA-256."""


class NetworkKind(Enum):
    """The three networks of OpenFace 3.0."""

    DETECTOR = "detector"
    LANDMARKS = "landmarks"
    MULTITASK = "multitask"


class Network:
    """One of the three networks: an array in, an array out.

    PackError: missing, damaged, or another network; DeviceError; MissingExtraError: a checkpoint
    is to be converted and torch is not installed.
    """

    def __init__(
        self, model_path: str | Path, kind: NetworkKind, device: Any, threads: int
    ) -> None:
        path = find_model(model_path, kind)
        self._session: InferenceSession = create_session(
            path, device=device_name(device), threads=threads
        )
        found = self._session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        if found != kind.value:
            held = f"a {found} network" if found else "not made by this converter"
            raise PackError(f"{path}: {held}; expected a {kind.value} network of OpenFace 3.0")

    @property
    def rows(self) -> int:
        """Length of the output's second axis: landmarks of the landmark network."""
        return int(self._session.get_outputs()[0].shape[1])

    def __call__(self, pictures: AnyArray) -> FloatArray:
        """Prepared pictures (n, 3, h, w) float32 → the network's values."""
        values: FloatArray = self._session.run(None, {"pictures": pictures})[0]
        return values


def device_name(device: Any) -> str:
    """Our name of a device as torch spells it: ``cuda:0`` and ``torch.device("cuda")`` → cuda."""
    return str(device).partition(":")[0]


def find_model(model_path: str | Path, kind: NetworkKind) -> Path:
    """The ONNX file behind ``model_path``; a checkpoint is converted if it was not yet."""
    path = Path(model_path)
    if str(model_path) in list_packs() or path.is_dir():
        return load_networks_pack(model_path).network(kind.value).path
    if not path.is_file():
        raise PackError(
            f"{path}: no such file; give a checkpoint of OpenFace 3.0, or a pack added by "
            "'prosopon models add openface3'"
        )
    if path.suffix.lower() == ".onnx":
        return path
    return _converted(path)


def _converted(checkpoint: Path) -> Path:
    target = user_folder() / CACHE / f"{sha256(checkpoint)}.onnx"
    if not target.is_file():
        convert = converter("convert", f"{checkpoint.name}: reading this checkpoint").convert
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{target.parent}: can't be made ({error.strerror}); "
                "set PROSOPON_PACKS to a folder you may write to"
            ) from error
        convert(checkpoint, target)
    return target


def converter(module: str, purpose: str) -> Any:
    """A module of the converter, which is the training package's and needs torch and onnx."""
    for package in ("torch", "onnx"):
        try:
            importlib.import_module(package)
        except ImportError:
            raise MissingExtraError(package, "openface3", purpose) from None
    return importlib.import_module(f"prosopon_train.openface3.{module}")
