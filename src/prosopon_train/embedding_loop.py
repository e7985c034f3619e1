"""Trains the appearance network on shards that say who is who::

    python -m prosopon_train.embedding_loop --shards DATA/synth --shards DATA/faces -o RUN

A batch holds several pictures each of several people of one source, so that telling them apart
takes the face and not the style of the source. The loss asks that every picture be nearer to the
others of its person than to all other people (supervised contrastive, Khosla et al., NeurIPS
2020). A run that was stopped starts again: it takes minutes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np
import torch
from torch import Tensor, nn

from prosopon.types import AnyArray, FloatArray, UInt8Array
from prosopon_train.average import early, follow
from prosopon_train.data.augment import standardise
from prosopon_train.data.degrade import degrade_crop
from prosopon_train.data.schema import CROP_SCALE, NETWORK_SIZE, SHARD_SIZE
from prosopon_train.model.embedding import EMBEDDING_INPUT, EMBEDDING_SCALE, EmbeddingNetwork

LOG_EVERY = 50
STORED = 96  # px, side of the shard image as it is held in memory


@dataclass(frozen=True, slots=True)
class EmbeddingTraining:
    """How to train: steps of ``people`` × ``pictures`` crops; temperature of the loss."""

    steps: int = 2400
    people: int = 64
    pictures: int = 4
    temperature: float = 0.1
    rate: float = 2e-3
    weight_decay: float = 0.02
    warm_up: int = 100

    def rate_at(self, step: int) -> float:
        """Linear rise, then a cosine to 1 % of the peak."""
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        progress = (step - self.warm_up) / max(1, self.steps - self.warm_up)
        return self.rate * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)


@dataclass(frozen=True, slots=True)
class People:
    """Pictures (n, STORED, STORED) of one source and the rows of everyone who has several."""

    images: UInt8Array
    rows: tuple[AnyArray, ...]


def read_people(folder: Path, most_shards: int) -> People:
    """All people of the first ``most_shards`` shards of ``folder``."""
    images, names = [], []
    for path in sorted(folder.glob("*.npz"))[:most_shards]:
        with np.load(path) as shard:
            known = (shard["person"] != "") & (shard["face"] > 0)
            names.append(shard["person"][known])
            images += [_small(image) for image in shard["image"][known]]
    if not names:
        raise click.UsageError(f"{folder}: holds no shards")
    order = np.concatenate(names)
    _, inverse, counts = np.unique(order, return_inverse=True, return_counts=True)
    rows = np.split(np.argsort(inverse, kind="stable"), np.cumsum(counts)[:-1])
    return People(np.stack(images), tuple(own for own in rows if len(own) > 1))


def _small(image: UInt8Array) -> UInt8Array:
    return np.asarray(cv2.resize(image, (STORED, STORED), interpolation=cv2.INTER_AREA), np.uint8)


def view(image: UInt8Array, rng: np.random.Generator | None = None) -> FloatArray:
    """The network's input (1, s, s) of one stored picture; varied when there is a ``rng``."""
    side = EMBEDDING_SCALE / CROP_SCALE * NETWORK_SIZE / SHARD_SIZE * STORED
    scale, angle, shift, flip = EMBEDDING_INPUT / side, 0.0, np.zeros(2), False
    if rng is not None:
        scale *= float(np.exp(rng.normal(0, 0.05)))
        angle, shift, flip = rng.normal(0, 4), rng.normal(0, 1.2, 2), rng.random() < 0.5
    middle = (STORED - 1) / 2
    matrix: AnyArray = cv2.getRotationMatrix2D((middle, middle), angle, scale)
    matrix[:, 2] += (EMBEDDING_INPUT - 1) / 2 - middle + shift
    size = (EMBEDDING_INPUT, EMBEDDING_INPUT)
    crop = cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    if rng is not None and rng.random() < 0.7:
        crop = degrade_crop(np.asarray(crop, np.uint8), rng)
    return standardise(crop[:, ::-1] if flip else crop)[None]


def batches(
    sources: Sequence[People], training: EmbeddingTraining, seed: int = 0
) -> Iterator[tuple[Tensor, Tensor]]:
    """Inputs (n, 1, s, s) and who they are (n,), of the sources in turn."""
    rng = np.random.default_rng(seed)
    for step in range(training.steps):
        source = sources[step % len(sources)]
        chosen = rng.choice(len(source.rows), training.people, replace=False)
        crops, labels = [], []
        for number, person in enumerate(chosen):
            own = source.rows[person]
            for row in rng.permutation(own)[: training.pictures]:
                crops.append(view(source.images[row], rng))
                labels.append(number)
        yield torch.from_numpy(np.stack(crops)), torch.tensor(labels)


def contrastive_loss(vectors: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Mean −log share of a picture's own person among all others, over pairs of one person."""
    logits = vectors @ vectors.T / temperature
    logits.fill_diagonal_(-1e4)
    same = (labels[:, None] == labels).float()
    same.fill_diagonal_(0)
    chance = logits.log_softmax(1)
    return -((chance * same).sum(1) / same.sum(1).clamp(min=1)).mean()


def train(sources: Sequence[People], training: EmbeddingTraining, run: Path) -> EmbeddingNetwork:
    """Train and write ``run``/final.pt; prints the loss as it goes."""
    torch.manual_seed(0)
    model = EmbeddingNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = EmbeddingNetwork().eval()
    optimiser = torch.optim.AdamW(
        model.parameters(), training.rate, weight_decay=training.weight_decay
    )
    began, sums = time.process_time(), 0.0
    for step, (inputs, labels) in enumerate(batches(sources, training)):
        for group in optimiser.param_groups:
            group["lr"] = training.rate_at(step)
        with torch.autocast("cpu", torch.bfloat16):
            vectors = model(inputs.to(memory_format=torch.channels_last))
        loss = contrastive_loss(vectors.float(), labels, training.temperature)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        follow(average, model, early(0.998, step))
        sums += float(loss.detach())
        if (step + 1) % LOG_EVERY == 0:
            seconds = time.process_time() - began
            click.echo(f"step {step + 1} loss {sums / LOG_EVERY:.3f} cpu {seconds:.0f} s")
            sums = 0.0
    run.mkdir(parents=True, exist_ok=True)
    torch.save(average.state_dict(), run / "final.pt")
    return average


@click.command()
@click.option(
    "--shards",
    "folders",
    multiple=True,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@click.option("-o", "--output", "run", required=True, type=click.Path(path_type=Path))
@click.option("--steps", default=EmbeddingTraining().steps, show_default=True)
@click.option("--most-shards", default=120, show_default=True, help="Read of each folder.")
@click.option("--threads", default=1, show_default=True)
def main(folders: tuple[Path, ...], run: Path, steps: int, most_shards: int, threads: int) -> None:
    """Train on the people of every folder of shards in turn."""
    cv2.setNumThreads(1)
    torch.set_num_threads(threads)
    sources = [read_people(folder, most_shards) for folder in folders]
    for folder, people in zip(folders, sources, strict=True):
        click.echo(f"{folder.name}: {len(people.rows)} people with several pictures")
    train(sources, EmbeddingTraining(steps=steps), run)


if __name__ == "__main__":
    main()
