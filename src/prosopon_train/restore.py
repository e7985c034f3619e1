"""A network that can be trained again, from a pack that holds only its folded inference graph.

Export folds every batch norm into the convolution before it. To train on, each gets its own again:
statistics measured on real examples, scale and shift such that the network computes what it did.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from prosopon.errors import PackError
from prosopon.packs import load_pack
from prosopon_train.model.network import FaceNetwork
from prosopon_train.model.outputs import OUTPUT_SIZE, OUTPUT_SLICES


def network_from_pack(pack: str | Path, examples: Iterable[Tensor]) -> FaceNetwork:
    """The fp32 network of a pack (a name or a folder) made by this package, ready to be trained.

    examples: batches (n, 1, 128, 128) as in training, on which batch norms are measured; a few
    hundred crops will do. What the pack adds to the trained outputs (``marks``) is dropped.

    Raises PackError where the pack's network is another one.
    """
    loaded = load_pack(pack)
    path = loaded.network.file("fp32").path
    places = loaded.network.outputs
    wanted = {name: (at.start, at.stop - at.start) for name, at in OUTPUT_SLICES.items()}
    if any(places.get(name) != place for name, place in wanted.items()):
        raise PackError(f"{path}: its outputs are not this version's; it can't be trained on")
    model = FaceNetwork()
    try:
        norms = _fill(model, onnx.load(str(path)).graph)
    except (KeyError, RuntimeError, ValueError) as error:
        raise PackError(f"{path}: not a network of this architecture: {error}") from error
    _restore_norms(model, norms, examples)
    return model


def _fill(model: FaceNetwork, graph: onnx.GraphProto) -> list[nn.BatchNorm2d]:
    """Copy weights; batch norms of convolutions become the folded biases. Returns those."""
    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    for node in graph.node:  # large constants are stored as halves
        if node.op_type == "Cast" and node.input[0] in constants:
            constants[node.output[0]] = constants[node.input[0]].astype(np.float32)

    def tensors(node: onnx.NodeProto) -> list[Tensor]:
        return [torch.from_numpy(constants[name].copy()) for name in node.input[1:]]

    pairs = [
        (first, second)
        for block in model.modules()
        if isinstance(block, nn.Sequential)
        for first, second in zip(block, list(block)[1:], strict=False)
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d)
    ]
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    for (convolution, norm), node in zip(pairs, convolutions, strict=True):
        weight, bias = tensors(node)
        convolution.load_state_dict({"weight": weight})
        norm.bias.data.copy_(bias)
        norm.running_var.fill_(1 - norm.eps)
    linears = [module for module in model.modules() if isinstance(module, nn.Linear)]
    order = {node.name.strip("/").removesuffix("/Gemm").replace("/", "."): node
             for node in graph.node if node.op_type == "Gemm"}  # fmt: skip
    names = {module: name for name, module in model.named_modules()}
    for module in linears:
        weight, bias = tensors(order[names[module]])
        rows = OUTPUT_SIZE if module is model.heads else len(weight)
        module.load_state_dict({"weight": weight[:rows], "bias": bias[:rows]})
    (node,) = (node for node in graph.node if node.op_type == "BatchNormalization")
    weight, bias, mean, variance = tensors(node)
    model.norm.load_state_dict(
        {"weight": weight, "bias": bias, "running_mean": mean, "running_var": variance},
        strict=False,
    )
    return [norm for _, norm in pairs]


def _restore_norms(
    model: FaceNetwork, norms: list[nn.BatchNorm2d], examples: Iterable[Tensor]
) -> None:
    """Measure the inputs of ``norms`` and give them statistics without changing any output."""
    sums = {
        norm: [torch.zeros(norm.num_features), torch.zeros(norm.num_features), 0] for norm in norms
    }

    def measure(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        values = inputs[0].transpose(0, 1).flatten(1)
        total = sums[norm]  # type: ignore[index]
        total[0] += values.sum(1)
        total[1] += values.square().sum(1)
        total[2] += values.shape[1]

    hooks = [norm.register_forward_pre_hook(measure) for norm in norms]
    model.eval()
    with torch.inference_mode():
        for batch in examples:
            model(batch)
    for hook in hooks:
        hook.remove()
    for norm, (first, second, count) in sums.items():
        mean = first / count
        variance = second / count - mean.square()
        norm.weight.data.copy_((variance + norm.eps).sqrt())
        norm.bias.data.add_(mean)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
