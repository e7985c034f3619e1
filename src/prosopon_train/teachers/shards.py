"""Command line that fits the point map and writes the shards of labelled photographs.

After ``prosopon_train.teachers.facelandmarker`` has asked the teacher::

    python -m prosopon_train.teachers.shards fit-map landmarks68_research.parquet map.npz l68.npz
    python -m prosopon_train.teachers.shards faces faces.parquet map.npz shards/faces faces.npz \
        --source muxspace --source fairface --source interfaces --gaze gaze.npz
    python -m prosopon_train.teachers.shards ferplus ferplus.parquet map.npz shards/ferplus fp.npz
    python -m prosopon_train.teachers.shards backgrounds backgrounds.parquet shards/backgrounds

``--test`` writes the held-out people instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import click
import numpy as np

from prosopon.detect import FaceDetector
from prosopon.session import create_session
from prosopon.types import AnyArray
from prosopon_train.data import backgrounds as background_data
from prosopon_train.data import faces as face_data
from prosopon_train.data import ferplus as ferplus_data
from prosopon_train.data import landmarks68
from prosopon_train.data.photographs import Photograph, fold
from prosopon_train.data.schema import write_shard
from prosopon_train.teachers import pointmap
from prosopon_train.teachers.label import (
    Answers,
    Labels,
    example,
    label,
    typical_square,
    unlabelled_example,
)

Example = dict[str, AnyArray | float | str]
EXAMPLES_PER_SHARD = 2000
_PATH = click.Path(path_type=Path)


def write_all(folder: Path, examples: Iterable[Example]) -> int:
    """Write examples as shards of at most EXAMPLES_PER_SHARD; returns their number."""
    rest, total, index = iter(examples), 0, 0
    while shard := list(islice(rest, EXAMPLES_PER_SHARD)):
        write_shard(folder / f"{index:03d}.npz", shard)
        total, index = total + len(shard), index + 1
    return total


def _plausible(
    photographs: Iterable[Photograph], labels: Labels, gaze: AnyArray
) -> Iterator[Example]:
    for photograph in photographs:
        row = photograph.row
        if labels.plausible[row]:
            yield example(photograph, labels, row, gaze[row])


def _load(answers: tuple[Path, ...], point_map: Path) -> tuple[Answers, Labels]:
    raw = Answers.load(answers)
    if not np.array_equal(raw.rows, np.arange(len(raw.rows))):
        raise click.ClickException(
            f"{', '.join(map(str, answers))}: not every row was asked about; give all parts"
        )
    return raw, label(raw, pointmap.PointMap.load(point_map))


@click.group(help=__doc__)
def main() -> None:
    """Group of the commands."""


@main.command("fit-map")
@click.argument("parquet", type=_PATH)
@click.argument("out", type=_PATH)
@click.argument("answers", type=_PATH, nargs=-1, required=True)
def fit_map(parquet: Path, out: Path, answers: tuple[Path, ...]) -> None:
    """Fit the map on one half of the marked photographs and score it on the other."""
    raw = Answers.load(answers)
    names, landmarks = landmarks68.landmarks(parquet)
    half = np.array([landmarks68.in_fitting_half(name) for name in names])
    fitted = pointmap.fit(raw.mesh[half & raw.found], landmarks[half & raw.found])
    fitted.save(out)
    offset = pointmap.mark_offset(raw.mesh[half & raw.found], landmarks[half & raw.found])
    click.echo(f"the marks lie {offset:.4f} crop sides right of and below the mesh")
    held = ~half & raw.found
    mapped, marks = pointmap.landmarks_68(fitted, raw.mesh[held]), landmarks[held]
    moved = mapped + offset * pointmap.crop_sides(marks)[:, None, None].astype(np.float32)
    groups = np.array([fold(name) for name in names])
    every = pointmap.cross_validate(raw.mesh[raw.found], landmarks[raw.found], groups[raw.found])
    scored = {
        "other half": pointmap.nme(mapped, marks),
        "other half, moved as the marks are": pointmap.nme(moved, marks),
        "ten folds": every,
    }
    for title, error in scored.items():
        click.echo(
            f"{title}: {len(error)} images, NME mean {error.mean():.2%} "
            f"median {np.median(error):.2%}, over 10 %: {(error > 0.1).mean():.2%}"
        )


@main.command("faces")
@click.argument("parquet", type=_PATH)
@click.argument("point_map", type=_PATH)
@click.argument("out", type=_PATH)
@click.argument("answers", type=_PATH, nargs=-1, required=True)
@click.option("--source", "sources", multiple=True, required=True)
@click.option("--gaze", type=_PATH, help="What prosopon_train.teachers.gaze wrote.")
@click.option("--test", is_flag=True)
def write_faces(
    parquet: Path,
    point_map: Path,
    out: Path,
    answers: tuple[Path, ...],
    sources: tuple[str, ...],
    gaze: Path | None,
    test: bool,
) -> None:
    """Photographs of the sources on which the teacher is to be believed."""
    _, labels = _load(answers, point_map)
    directions = np.load(gaze)["gaze"] if gaze else np.full((len(labels.points), 3), np.nan)
    photographs = face_data.read(parquet, sources, test=test)
    click.echo(f"{out}: {write_all(out, _plausible(photographs, labels, directions))} examples")


@main.command("ferplus")
@click.argument("parquet", type=_PATH)
@click.argument("point_map", type=_PATH)
@click.argument("out", type=_PATH)
@click.argument("answers", type=_PATH, nargs=-1, required=True)
@click.option("--test", is_flag=True)
def write_ferplus(
    parquet: Path, point_map: Path, out: Path, answers: tuple[Path, ...], test: bool
) -> None:
    """All readable FER+ faces; where the teacher fails, only the raters' labels."""
    raw, labels = _load(answers, point_map)
    center, side = typical_square(labels, raw.size)

    def examples() -> Iterator[Example]:
        for photograph in ferplus_data.read(parquet, test=test):
            if labels.plausible[photograph.row]:
                yield example(photograph, labels, photograph.row)
            else:
                yield unlabelled_example(photograph, center, side)

    click.echo(f"{out}: {write_all(out, examples())} examples")


