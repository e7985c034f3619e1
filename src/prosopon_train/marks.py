"""Fit the network's landmarks to people's marks by a small linear map, its last layer.

The network learns its 68 points from a mesh teacher through a map, and what it makes of them
differs from people's marks in ways that are linear in the points: the visible contour at a turn
of the head, the height of the brows. The map is fitted on one half of marked photographs, each
seen twice (the second time mirrored), and scored on the other. It becomes one more layer of the
network and gives one more output, ``marks``. Crops still follow ``points``, whose geometry the
network was trained in.

People's marks also lie farther off than the teacher's points that the network learned its scales
from: the same half gives a factor a point, and ``marks_scale`` tells the expected distance from a
mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from prosopon.crop import cut, from_landmarks
from prosopon.geometry import apply_affine, invert_similarity
from prosopon.heads.landmarks import points_in_image
from prosopon.mirror import MIRROR_POINTS
from prosopon.types import AnyArray, FloatArray, UInt8Array
from prosopon_train.data import landmarks68
from prosopon_train.data.augment import network_points
from prosopon_train.data.schema import N_POINTS, NETWORK_SIZE
from prosopon_train.model.network import FaceNetwork
from prosopon_train.model.outputs import OUTPUT_SLICES

WORST = 0.15  # of the outer eye distance: a photograph that fails by more teaches nothing
MARKS_SIZES = {"marks": 2 * 68, "marks_scale": 68}
RIDGES = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3)


def fit_to_marks(model: FaceNetwork, parquet: Path, offset: float) -> tuple[float, float, float]:
    """Fit on the half of ``parquet`` meant for it, and add the output ``marks`` to ``model``.

    Returns the NME of the other half before and after, and of the fitted half after.
    """
    photographs = [p.luma for p in landmarks68.read(parquet)]
    names, marks = landmarks68.landmarks(parquet)
    fitted = np.array([landmarks68.in_fitting_half(name) for name in names])

    def half(chosen: AnyArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        rows = np.flatnonzero(chosen)
        return observe(model, [photographs[row] for row in rows], marks[rows], offset)

    points, targets, scales = half(fitted)
    others = half(~fitted)[:2]
    change = fit(points, targets, choose_ridge(points, targets))
    nothing = np.zeros((2 * N_POINTS, 136)), np.zeros(136)
    distance = np.linalg.norm(mapped(points, *change) - targets, axis=2)
    factors = distance.mean(0) / scales.mean(0)
    add_marks(model, *change, (factors + factors[MIRROR_POINTS[:68]]) / 2)
    fitted_error = mean_error(points, targets, *change)
    return mean_error(*others, *nothing), mean_error(*others, *change), fitted_error


def observe(
    model: FaceNetwork, photographs: Sequence[UInt8Array], marks: FloatArray, offset: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What the network sees and what people marked, both in the network's unit.

    photographs: luminance; marks (n, 68, 2) px; offset: the marks' constant shift in crop sides,
    which is taken out. Returns points (m, 78, 2), marks (m, 68, 2) and scales (m, 68) of the
    photographs that the network does not fail on, each in the crop that its own points give.
    """
    points, targets, scales = [], [], []
    for luma, truth in zip(photographs, marks, strict=True):
        crops = from_landmarks(truth[None], NETWORK_SIZE)
        for _ in range(2):
            raw, scale = _run(model, cut(luma, crops).tensor)
            found = points_in_image(raw, invert_similarity(crops.matrices), NETWORK_SIZE)
            previous, crops = crops, from_landmarks(found[:, :68], NETWORK_SIZE)
        side = NETWORK_SIZE / np.hypot(previous.matrices[0, 0, 0], previous.matrices[0, 1, 0])
        truth = truth - np.float32(offset * side)
        error = np.linalg.norm(found[0, :68] - truth, axis=1).mean()
        if error < WORST * np.linalg.norm(truth[36] - truth[45]):
            points.append(raw.reshape(N_POINTS, 2))
            targets.append(network_points(apply_affine(previous.matrices, truth[None])[0]))
            scales.append(scale[0, :68])
    return np.stack(points), np.stack(targets), np.stack(scales)


def _run(model: FaceNetwork, tensor: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Points (1, 156) and their scales (1, 78)."""
    with torch.inference_mode():
        outputs = model(torch.from_numpy(tensor)).float().numpy()
    return outputs[:, OUTPUT_SLICES["points"]], np.exp(outputs[:, OUTPUT_SLICES["points_scale"]])


def fit(points: AnyArray, targets: AnyArray, ridge: float) -> tuple[AnyArray, AnyArray]:
    """(156, 136) weights and (136,) bias of what to add to the first 68 points."""
    sign = np.array([-1, 1], dtype=np.float32)
    points = np.concatenate([points, points[:, MIRROR_POINTS] * sign])
    targets = np.concatenate([targets, targets[:, MIRROR_POINTS[:68]] * sign])
    inputs = points.reshape(len(points), -1).astype(np.float64)
    residuals = (targets - points[:, :68]).reshape(len(points), -1)
    mean, middle = inputs.mean(0), residuals.mean(0)
    centred = inputs - mean
    gram = centred.T @ centred + ridge * len(inputs) * np.eye(inputs.shape[1])
    weights = np.linalg.solve(gram, centred.T @ (residuals - middle))
    return weights, middle - mean @ weights


def mean_error(points: AnyArray, targets: AnyArray, weights: AnyArray, bias: AnyArray) -> float:
    """Mean distance over the outer eye distance after the map."""
    moved = mapped(points, weights, bias)
    eyes = np.linalg.norm(targets[:, 36] - targets[:, 45], axis=1)
    return float((np.linalg.norm(moved - targets, axis=2).mean(1) / eyes).mean())


def mapped(points: AnyArray, weights: AnyArray, bias: AnyArray) -> AnyArray:
    """(m, 68, 2) where the map puts the first 68 of points (m, 78, 2)."""
    change = points.reshape(len(points), -1) @ weights + bias
    return np.asarray(points[:, :68] + change.reshape(-1, 68, 2))


def choose_ridge(points: AnyArray, targets: AnyArray, folds: int = 5) -> float:
    """The penalty with the least error in cross-validation."""

    def error(ridge: float) -> float:
        errors = []
        for fold in range(folds):
            held = np.arange(len(points)) % folds == fold
            fitted = fit(points[~held], targets[~held], ridge)
            errors.append(mean_error(points[held], targets[held], *fitted))
        return float(np.mean(errors))

    return min(RIDGES, key=error)


def add_marks(model: FaceNetwork, weights: AnyArray, bias: AnyArray, factors: AnyArray) -> None:
    """Give the network two more outputs, ``MARKS_SIZES``.

    Its first 68 points with the map applied, and their scales times ``factors`` (68,).
    """
    keep = np.eye(2 * N_POINTS)[:, : 2 * 68]
    model.marks = torch.nn.Linear(2 * N_POINTS, 2 * 68)
    model.marks.load_state_dict(
        {
            "weight": torch.from_numpy((keep + weights).T).float(),
            "bias": torch.from_numpy(bias).float(),
        }
    )
    start, old = OUTPUT_SLICES["points_scale"].start, model.heads
    scales = slice(start, start + 68)
    wider = torch.from_numpy(np.log(factors)).to(torch.float32)
    model.heads = torch.nn.Linear(old.in_features, old.out_features + 68)
    model.heads.load_state_dict(
        {
            "weight": torch.cat([old.weight, old.weight[scales]]).detach(),
            "bias": torch.cat([old.bias, old.bias[scales] + wider]).detach(),
        }
    )
