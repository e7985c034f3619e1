"""A shipped pack taught a user's own labels: heads first, then all, other tasks held in place.

A table names pictures and labels (see docs/finetune.md). People are split, never pictures: a fifth
of them is kept out and scored before and after. The network learns the labels by the losses of the
default pack, and at the same time keeps its own answers of everything that is not labelled
(learning without forgetting, Li & Hoiem, ECCV 2016), which is what lets a few dozen pictures do.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from prosopon.errors import InputError, OutputError
from prosopon.packs import Pack, load_pack, verify_pack
from prosopon_eval.datasets.base import Sample
from prosopon_eval.datasets.files import picture, table
from prosopon_train.benchmarks.examples import Examples, Labels, luminance
from prosopon_train.benchmarks.tasks import FaceBehaviorTerms, scores
from prosopon_train.configs.facebehaviornet import RECIPE
from prosopon_train.data.photographs import fold
from prosopon_train.data.schema import AU_NAMES, EMOTIONS, NETWORK_SIZE
from prosopon_train.export import export_onnx, halve
from prosopon_train.model.network import FaceNetwork
from prosopon_train.model.outputs import OUTPUT_SIZE, OUTPUT_SLICES
from prosopon_train.pack import PackInfo, render_toml
from prosopon_train.restore import network_from_pack

TASKS = {
    "emotion": ("emotion",),
    "au": ("au", "au_human"),
    "affect": ("affect", "affect_ccc"),
}
_OUTPUTS = {
    "emotion": ("emotion",),
    "au": ("au", "au_presence"),
    "affect": ("affect",),
}
ORIGIN = "the folder that the table is in"
BATCH = 16
KEEP = 5.0
"""Weight of the old answers: of about a new label's loss where they move by a few per cent."""
PRESENT = 1.5
"""Intensity from which a unit is taken as present."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Learning rate, and its length: so many steps, or so many epochs where those are more."""

    rate: float
    steps: int
    epochs: int


STAGES = (Stage(3e-3, 300, 10), Stage(1e-4, 60, 5))


@dataclass(frozen=True, slots=True)
class Outcome:
    """Scores on the people kept out, before and after, and how many pictures there were."""

    before: dict[str, float]
    after: dict[str, float]
    training: int
    held_out: int


def read_table(path: Path, task: str) -> list[tuple[Sample, Labels]]:
    """Rows of a CSV of ``image``, ``person``, perhaps ``x0 y0 x1 y1``, and the labels of ``task``.

    Raises InputError, naming file and row, where a label is unknown or a column is missing.
    """
    if task not in TASKS:
        raise InputError(f"{task}: no such task; choose one of {', '.join(TASKS)}")
    found = []
    needed = {"emotion": ("emotion",), "affect": ("valence", "arousal"), "au": ()}[task]
    for number, row in enumerate(table(path, ORIGIN, ("image", "person", *needed)), start=2):
        where = f"{path}: line {number}"
        box = None
        if row.get("x0"):
            values = [_number(row, name, where) for name in ("x0", "y0", "x1", "y1")]
            box = np.array(values, np.float32)
        image = picture(path.parent / row["image"], ORIGIN)
        sample = Sample(row["image"], image, row["person"], box)
        found.append((sample, _labels(row, task, where)))
    if len({sample.person for sample, _ in found}) < 2:
        raise InputError(f"{path}: names fewer than two people; some must be kept out to score")
    return found


def _number(row: dict[str, str], name: str, where: str) -> float:
    try:
        return float(row[name])
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{where}: {name}: expected a number, got {row.get(name)!r}") from None


def _labels(row: dict[str, str], task: str, where: str) -> Labels:
    out = {
        "emotion": torch.full((len(EMOTIONS),), torch.nan),
        "au": torch.full((len(AU_NAMES),), torch.nan),
        "au_present": torch.full((len(AU_NAMES),), torch.nan),
        "affect": torch.full((2,), torch.nan),
    }
    if task == "emotion":
        if row["emotion"] not in EMOTIONS:
            names = ", ".join(EMOTIONS)
            raise InputError(f"{where}: emotion {row['emotion']!r}, expected one of {names}")
        out["emotion"] = torch.zeros(len(EMOTIONS))
        out["emotion"][EMOTIONS.index(row["emotion"])] = 1
    elif task == "affect":
        values = [_number(row, name, where) for name in ("valence", "arousal")]
        out["affect"] = torch.tensor(values)
    else:
        units = [name for name in AU_NAMES if row.get(name)]
        if not units:
            raise InputError(f"{where}: codes no unit; columns are AU01 … AU45, intensity 0 to 5")
        for unit in units:
            level = _number(row, unit, where)
            out["au"][AU_NAMES.index(unit)] = level
            out["au_present"][AU_NAMES.index(unit)] = float(level >= PRESENT)
    return out


