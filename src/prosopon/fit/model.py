"""The compact 3D point model of a face: a mean, modes of identity and modes of expression.

File (``.npz``): ``mean`` (70, 3) mm, the 68 landmarks in Multi-PIE order and the centres of the
eyeballs, subject's right first; ``modes`` (m, 70, 3), orthonormal within identity and within
expression, identity first; ``variances`` (m,) mm², what the weight of each mode varies by over
people and expressions; ``identity_modes`` (), how many of the modes are identity. Axes are the
head's (x toward image right, y to the chin, z to the back), the origin is amid the eye corners of
the average face. 0 in every mode is an average face at rest.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from prosopon.errors import PackError
from prosopon.types import AnyArray

LANDMARKS = 68
POINTS = 70


@dataclass(frozen=True)
class FaceModel:
    """mean (70, 3) mm; modes (m, 70, 3); variances (m,) mm²; identity_modes of the m come first."""

    mean: AnyArray
    modes: AnyArray
    variances: AnyArray
    identity_modes: int

    @property
    def count(self) -> int:
        """Number of modes, identity and expression."""
        return len(self.modes)

    @cached_property
    def flat_modes(self) -> AnyArray:
        """(m, 204): the modes at the landmarks, all x, all y, all z."""
        flat = self.modes[:, :LANDMARKS].swapaxes(1, 2).reshape(self.count, -1)
        return np.ascontiguousarray(flat)

    @cached_property
    def products(self) -> AnyArray:
        """(408, m·m): products of modes for the six entries of a symmetric 3×3 at each landmark.

        ``entries @ products`` is Σ Bᵀ M B over the landmarks, for all xx of M, then all yy, zz, xy,
        xz and yz.
        """
        at = self.modes[:, :LANDMARKS].transpose(2, 1, 0)  # (3, 68, m)
        pairs = [at[i, :, :, None] * at[i, :, None, :] for i in range(3)]
        for i, j in ((0, 1), (0, 2), (1, 2)):
            pair = at[i, :, :, None] * at[j, :, None, :]
            pairs.append(pair + pair.swapaxes(1, 2))
        return np.ascontiguousarray(np.stack(pairs).reshape(6 * LANDMARKS, -1))

    def points(self, weights: AnyArray) -> AnyArray:
        """(n, m) weights → (n, 70, 3) mm in the head's axes."""
        flat = self.modes.reshape(self.count, -1)
        return np.asarray(self.mean + (weights @ flat).reshape(len(weights), POINTS, 3))

    def expression(self) -> FaceModel:
        """The same face with the modes of expression alone."""
        k = self.identity_modes
        return FaceModel(self.mean, self.modes[k:], self.variances[k:], 0)


def load_model(path: Path) -> FaceModel:
    """Read the model at ``path``; PackError when it can't be read or is not as described above."""
    try:
        with np.load(path, allow_pickle=False) as file:
            mean, modes = file["mean"].astype(float), file["modes"].astype(float)
            variances = file["variances"].astype(float)
            identity = int(file["identity_modes"])
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise PackError(
            f"{path}: can't be read ({error}); reinstall prosopon or add the pack again"
        ) from error
    count = len(variances)
    sizes = mean.shape, modes.shape, variances.shape
    if sizes != ((POINTS, 3), (count, POINTS, 3), (count,)) or not 0 < identity < count:
        raise PackError(f"{path}: expected mean (70, 3), modes (m, 70, 3) and variances (m,)")
    return FaceModel(mean, modes, variances, identity)
