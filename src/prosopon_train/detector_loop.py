"""Trains the face detector, resumably, on one CPU thread::

    python -m prosopon_train.detector_loop --cutouts CUTOUTS/train --heads heads.npz \\
        --backgrounds backgrounds.parquet -o RUN --steps 12000

CUTOUTS is what ``prosopon_train.detector_prepare`` wrote; heads.npz holds rendered heads. Every
SAVE_EVERY steps ``RUN/latest.pt`` is replaced; a later call with the same folder goes on from it.
"""

from __future__ import annotations

import argparse
import copy
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from prosopon.types import UInt8Array
from prosopon_train.average import early, follow
from prosopon_train.data import backgrounds, cutouts
from prosopon_train.data.detection import Composer
from prosopon_train.data.scene import Scene
from prosopon_train.detector_loss import detector_loss
from prosopon_train.model.detector import PIXEL_SCALE, Detector

SAVE_EVERY = 200
LOG_EVERY = 50
CHECKPOINT = "latest.pt"
HARD_LONG_SIDE = 448  # px
HARD_LOGIT = -1.0
HARD_REPEATS = 3


@dataclass(frozen=True, slots=True)
class DetectorTraining:
    """How to train.

    shapes: (height, width, pictures in a batch, how often); steps: in all; warm_up: steps of
    rising rate; decay: share of the steps, at the end, in which the rate falls to nothing;
    averaging: of the weights that are exported, per step.
    """

    steps: int = 15_000
    rate: float = 2e-3
    weight_decay: float = 0.02
    warm_up: int = 200
    decay: float = 0.3
    averaging: float = 0.998
    score_weight: float = 3.0
    box_weight: float = 1.5
    points_weight: float = 3.0
    shapes: tuple[tuple[int, int, int, float], ...] = (
        (320, 320, 16, 0.6),
        (256, 448, 14, 0.2),
        (384, 640, 6, 0.1),
        (640, 640, 4, 0.1),
    )

    def rate_at(self, step: int) -> float:
        """Learning rate: linear rise, plateau, cosine fall."""
        rise = min(1.0, (step + 1) / self.warm_up)
        start = self.steps * (1 - self.decay)
        fall = np.clip((step - start) / max(self.steps - start, 1), 0, 1)
        return float(self.rate * rise * (0.5 + 0.5 * np.cos(np.pi * fall)) + 1e-6)


def train_step(
    net: Detector, scenes: list[Scene], training: DetectorTraining, *, bf16: bool = True
) -> tuple[Tensor, dict[str, float]]:
    """Loss of one batch of equally large scenes, and its parts."""
    pixels = torch.from_numpy(np.stack([s.luma for s in scenes])[:, None]).float() * PIXEL_SCALE
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        maps = net(pixels.to(memory_format=torch.channels_last))
    parts = detector_loss(maps, scenes)
    loss = (
        training.score_weight * parts["score"]
        + training.box_weight * parts["box"]
        + training.points_weight * parts["points"]
    )
    return loss, {name: float(value.detach()) for name, value in parts.items()}


class Average:
    """Exponential moving average of a network's weights and statistics."""

    def __init__(self, net: Detector, averaging: float) -> None:
        self.net = copy.deepcopy(net).eval().requires_grad_(False)
        self._averaging = averaging

    def update(self, net: nn.Module, step: int) -> None:
        """Take in the weights after ``step``; the first steps are forgotten sooner."""
        follow(self.net, net, early(self._averaging, step))


