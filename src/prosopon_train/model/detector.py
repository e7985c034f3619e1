"""The face detector: a plain convolution–ReLU trunk with a light top-down path.

Anchor-free and one-stage (the dense prediction of FCOS, Tian et al., ICCV 2019; five points along
with the box as in RetinaFace, Deng et al., CVPR 2020). Four levels at strides 8–64 share the work
by face size. Widths are multiples of 16 where it matters, because ONNX Runtime's blocked
convolutions round them up to that anyway; 250 MMAC at 640×384.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

STRIDES = (8, 16, 32, 64)
N_VALUES = 15  # logit; centre x, y; log width, height; five points x, y
PIXEL_SCALE = 1 / 64
_LOG_SIZE_LIMIT = 4.0


@dataclass(frozen=True, slots=True)
class DetectorConfig:
    """widths: channels at strides 2, 4, 8, 16, 32, 64; depths: further convolutions at each of
    the last five; neck: channels of the top-down path."""

    widths: tuple[int, ...] = (16, 16, 32, 64, 96, 96)
    depths: tuple[int, ...] = (0, 1, 1, 1, 1)
    neck: int = 32


class ConvBnRelu(nn.Sequential):
    """3×3 (or 1×1) convolution, batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        )


class Detector(nn.Module):
    """Luminance × PIXEL_SCALE (n, 1, h, w), h and w multiples of 64 → raw maps, one a stride.

    Each map is (n, N_VALUES, h/stride, w/stride) in units of the stride; see :func:`decode`.
    """

    def __init__(self, config: DetectorConfig | None = None) -> None:
        super().__init__()
        config = config or DetectorConfig()
        widths, depths = config.widths, config.depths
        self.stem = ConvBnRelu(1, widths[0], stride=2)
        self.stages = nn.ModuleList(
            nn.Sequential(
                ConvBnRelu(inputs, outputs, stride=2),
                *(ConvBnRelu(outputs, outputs) for _ in range(depth)),
            )
            for inputs, outputs, depth in zip(widths, widths[1:], depths, strict=False)
        )
        self.lateral = nn.ModuleList(nn.Conv2d(w, config.neck, 1) for w in widths[2:])
        self.tower = nn.ModuleList(ConvBnRelu(config.neck, config.neck) for _ in STRIDES)
        self.predict = nn.ModuleList(_predicting(config.neck) for _ in STRIDES)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)
        maps = []
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i > 0:
                maps.append(x)
        merged = [self.lateral[-1](maps[-1])]
        for i in reversed(range(len(maps) - 1)):
            above = functional.interpolate(merged[0], scale_factor=2.0, mode="nearest")
            merged.insert(0, functional.relu(self.lateral[i](maps[i]) + above))
        return [
            predict(tower(x))
            for predict, tower, x in zip(self.predict, self.tower, merged, strict=True)
        ]


def _predicting(inputs: int) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, N_VALUES, 1)
    bias = torch.zeros(N_VALUES)
    # A prior of 1 % faces keeps the first steps from drowning in background; log(4) starts boxes
    # at the middle of each level's range.
    bias[0], bias[3:5] = -4.6, 1.4
    nn.init.normal_(layer.weight, std=0.01)
    layer.load_state_dict({"weight": layer.weight, "bias": bias})
    return layer


def fold(detector: Detector) -> Detector:
    """A copy for inference on luminance 0–255: no batch normalisation, no PIXEL_SCALE."""
    folded = copy.deepcopy(detector).eval()
    for module in list(folded.modules()):
        if isinstance(module, ConvBnRelu):
            convolution, norm, _ = module
            module[0] = fuse_conv_bn_eval(convolution, norm)  # type: ignore[type-var, arg-type]
            module[1] = nn.Identity()
    folded.stem[0].get_parameter("weight").data *= PIXEL_SCALE
    return folded


def decode(maps: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Raw maps → logits (n, cells), boxes (n, cells, 4) and points (n, cells, 5, 2) in pixels.

    Cells run level by level, row by row. Coordinates have the centre of the first pixel at 0.
    """
    logits, boxes, points = [], [], []
    for values, stride in zip(maps, STRIDES, strict=True):
        n, _, h, w = values.shape
        x = (torch.arange(w, device=values.device) + 0.5) * stride - 0.5
        y = (torch.arange(h, device=values.device) + 0.5) * stride - 0.5
        cell = torch.stack([x[None].expand(h, w), y[:, None].expand(h, w)], dim=2).reshape(-1, 2)
        flat = values.flatten(2).transpose(1, 2)
        center = flat[:, :, 1:3] * stride + cell
        half = flat[:, :, 3:5].clamp(max=_LOG_SIZE_LIMIT).exp() * (stride / 2)
        logits.append(flat[:, :, 0])
        boxes.append(torch.cat([center - half, center + half], dim=2))
        points.append(flat[:, :, 5:].reshape(n, -1, 5, 2) * stride + cell[:, None])
    return torch.cat(logits, 1), torch.cat(boxes, 1), torch.cat(points, 1)


class DetectorForExport(nn.Module):
    """One uint8 picture (1, 1, h, w) → (N_VALUES, cells): the raw values in pixels.

    Rows: logit of the score; offset of the box's centre from the cell's, x and y; logarithms of
    half its width and height; offsets of the five points, x and y each. Only the few cells that
    hold a face are decoded further, outside the graph: decoding all would cost an eighth of it.
    """

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = fold(detector)
        for layer, stride in zip(self.detector.predict, STRIDES, strict=True):
            scale = torch.full((N_VALUES,), float(stride))
            scale[[0, 3, 4]] = 1
            layer.get_parameter("weight").data *= scale[:, None, None, None]
            bias = layer.get_parameter("bias").data
            bias *= scale
            bias[3:5] += math.log(stride / 2)

    def forward(self, luma: Tensor) -> Tensor:
        return torch.cat([values[0].flatten(1) for values in self.detector(luma.float())], dim=1)