def split(rows: list[tuple[Sample, Labels]]) -> tuple[Examples, Examples]:
    """Training examples, and those of the fifth of people that is kept out, at least one."""
    names = sorted({s.person for s, _ in rows}, key=lambda name: (fold(name), name))
    kept = set(names[: max(1, len(names) // 5)])
    make = luminance(NETWORK_SIZE)
    return (
        Examples([row for row in rows if row[0].person not in kept], make),
        Examples([row for row in rows if row[0].person in kept], make),
    )


def trainable(pack: Pack, examples: Examples) -> FaceNetwork:
    """The pack's network, with the landmarks fitted to marks among its outputs if it has them."""
    batches = (images for images, _ in DataLoader(examples, 32))
    return network_from_pack(pack.folder, batches, marks=True).eval()


def finetune(
    path: Path,
    task: str,
    start: str,
    folder: Path,
    *,
    stages: tuple[Stage, Stage] = STAGES,
    seed: int = 0,
) -> Outcome:
    """Teach the pack ``start`` the labels of ``task`` in the table ``path``; write pack ``folder``.

    stages: of the last layer alone, then of all. InputError: the table; OutputError: the
    folder holds something already; PackError: the pack can't be trained.
    """
    if folder.exists() and any(folder.iterdir()):
        raise OutputError(f"{folder}: is not empty; name a new folder for the pack")
    torch.manual_seed(seed)
    pack = load_pack(start)
    train, held_out = split(read_table(path, task))
    model = trainable(pack, train)
    before = _scores(model, held_out)
    old = _answers(model, train)
    for number, stage in enumerate(stages):
        _learn(model, train, old, task, stage, heads_only=number == 0)
    after = _scores(model, held_out)
    outcome = Outcome(before, after, len(train), len(held_out))
    _write(model, pack, folder, _card(pack, task, outcome))
    return outcome


@torch.no_grad()
def _answers(model: nn.Module, examples: Examples) -> Tensor:
    return torch.cat([model(images) for images, _ in DataLoader(examples, 64)])


def _scores(model: nn.Module, examples: Examples) -> dict[str, float]:
    answers = _answers(model, examples)[:, :OUTPUT_SIZE]
    return scores(answers, examples.all_labels(), dict(RECIPE.columns))


def _learn(
    model: FaceNetwork, train: Examples, old: Tensor, task: str, stage: Stage, *, heads_only: bool
) -> None:
    """Train in place. Batch norms keep their statistics: a few pictures would spoil them.

    The features of all pictures are made once where only the last layer learns.
    """
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith("heads.") or not heads_only)
    learning = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learning, stage.rate, weight_decay=0.01)
    terms, spread = FaceBehaviorTerms({}), old.std(0).clamp(min=1e-2)
    kept, every = torch.ones(old.shape[1]), train.all_labels()
    for name in _OUTPUTS[task]:
        kept[OUTPUT_SLICES[name]] = 0
    features = _features(model, train) if heads_only else None
    steps = max(stage.steps, stage.epochs * -(-len(train) // BATCH))
    for rows in islice(_batches(len(train)), steps):
        if features is not None:
            out = model.decide(*(part[rows] for part in features))
        else:
            out = model(torch.stack([train[int(i)][0] for i in rows]))
        found = terms(out[:, :OUTPUT_SIZE], {name: value[rows] for name, value in every.items()})
        moved = ((out - old[rows]) / spread).square()
        loss = sum(RECIPE.weights[name] * found[name] for name in TASKS[task])
        loss = loss + KEEP * (moved * kept).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(learning, 5.0)
        optimiser.step()


def _batches(count: int) -> Iterator[Tensor]:
    """Rows of endless batches, every example once before any comes again."""
    while True:
        yield from torch.randperm(count).split(BATCH)


@torch.no_grad()
def _features(model: FaceNetwork, examples: Examples) -> list[Tensor]:
    parts = [model.features(images) for images, _ in DataLoader(examples, 64)]
    return [torch.cat(part) for part in zip(*parts, strict=True)]


def _card(base: Pack, task: str, outcome: Outcome) -> str:
    lines = [
        f"# Taught further: {task}",
        "",
        f"From pack {base.name} {base.version}, on {outcome.training} pictures; scored on "
        f"{outcome.held_out} of people that were kept out:",
        "",
        "| figure | before | after |",
        "| --- | --- | --- |",
    ]
    for name, value in outcome.after.items():
        lines.append(f"| {name} | {outcome.before[name]:.3f} | {value:.3f} |")
    lines += ["", "Everything else was held to the answers of the pack that it started from."]
    return "\n".join(lines) + "\n"


def _write(model: FaceNetwork, base: Pack, folder: Path, card: str) -> None:
    """A pack that stands alone: the new network, all else of ``base``."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in base.files:
        if file.path not in {f.path for f in base.network.files.values()}:
            shutil.copyfile(file.path, folder / file.path.name)
    shutil.copyfile(base.folder / "pack.toml", folder / "pack.toml")
    export_onnx(model, folder / "network-fp32.onnx")
    halve(folder / "network-fp32.onnx")
    spans = {
        name: slice(first, first + count) for name, (first, count) in base.network.outputs.items()
    }
    info = PackInfo(
        name=re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-") or "finetuned",
        version=base.version,
        license=base.license,
        terms=f"{base.terms} Taught further with other labels, whose terms hold too.".strip(),
        summary=f"{base.name} taught further on a user's own labels.",
        landmark_offset=base.network.landmark_offset,
    )
    (folder / "pack.toml").write_text(render_toml(folder, info, spans, ("fp32",)), encoding="utf-8")
    (folder / "CARD.md").write_text(card, encoding="utf-8")
    verify_pack(load_pack(folder))
