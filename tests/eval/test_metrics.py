"""Every metric on numbers worked out by hand, or against scipy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from prosopon.geometry import rotation_from_euler
from prosopon_eval import metrics


def points(shift: float) -> np.ndarray:
    """One face whose outer eye corners are 10 px apart, moved right by ``shift`` px."""
    face = np.zeros((1, 68, 2))
    face[0, 45, 0] = 10.0
    face[..., 0] += shift
    return face


def euler(pitch: float, yaw: float, roll: float) -> np.ndarray:
    return rotation_from_euler(np.radians([[pitch, yaw, roll]]))


def test_normalised_mean_error_is_in_eye_distances():
    assert metrics.normalised_mean_error(points(2.0), points(0.0)) == pytest.approx([0.2])


def test_normalised_mean_error_takes_the_scale_from_the_truth():
    assert metrics.normalised_mean_error(points(0.0) * 2, points(0.0)) == pytest.approx([1 / 68])


def test_failure_rate_counts_misses_and_not_the_limit_itself():
    assert metrics.failure_rate(np.array([0.1, 0.2, 0.3, np.inf]), 0.2) == 0.5


@pytest.mark.parametrize(
    ("errors", "area"),
    [
        pytest.param([0.0, 0.0], 1.0, id="perfect"),
        pytest.param([0.04, 0.04], 0.5, id="half"),
        pytest.param([0.0, np.inf], 0.5, id="one missed"),
        pytest.param([0.5], 0.0, id="beyond"),
    ],
)
def test_ced_area(errors: list[float], area: float):
    assert metrics.ced_area(np.array(errors), 0.08) == pytest.approx(area)


def test_angular_error_in_three_dimensions():
    a = np.array([[1.0, 0, 0], [0, 0, -1], [0, 0, -1], [0, 0, -2]])
    b = np.array([[0.0, 1, 0], [0, 0, 1], [0, 0, -1], [0, 1, -1]])
    assert metrics.angular_error(a, b) == pytest.approx([90, 180, 0, 45])


def test_angular_error_keeps_tiny_angles():
    angle = 1e-6
    b = np.array([np.sin(np.radians(angle)), 0, -np.cos(np.radians(angle))])
    assert metrics.angular_error(np.array([0.0, 0, -1]), b) == pytest.approx(angle, rel=1e-6)


@pytest.mark.parametrize("angle", [0.0, 0.01, 10.0, 90.0, 179.0])
def test_rotation_error_is_the_angle_between(angle: float):
    start = euler(10, 20, 30)
    assert metrics.rotation_error(start, start @ euler(angle, 0, 0)) == pytest.approx(
        [angle], abs=1e-5
    )


def test_rotation_error_of_a_half_turn():
    half_turn = np.diag([-1.0, -1.0, 1.0])[None]
    assert metrics.rotation_error(np.eye(3)[None], half_turn) == pytest.approx([180])


def test_euler_error_is_per_axis_and_wraps():
    error = metrics.euler_error(euler(5, 10, 179), euler(2, -10, -179))
    assert error == pytest.approx(np.array([[3, 20, 2]]))


def test_mean_absolute_error():
    assert metrics.mean_absolute_error(np.array([1.0, 2]), np.array([2.0, 4])) == 1.5


def test_pearson_of_a_line_and_of_a_constant():
    x = np.array([1.0, 2, 3])
    assert metrics.pearson(x, 5 - 2 * x) == pytest.approx(-1)
    assert np.isnan(metrics.pearson(x, np.ones(3)))


def test_spearman_only_sees_order():
    x = np.array([1.0, 2, 3, 4])
    assert metrics.spearman(x, np.exp(x)) == pytest.approx(1)


def test_spearman_agrees_with_scipy_on_ties():
    stats = pytest.importorskip("scipy.stats")
    a, b = np.array([1.0, 2, 2, 3, 5]), np.array([2.0, 1, 4, 4, 4])
    assert metrics.spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic)


def test_concordance_punishes_offset_and_scale():
    x = np.array([-1.0, 0, 1])
    assert metrics.concordance(x, x) == pytest.approx(1)
    # covariance 2/3, variances 2/3, offset 1: 2·(2/3) / (4/3 + 1)
    assert metrics.concordance(x, x + 1) == pytest.approx(4 / 7)


def test_icc31_of_shrout_and_fleiss():
    # Judges 3 and 4 of the example in Shrout & Fleiss (1979), table 2; the mean squares were
    # worked out by hand: rows 113/15, error 29/15.
    a, b = np.array([5.0, 3, 8, 6, 5, 9]), np.array([8.0, 2, 6, 5, 6, 9])
    rows = np.sum((a + b - (a + b).mean()) ** 2) / 2 / 5
    error = np.sum((a - b - (a - b).mean()) ** 2) / 2 / 5
    assert metrics.icc31(a, b) == pytest.approx((rows - error) / (rows + error))


def test_icc31_ignores_an_offset_of_one_rater():
    x = np.array([1.0, 2, 4])
    assert metrics.icc31(x, x + 3) == pytest.approx(1)


def test_ranks_share_ties():
    assert metrics.ranks(np.array([10.0, 20, 20, 5])).tolist() == [2, 3.5, 3.5, 1]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        pytest.param([0.1, 0.2, 0.3, 0.4], 1.0, id="separated"),
        pytest.param([0.4, 0.3, 0.2, 0.1], 0.0, id="reversed"),
        pytest.param([1.0, 1.0, 1.0, 1.0], 0.5, id="all tied"),
        pytest.param([0.1, 0.3, 0.2, 0.4], 0.75, id="one swapped"),
    ],
)
def test_roc_auc(scores: list[float], expected: float):
    assert metrics.roc_auc(np.array(scores), np.array([0, 0, 1, 1])) == expected


def test_roc_auc_needs_both_classes():
    assert np.isnan(metrics.roc_auc(np.array([0.1, 0.2]), np.array([1, 1])))


def test_roc_auc_agrees_with_scikit_learn():
    sklearn = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(0)
    scores, labels = generator.integers(0, 9, 200), generator.integers(0, 2, 200)
    assert metrics.roc_auc(scores, labels) == pytest.approx(sklearn.roc_auc_score(labels, scores))


def test_f1_score():
    # two hits, one false alarm, one miss: 4 / 6
    assert metrics.f1_score(np.array([1, 1, 1, 0]), np.array([1, 1, 0, 1])) == pytest.approx(2 / 3)
    assert np.isnan(metrics.f1_score(np.zeros(2), np.zeros(2)))


def test_f1_by_column_leaves_out_what_nobody_coded():
    predicted = np.array([[1, 1], [1, 0], [0, 1]])
    truth = np.array([[1, np.nan], [0, 0], [0, 1]])
    assert metrics.f1_by_column(predicted, truth) == pytest.approx([2 / 3, 1.0])


def test_confusion_accuracy_and_macro_f1():
    truth, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    assert metrics.confusion_matrix(predicted, truth, 3).tolist() == [[1, 1, 0], [0, 2, 0], [0] * 3]
    assert metrics.accuracy(predicted, truth) == 0.75
    # class 0: 2/3, class 1: 4/5; class 2 does not occur
    assert metrics.macro_f1(predicted, truth, 3) == pytest.approx((2 / 3 + 4 / 5) / 2)


def mean(values: np.ndarray) -> float:
    return float(values.mean())


def test_bootstrap_resamples_whole_groups():
    # Both rows of a group move together: the mean of two groups can only be 0, 0.5 or 1.
    values, groups = np.array([0.0, 1, 0, 1]), np.array(["a", "b", "a", "b"])
    seen = []

    def statistic(rows: np.ndarray) -> float:
        seen.append(mean(rows))
        return seen[-1]

    assert metrics.bootstrap_by_group(values, groups, statistic, n=50) == (0.0, 1.0)
    assert set(seen) == {0.0, 0.5, 1.0}


def test_bootstrap_keeps_unequal_groups_whole():
    values, groups = np.array([1, 2, 2, 3, 3, 3]), np.array([1, 2, 2, 3, 3, 3])
    drawn = []

    def statistic(rows: np.ndarray) -> float:
        drawn.append(rows.tolist())
        return 0.0

    metrics.bootstrap_by_group(values, groups, statistic, n=20)
    for rows in drawn:
        assert all(rows.count(group) % group == 0 for group in (1, 2, 3))


def test_bootstrap_is_repeatable_and_covers_the_mean():
    values = np.random.default_rng(1).normal(size=100)
    groups = np.arange(100)
    first = metrics.bootstrap_by_group(values, groups, mean, n=200)
    assert first == metrics.bootstrap_by_group(values, groups, mean, n=200)
    assert first[0] < mean(values) < first[1]
    # 95 % of the mean of 100 normal values is about ±1.96/√100
    assert first[1] - first[0] == pytest.approx(0.39, abs=0.12)


def test_bootstrap_leaves_out_undefined_draws():
    low, high = metrics.bootstrap_by_group(
        np.array([0.0, 1]), np.arange(2), lambda rows: float("nan"), n=5
    )
    assert np.isnan(low)
    assert np.isnan(high)


def test_calibration_error():
    # Sure to 90 % and right in half; sure to 60 % and right in 60 %.
    confidences = np.array([0.9] * 4 + [0.6] * 5)
    correct = np.array([1, 1, 0, 0, 1, 1, 1, 0, 0], dtype=bool)
    assert metrics.calibration_error(confidences, correct) == pytest.approx(0.4 * 4 / 9)
    assert metrics.calibration_error(np.ones(3), np.ones(3, dtype=bool)) == 0
    assert metrics.calibration_error(np.zeros(2), np.zeros(2, dtype=bool)) == 0
