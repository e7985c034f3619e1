import numpy as np
import pytest

from prosopon.track.assignment import assign


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        pytest.param([[1.0]], [0], id="one"),
        pytest.param([[5, 1], [4, -3]], [1, 0], id="not greedy"),
        pytest.param([[0, 9, 2], [0, 8, -1]], [2, 1], id="more columns"),
        pytest.param([[-5, -1], [-1, -5]], [1, 0], id="negative"),
    ],
)
def test_greatest_sum(scores, expected):
    assert assign(np.array(scores, dtype=float)) == expected


def test_nothing_to_assign():
    assert assign(np.empty((0, 3))) == []


def test_agrees_with_scipy():
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(0)
    for _ in range(100):
        rows = int(rng.integers(1, 7))
        scores = rng.normal(size=(rows, rows + int(rng.integers(0, 6))))
        chosen = assign(scores)
        assert len(set(chosen)) == rows
        best = scores[optimize.linear_sum_assignment(scores, maximize=True)].sum()
        np.testing.assert_allclose(scores[range(rows), chosen].sum(), best)


def test_more_rows_than_columns_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 1\)"):
        assign(np.zeros((2, 1)))
