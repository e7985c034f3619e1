"""Where a rig's landmarks lie, told in the teacher's convention.

A rig's landmarks are exact, but they are other places of a face than those that the mesh teacher
(mapped to people's marks) means: brows sit elsewhere, and the jaw is marked on the contour that the
camera sees, which slides over the face as it turns. Asked about rendered faces, the teacher shows
by how much: a ridge regression from the rig's points, in a frame that is freed of place and size,
and from the head's rotation. Pupils stay where the rig has them.

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
from prosopon.mirror import MIRROR_POINTS
from prosopon.types import AnyArray, FloatArray
from prosopon_train.data.schema import SHARD_SIZE, read_shards
from prosopon_train.synth.rig import mean_face
from prosopon_train.teachers.label import Answers, label
from prosopon_train.teachers.pointmap import PointMap

ENLARGED = 320  # px: the teacher sees shard images at this size
FACES = 3000
MOVED = [*range(68), *range(70, 78)]  # all points but the pupils
WORST_DEVIATION = 0.08  # of the outer eye distance: beyond it the teacher fails


@dataclass(frozen=True, slots=True)
class Convention:
    """mean (f,), weights (f, 152) and bias (152,) of the regression; see :func:`features`.

    face (68, 3) mm: the mean face, which tells a crop's scale.
    """

    mean: FloatArray
    weights: FloatArray
    bias: FloatArray
    face: FloatArray

    @classmethod
    def load(cls, path: Path) -> Convention:
        """Read what :meth:`save` wrote."""
        with np.load(path) as data:
            return cls(*(data[field] for field in cls.__slots__))

    def save(self, path: Path) -> None:
        """Write to an ``.npz`` file."""
        np.savez(path, **{field: getattr(self, field) for field in self.__slots__})

    def apply(self, points: AnyArray, rotation: AnyArray) -> FloatArray:
        """Points (n, 78, 2) px of a rig as the teacher would say them; rotation (n, 3, 3)."""
        normal, eyes = normalise(points, rotation, self.face)
        moved = (features(normal, rotation) - self.mean) @ self.weights + self.bias
        out = points.astype(np.float32)
        out[:, MOVED] += moved.reshape(len(points), -1, 2) * eyes[:, None, None]
        return out


def normalise(points: AnyArray, rotation: AnyArray, face: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Points about the middle of the inner face in outer eye distances, and these (n,) in px."""
    eyes = pixels_per_mm(points, rotation, face) * np.linalg.norm(face[36] - face[45])
    middle = points[:, 17:68].mean(1, keepdims=True)
    return (points - middle) / eyes[:, None, None], eyes


def features(points: AnyArray, rotation: AnyArray) -> AnyArray:
    """(n, f) what the regression sees of normalised points (n, 78, 2) and rotations (n, 3, 3)."""
    turn, tilt = rotation[:, 0, 2], rotation[:, 1, 2]
    jaw = points[:, :17].reshape(len(points), -1)
    parts = [points.reshape(len(points), -1)]
    for amount in (turn, tilt, turn**2, np.abs(turn)):
        parts += [jaw * amount[:, None], amount[:, None]]
    return np.concatenate(parts, axis=1)


def mirrored(points: AnyArray, rotation: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Normalised points and rotations of the mirrored faces."""
    flip = np.diag([-1.0, 1.0, 1.0])
    return (points * (-1, 1))[:, MIRROR_POINTS], flip @ rotation @ flip


def pixels_per_mm(points: AnyArray, rotation: AnyArray, face: AnyArray) -> AnyArray:
    """(n,) the scale of the weak-perspective view of ``face`` that is nearest to the points."""
    seen = np.einsum("nij,kj->nki", rotation[:, :2], face)
    seen = seen - seen.mean(1, keepdims=True)
    found = points[:, :68] - points[:, :68].mean(1, keepdims=True)
    return np.asarray((seen * found).sum((1, 2)) / (seen**2).sum((1, 2)))


def fit(
    points: AnyArray, rotation: AnyArray, theirs: AnyArray, face: AnyArray, ridge: float = 1e-4
) -> Convention:
    """The regression from rig points (n, 78, 2) px and rotations to the teacher's points.

    Every face is used twice, the second time mirrored.
    """
    normal, eyes = normalise(points, rotation, face)
    offsets = (theirs - points) / eyes[:, None, None]
    flipped = (offsets * (-1, 1))[:, MIRROR_POINTS]
    inputs = np.concatenate([features(normal, rotation), features(*mirrored(normal, rotation))])
    targets = np.concatenate([offsets, flipped])[:, MOVED].reshape(len(inputs), -1)
    mean, bias = inputs.mean(0), targets.mean(0)
    centred = inputs - mean
    gram = centred.T @ centred + ridge * len(inputs) * np.eye(inputs.shape[1])
    weights = np.linalg.solve(gram, centred.T @ (targets - bias))
    arrays = (mean, weights, bias, face)
    return Convention(*(np.asarray(array, np.float32) for array in arrays))


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
    """Fit on four people of five, print how the others agree before and after, write OUT."""
    faces, face = _first_shards(shards), mean_face(rig)
    said = label(Answers.load(answers), PointMap.load(point_map))
    theirs = (said.points + 0.5) * (SHARD_SIZE / ENLARGED) - 0.5
    points, rotation = faces["points"], faces["rotation"]
    _, eyes = normalise(points, rotation, face)

    def deviation(found: AnyArray) -> AnyArray:
        return np.asarray(np.linalg.norm(found - theirs, axis=2) / eyes[:, None])

    good = said.plausible & (deviation(points)[:, 17:68].mean(1) < WORST_DEVIATION)
    people = np.unique(faces["person"], return_inverse=True)[1]
    fitted = good & (people % 5 > 0)
    convention = fit(points[fitted], rotation[fitted], theirs[fitted], face)
    held = good & ~fitted
    before, after = deviation(points)[held], deviation(convention.apply(points, rotation))[held]
    for title, which in (("jaw", slice(0, 17)), ("other points", slice(17, 68))):
        click.echo(
            f"{title}: the teacher deviates by {before[:, which].mean():.1%} of the eye distance, "
            f"in its convention by {after[:, which].mean():.1%} ({held.sum()} faces held out)"
        )
    turn = np.degrees(
        euler_from_rotation(said.rotation[good]) - euler_from_rotation(rotation[good])
    )
    click.echo(f"the teacher's pitch, yaw, roll less the true ones: {turn.mean(0).round(1)}°")
    convention.save(out)


if __name__ == "__main__":
    main()
