"""The training loop: resumable, logged, averaged.

A run folder holds ``last.pt`` (model, average, optimiser, position), ``log.jsonl`` (one line a
report) and nothing else; starting a run on a folder that has a ``last.pt`` continues it.

A run may *settle* at its end: the averaged network is trained on with batch norms that keep their
statistics, as they do in use. While batches norm themselves, a rare kind of face may raise a
channel that its own batch then shrinks; with fixed statistics such a face flies apart.

Several processes may share a run: each takes its own batches, and they learn from the mean of
their gradients.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import fields
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import torch.distributed
from torch import Tensor, nn
from torch.multiprocessing.spawn import spawn
from torch.nn.parallel import DistributedDataParallel

from prosopon_train.average import early, follow
from prosopon_train.config import Config
from prosopon_train.data.mixture import batches
from prosopon_train.export import load_network
from prosopon_train.losses import TaskWeights, emotion_au_table, losses
from prosopon_train.model.layers import keep_statistics
from prosopon_train.model.network import FaceNetwork
from prosopon_train.restore import grow, network_from_pack
from prosopon_train.validate import validate
from prosopon_train.wake import wake

_OUTPUTS = ("heads.", "told.", "turn.out.")  # layers that give outputs


def learning_rate(config: Config, seen: int) -> float:
    """Linear warm-up, then a cosine to 1 % of the peak."""
    if seen < config.warmup:
        return config.learning_rate * (seen + 1) / config.warmup
    progress = min(1.0, (seen - config.warmup) / max(1, config.images - config.warmup))
    return config.learning_rate * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)


def _groups(model: FaceNetwork, combine: nn.Module, config: Config) -> list[dict[str, Any]]:
    """The optimiser's groups of parameters.

    Layers that give outputs read hundreds of features: steps as large as the other layers' add up
    to noise in the outputs, which learning then keeps down by putting features out for good.
    Neither do norms' gains decay, as that, too, ends in channels that pass nothing.
    """
    named = list(model.named_parameters())
    outputs = [p for name, p in named if name.startswith(_OUTPUTS) or ".move." in name]
    first = [p for name, p in named if name.startswith("look.first.")]  # in the crop's unit
    known = {id(p) for p in first + outputs}
    rest = [p for _, p in named if id(p) not in known]
    decay = config.weight_decay
    return [
        {"params": first, "pace": config.output_pace / 3, "weight_decay": decay},
        {"params": outputs, "pace": config.output_pace, "weight_decay": decay},
        {"params": [p for p in rest if p.ndim > 1], "pace": 1.0, "weight_decay": decay},
        {"params": [p for p in rest if p.ndim == 1], "pace": 1.0, "weight_decay": 0.0},
        {"params": list(combine.parameters()), "pace": 1.0, "weight_decay": decay},
    ]


def _save(path: Path, state: dict[str, object]) -> None:
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    temporary.replace(path)


def _first_inputs(config: Config, data: Path, count: int = 12) -> Iterator[Tensor]:
    """A few batches as the run will see them."""
    for inputs, _ in islice(batches(data, config.sources, config.batch, config.seed), count):
        yield inputs


def train(
    config: Config,
    data: Path,
    run: Path,
    *,
    start: str | Path | None = None,
    threads: int = 2,
    processes: int = 1,
    report_every: int = 100,
    validate_every: int = 2000,
    save_every: int = 500,
) -> None:
    """Train ``config`` on the shards below ``data`` into the folder ``run``.

    start: a pack, or a run's checkpoint (``.pt``), whose network is trained on, instead of one with
    random weights. threads: of each
    of ``processes``; a step takes ``config.batch`` examples in each of them.
    """
    run.mkdir(parents=True, exist_ok=True)
    options = (config, data, run, start, threads, report_every, validate_every, save_every)
    if processes == 1:
        _train(0, 1, *options)
        return
    if config.learned_weights:
        raise ValueError("processes do not share learned task weights; train with one")
    with TemporaryDirectory() as folder:
        meeting = f"file://{Path(folder).resolve()}/meeting"
        spawn(_join, (processes, meeting, options), processes)


def _join(process: int, processes: int, meeting: str, options: tuple[Any, ...]) -> None:
    torch.distributed.init_process_group("gloo", meeting, rank=process, world_size=processes)
    _train(process, processes, *options)
    torch.distributed.destroy_process_group()


def _train(
    process: int,
    processes: int,
    config: Config,
    data: Path,
    run: Path,
    start: str | Path | None,
    threads: int,
    report_every: int,
    validate_every: int,
    save_every: int,
) -> None:
    torch.set_num_threads(threads)
    torch.manual_seed(config.seed)
    size = config.batch * processes  # examples a step
    checkpoint = run / "last.pt"
    if start is not None and not checkpoint.exists():
        if Path(start).suffix == ".pt":
            model = load_network(Path(start))
        else:
            model = network_from_pack(start, _first_inputs(config, data))
        model = grow(model, config.model)
        if config.wake:
            wake(model, _first_inputs(config, data))
    else:
        model = FaceNetwork(**config.model)  # type: ignore[arg-type]
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model.guess = True
    average = FaceNetwork(**config.model)  # type: ignore[arg-type]
    average.load_state_dict(model.state_dict())
    combine = TaskWeights(config.weights)
    combine.requires_grad_(config.learned_weights)
    optimiser = torch.optim.AdamW(_groups(model, combine, config), lr=config.learning_rate)
    step, elapsed = 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        combine.load_state_dict(state["combine"])
        step, elapsed = state["step"], state["elapsed"]
    settling = -(-(config.images - config.settle) // size)  # the first step that does
    shared = DistributedDataParallel(model) if processes > 1 else model
    couple = emotion_au_table()
    names = [f.name for f in fields(config.weights)]
    sums = dict.fromkeys(names, 0.0)
    began = time.perf_counter() - elapsed
    with (run / "log.jsonl").open("a") as log:

        def report(line: dict[str, object]) -> None:
            if process == 0:
                log.write(json.dumps({"step": step, "images": step * size, **line}) + "\n")
                log.flush()

        for inputs, labels in batches(
            data, config.sources, config.batch, config.seed, step, process, processes
        ):
            if step * size >= config.images:
                break
            for group in optimiser.param_groups:
                group["lr"] = group["pace"] * learning_rate(config, step * size)
            model.train()
            if step == settling:
                model.load_state_dict(average.state_dict())
            if step >= settling:
                keep_statistics(model)
            with torch.autocast("cpu", torch.bfloat16):
                outputs = shared(inputs)
            terms = losses(outputs.float(), labels, couple)
            optimiser.zero_grad(set_to_none=True)
            combine(terms).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimiser.step()
            step += 1
            since = step - settling if step > settling else step
            follow(average, model, early(config.ema, since))
            for name in names:
                sums[name] += float(terms[name].detach())
            if step % report_every == 0:
                seconds = time.perf_counter() - began
                means = {name: round(value / report_every, 4) for name, value in sums.items()}
                report({"seconds": round(seconds, 1), "loss": means})
                sums = dict.fromkeys(names, 0.0)
            if process > 0:
                continue
            if step % validate_every == 0:
                report({"validation": validate(average, data)})
            if step % save_every == 0:
                state = {
                    "model": model.state_dict(),
                    "average": average.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "combine": combine.state_dict(),
                    "step": step,
                    "elapsed": time.perf_counter() - began,
                    "arguments": model.arguments,
                }
                _save(checkpoint, state)
        if process > 0:
            return
        report({"validation": validate(average, data), "done": True})
        _save(
            run / "final.pt",
            {"average": average.state_dict(), "arguments": model.arguments, "step": step},
        )
