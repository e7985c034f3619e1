"""Close-ups: parts of the face at the crop's own resolution, each with convolutions of its own.

What tells one action unit of the mouth from another, or where an eye looks, is a matter of one or
two pixels of the crop, which a trunk for the whole face has given up by the time its maps are few
enough to be read. A part that is cut out where the second look's landmarks lie needs little: it
always comes at the same place, and little else is in it. Parts that a face has twice are seen by
the same weights, the left one as in a mirror.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prosopon_train.data.schema import N_POINTS, NETWORK_SIZE
from prosopon_train.model.layers import Residual, conv_bn
from prosopon_train.model.look import SMALL

# A flat part is not blown up to noise: added to its variance before that is divided by.
_FLAT = 0.04


class Part(NamedTuple):
    """Part of the face: its landmarks, of the subject's right side and of the left if it has both.

    The left side's are in the mirror's order. size: (height, width) of what is cut out, px of the
    crop, around the landmarks' middle. stride: of the first convolution.
    """

    sides: tuple[tuple[int, ...], ...]
    size: tuple[int, int]
    stride: int


EYES = Part(((36, 37, 38, 39, 40, 41, 68), (45, 44, 43, 42, 47, 46, 69)), (24, 32), 1)
BROWS = Part(
    ((17, 18, 19, 20, 21, 70, 71, 72, 73), (26, 25, 24, 23, 22, 74, 75, 76, 77)), (40, 48), 2
)
MOUTH = Part((tuple(range(48, 68)),), (48, 64), 2)


def weigh(places: Tensor) -> Tensor:
    """(n, m) places along a side of the crop, px → (n, m, s) for linear interpolation there.

    A product with it reads the crop at these places; beyond the crop there is nothing.
    """
    pixels = torch.arange(NETWORK_SIZE, dtype=places.dtype)
    return torch.relu(1 - (places.unsqueeze(2) - pixels).abs())


def steps(length: int) -> Tensor:
    """(length,) px from the middle of a window to its pixels."""
    return torch.arange(length) - (length - 1) / 2


class CloseUp(nn.Module):
    """One part: what is cut out of every side in; features and moves of its landmarks out.

    widths: channels of the three stages; depth: residual blocks of the second; squeeze: channels
    that are flattened; outputs: features of a side.
    """

    def __init__(
        self,
        part: Part,
        widths: tuple[int, int, int],
        outputs: int,
        depth: int = 1,
        squeeze: int = 24,
    ) -> None:
        super().__init__()
        self.part = part
        self.outputs = outputs
        first, second, third = widths
        shrink = part.stride * 4
        cells = (part.size[0] // shrink) * (part.size[1] // shrink)
        self.body = nn.Sequential(
            conv_bn(1, first, part.stride),
            conv_bn(first, second, 2),
            *(Residual(second) for _ in range(depth)),
            conv_bn(second, third, 2),
            Residual(third),
            conv_bn(third, squeeze, kernel=1),
            nn.Flatten(),
        )
        self.linear = nn.Linear(squeeze * cells, outputs)
        self.norm = nn.BatchNorm1d(outputs)
        count = 2 * len(part.sides[0])
        self.move = nn.Linear(outputs + count, count)
        nn.init.zeros_(self.move.weight)
        nn.init.zeros_(self.move.bias)

    def forward(self, pictures: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
        """(m, 1, height, width) and landmarks about the middle (m, 2k) → (m, outputs), (m, 2k)."""
        pictures = F.layer_norm(pictures, self.part.size, eps=_FLAT)
        seen = self.linear(self.body(pictures)).float()
        seen = torch.relu(self.norm(seen))
        with torch.autocast("cpu", enabled=False):
            return seen, self.move(torch.cat([seen, offsets], 1))


class CloseUps(nn.Module):
    """Eyes, brows and mouth, found by landmarks, move these and tell features.

    outputs: features of an eye, a brow and the mouth; those of a left side are of its mirror image.
    """

    def __init__(self, outputs: tuple[int, int, int]) -> None:
        super().__init__()
        self.eyes = CloseUp(EYES, (16, 32, 48), outputs[0])
        self.brows = CloseUp(BROWS, (12, 24, 48), outputs[1])
        self.mouth = CloseUp(MOUTH, (16, 32, 48), outputs[2], depth=2, squeeze=32)
        self.features = sum(len(part.part.sides) * part.outputs for part in self._parts())
        windows = [side for part in self._parts() for side in part.part.sides]
        middle = torch.zeros(len(windows), N_POINTS)
        owner: list[int] = []
        sign: list[list[float]] = []
        rows: list[Tensor] = []  # places in each window, px
        columns: list[Tensor] = []
        for part in self._parts():
            for number, side in enumerate(part.part.sides):
                window = len(rows)
                middle[window, list(side)] = 1 / len(side)
                owner += [window] * len(side)
                sign += [[-SMALL if number else SMALL, SMALL]] * len(side)
                rows.append(steps(part.part.size[0]))
                across = steps(part.part.size[1])
                columns.append(across.flip(0) if number else across)
        self.heights, self.widths = ([len(places) for places in side] for side in (rows, columns))
        # Which coordinate of the windows' middles (x, y, x, y …) each row and column counts from.
        counts = torch.tensor(self.heights + self.widths)
        order = [2 * i + 1 for i in range(len(rows))] + [2 * i for i in range(len(columns))]
        seen = [point for side in windows for point in side]
        for name, values in {
            "middle": middle,  # of each window's landmarks
            "seen": torch.tensor(seen),  # landmarks, window after window
            "owner": torch.tensor(owner),  # each one's window
            "sign": torch.tensor(sign),  # a left one's x is mirrored
            "back": F.one_hot(torch.tensor(seen), N_POINTS).T.float(),  # to the order of all
            "origin": torch.tensor(order).repeat_interleave(counts),
            "step": torch.cat(rows + columns) + (NETWORK_SIZE - 1) / 2,
        }.items():
            self.register_buffer(name, values, persistent=False)

    def _parts(self) -> tuple[CloseUp, CloseUp, CloseUp]:
        return self.eyes, self.brows, self.mouth

    def _cut(self, crops: Tensor, centres: Tensor) -> list[Tensor]:
        """crops (n, s, s), middles of windows (n, w, 2) → (n·sides, 1, height, width) by part."""
        places = centres.flatten(1)[:, self.get_buffer("origin")] * (NETWORK_SIZE / 2)
        weights = weigh(places + self.get_buffer("step"))
        rows, *columns = weights.split([sum(self.heights), *self.widths], 1)
        bands = torch.matmul(rows, crops).split(self.heights, 1)
        found = [band @ column.transpose(1, 2) for band, column in zip(bands, columns, strict=True)]
        parts = []
        for part in self._parts():
            count = len(part.part.sides)
            parts.append(torch.cat(found[:count], 1).view(-1, 1, *part.part.size))
            found = found[count:]
        return parts

    def forward(self, crops: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 1, s, s), landmarks (n, 2·N_POINTS) → landmarks and features (n, f)."""
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            places = points.view(-1, N_POINTS, 2)
            centres = self.get_buffer("middle") @ places
            offsets = places[:, self.get_buffer("seen")] - centres[:, self.get_buffer("owner")]
            offsets = offsets / self.get_buffer("sign")
            pictures = self._cut(crops.flatten(1, 2), centres)
        counts = [len(part.part.sides) * len(part.part.sides[0]) for part in self._parts()]
        features, moves = [], []
        parts = zip(self._parts(), pictures, offsets.split(counts, 1), counts, strict=True)
        for part, picture, offset, count in parts:
            sides = len(part.part.sides)
            seen, move = part(picture, offset.reshape(-1, 2 * count // sides))
            features.append(seen.view(-1, sides * part.outputs))
            moves.append(move.view(-1, count, 2))
        with torch.autocast("cpu", enabled=False):
            moved = self.get_buffer("back") @ (torch.cat(moves, 1) * self.get_buffer("sign"))
        return points + moved.flatten(1), torch.cat(features, 1)


class GazeTurn(nn.Module):
    """What close-ups of the eyes change in gaze, whose meaning turns with the head.

    A product of what is seen of the eyes and of how the head is turned, and so more than a linear
    layer; the same function for both eyes.
    """

    def __init__(self, eye: int, width: int) -> None:
        super().__init__()
        self.inputs = 2 * eye + 6 + 3
        self.hidden = nn.Linear(self.inputs, width)
        self.out = nn.Linear(width, 3)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        right, left, head = torch.arange(2 * eye + 12).split([eye, eye, 12])
        own = torch.cat([right, left, head[:9]]), torch.cat([left, right, head[:6], head[9:]])
        mirror = torch.tensor([-1.0, 1.0, 1.0])
        turned = torch.tensor([1.0, -1.0, -1.0, -1.0, 1.0, 1.0])
        signs = torch.cat([torch.ones(self.inputs + 2 * eye), turned, mirror])
        for name, values in {
            "own": torch.cat(own),  # of eyes, rotation and gaze, what each side reads
            "signs": signs,  # and as in a mirror
            "mirror": torch.cat([torch.ones(3), mirror]),
        }.items():
            self.register_buffer(name, values, persistent=False)

    def forward(self, eyes: Tensor, rotation: Tensor, gaze: Tensor) -> Tensor:
        """eyes (n, 2·eye), rotation (n, 6), gaze (n, 6) so far → (n, 6) to add to it."""
        gaze = gaze.view(-1, 2, 3)
        gaze = gaze / (gaze.square().sum(2, keepdim=True) + 1e-9).sqrt()
        told = torch.cat([eyes, rotation, gaze.flatten(1)], 1)
        sides = told[:, self.get_buffer("own")] * self.get_buffer("signs")
        turn = self.out(torch.relu(self.hidden(sides.view(-1, self.inputs))))
        return turn.view(-1, 6) * self.get_buffer("mirror")
