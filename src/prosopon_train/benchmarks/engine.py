"""Runs a recipe on one device or several, by Lightning Fabric.

A run folder gets ``log.jsonl``, a line an epoch with its losses and the scores on the test split,
and ``final.pt`` (``average``, the network's parameters, and ``arguments``, as
``prosopon_train.export`` reads them).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, DistributedSampler

from prosopon.errors import InputError, MissingExtraError
from prosopon_train.benchmarks.examples import Examples, Labels, read
from prosopon_train.benchmarks.recipe import Recipe, Stage
from prosopon_train.benchmarks.tasks import scores

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class Joint(nn.Module):
    """Network and losses as one module, so that data-parallel gradients cover both."""

    def __init__(self, recipe: Recipe, labels: Labels) -> None:
        super().__init__()
        self.network, self.terms = recipe.network(), recipe.terms(labels)
        self.weights = dict(recipe.weights)
        # Kendall et al. (CVPR 2018) as OpenFace 3.0 has it; the first p weighs every loss by 1.
        self.p = nn.Parameter(torch.full((len(self.weights),), 0.5**0.5))
        self.p.requires_grad_(recipe.learned)
        self.learned = recipe.learned

    def forward(self, images: Tensor, labels: Labels) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss, and each of its terms."""
        terms = self.terms(self.network(images), labels)
        values = torch.stack([self.weights[name] * terms[name] for name in self.weights])
        if not self.learned:
            return values.sum(), terms
        squares = self.p.square()
        return (values / (2 * squares) + torch.log1p(squares)).sum(), terms

    def freeze(self, prefixes: tuple[str, ...]) -> None:
        """Keep the network's parameters below ``prefixes``, and let all others learn."""
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(not name.startswith(prefixes) if prefixes else True)

    def learn(self, prefixes: tuple[str, ...]) -> None:
        """Training mode, but for what is frozen: its batch norms keep their statistics too."""
        self.train()
        for name, module in self.network.named_modules():
            if prefixes and name.startswith(prefixes):
                module.eval()


def run_recipe(
    recipe: Recipe,
    data: Path,
    run: Path,
    *,
    devices: int = 1,
    strategy: str = "auto",
    accelerator: str = "cpu",
    threads: int = 2,
) -> dict[str, float]:
    """Train ``recipe`` on the datasets below ``data`` into ``run``; scores on the test splits.

    strategy: of Fabric, ``ddp`` for several processes. InputError: a dataset's files are missing.
    """
    try:
        from lightning_fabric import Fabric
    except ModuleNotFoundError as error:
        raise MissingExtraError("lightning-fabric", "train", "training on benchmarks") from error
    torch.set_num_threads(threads)
    fabric = Fabric(accelerator=accelerator, devices=devices, strategy=strategy)
    if devices > 1:
        fabric.launch()
    fabric.seed_everything(recipe.seed, verbose=False)
    train, test = (read(data, splits, recipe.picture) for splits in (recipe.train, recipe.test))
    if not len(train):
        raise InputError(f"{data}: holds no training examples of {', '.join(recipe.train)}")
    joint = Joint(recipe, train.all_labels())
    run.mkdir(parents=True, exist_ok=True)
    result: dict[str, float] = {}
    epoch = 0
    for stage in recipe.stages:
        for losses in _stage(fabric, recipe, stage, joint, train):
            result = evaluate(joint.network, test, recipe) if len(test) else {}
            epoch += 1
            if fabric.is_global_zero:
                line = {"epoch": epoch, "processes": fabric.world_size, "loss": losses, **result}
                with (run / "log.jsonl").open("a") as log:
                    log.write(json.dumps(line) + "\n")
    if fabric.is_global_zero:
        state = {k: v.detach().cpu() for k, v in joint.network.state_dict().items()}
        torch.save({"average": state, "arguments": {}}, run / "final.pt")
    fabric.barrier()
    return result


def _stage(
    fabric: Fabric, recipe: Recipe, stage: Stage, joint: Joint, train: Examples
) -> Iterator[dict[str, float]]:
    """Mean loss of each term, epoch by epoch."""
    joint.freeze(stage.frozen)
    learning = [p for p in joint.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learning, stage.learning_rate, weight_decay=recipe.weight_decay)
    # Wrapped anew for every stage: data parallelism settles at once which gradients it exchanges.
    model, optimiser = fabric.setup(joint, optimiser)
    few = min(recipe.batch, max(2, len(train) // fabric.world_size))
    loader = fabric.setup_dataloaders(DataLoader(train, few, shuffle=True, drop_last=True))
    for epoch in range(stage.epochs):
        if isinstance(sampler := getattr(loader, "sampler", None), DistributedSampler):
            sampler.set_epoch(epoch)
        joint.learn(stage.frozen)
        sums: dict[str, float] = {}
        for images, labels in loader:
            loss, terms = model(images, labels)
            optimiser.zero_grad(set_to_none=True)
            fabric.backward(loss)
            optimiser.step()
            for name, value in {"total": loss, **terms}.items():
                sums[name] = sums.get(name, 0.0) + float(value.detach())
        yield {name: round(value / max(len(loader), 1), 5) for name, value in sums.items()}


@torch.no_grad()
def evaluate(network: nn.Module, test: Examples, recipe: Recipe) -> dict[str, float]:
    """Scores of the network on the test examples; all of them on every process."""
    network.eval()
    device = next(network.parameters()).device
    outs = [network(images.to(device)).cpu() for images, _ in DataLoader(test, 64)]
    return scores(torch.cat(outs), test.all_labels(), dict(recipe.columns))
