"""What each way of learning is worth: the same small network, examples and seed, one change a row.

    python -m prosopon_train.ablation DATA RUNS

From "every task" on a row adds to the one above. The network is half as wide as the shipped one and
sees IMAGES examples: figures compare with one another alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import click
import torch

from prosopon_train.config import Config, load_config
from prosopon_train.loop import train
from prosopon_train.losses import Weights

IMAGES = 32_000
NARROW = {
    **{"widths": (8, 16, 32, 64), "depths": (1, 2, 2), "squeeze": 16},
    **{"spatial": 128, "pooled": 64, "band": 48, "look": 0},
}
COUPLED = ("coannotation", "coannotation_emotion", "matching", "matching_affect")
TASKS = {
    "expression alone": ("emotion",),
    "action units alone": ("au", "au_sides", "au_presence", "au_human"),
    "landmarks, pose and gaze alone": (
        *("points", "points_scale", "guesses", "rotation", "rotation_scale"),
        *("gaze", "gaze_scale", "eye_open"),
    ),
}
FIGURES = (
    ("faces_test", "nme"),
    ("synth_test", "rotation"),
    ("synth_test", "gaze"),
    ("synth_test", "au_r"),
    ("faces_test", "auc_smile"),
    ("ferplus_test", "accuracy"),
    ("ferplus_test", "recall"),
    ("ferplus_test", "auc_AU04_anger"),
    ("ferplus_test", "auc_AU15_sadness"),
)


def variants(base: Config) -> Iterator[tuple[str, Config]]:
    """Title and config of every row."""
    base = replace(base, images=IMAGES, settle=0, batch=64, model=NARROW)
    base = replace(base, learning_rate=2e-3, warmup=6_400, ema=0.99)
    plain = replace(base, weights=replace(base.weights, **dict.fromkeys(COUPLED, 0.0)))
    for title, terms in TASKS.items():
        alone = {f.name: 0.0 for f in fields(Weights) if f.name not in terms}
        yield title, replace(base, weights=replace(plain.weights, **alone))
    yield "every task", plain
    shared = ("coannotation", "coannotation_emotion")
    told = {name: getattr(base.weights, name) for name in shared}
    yield "+ co-annotation", replace(base, weights=replace(plain.weights, **told))
    yield "+ distribution matching", base
    yield "+ learned task weights", replace(base, learned_weights=True)
    smoothed = (replace(s, smoothing=0.3 if s.rarity else 0) for s in base.sources)
    yield "smoothed votes, given weights", replace(base, sources=tuple(smoothed))
    yield "second look, given weights", replace(base, model={**NARROW, "look": 96})


@click.command()
@click.argument("data", type=click.Path(exists=True, path_type=Path))
@click.argument("runs", type=click.Path(path_type=Path))
@click.option("--threads", default=1, show_default=True)
def main(data: Path, runs: Path, threads: int) -> None:
    """Train every variant on the shards below DATA into RUNS and print the table."""
    torch.set_num_threads(threads)
    base = load_config(Path(__file__).parent / "configs" / "default.py")
    click.echo("| trained | " + " | ".join(f"{s.removesuffix('_test')} {n}" for s, n in FIGURES))
    for k, (title, config) in enumerate(variants(base)):
        run = runs / str(k)
        if not (run / "final.pt").exists():
            train(config, data, run, threads=threads, validate_every=10**9)
        *_, last = (run / "log.jsonl").read_text().splitlines()
        found = json.loads(last)["validation"]
        cells = (f"{found.get(split, {}).get(name, float('nan')):.3f}" for split, name in FIGURES)
        click.echo(f"| {title} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
