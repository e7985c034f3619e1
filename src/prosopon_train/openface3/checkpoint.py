"""Reads a checkpoint without running what is in it, and builds the network that it belongs to.

A checkpoint is a pickle, and unpickling can run any code. ``torch.load(weights_only=True)`` admits
tensors, numbers, text, dicts, lists and tuples. Everything else is refused, such as a whole model
saved as an object, an optimizer's class, NumPy scalars or functions of ``os``: the file is not
opened in another way.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from prosopon.errors import PackError
from prosopon_train.openface3.mtl import MultitaskNetwork
from prosopon_train.openface3.retinaface import RetinaFace
from prosopon_train.openface3.star import LandmarkNetwork


def _landmarks(state: Mapping[str, Tensor]) -> nn.Module:
    return LandmarkNetwork(
        points=len(state["out_heatmaps.0.conv.weight"]),
        edges=len(state["out_edgemaps.0.conv.weight"]),
    )


# Kind of network → (a parameter that only it has, how it is built).
_KINDS: dict[str, tuple[str, Callable[[Mapping[str, Tensor]], nn.Module]]] = {
    "detector": ("BboxHead.0.conv1x1.weight", lambda _: RetinaFace()),
    "landmarks": ("out_heatmaps.0.conv.weight", _landmarks),
    "multitask": ("au_regressor.sc", lambda _: MultitaskNetwork()),
}


def read_state(path: Path) -> dict[str, Tensor]:
    """Parameter name → tensor of the file at ``path``.

    The parameters may lie under a key ``net`` or ``state_dict``, and each name may begin with
    ``module.``. PackError: missing, broken, refused (see the module), or no parameters in it.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise PackError(f"{path}: no such file; check the name and the folder") from None
    except OSError as error:
        raise PackError(f"{path}: can't be read: {error.strerror or error}") from error
    except Exception as error:  # bytes that are no pickle raise whatever they happen to
        if isinstance(error, pickle.UnpicklingError) and "Unsupported operand" not in str(error):
            named = re.search(r"GLOBAL (\S+)", str(error))
            held = named[1] if named else "Python objects besides tensors and plain containers"
            raise PackError(
                f"{path}: refused: it holds {held}, and opening that could run code; "
                "save its state_dict alone, or get the published file again"
            ) from error
        raise PackError(f"{path}: not a readable checkpoint; download it again") from error
    for key in ("net", "state_dict"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not content:
        raise PackError(f"{path}: holds no parameters; give a checkpoint of OpenFace 3.0")
    if not all(isinstance(value, Tensor) for value in content.values()):
        raise PackError(f"{path}: holds other values besides parameters; save its state_dict alone")
    return {str(name).removeprefix("module."): value for name, value in content.items()}


def kind_of(state: Mapping[str, Tensor]) -> str | None:
    """``detector``, ``landmarks`` or ``multitask``; None for parameters of another network."""
    return next((kind for kind, (mark, _) in _KINDS.items() if mark in state), None)


def load_network(path: Path) -> tuple[str, nn.Module]:
    """The kind of the checkpoint at ``path`` and its network, ready for inference.

    PackError: as for :func:`read_state`, or names and shapes that are not OpenFace 3.0's.
    """
    state = read_state(path)
    kind = kind_of(state)
    if kind is None:
        raise PackError(
            f"{path}: no network of OpenFace 3.0; give Alignment_RetinaFace.pth, Landmark_98.pkl, "
            "Landmark_68.pkl or MTL_backbone.pth"
        )
    try:
        network = _KINDS[kind][1](state)
    except KeyError as error:
        raise PackError(f"{path}: the {kind} network lacks {error.args[0]}") from None
    expected = network.state_dict()
    for name, value in expected.items():
        if name not in state:
            raise PackError(f"{path}: the {kind} network lacks {name}; download it again")
        if state[name].shape != value.shape:
            found, shape = tuple(state[name].shape), tuple(value.shape)
            raise PackError(f"{path}: {name} has shape {found}, expected {shape}")
    if unknown := sorted(state.keys() - expected.keys()):
        raise PackError(f"{path}: OpenFace 3.0's {kind} network has no {unknown[0]}")
    network.load_state_dict(state)
    return kind, network.eval()
