"""The metric fit on faces of known geometry."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from prosopon.errors import PackError
from prosopon.fit import FaceModel, Fitter, fit_alone, load_model
from prosopon.fit.people import People, identity_information
from prosopon.fit.solve import Fit, Targets, normal_equations, solve
from prosopon.geometry import (
    Camera,
    euler_from_rotation,
    rotation_from_euler,
    rotation_from_vector,
    rotation_vector,
    sight_rotation,
)
from prosopon.packs import load_pack
from prosopon.types import AnyArray

CAMERA = Camera(900.0, 900.0, 640.0, 360.0)


@cache
def model() -> FaceModel:
    file = load_pack("default").face_model_file
    assert file is not None
    return load_model(file.path)


def faces(count: int, seed: int = 0, spread: float = 1.0) -> tuple[AnyArray, Fit]:
    """Landmarks (n, 68, 2) px of random faces before CAMERA, and the truth."""
    rng = np.random.default_rng(seed)
    weights = spread * rng.standard_normal((count, model().count)) * np.sqrt(model().variances)
    rotation = rotation_from_euler(np.radians(rng.normal(0, [8, 20, 8], (count, 3))))
    place = np.c_[rng.normal(0, [90, 50], (count, 2)), rng.uniform(400, 1000, count)]
    truth = Fit(rotation, place, weights)
    return project(truth), truth


def project(fit: Fit, camera: Camera = CAMERA) -> AnyArray:
    placed = model().points(fit.weights)[:, :68] @ fit.rotation.swapaxes(1, 2)
    placed = placed + fit.translation[:, None]
    return placed[:, :, :2] / placed[:, :, 2:] * camera.fx + [camera.cx, camera.cy]


def targets(points: AnyArray, rotation: AnyArray, sigma: float) -> Targets:
    n, m = len(points), model().count
    return Targets(
        points=points,
        sigma=np.full((n, 68), sigma),
        base=np.broadcast_to(model().mean[:68].T, (n, 3, 68)),
        prior=np.zeros((n, m)),
        spread=np.broadcast_to(np.sqrt(model().variances), (n, m)),
        rotation=rotation,
        rotation_sigma=np.full(n, 0.1),
    )


def angle(a: AnyArray, b: AnyArray) -> AnyArray:
    return np.degrees(np.linalg.norm(rotation_vector(a @ b.swapaxes(1, 2)), axis=1))


def test_the_model_is_of_a_face_in_mm():
    mean = model().mean
    assert np.linalg.norm(mean[36] - mean[45]) == pytest.approx(89, abs=3)
    assert mean[30, 2] < mean[27, 2] < mean[0, 2]  # the nose is nearest to the camera, then the ear
    assert mean[8, 1] > 90
    # Eyeballs lie behind the lids, the subject's right one on image left.
    assert mean[68, 0] == pytest.approx(-mean[69, 0], abs=0.01)
    assert mean[68, 0] == pytest.approx(-31, abs=2)
    assert mean[68, 2] > mean[37:39, 2].max() + 8


def test_modes_of_each_kind_are_orthonormal_and_ordered():
    k = model().identity_modes
    assert (k, model().count) == (18, 34)
    for part in (slice(0, k), slice(k, None)):
        flat = model().modes[part].reshape(-1, 210)
        assert flat @ flat.T == pytest.approx(np.eye(len(flat)), abs=1e-5)
        assert (np.diff(model().variances[part]) <= 0).all()


def test_products_of_modes_are_those_of_the_landmarks():
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 1, 3, 68))
    entries = [a[:, i] * a[:, j] + b[:, i] * b[:, j]
               for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))]  # fmt: skip
    at = model().modes[:, :68].transpose(1, 2, 0)  # (68, 3, m)
    rows = np.concatenate([(at * v[0].T[:, :, None]).sum(1) for v in (a, b)])
    found = np.stack(entries, 1).reshape(1, -1) @ model().products
    assert found.reshape(model().count, -1) == pytest.approx(rows.T @ rows, abs=1e-9)


def test_the_gradient_is_the_slope_of_the_cost():
    points, truth = faces(3)
    aim = targets(points, truth.rotation, 1.0)
    at = Fit(
        rotation_from_vector(np.full((3, 3), 0.05)) @ truth.rotation,
        truth.translation + [5, -4, 30],
        0.5 * truth.weights,
    )
    system = normal_equations(model(), CAMERA, aim, at)
    for k in (0, 1, 2, 3, 5, 6, 23, 39):
        step = np.zeros((3, 6 + model().count))
        step[:, k] = 1e-5
        costs = [
            normal_equations(
                model(),
                CAMERA,
                aim,
                Fit(
                    rotation_from_vector(sign * step[:, :3]) @ at.rotation,
                    at.translation + sign * step[:, 3:6],
                    at.weights + sign * step[:, 6:],
                ),
            ).cost
            for sign in (1, -1)
        ]
        # The cost is the sum of squares, the gradient that of half of it. The turn's prior is
        # linearised, which leaves a hundredth.
        assert (costs[0] - costs[1]) / 4e-5 == pytest.approx(system.gradient[:, k], rel=2e-2, abs=1)


def test_exact_landmarks_give_the_truth():
    points, truth = faces(16)
    start = Fit(truth.rotation, truth.translation * [1, 1, 1.1], np.zeros_like(truth.weights))
    fit, system = solve(model(), CAMERA, targets(points, truth.rotation, 0.05), start, 8)
    assert np.abs(project(fit) - points).max() < 0.5
    assert angle(fit.rotation, truth.rotation).max() < 0.5
    # Size can't be told from distance but by the prior: 2 % is what its spread leaves.
    assert np.abs(fit.translation / truth.translation - 1)[:, 2].mean() < 0.02
    assert np.isfinite(system.matrix).all()


def test_no_step_makes_it_worse():
    points, truth = faces(8, seed=3)
    points = points + np.random.default_rng(0).normal(0, 40, points.shape)  # nonsense
    aim = targets(points, truth.rotation, 0.5)
    start = Fit(truth.rotation, truth.translation, np.zeros_like(truth.weights))
    costs = [solve(model(), CAMERA, aim, start, steps)[1].cost for steps in (0, 1, 2, 4, 8)]
    assert (np.diff(costs, axis=0) <= 1e-9).all()


def test_landmarks_alone_give_rotation_and_place():
    points, truth = faces(12, seed=4, spread=0.0)
    found = fit_alone(model(), points, CAMERA, np.full(68, 1.0))
    assert found["pose_t"] == pytest.approx(truth.translation, abs=1.0)
    measured = sight_rotation(found["landmarks_3d"].mean(1)) @ rotation_from_euler(
        found["pose_euler"].astype(float)
    )
    assert angle(measured, truth.rotation).max() < 0.1
    assert found["landmarks_stable"] == pytest.approx(
        np.broadcast_to(model().mean[:68, :2], (12, 68, 2)), abs=0.2
    )


def test_the_pose_is_told_relative_to_the_line_of_sight():
    aside = np.array([[400.0, -100.0, 900.0]])
    middle = model().mean[:68].mean(0)
    rotation = sight_rotation(aside)  # turned squarely toward the lens
    fit = Fit(rotation, aside - rotation @ middle, np.zeros((1, model().count)))
    found = fit_alone(model(), project(fit), CAMERA, np.full(68, 1.0))
    assert found["pose_euler"] == pytest.approx(np.zeros((1, 3)), abs=2e-3)


def test_stable_landmarks_do_not_move_with_the_head():
    weights = np.random.default_rng(5).standard_normal((1, model().count))
    weights = np.repeat(0.5 * weights * np.sqrt(model().variances), 20, axis=0)
    turns = np.radians(np.c_[np.linspace(-10, 10, 20), np.linspace(25, -25, 20), np.zeros(20)])
    place = np.c_[np.linspace(-80, 80, 20), np.zeros(20), np.full(20, 600.0)]
    fit = Fit(rotation_from_euler(turns), place, weights)
    table = run(Fitter(model()), project(fit), fit)
    inner = table["landmarks_stable"][4:, 17:]
    assert inner.std(0).max() < 0.6
    assert project(fit)[4:, 17:, 0].std(0).min() > 10  # px: in the picture they do


def run(fitter: Fitter, points: AnyArray, truth: Fit, ids: AnyArray | None = None):
    middle = model().points(truth.weights)[:, :68].mean(1)
    sight = sight_rotation((truth.rotation @ middle[:, :, None])[:, :, 0] + truth.translation)
    n = len(points)
    return fitter.fit(
        points,
        np.full((n, 68), 0.5),
        CAMERA,
        sight.swapaxes(1, 2) @ truth.rotation,
        np.full(n, 0.03),
        np.zeros(n, int) if ids is None else ids,
    )


def person(rows: int, seed: int) -> tuple[AnyArray, Fit]:
    """Rows of one identity with changing expression and pose."""
    _, truth = faces(rows, seed)
    k = model().identity_modes
    weights = truth.weights.copy()
    weights[:, :k] = weights[0, :k]
    weights[:, k:] *= 0.3
    truth = replace(truth, weights=weights)
    return project(truth), truth


def test_a_person_gets_one_identity_that_settles():
    points, truth = person(96, seed=6)
    found = run(Fitter(model()), points, truth)
    k = model().identity_modes
    identity = found["shape_modes"][:, :k]
    assert np.ptp(identity[-8:], axis=0).max() == 0
    shape = found["landmarks_stable"][:, [27, 30, 33, 36, 45]]
    true = model().points(truth.weights)[:, [27, 30, 33, 36, 45], :2]
    error = np.linalg.norm(shape - true, axis=2).mean(1)
    assert error[-32:].mean() < error[:2].mean()


def test_rows_together_or_one_by_one_are_the_same():
    points, truth = person(20, seed=7)
    other, other_truth = person(20, seed=8)
    points = np.stack([points, other], 1).reshape(40, 68, 2)
    truth = Fit(*(
        np.stack([getattr(truth, name), getattr(other_truth, name)], 1).reshape(
            40, *getattr(truth, name).shape[1:]
        )
        for name in ("rotation", "translation", "weights")
    ))  # fmt: skip
    ids = np.tile([3, 9], 20)
    whole = run(Fitter(model()), points, truth, ids)
    fitter = Fitter(model())
    parts = [
        run(fitter, points[i : i + 2], truth.take(np.arange(i, i + 2)), ids[i : i + 2])
        for i in range(0, 40, 2)
    ]
    for name, values in whole.items():
        joined = np.concatenate([part[name] for part in parts])
        assert joined == pytest.approx(values, rel=1e-4, abs=1e-3), name


def test_pictures_share_nothing():
    points, truth = person(6, seed=9)
    apart = run(Fitter(model(), share=False), points, truth)
    alone = run(Fitter(model(), share=False), points[3:4], truth.take(np.array([3])))
    assert apart["shape_modes"][3] == pytest.approx(alone["shape_modes"][0], abs=1e-3)


def test_information_on_the_identity_leaves_the_rest_free():
    points, truth = faces(2)
    system = normal_equations(model(), CAMERA, targets(points, truth.rotation, 1.0), truth)
    said = identity_information(system, 3)
    covariance = np.linalg.inv(system.matrix)[:, 6:9, 6:9]
    assert said @ covariance == pytest.approx(np.broadcast_to(np.eye(3), (2, 3, 3)), abs=1e-6)


def test_learning_goes_by_each_persons_own_rows():
    people = People(np.ones(2))
    ids = np.array([1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2])
    learning = people.learning(ids)
    assert learning.tolist() == [True, True, True, True, True] + [False] * 4 + [True, True]


@pytest.mark.parametrize("broken", ["absent", "short", "nonsense"])
def test_a_model_that_is_not_one(tmp_path: Path, broken: str):
    path = tmp_path / "face_model.npz"
    if broken == "short":
        np.savez(path, mean=np.zeros((68, 3)), modes=np.zeros((3, 70, 3)),
                 variances=np.ones(3), identity_modes=np.array(1))  # fmt: skip
    elif broken == "nonsense":
        path.write_bytes(b"nonsense")
    with pytest.raises(PackError, match=r"face_model\.npz: "):
        load_model(path)


def test_euler_of_the_fit_has_the_signs_of_the_table():
    up = rotation_from_euler(np.radians([[10.0, 0, 0]]))
    fit = Fit(up, np.array([[0, 0, 700.0]]), np.zeros((1, model().count)))
    found = fit_alone(model(), project(fit), CAMERA, np.full(68, 1.0))
    assert np.degrees(euler_from_rotation(up))[0, 0] == pytest.approx(10)
    assert np.degrees(found["pose_euler"])[0, 0] > 7
