"""Give channels that died in training a new start, without changing what the network computes.

A channel that passes nothing gets no gradient, and weight decay takes the rest. Each is drawn anew
here, and whatever reads it forgets it first, so that outputs stay and learning may use it again.
Features that linear layers read are also brought to unit spread, and these layers' weights to
match: an optimiser whose steps are of one size suits weights and inputs of one size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from prosopon_train.model.layers import Residual
from prosopon_train.model.network import Band, FaceNetwork

DEAD = 0.01  # spread of a channel beside the liveliest of its layer, below which it is dead


class Channels(NamedTuple):
    """Channels that weights and a norm make.

    makers: weights whose rows, one after the other, make these channels. passed: modules behind
    which they can be seen. readers: weights whose second dimension is these channels. even:
    whether they are brought to unit spread.
    """

    makers: list[Tensor]
    norm: nn.Module
    passed: list[nn.Module]
    readers: list[Tensor]
    even: bool = False


@torch.no_grad()
def wake(model: FaceNetwork, examples: Iterable[Tensor]) -> float:
    """Wake the channels of ``model`` that are dead on ``examples``, batches (n, 1, 128, 128).

    The model has a second look. Returns the share that was dead of those looked at.
    """
    examples = list(examples)
    every = list(_channels(model))
    spreads = _spreads(model, {m for channels in every for m in channels.passed}, examples)
    asleep = [_wake_local(model, examples)]
    for channels in every:
        spread = torch.stack([spreads[module] for module in channels.passed]).amax(0)
        dead = spread < DEAD * spread.max()
        asleep.append(dead)
        weight, bias = (channels.norm.get_parameter(name) for name in ("weight", "bias"))
        if channels.even:
            factor = torch.where(dead, 1.0, 1 / spread)
            weight.mul_(factor)
            bias.mul_(factor)
            for reader in channels.readers:
                reader.div_(factor)
        for reader in channels.readers:
            reader[:, dead] = 0
        weight[dead] = weight[~dead].abs().median()
        bias[dead] = 0
        channels.norm.get_buffer("running_mean")[dead] = 0
        channels.norm.get_buffer("running_var")[dead] = 1
        parts = dead.split([len(rows) for rows in channels.makers])
        for rows, drawn in zip(channels.makers, parts, strict=True):
            rows[drawn] = torch.randn_like(rows[drawn]) * rows[~drawn].std()
    return float(torch.cat(asleep).float().mean())


def _wake_local(model: FaceNetwork, examples: Iterable[Tensor]) -> Tensor:
    """The same for what the look keeps of single landmarks, which has no norm."""
    look, told = model.look, model.told
    assert look is not None
    assert told is not None
    spread = _spreads(model, {told}, examples, before=True)[told]
    dead = spread < DEAD * spread.max()
    factor = torch.where(dead, 1.0, 1 / spread)
    columns = look.to_local.shape[2]
    look.to_local.mul_(factor.view(-1, 1, columns))
    look.local_bias.mul_(factor.view(-1, 1, columns))
    for reader in (told.weight, look.join.weight):
        reader.div_(factor)
        reader[:, dead] = 0
    drawn = dead.view(-1, 1, columns)
    fresh = torch.randn_like(look.to_local) * look.to_local.std()
    look.to_local.copy_(torch.where(drawn, fresh, look.to_local))
    look.local_bias.masked_fill_(drawn, 0)
    return dead


def _channels(model: FaceNetwork) -> Iterator[Channels]:
    """The other channels that are looked at, from the crop to the outputs."""
    look, heads, width = model.look, model.heads.weight, model.norm.num_features
    assert look is not None
    for module in model.modules():
        if isinstance(module, Residual):
            convolution, norm = module.body[0], module.body[1]
            yield Channels([_weight(convolution)], norm, [norm], [_weight(module.body[3])])
        elif isinstance(module, Band):
            blocks = [_pair(module.body[i]) for i in range(3)]
            for (maker, norm), (reader, _) in pairwise(blocks):
                yield Channels([_weight(maker)], norm, [norm], [_weight(reader)])
    coarse, squeeze = _pair(model.coarse[0])[0], _pair(model.squeeze)
    beyond = look.maps[0][0] * (2 * look.maps[0][2] + 1) ** 2  # of the finer map
    shared = _weight(_pair(look.shared)[0])[:, beyond:]
    for stage, readers in (
        (model.middle, [_weight(coarse), shared]),
        (model.coarse, [_weight(squeeze[0]), model.pooled.weight]),
    ):
        parts = list(stage)
        inside = [_weight(part.body[0]) for part in parts if isinstance(part, Residual)]
        maker, norm = _pair(parts[0])
        yield Channels([_weight(maker)], norm, parts, inside + readers)
    squeezed = model.spatial.weight.unflatten(1, (squeeze[1].get_parameter("weight").numel(), -1))
    yield Channels([_weight(squeeze[0])], squeeze[1], [model.squeeze], [squeezed])
    linear = (model.spatial, model.pooled, model.eyes.linear, model.mouth.linear)
    makers = [layer.weight for layer in linear]
    readers = [look.first.weight, heads[:, :width]]
    yield Channels(makers, model.norm, [model.norm], readers, even=True)
    readers = [heads[:, width : width + look.norm.num_features]]
    yield Channels([look.join.weight], look.norm, [look.norm], readers, even=True)


def _weight(layer: nn.Module) -> Tensor:
    return layer.get_parameter("weight")


def _pair(block: nn.Module) -> tuple[nn.Module, nn.Module]:
    """Convolution and norm of what ``conv_bn`` makes."""
    convolution, norm = list(block.children())[:2]
    return convolution, norm


def _spreads(
    model: FaceNetwork,
    modules: set[nn.Module],
    examples: Iterable[Tensor],
    *,
    before: bool = False,
) -> dict[nn.Module, Tensor]:
    """Standard deviation of every channel behind the modules and a ReLU, or before them."""
    seen: dict[nn.Module, list[Tensor]] = {module: [] for module in modules}

    def note(module: nn.Module, inputs: tuple[Tensor, ...], out: Tensor) -> None:
        values = inputs[0] if before else torch.relu(out)
        seen[module].append(values.transpose(0, 1).flatten(1))

    hooks = [module.register_forward_hook(note) for module in modules]
    model.train()
    for batch in examples:
        model(batch)
    for hook in hooks:
        hook.remove()
    return {module: torch.cat(parts, 1).std(1) for module, parts in seen.items()}
