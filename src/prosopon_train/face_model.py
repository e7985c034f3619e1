"""The compact 3D point model of a pack, derived from the head rig.

    python -m prosopon_train.face_model RIG OUT.npz

People and expressions are drawn as for the synthetic faces, but only at the 68 landmarks and the
centres of the eyeballs. The mean and the principal components of people at rest are the identity
modes; those of what expressions add to it, about zero, are the expression modes. So 0 in every
mode is an average face at rest. ``prosopon.fit.model`` says what is in the file.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from prosopon.types import AnyArray, FloatArray
from prosopon_train.synth.expression import sample_expression
from prosopon_train.synth.gaze import follow_with_lids, sample_gaze
from prosopon_train.synth.person import sample_brows, sample_resting_face
from prosopon_train.synth.rig import Rig, load_rig
from prosopon_train.synth.texture import brow_edges

IDENTITY_MODES, EXPRESSION_MODES = 18, 16  # 34 together, as many as OpenFace 2 has
SAMPLES = 8000
RIG_TO_MM = np.array([10.0, -10.0, -10.0])
"""The rig is in cm with x to the subject's left, y up, z out of the face."""

_EYE_CORNERS = [36, 39, 42, 45]
_INNER_OUT = np.r_[4:-1:-1, 5:10]  # of 17–26: right brow, then left, inner to outer
_LENS = np.array([0.0, 0.0, 60.0], np.float32)  # cm, rig frame


class _Points:
    """The rig at 70 points: (68 landmarks, 2 eye centres), linear in its blend shapes."""

    def __init__(self, rig: Rig) -> None:
        self.names = rig.names
        self.eyes = rig.eye_centres
        self._mean = np.concatenate([rig.neutral[rig.landmarks], rig.eye_centres])
        self._below = rig.neutral[rig.below_brows]
        self._step = rig.below_brows_step
        identity = rig.identity.reshape(len(rig.identity), -1, 3)
        expression = rig.expression.reshape(len(rig.expression), -1, 3)
        # An eyeball moves with the identity, whole; no expression moves it.
        eyes = np.stack([identity[:, own].mean(1) for own in rig.eye_vertices], 1)
        self._identity = np.concatenate([identity[:, rig.landmarks], eyes], 1)
        still = np.zeros((len(expression), 2, 3), np.float32)
        self._expression = np.concatenate([expression[:, rig.landmarks], still], 1)
        self._below_identity = identity[:, rig.below_brows]
        self._below_expression = expression[:, rig.below_brows]

    @property
    def modes(self) -> int:
        return len(self._identity)

    def at(self, identity: FloatArray, weights: FloatArray, upper: FloatArray) -> AnyArray:
        """(70, 3) cm, rig frame. upper (5,): where the brows are drawn, see ``brow_edges``."""
        moved = np.minimum(weights, 1.8)
        points = (
            self._mean
            + np.tensordot(identity, self._identity, 1)
            + np.tensordot(moved, self._expression, 1)
        )
        below = (
            self._below
            + np.tensordot(identity, self._below_identity, 1)
            + np.tensordot(moved, self._below_expression, 1)
        )
        down = (below - points[17:27]) / self._step[:, None]
        points[17:27][_INNER_OUT] += down[_INNER_OUT] * np.tile(upper, 2)[:, None]
        return np.asarray(points)


def sample_faces(rig: Rig, count: int, rng: np.random.Generator) -> tuple[AnyArray, AnyArray]:
    """``count`` people at rest (n, 70, 3) mm, and what an expression of each adds to it."""
    points = _Points(rig)
    at_rest, moved = [], []
    for _ in range(count):
        identity = (rng.standard_normal(points.modes) * 1.05).clip(-2.5, 2.5).astype(np.float32)
        rest = sample_resting_face(rig.names, rng)
        upper, _ = brow_edges(sample_brows(0.1, rng))
        weights = rest + sample_expression(rng).weights(rig.names)
        follow_with_lids(weights, sample_gaze(points.eyes, _LENS, rng), rig.names)
        at_rest.append(points.at(identity, rest, upper))
        moved.append(points.at(identity, weights, upper) - at_rest[-1])
    origin = points._mean[_EYE_CORNERS].mean(0)
    return (np.array(at_rest) - origin) * RIG_TO_MM, np.array(moved) * RIG_TO_MM


def components(values: AnyArray, count: int) -> tuple[AnyArray, AnyArray, float]:
    """Principal directions (count, 70, 3) of values (n, 70, 3) about zero, variances (count,) mm²,
    and the share of the variance that they leave out."""
    flat = values.reshape(len(values), -1)
    variances, directions = np.linalg.eigh(flat.T @ flat / len(flat))
    order = np.argsort(-variances)[:count]
    left = 1 - variances[order].sum() / variances.sum()
    chosen = directions[:, order].T.reshape(count, *values.shape[1:])
    # Signs of eigenvectors are arbitrary: the largest component is positive.
    flat = chosen.reshape(count, -1)
    signs = np.sign(flat[np.arange(count), np.abs(flat).argmax(1)])
    return chosen * signs[:, None, None], variances[order], float(left)


def derive(rig: Rig, samples: int = SAMPLES) -> dict[str, AnyArray]:
    """The arrays of the model file, from a fixed seed."""
    at_rest, moved = sample_faces(rig, samples, np.random.default_rng(68))
    mean = at_rest.mean(0)
    mean = (mean + _mirrored(mean)) / 2
    identity, identity_variance, left = components(at_rest - mean, IDENTITY_MODES)
    print(f"identity: {left:.1%} of the variance left out")
    expression, expression_variance, left = components(moved, EXPRESSION_MODES)
    print(f"expression: {left:.1%} of the variance left out")
    return {
        "mean": mean.astype(np.float32),
        "modes": np.concatenate([identity, expression]).astype(np.float32),
        "variances": np.concatenate([identity_variance, expression_variance]).astype(np.float32),
        "identity_modes": np.array(IDENTITY_MODES),
    }


def _mirrored(points: AnyArray) -> AnyArray:
    from prosopon_train.teachers.pointmap import MIRROR_68

    return np.asarray(points[np.r_[MIRROR_68, 69, 68]] * [-1, 1, 1])


@click.command()
@click.argument("rig", type=click.Path(exists=True, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--cache", type=click.Path(path_type=Path), help="Derived rig; made once.")
def main(rig: Path, out: Path, cache: Path | None) -> None:
    """Write the point model of RIG to OUT."""
    np.savez(out, **derive(load_rig(rig, cache)))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