@main.command("landmarks68")
@click.argument("parquet", type=_PATH)
@click.argument("point_map", type=_PATH)
@click.argument("out", type=_PATH)
@click.argument("answers", type=_PATH, nargs=-1, required=True)
@click.option("--offset", required=True, type=float, help="What fit-map printed.")
@click.option("--without", type=click.IntRange(0, 4), help="Leave out this fifth of the images.")
@click.option("--test", is_flag=True, help="Only that fifth.")
def write_landmarks68(
    parquet: Path,
    point_map: Path,
    out: Path,
    answers: tuple[Path, ...],
    offset: float,
    without: int | None,
    test: bool,
) -> None:
    """Photographs that people marked, for a pack that is for research only."""
    _, labels = _load(answers, point_map)
    _, marks = landmarks68.landmarks(parquet)
    shift = offset * pointmap.crop_sides(marks)[:, None, None].astype(np.float32)
    labels.points[:, :68] = marks - shift
    examples = (
        example(photograph, labels, photograph.row)
        for photograph in landmarks68.read(parquet)
        if without is None or (landmarks68.fifth(photograph.name) == without) == test
    )
    click.echo(f"{out}: {write_all(out, examples)} examples")


@main.command("backgrounds")
@click.argument("parquet", type=_PATH)
@click.argument("out", type=_PATH)
@click.option("--per-image", default=14, show_default=True)
@click.option("--seed", default=0, show_default=True)
def write_backgrounds(parquet: Path, out: Path, per_image: int, seed: int) -> None:
    """Random squares of photographs without faces."""
    negatives = background_data.negatives(parquet, per_image, np.random.default_rng(seed))
    click.echo(f"{out}: {write_all(out, negatives)} examples")


@main.command("false-faces")
@click.argument("parquet", type=_PATH)
@click.argument("out", type=_PATH)
@click.argument("detector", type=_PATH)
@click.option("--threshold", default=0.2, show_default=True)
def write_false_faces(parquet: Path, out: Path, detector: Path, threshold: float) -> None:
    """What the detector wrongly finds in photographs without faces."""
    finder = FaceDetector(create_session(detector), threshold=threshold)
    found = background_data.false_faces(parquet, finder)
    click.echo(f"{out}: {write_all(out, found)} examples")


if __name__ == "__main__":
    main()
