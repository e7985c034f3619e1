"""The same face with one thing changed (needs the face rig)."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from prosopon_train.synth import causal
from prosopon_train.synth.rig import load_rig

pytestmark = [pytest.mark.train, pytest.mark.shared]


@pytest.fixture(scope="module")
def examples(rig_files):
    rig = load_rig(*rig_files)
    scene = causal.sample_scene(rig, 9_002_000_000)
    first = causal.render_changes(rig, scene)
    assert all(
        np.array_equal(a["image"], b["image"])
        for a, b in zip(first, causal.render_changes(rig, scene), strict=True)
    )
    return {tuple(e["name"].split("/")[1:]): e for e in first}


def test_every_level_is_there(examples):
    attributes = [attribute for attribute, _ in examples]
    assert {a: attributes.count(a) for a in attributes} == {
        "base": 1, "skin tone": 4, "light": 4, "age": 4, "glasses": 1,
    }  # fmt: skip


def test_labels_stay_and_pictures_change(examples):
    base = examples["base", "base"]
    for key, example in examples.items():
        np.testing.assert_array_equal(example["rotation"], base["rotation"])
        np.testing.assert_array_equal(example["gaze"], base["gaze"])
        if key[1] != "deeply lined, drooping":
            np.testing.assert_array_equal(example["points"], base["points"])
            np.testing.assert_array_equal(example["au"], base["au"])
        assert np.array_equal(example["image"], base["image"]) == (key == ("base", "base"))


def test_background_is_the_same_when_the_skin_changes(examples):
    base, dark = examples["base", "base"]["image"], examples["skin tone", "darkest"]["image"]
    corner = np.s_[:6, :6]  # beside the head
    np.testing.assert_array_equal(base[corner], dark[corner])


def test_skin_tones_are_in_order(examples):
    def cheeks(example):
        (x0, y0), (x1, y1) = example["points"][[31, 35]].round().astype(int)
        return example["image"][min(y0, y1) - 4 : max(y0, y1), x0:x1].mean()

    tones = [cheeks(examples["skin tone", level]) for level in ("darkest", "dark", "light")]
    assert tones == sorted(tones)


def test_light_comes_from_where_it_says(examples):
    def sides(example):
        left, right = example["points"][2], example["points"][14]
        middle = int((left[0] + right[0]) / 2)
        y = int(example["points"][30][1])
        rows = example["image"][y - 10 : y + 10].astype(float)
        return rows[:, int(left[0]) + 4 : middle].mean(), rows[:, middle : int(right[0]) - 4].mean()

    left, right = sides(examples["light", "from the left"])
    assert left > right
    left, right = sides(examples["light", "from the right"])
    assert left < right
