import numpy as np
import pytest

pytest.importorskip("torch")

from prosopon_train.config import Source
from prosopon_train.data.mixture import Pool, batches
from prosopon_train.data.schema import EMOTIONS, write_shard

pytestmark = pytest.mark.train
HAPPY, SAD = EMOTIONS.index("happiness"), EMOTIONS.index("sadness")


@pytest.fixture
def data(tmp_path):
    """Three happy pictures, one with a vote for sad, one sad one, one without votes."""
    votes = np.zeros((5, len(EMOTIONS)), np.float32)
    votes[:3, HAPPY] = 1, 1, 0.7
    votes[2, SAD], votes[3, SAD] = 0.3, 1
    votes[4] = np.nan
    image = np.zeros((160, 160), np.uint8)
    examples = [{"image": image, "emotion": row, "face": 1.0} for row in votes]
    write_shard(tmp_path / "pictures" / "0.npz", examples)
    return tmp_path


def test_smoothed_votes_are_drawn_to_those_of_the_same_majority(data):
    pool = Pool(data / "pictures")
    pool.smooth_votes(0.5)
    votes = pool.arrays["emotion"]
    np.testing.assert_allclose(votes[0, [HAPPY, SAD]], [0.95, 0.05], atol=1e-6)
    np.testing.assert_allclose(votes[2, [HAPPY, SAD]], [0.8, 0.2], atol=1e-6)
    np.testing.assert_allclose(votes[3, [HAPPY, SAD]], [0, 1])
    assert np.isnan(votes[4]).all()


def test_rare_votes_are_drawn_more_often(data):
    pool = Pool(data / "pictures")
    pool.prefer_rare(1.0)
    rng = np.random.default_rng(0)
    drawn = np.array([pool.draw(rng)["emotion"] for _ in range(400)])
    assert np.nansum(drawn[:, SAD]) > 150  # one of four with votes, drawn evenly, would be 130


def test_a_batch_depends_on_seed_and_step_alone(data):
    sources = (Source("pictures", 1.0, rarity=0.25, smoothing=0.3),)
    run = batches(data, sources, 4, seed=7)
    next(run)
    inputs, labels = next(run)
    again, told = next(batches(data, sources, 4, seed=7, start=1))
    np.testing.assert_array_equal(inputs, again)
    np.testing.assert_array_equal(labels["emotion"], told["emotion"])


def test_a_source_may_keep_a_label_to_itself(data):
    sources = (Source("pictures", 1.0, without=("face",)),)
    _, labels = next(batches(data, sources, 4, seed=7))
    assert labels["face"].isnan().all()
    assert not labels["emotion"].isnan().all()
