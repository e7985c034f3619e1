"""The multitask network of ``MTL_backbone.pth``: emotion, gaze and action units.

Trunk: EfficientNet-B0 (Tan & Le, ICML 2019) as the noisy student of Xie et al., CVPR 2020, trained
it in TensorFlow: padding "same", batch norm epsilon 1e-3. Parameter names are those of timm's
``tf_efficientnet_b0_ns``. Action units: graph head of Luo et al., "Learning Multi-dimensional Edge
Feature-based AU Relation Graph", IJCAI 2022.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

INPUT_SIZE = 224
FEATURES = 1280
EMOTIONS = 8
UNITS = 8
NEIGHBORS = 4

# Kernel, stride of the first block, expansion, channels, blocks (Tan & Le 2019, table 1).
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)


class _Same(nn.Conv2d):
    """Convolution without bias, padded as TensorFlow does: more at the right and at the bottom."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        step, kernel = self.stride[0], self.kernel_size[0]
        # Sides are even wherever the stride is 2: INPUT_SIZE is a multiple of 32.
        total = kernel - step
        return super().forward(F.pad(x, (total // 2, total - total // 2) * 2))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


class _Excitation(nn.Module):
    """Channel attention (Hu, Shen & Sun, CVPR 2018)."""

    def __init__(self, channels: int, reduced: int) -> None:
        super().__init__()
        self.conv_reduce = nn.Conv2d(channels, reduced, 1)
        self.conv_expand = nn.Conv2d(reduced, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        weights = self.conv_expand(F.silu(self.conv_reduce(x.mean((2, 3), keepdim=True))))
        return x * torch.sigmoid(weights)


class _Separable(nn.Module):
    """First block: depthwise, attention, pointwise."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv_dw = _Same(inputs, inputs, kernel, stride, groups=inputs)
        self.bn1 = _norm(inputs)
        self.se = _Excitation(inputs, inputs // 4)
        self.conv_pw = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn2 = _norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn2(self.conv_pw(self.se(F.silu(self.bn1(self.conv_dw(x))))))


class _Inverted(nn.Module):
    """Inverted residual (Sandler et al., CVPR 2018) with attention."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        middle = inputs * expansion
        self.conv_pw = nn.Conv2d(inputs, middle, 1, bias=False)
        self.bn1 = _norm(middle)
        self.conv_dw = _Same(middle, middle, kernel, stride, groups=middle)
        self.bn2 = _norm(middle)
        self.se = _Excitation(middle, inputs // 4)
        self.conv_pwl = nn.Conv2d(middle, outputs, 1, bias=False)
        self.bn3 = _norm(outputs)
        self._residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = F.silu(self.bn1(self.conv_pw(x)))
        y = F.silu(self.bn2(self.conv_dw(y)))
        y = self.bn3(self.conv_pwl(self.se(y)))
        return y + x if self._residual else y


class EfficientNetB0(nn.Module):
    """Faces (n, 3, 224, 224) → features (n, 1280)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem = _Same(3, 32, 3, 2)
        self.bn1 = _norm(32)
        stages, channels = [], 32
        for kernel, stride, expansion, outputs, count in _STAGES:
            blocks: list[nn.Module] = []
            for i in range(count):
                step = stride if i == 0 else 1
                if expansion == 1:
                    blocks.append(_Separable(channels, outputs, kernel, step))
                else:
                    blocks.append(_Inverted(channels, outputs, kernel, step, expansion))
                channels = outputs
            stages.append(nn.Sequential(*blocks))
        self.blocks = nn.Sequential(*stages)
        self.conv_head = nn.Conv2d(channels, FEATURES, 1, bias=False)
        self.bn2 = _norm(FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(F.silu(self.bn1(self.conv_stem(x))))
        return F.silu(self.bn2(self.conv_head(x))).mean((2, 3))


class _Graph(nn.Module):
    """One round of messages between units; each hears the NEIGHBORS most like it, itself too."""

    def __init__(self) -> None:
        super().__init__()
        self.U = nn.Linear(FEATURES, FEATURES)
        self.V = nn.Linear(FEATURES, FEATURES)
        self.bnv = nn.BatchNorm1d(UNITS)

    def forward(self, x: Tensor) -> Tensor:
        alike = x @ x.transpose(1, 2)
        least = alike.topk(NEIGHBORS, dim=2).values[:, :, -1:]
        adjacent = (alike >= least).to(x.dtype)
        scale = adjacent.sum(2).rsqrt()
        adjacent = scale[:, :, None] * adjacent * scale[:, None, :]
        return torch.relu(x + self.bnv(adjacent @ self.V(x) + self.U(x)))


class GraphHead(nn.Module):
    """Features (n, 1280) → units (n, 8): cosine with each unit's own direction."""

    def __init__(self) -> None:
        super().__init__()
        self.class_linears = nn.ModuleList(nn.Linear(FEATURES, FEATURES) for _ in range(UNITS))
        self.gnn = _Graph()
        self.sc = nn.Parameter(torch.zeros(UNITS, FEATURES))

    def forward(self, x: Tensor) -> Tensor:
        nodes = self.gnn(torch.stack([layer(x) for layer in self.class_linears], dim=1))
        directions = F.normalize(torch.relu(self.sc), dim=1)
        return (F.normalize(nodes, dim=2) * directions).sum(2)


class MultitaskNetwork(nn.Module):
    """Faces (n, 3, 224, 224), RGB, standardised as ImageNet → (n, 18).

    The 18: logits of 8 emotions; gaze as its labels have it (yaw, pitch, rad); 8 units.
    """

    def __init__(self) -> None:
        super().__init__()
        self.base_model = EfficientNetB0()
        self.fc_emotion = nn.Linear(FEATURES, FEATURES)
        self.fc_gaze = nn.Linear(FEATURES, FEATURES)
        self.fc_au = nn.Linear(FEATURES, FEATURES)
        self.emotion_classifier = nn.Linear(FEATURES, EMOTIONS)
        self.gaze_regressor = nn.Linear(FEATURES, 2)
        self.au_regressor = GraphHead()

    def forward(self, faces: Tensor) -> Tensor:
        features = self.base_model(faces)
        emotion = self.emotion_classifier(torch.relu(self.fc_emotion(features)))
        gaze = self.gaze_regressor(torch.relu(self.fc_gaze(features)))
        units = self.au_regressor(torch.relu(self.fc_au(features)))
        return torch.cat([emotion, gaze, units], dim=1)
