"""The multitask network: one luminance crop in, every head's values out.

A plain residual trunk of dense 3×3 convolutions with ReLU (He et al., CVPR 2016), because that is
what both ONNX Runtime and bf16 training run fastest on a CPU. Batch normalisation folds into the
convolutions at export. First features come from a spatial flatten (where things are), a global
average (what there is) and two bands of the finer maps: an upright crop holds the eyes and brows
in its upper and the mouth in its lower half. They tell first landmarks, and at these a second look
(``look.py``) is taken. Where it has moved them, eyes, brows and mouth are cut out of the crop and
seen close up (``closeup.py``). One linear layer on all features serves all heads; what is seen at
single landmarks also tells all outputs but the landmarks directly, as few numbers for the whole
face do not hold all of it.

Only the last landmarks matter in use. In training the earlier ones are guesses that are taught as
well (``guess``): otherwise what follows comes to undo what they have wrong, and the look and the
close-ups end up beside the landmarks.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from prosopon_train.data.schema import N_POINTS
from prosopon_train.model.closeup import CloseUps, GazeTurn
from prosopon_train.model.layers import Residual, conv_bn
from prosopon_train.model.look import SMALL, Look
from prosopon_train.model.outputs import OUTPUT_SIZE, OUTPUT_SLICES

_POINTS = OUTPUT_SLICES["points"]  # the first outputs
_SCALES = OUTPUT_SLICES["points_scale"]  # the second
_TOLD = slice(_SCALES.stop, OUTPUT_SIZE)
_ROTATION = OUTPUT_SLICES["rotation"]
_GAZE = OUTPUT_SLICES["gaze"]


class Band(nn.Module):
    """Features of some rows of a feature map, ``side`` cells wide and high."""

    def __init__(self, width: int, side: int, rows: tuple[int, int], outputs: int) -> None:
        super().__init__()
        self.first, self.end = rows
        self.body = nn.Sequential(
            conv_bn(width, 3 * width // 2, stride=2),
            conv_bn(3 * width // 2, 3 * width // 2),
            conv_bn(3 * width // 2, width // 2, kernel=1),
            nn.Flatten(),
        )
        cells = (self.end - self.first) // 2 * (side // 2)
        self.linear = nn.Linear(width // 2 * cells, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.body(x[:, :, self.first : self.end]))


class FaceNetwork(nn.Module):
    """(n, 1, 128, 128) standardised luminance → (n, OUTPUT_SIZE); see ``outputs.py``.

    widths: channels at 1/2, 1/4, 1/8 and 1/16 of the crop's side; depths: residual blocks at the
    last three of these; squeeze: channels that are flattened at 1/16; spatial, pooled, band, look:
    features from the flatten, the average, each band at 1/4 and the second look (0: none is taken);
    told: whether the look tells outputs directly.
    close: features from close-ups of an eye, a brow and the mouth (all 0: there are none; they
    need the second look's landmarks).
    """

    def __init__(
        self,
        widths: tuple[int, int, int, int] = (16, 32, 64, 128),
        depths: tuple[int, int, int] = (2, 2, 3),
        squeeze: int = 32,
        spatial: int = 256,
        pooled: int = 128,
        band: int = 96,
        look: int = 192,
        told: bool = True,
        close: tuple[int, int, int] = (80, 48, 128),
    ) -> None:
        super().__init__()
        self.arguments = {
            **{"widths": tuple(widths), "depths": tuple(depths), "squeeze": squeeze},
            **{"spatial": spatial, "pooled": pooled, "band": band, "look": look},
            **{"told": told, "close": tuple(close)},
        }
        stages = []
        for previous, width, depth in zip(widths, widths[1:], depths, strict=False):
            blocks = (Residual(width) for _ in range(depth))
            stages.append(nn.Sequential(conv_bn(previous, width, stride=2), *blocks))
        self.stem = conv_bn(1, widths[0], stride=2)
        self.fine, self.middle, self.coarse = stages
        self.squeeze = conv_bn(widths[-1], squeeze, kernel=1)
        self.spatial = nn.Linear(squeeze * 8 * 8, spatial)
        self.pooled = nn.Linear(widths[-1], pooled)
        self.eyes = Band(widths[1], 32, (4, 16), band)
        self.mouth = Band(widths[1], 32, (16, 30), band)
        features = spatial + pooled + 2 * band
        self.norm = nn.BatchNorm1d(features)
        self.look: Look | None = None
        if look:
            maps = ((widths[1], 32, 1), (widths[2], 16, 0))
            self.look = Look(features, maps, look)
        self.told: nn.Linear | None = None
        if self.look is not None and told:
            self.told = nn.Linear(self.look.locals, _TOLD.stop - _TOLD.start)
            nn.init.zeros_(self.told.weight)
            nn.init.zeros_(self.told.bias)
        self.close: CloseUps | None = None
        if self.look is not None and any(close):
            self.close = CloseUps(close)
            self.turn = GazeTurn(close[0], 128)
            features += self.close.features
        self.heads = nn.Linear(features + look, OUTPUT_SIZE)
        self.marks: nn.Linear | None = None  # see ``prosopon_train.marks``
        self.guess = False  # whether forward adds the guesses (n, 2·2·N_POINTS) to the outputs

    def forward(self, x: Tensor) -> Tensor:
        return self.decide(*self.features(x))

    def features(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What the last layer reads (n, f), and what it corrects; guesses at the landmarks.

        It corrects the landmarks (n, 2·N_POINTS) and the outputs that follow their scales. Guesses
        are those before and after the second look, if one is taken.
        """
        fine = self.fine(self.stem(x))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        parts = [
            self.spatial(self.squeeze(coarse).flatten(1)),
            self.pooled(coarse.mean((2, 3))),
            self.eyes(fine),
            self.mouth(fine),
        ]
        features = torch.relu(self.norm(torch.cat(parts, 1)))
        told = features.new_zeros(features.shape[0], _TOLD.stop - _TOLD.start)
        if self.look is None:
            return features, features.new_zeros(features.shape[0], 2 * N_POINTS), told, told[:, :0]
        first, points, seen, local = self.look(features, (fine, middle))
        guesses = torch.cat([first, points], 1)
        features = torch.cat([features, seen], 1)
        if self.told is not None:
            with torch.autocast("cpu", enabled=False):
                told = self.told(local)
        if self.close is not None:
            points, seen = self.close(x, points)
            features = torch.cat([features, seen], 1)
        return features, points, told, guesses

    @torch.autocast("cpu", enabled=False)
    def decide(self, features: Tensor, points: Tensor, told: Tensor, guesses: Tensor) -> Tensor:
        """Outputs of what :meth:`features` gives."""
        features = features.float()
        out = self.heads(features)
        # Beside a look, that is a small correction: see SMALL.
        points = points + (SMALL if self.look is not None else 1) * out[:, _POINTS]
        parts = [points, out[:, _SCALES], out[:, _TOLD] + told]
        if self.close is not None:
            eyes = features[:, -self.close.features :][:, : 2 * self.close.eyes.outputs]
            parts = [self._turn(torch.cat(parts, 1), eyes)]
        if self.marks is not None:
            parts += [self.marks(points), out[:, OUTPUT_SIZE:]]
        if self.guess:
            parts.append(guesses)
        return torch.cat(parts, 1)

    def _turn(self, out: Tensor, eyes: Tensor) -> Tensor:
        """Outputs with the gaze that close-ups of the eyes tell."""
        gaze = out[:, _GAZE] + self.turn(eyes, out[:, _ROTATION].detach(), out[:, _GAZE])
        return torch.cat([out[:, : _GAZE.start], gaze, out[:, _GAZE.stop :]], 1)
