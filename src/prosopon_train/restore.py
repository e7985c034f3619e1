"""A network that can be trained again, from a pack that holds only its folded inference graph.

Export folds every batch norm into the convolution before it. To train on, each gets its own again:
statistics measured on real examples, scale and shift such that the network computes what it did.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from prosopon.errors import PackError
from prosopon.packs import load_pack
from prosopon_train.data.schema import N_POINTS
from prosopon_train.model.layers import keep_statistics
from prosopon_train.model.look import SMALL, Look
from prosopon_train.model.network import FaceNetwork
from prosopon_train.model.outputs import OUTPUT_SLICES

_OLDEST = {"depths": (1, 2, 2), "look": 0}  # of networks that do not say what they are
_OLDER = {"told": False, "close": (0, 0, 0)}  # of those that do not say this


def network_from_pack(
    pack: str | Path, examples: Iterable[Tensor], *, marks: bool = False
) -> FaceNetwork:
    """The fp32 network of a pack (a name or a folder) made by this package, ready to be trained.

    examples: batches (n, 1, 128, 128) as in training, on which batch norms are measured; a few
    hundred crops will do. marks: with the outputs that the pack adds to the trained ones, if any.

    Raises PackError where the pack's network is another one.
    """
    loaded = load_pack(pack)
    path = loaded.network.file("fp32").path
    places = loaded.network.outputs
    wanted = {name: (at.start, at.stop - at.start) for name, at in OUTPUT_SLICES.items()}
    if any(places.get(name) != place for name, place in wanted.items()):
        raise PackError(f"{path}: its outputs are not this version's; it can't be trained on")
    try:
        stored = onnx.load(str(path))
        model = FaceNetwork(**_arguments(stored))
        norms = _fill(model, stored.graph, marks)
        if model.look is not None and "close" not in _told(stored):  # before version 0.5.0
            for values in model.heads.parameters():
                values.data[OUTPUT_SLICES["points"]] /= SMALL
    except (KeyError, RuntimeError, ValueError) as error:
        raise PackError(f"{path}: not a network of this architecture: {error}") from error
    _restore_norms(model, norms, examples)
    return model


def grow(small: FaceNetwork, arguments: dict[str, Any]) -> FaceNetwork:
    """A network of other, larger arguments that computes what ``small`` does.

    Blocks that it has more are the identity; what its second look has more moves and tells nothing.
    """
    large = FaceNetwork(**arguments)
    state = large.state_dict()
    known = small.state_dict()
    heads, old = state["heads.weight"], known.pop("heads.weight")
    heads.zero_()
    heads[:, : old.shape[1]] = old
    state.update({name: value.clone() for name, value in known.items() if name in state})
    if large.look is not None and small.look is None:
        points = OUTPUT_SLICES["points"]
        weight, bias = state["heads.weight"][points], state["heads.bias"][points]
        state["look.first.weight"] = weight[:, : old.shape[1]].clone()
        state["look.first.bias"] = bias.clone()
        weight.zero_()
        bias.zero_()
    large.load_state_dict(state)
    return large


def _arguments(stored: onnx.ModelProto) -> dict[str, Any]:
    return _OLDER | (_told(stored) or _OLDEST)


def _told(stored: onnx.ModelProto) -> dict[str, Any]:
    """The arguments that the file tells."""
    texts = [item.value for item in stored.metadata_props if item.key == "arguments"]
    return dict(json.loads(texts[0])) if texts else {}


def _fill(model: FaceNetwork, graph: onnx.GraphProto, marks: bool) -> list[nn.BatchNorm2d]:
    """Copy weights; batch norms of convolutions become the folded biases. Returns those."""
    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    for node in graph.node:  # large constants are stored as halves or as steps of a scale
        if not all(name in constants for name in node.input):
            continue
        if node.op_type in ("Cast", "Identity"):  # equal ones are stored once
            constants[node.output[0]] = constants[node.input[0]].astype(np.float32)
        elif node.op_type == "Mul":
            constants[node.output[0]] = constants[node.input[0]] * constants[node.input[1]]

    def tensors(node: onnx.NodeProto) -> list[Tensor]:
        return [torch.from_numpy(constants[name].copy()) for name in node.input[1:]]

    pairs = [
        (first, second)
        for block in model.modules()
        if isinstance(block, nn.Sequential)
        for first, second in zip(block, list(block)[1:], strict=False)
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d)
    ]
    folded, grouped = [], []
    for node in graph.node:
        if node.op_type == "Conv" and any(a.name == "group" and a.i > 1 for a in node.attribute):
            grouped.append(tensors(node))
        elif node.op_type == "Conv":
            folded.append(tensors(node))
        elif node.op_type == "MatMul" and node.input[1] in constants:  # a convolution before 0.4.0
            (added,) = [other for other in graph.node if node.output[0] in other.input]
            (values,) = [constants[name] for name in added.input if name in constants]
            folded.append([tensors(node)[0].T[:, :, None, None], torch.from_numpy(values.copy())])
    if model.look is not None:
        local, move = grouped
        _fill_look(model.look, local, move[0])
    for (convolution, norm), (weight, bias) in zip(pairs, folded, strict=True):
        convolution.load_state_dict({"weight": weight})
        norm.bias.data.copy_(bias)
        norm.get_buffer("running_var").fill_(1 - norm.eps)
    order = {node.name.strip("/").removesuffix("/Gemm").replace("/", "."): node
             for node in graph.node if node.op_type == "Gemm"}  # fmt: skip
    if marks:
        rows = len(constants[order["heads"].input[1]])
        model.heads = nn.Linear(model.heads.in_features, rows)
        if "marks" in order:
            model.marks = nn.Linear(2 * N_POINTS, 2 * 68)
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            weight, bias = tensors(order[name])
            rows = module.out_features
            module.load_state_dict({"weight": weight[:rows], "bias": bias[:rows]})
    unfolded = [module for module in model.modules() if isinstance(module, nn.BatchNorm1d)]
    nodes = [node for node in graph.node if node.op_type == "BatchNormalization"]
    for apart, node in zip(unfolded, nodes, strict=True):
        weight, bias, mean, variance = tensors(node)
        apart.load_state_dict(
            {"weight": weight, "bias": bias, "running_mean": mean, "running_var": variance},
            strict=False,
        )
    return [norm for _, norm in pairs]


def _fill_look(look: Look, local: list[Tensor], move: Tensor) -> None:
    """From the weights of its convolutions in groups: (groups · outputs, inputs, 1)."""
    weight, bias = local
    for parameter, rows in ((look.to_local, weight), (look.to_move, move / SMALL)):
        parameter.data.copy_(rows.view(N_POINTS, -1, rows.shape[1]).transpose(1, 2))
    look.local_bias.data.copy_(bias.view_as(look.local_bias))


def _restore_norms(
    model: FaceNetwork, norms: list[nn.BatchNorm2d], examples: Iterable[Tensor]
) -> None:
    """Measure the inputs of ``norms`` and give them statistics without changing any output."""
    sums: dict[nn.Module, Tensor] = {}  # of values, of their squares, and how many

    def measure(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        values = inputs[0].transpose(0, 1).flatten(1)
        ones = torch.ones_like(values)
        found = torch.stack([values, values.square(), ones]).sum(2)
        sums[norm] = sums[norm] + found if norm in sums else found

    hooks = [norm.register_forward_pre_hook(measure) for norm in norms]
    model.train()  # in use a second look has no convolution before its norm
    keep_statistics(model)
    with torch.inference_mode():
        for batch in examples:
            model(batch)
    model.eval()
    for hook in hooks:
        hook.remove()
    for norm in norms:
        first, second, count = sums[norm]
        mean = first / count
        variance = (second / count - mean.square()).clamp(min=0)
        norm.weight.data.copy_((variance + norm.eps).sqrt())
        norm.bias.data.add_(mean)
        norm.get_buffer("running_mean").copy_(mean)
        norm.get_buffer("running_var").copy_(variance)
