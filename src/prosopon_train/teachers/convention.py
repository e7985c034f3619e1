"""Where a rig's landmarks lie, told in the teacher's convention.

A rig's landmarks are exact, but they are other places of a face than those that the mesh teacher
(mapped to people's marks) means: contours sit lower, brows higher. Asked about rendered faces, the
teacher shows by how much: one displacement in space for each point, in the axes of the head,
which turns with it. What is left after it is no longer a matter of convention, except on the jaw,
where people mark the visible contour and not a place of the face.

    python -m prosopon_train.teachers.convention pictures SHARDS pictures.parquet
    # facelandmarker over pictures.parquet → answers.npz
    python -m prosopon_train.teachers.convention fit SHARDS map.npz RIG convention.npz answers.npz
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np

from prosopon.geometry import euler_from_rotation
from prosopon.types import AnyArray, FloatArray
from prosopon_train.data.augment import MIRROR_POINTS
from prosopon_train.data.schema import N_POINTS, SHARD_SIZE, read_shards
from prosopon_train.synth.rig import mean_face
from prosopon_train.teachers.label import Answers, label
from prosopon_train.teachers.pointmap import PointMap

ENLARGED = 320  # px: the teacher sees shard images at this size
FACES = 3000
WORST_DEVIATION = 0.12  # of the outer eye distance: beyond it the teacher fails


@dataclass(frozen=True, slots=True)
class Convention:
    """displacement (78, 3) mm in the head's axes; face (68, 3) mm, the mean face, for the scale."""

    displacement: FloatArray
    face: FloatArray

    @classmethod
    def load(cls, path: Path) -> Convention:
        """Read what ``fit`` wrote."""
        with np.load(path) as data:
            return cls(data["displacement"], data["face"])

    def apply(self, points: AnyArray, rotation: AnyArray) -> FloatArray:
        """Points (n, 78, 2) px of a rig as the teacher would say them; rotation (n, 3, 3)."""
        scale = pixels_per_mm(points, rotation, self.face)
        moved = np.einsum("nij,kj->nki", rotation[:, :2], self.displacement)
        return np.asarray(points + scale[:, None, None] * moved, np.float32)


def pixels_per_mm(points: AnyArray, rotation: AnyArray, face: AnyArray) -> AnyArray:
    """(n,) the scale of the weak-perspective view of ``face`` that is nearest to the points."""
    seen = np.einsum("nij,kj->nki", rotation[:, :2], face)
    seen = seen - seen.mean(1, keepdims=True)
    found = points[:, :68] - points[:, :68].mean(1, keepdims=True)
    return np.asarray((seen * found).sum((1, 2)) / (seen**2).sum((1, 2)))


def fit_displacement(
    offsets: AnyArray, rotation: AnyArray, visible: AnyArray, rounds: int = 5
) -> FloatArray:
    """(78, 3) that, turned with the head, explain offsets (n, 78, 2) mm best.

    Robust by reweighting, and symmetric. visible (n, 78): points that count.
    """
    axes = rotation[:, :2].reshape(-1, 3)
    out = np.zeros((N_POINTS, 3))
    for point in range(N_POINTS):
        target = offsets[:, point].reshape(-1)
        weight = np.repeat(visible[:, point] > 0.5, 2).astype(float)
        for _ in range(rounds):
            out[point] = np.linalg.lstsq(axes * weight[:, None], target * weight, rcond=None)[0]
            miss = np.linalg.norm((axes @ out[point] - target).reshape(-1, 2), axis=1)
            weight = np.repeat((visible[:, point] > 0.5) / np.sqrt(np.maximum(miss, 0.5)), 2)
    return np.asarray((out + out[MIRROR_POINTS] * (-1, 1, 1)) / 2, np.float32)


def _first_shards(folder: Path) -> dict[str, AnyArray]:
    """Whole shards of at least FACES examples in all."""
    paths, count = [], 0
    for path in sorted(folder.glob("*.npz")):
        paths.append(path)
        with np.load(path) as shard:
            count += len(shard["face"])
        if count >= FACES:
            break
    return read_shards(paths)


@click.group(help=__doc__)
def main() -> None:
    """Group of the commands."""


@main.command()
@click.argument("shards", type=click.Path(path_type=Path, exists=True))
@click.argument("out", type=click.Path(path_type=Path))
def pictures(shards: Path, out: Path) -> None:
    """Write faces of SHARDS as photographs that the teacher can be asked about."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    codes = []
    for image in _first_shards(shards)["image"]:
        large = cv2.resize(np.asarray(image), (ENLARGED, ENLARGED), interpolation=cv2.INTER_CUBIC)
        codes.append(cv2.imencode(".jpg", large, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes())
    names = [str(row) for row in range(len(codes))]
    table = {"image": codes, "source": ["synth"] * len(codes), "name": names, "person": names}
    pq.write_table(pa.table(table), out)


@main.command("fit")
@click.argument("shards", type=click.Path(path_type=Path, exists=True))
@click.argument("point_map", type=click.Path(path_type=Path, exists=True))
@click.argument("rig", type=click.Path(path_type=Path, exists=True))
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("answers", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
def fit_command(
    shards: Path, point_map: Path, rig: Path, out: Path, answers: tuple[Path, ...]
) -> None:
    """Fit on every second face, print how the rest agrees before and after, write OUT."""
    faces, face = _first_shards(shards), mean_face(rig)
    said = label(Answers.load(answers), PointMap.load(point_map))
    theirs = (said.points + 0.5) * (SHARD_SIZE / ENLARGED) - 0.5
    points, rotation = faces["points"], faces["rotation"]
    scale = pixels_per_mm(points, rotation, face)
    eyes = (scale * np.linalg.norm(face[36] - face[45]))[:, None]

    def deviation(found: AnyArray) -> AnyArray:
        return np.asarray(np.linalg.norm(found - theirs, axis=2) / eyes)

    good = said.plausible & (deviation(points).mean(1) < WORST_DEVIATION)
    fitted = good & (np.arange(len(good)) % 2 == 0)
    offsets = (theirs - points) / scale[:, None, None]
    convention = Convention(
        fit_displacement(offsets[fitted], rotation[fitted], faces["visible"][fitted]), face
    )
    held = good & ~fitted
    before, after = deviation(points)[held], deviation(convention.apply(points, rotation))[held]
    for title, which in (("jaw", slice(0, 17)), ("other points", slice(17, 68))):
        click.echo(
            f"{title}: the teacher deviates by {before[:, which].mean():.1%} of the eye distance, "
            f"with the displacement {after[:, which].mean():.1%} ({held.sum()} faces)"
        )
    turn = np.degrees(
        euler_from_rotation(said.rotation[good]) - euler_from_rotation(rotation[good])
    )
    click.echo(f"the teacher's pitch, yaw, roll less the true ones: {turn.mean(0).round(1)}°")
    np.savez(out, displacement=convention.displacement, face=convention.face)


if __name__ == "__main__":
    main()
