"""Exports the appearance network into a pack, with what its cosines say::

    python -m prosopon_train.embedding_export RUN/final.pt PACK --shards DATA/faces_test \\
        --shards DATA/synth_test

The log-odds are fitted on people whom the network has never seen, as they are used: one picture
against the nearest of up to four others of a person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import torch

from prosopon.packs import load_pack, sha256, verify_pack
from prosopon.types import AnyArray
from prosopon_train.embedding_loop import People, read_people, view
from prosopon_train.export import export_onnx, halve
from prosopon_train.model.embedding import EMBEDDING_INPUT, EMBEDDING_SCALE, EmbeddingNetwork

FILE = "embedding.onnx"
VIEWS = 4


def load(path: Path) -> EmbeddingNetwork:
    """The averaged network of a checkpoint."""
    network = EmbeddingNetwork()
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval()


def embed(network: EmbeddingNetwork, people: People) -> AnyArray:
    """(n, d) embeddings of all pictures."""
    crops = torch.from_numpy(np.stack([view(image) for image in people.images]))
    with torch.inference_mode():
        return np.concatenate([network(part).numpy() for part in crops.split(256)])


def cosines(
    vectors: AnyArray, rows: Sequence[AnyArray], rng: np.random.Generator
) -> tuple[AnyArray, AnyArray]:
    """(n,) cosines of a picture with the nearest view of its own person, and of another one."""
    same, other = [], []
    for number, own in enumerate(rows):
        probe, *views = rng.permutation(own)[: VIEWS + 1]
        stranger = rows[(number + int(rng.integers(1, len(rows)))) % len(rows)]
        same.append((vectors[views] @ vectors[probe]).max())
        other.append((vectors[rng.permutation(stranger)[:VIEWS]] @ vectors[probe]).max())
    return np.array(same), np.array(other)


def fit_odds(same: AnyArray, other: AnyArray) -> tuple[float, float]:
    """slope, middle of the logistic regression of "one person" on the cosine, classes equal."""
    from sklearn.linear_model import LogisticRegression

    values = np.concatenate([same, other])[:, None]
    labels = np.repeat([1, 0], [len(same), len(other)])
    fitted = LogisticRegression(C=1e6, class_weight="balanced").fit(values, labels)
    slope = float(fitted.coef_[0, 0])
    return slope, float(-fitted.intercept_[0] / slope)


def add_to_pack(pack: Path, slope: float, middle: float) -> None:
    """Tell pack.toml of the file beside it, in place of what it told before."""
    manifest = pack / "pack.toml"
    text = re.sub(r"\n\[embedding\]\n(?:[^\[].*\n?|\n)*", "\n", manifest.read_text("utf-8"))
    section = f"""
[embedding]
file = "{FILE}"
sha256 = "{sha256(pack / FILE)}"
size = {EMBEDDING_INPUT}
scale = {EMBEDDING_SCALE}
slope = {slope:.3f}
middle = {middle:.4f}
"""
    manifest.write_text(text.rstrip("\n") + "\n" + section, encoding="utf-8")
    verify_pack(load_pack(pack))


@click.command()
@click.argument("checkpoint", type=click.Path(exists=True, path_type=Path))
@click.argument("pack", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--shards",
    "folders",
    multiple=True,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
def main(checkpoint: Path, pack: Path, folders: tuple[Path, ...]) -> None:
    """Write the network of CHECKPOINT into PACK; the odds are fitted on the people of --shards."""
    network = load(checkpoint)
    deviation = export_onnx(network, pack / FILE, EMBEDDING_INPUT)
    halve(pack / FILE)
    click.echo(f"{FILE}: largest deviation from torch {deviation:.2g}")
    rng = np.random.default_rng(0)
    pairs = []
    for folder in folders:
        people = read_people(folder, 100)
        pairs.append(cosines(embed(network, people), people.rows, rng))
    slope, middle = fit_odds(*(np.concatenate(part) for part in zip(*pairs, strict=True)))
    add_to_pack(pack, slope, middle)
    click.echo(f"log-odds {slope:.2f} · (cosine − {middle:.3f})")


if __name__ == "__main__":
    main()