def train(composer: Composer, out: Path, training: DetectorTraining, seed: int) -> Detector:
    """Train until ``training.steps``, going on from ``out/latest.pt``; returns the average."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    net = Detector().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(net.parameters(), training.rate, (0.9, 0.99), weight_decay=0.0)
    _decay_only_kernels(optimizer, net, training.weight_decay)
    average = Average(net, training.averaging)
    step, path = 0, out / CHECKPOINT
    if path.exists():
        state = torch.load(path, weights_only=True)
        net.load_state_dict(state["net"])
        average.net.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step = int(state["step"])
    rng = np.random.default_rng((seed, step))
    shares = np.array([shape[3] for shape in training.shapes])
    sums: dict[str, float] = {}
    started = time.monotonic()
    while step < training.steps:
        height, width, count, _ = training.shapes[rng.choice(len(shares), p=shares / shares.sum())]
        scenes = [composer(height, width) for _ in range(count)]
        for group in optimizer.param_groups:
            group["lr"] = training.rate_at(step)
        loss, parts = train_step(net, scenes, training)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 10.0)
        optimizer.step()
        average.update(net, step)
        step += 1
        sums = {name: sums.get(name, 0.0) + value for name, value in parts.items()}
        if step % LOG_EVERY == 0:
            seconds = (time.monotonic() - started) / LOG_EVERY
            shown = "  ".join(f"{name} {value / LOG_EVERY:.4f}" for name, value in sums.items())
            print(f"step {step}  {shown}  {seconds:.3f} s/step", flush=True)
            sums, started = {}, time.monotonic()
        if step % SAVE_EVERY == 0 or step == training.steps:
            state = {
                "net": net.state_dict(),
                "average": average.net.state_dict(),
                "optimizer": optimizer.state_dict(),
                "step": step,
            }
            _save(path, state)
    return average.net


def _decay_only_kernels(
    optimizer: torch.optim.Optimizer, net: nn.Module, weight_decay: float
) -> None:
    kernels = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    first = optimizer.param_groups[0]
    first["params"], first["weight_decay"] = kernels, weight_decay
    optimizer.add_param_group({"params": others, "weight_decay": 0.0})


def _save(path: Path, state: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    temporary.replace(path)


def repeat_hard(pictures: list[UInt8Array], net: Detector) -> list[UInt8Array]:
    """``pictures`` without faces, those in which ``net`` sees faces HARD_REPEATS times more."""
    out = list(pictures)
    for picture in pictures:
        scale = HARD_LONG_SIDE / max(picture.shape)
        h, w = (round(side * scale / 64) * 64 for side in picture.shape)
        pixels = torch.from_numpy(cv2.resize(picture, (w, h)))[None, None].float() * PIXEL_SCALE
        with torch.no_grad():
            best = max(float(values[:, 0].max()) for values in net(pixels))
        if best > HARD_LOGIT:
            out.extend([picture] * HARD_REPEATS)
    return out


def make_composer(
    folder: Path, heads: Path | None, parquet: Path, checkpoint: Path, seed: int
) -> Composer:
    """The composer of all collections in ``folder``, rendered heads and trainable backgrounds.

    Where ``checkpoint`` is there already, backgrounds that still deceive it come more often.
    """
    sources = {path.stem: cutouts.load(path) for path in sorted(folder.glob("*.npz"))}
    if heads is not None:
        sources["synthetic"] = cutouts.load_heads(heads)
    pictures = [p.luma for p in backgrounds.read(parquet, test=False)]
    if checkpoint.exists():
        net = Detector()
        net.load_state_dict(torch.load(checkpoint, weights_only=True)["average"])
        pictures = repeat_hard(pictures, net.eval())
    return Composer(sources, pictures, np.random.default_rng(seed))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("::")[0])
    parser.add_argument("--cutouts", type=Path, required=True)
    parser.add_argument("--heads", type=Path)
    parser.add_argument("--backgrounds", type=Path, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    defaults = DetectorTraining()
    parser.add_argument("--steps", type=int, default=defaults.steps)
    parser.add_argument("--rate", type=float, default=defaults.rate)
    parser.add_argument("--decay", type=float, default=defaults.decay)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    composer = make_composer(
        options.cutouts,
        options.heads,
        options.backgrounds,
        options.out / CHECKPOINT,
        options.seed,
    )
    training = DetectorTraining(steps=options.steps, rate=options.rate, decay=options.decay)
    train(composer, options.out, training, options.seed)


if __name__ == "__main__":
    main()
