"""Make shards of synthetic faces, or whole heads for the detector.

    python -m prosopon_train.synth.generate faces RIG OUT --count 50000 --workers 2
    python -m prosopon_train.synth.generate heads RIG OUT.npz --count 3000
    python -m prosopon_train.synth.generate causal RIG OUT --people 120
    python -m prosopon_train.synth.generate sheet RIG OUT.png

``prosopon-train synth`` is the same by options.

A shard depends on the seed and its number alone: runs may be stopped, repeated and split. Each
worker makes 40–55 faces a second on a core of its own.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import click
import cv2
import numpy as np

from prosopon.types import UInt8Array
from prosopon_train.data.schema import write_shard
from prosopon_train.synth.backdrop import load_backgrounds
from prosopon_train.synth.causal import render_changes, sample_scene
from prosopon_train.synth.person import sample_person
from prosopon_train.synth.preview import face_sheet, write_picture
from prosopon_train.synth.render import render_face, render_head
from prosopon_train.synth.rig import Rig, load_rig

FACES_A_PERSON = 5
HEADS_A_PERSON = 2


def make_faces(
    rig: Rig,
    photographs: list[UInt8Array],
    seed: int,
    shard: int,
    count: int,
    lids: float = 0.0,
) -> list[dict[str, object]]:
    """The examples of one shard, FACES_A_PERSON of each identity."""
    rng = np.random.default_rng([seed, shard])
    examples: list[dict[str, object]] = []
    while len(examples) < count:
        person = sample_person(rig, rng)
        name = f"synth-{seed}-{shard}-{len(examples)}"
        for _ in range(min(FACES_A_PERSON, count - len(examples))):
            labels = render_face(rig, person, rng, photographs, lids=lids)
            number = f"{name}-{len(examples)}"
            examples.append({**labels, "person": name, "source": "synth", "name": number})
    return examples


_rig: Rig | None = None
_photographs: list[UInt8Array] = []


def _start_worker(rig: Path, cache: Path | None, backgrounds: Path | None) -> None:
    global _rig, _photographs
    cv2.setNumThreads(1)
    _rig = load_rig(rig, cache)
    _photographs = load_backgrounds(backgrounds) if backgrounds else []


def _write(path: Path, seed: int, shard: int, count: int, lids: float) -> str:
    if _rig is None:
        raise RuntimeError("worker was not started with a rig")
    start = time.perf_counter()
    examples = make_faces(_rig, _photographs, seed, shard, count, lids)
    write_shard(path, examples)  # type: ignore[arg-type]
    return f"{path.name}: {count / (time.perf_counter() - start):.1f} faces/s"


@click.group()
def main() -> None:
    """Synthetic faces."""


_RIG = click.argument("rig", type=click.Path(path_type=Path, exists=True))
_CACHE = click.option("--cache", type=click.Path(path_type=Path), help="Derived rig; made once.")
_BACKGROUNDS = click.option("--backgrounds", type=click.Path(path_type=Path, exists=True))
_SEED = click.option("--seed", default=1, show_default=True)
_LIDS = click.option(
    "--lids", type=click.FloatRange(0, 1), default=0.0, help="Share with lids drawn anew; winks."
)


@main.command()
@_RIG
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--count", default=50_000, show_default=True)
@click.option("--shard-size", default=500, show_default=True)
@click.option("--workers", default=2, show_default=True)
@_CACHE
@_BACKGROUNDS
@_SEED
@_LIDS
def faces(
    rig: Path,
    out: Path,
    count: int,
    shard_size: int,
    workers: int,
    cache: Path | None,
    backgrounds: Path | None,
    seed: int,
    lids: float,
) -> None:
    """Write COUNT faces as shards into OUT; shards that exist are kept."""
    write_faces(rig, out, count, shard_size, workers, cache, backgrounds, seed, lids)


def write_faces(
    rig: Path,
    out: Path,
    count: int,
    shard_size: int,
    workers: int,
    cache: Path | None,
    backgrounds: Path | None,
    seed: int,
    lids: float = 0.0,
) -> None:
    """Shards of ``shard_size`` faces in the folder ``out``, made by ``workers`` processes."""
    load_rig(rig, cache)  # writes the cache before the workers read it
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    shards = [(out / f"synth-{k:05d}.npz", k) for k in range(-(-count // shard_size))]
    with ProcessPoolExecutor(
        workers, get_context("spawn"), _start_worker, (rig, cache, backgrounds)
    ) as pool:
        jobs = [
            pool.submit(_write, path, seed, k, min(shard_size, count - k * shard_size), lids)
            for path, k in shards
            if not path.exists()
        ]
        for job in jobs:
            click.echo(job.result())


@main.command()
@_RIG
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--count", default=3_000, show_default=True)
@click.option("--size", default=160, show_default=True)
@_CACHE
@_SEED
def heads(rig: Path, out: Path, count: int, size: int, cache: Path | None, seed: int) -> None:
    """Write COUNT whole heads to OUT: luma and alpha (n, size, size) uint8, points68 (n, 68, 2)."""
    write_heads(rig, out, count, size, cache, seed)


def write_heads(rig: Path, out: Path, count: int, size: int, cache: Path | None, seed: int) -> None:
    """Whole heads, HEADS_A_PERSON of each identity, as one file for the detector."""
    model = load_rig(rig, cache)
    rng = np.random.default_rng(seed)
    luma = np.empty((count, size, size), np.uint8)
    alpha = np.empty_like(luma)
    points = np.empty((count, 68, 2), np.float32)
    for k in range(count):
        if k % HEADS_A_PERSON == 0:
            person = sample_person(model, rng)
        luma[k], alpha[k], points[k] = render_head(model, person, rng, size)
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.savez(file, luma=luma, alpha=alpha, points68=points)
    temporary.replace(out)


@main.command()
@_RIG
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--people", default=120, show_default=True)
@_CACHE
@_BACKGROUNDS
@_SEED
def causal(
    rig: Path, out: Path, people: int, cache: Path | None, backgrounds: Path | None, seed: int
) -> None:
    """Write PEOPLE with one thing changed at a time as a shard into OUT."""
    write_causal(rig, out, people, cache, backgrounds, seed)


def write_causal(
    rig: Path, out: Path, people: int, cache: Path | None, backgrounds: Path | None, seed: int
) -> None:
    """One shard, ``causal.npz``, of what ``prosopon_train.synth.causal`` renders."""
    model = load_rig(rig, cache)
    photographs = load_backgrounds(backgrounds) if backgrounds else []
    examples = [
        example
        for k in range(people)
        for example in render_changes(model, sample_scene(model, seed * 1_000_000 + k), photographs)
    ]
    write_shard(out / "causal.npz", examples)


@main.command()
@_RIG
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--columns", default=10, show_default=True)
@click.option("--rows", default=4, show_default=True)
@_CACHE
@_BACKGROUNDS
@_SEED
def sheet(
    rig: Path,
    out: Path,
    columns: int,
    rows: int,
    cache: Path | None,
    backgrounds: Path | None,
    seed: int,
) -> None:
    """Write a contact sheet of degraded network crops, one person each, to OUT."""
    write_picture(face_sheet(rig, columns, rows, cache, backgrounds, seed), out)


if __name__ == "__main__":
    main()
