"""Scenes of several people: who is seen, and that the true rows say where."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from prosopon_train.synth.crowd import HEIGHT, WIDTH, Sprite, compose
from prosopon_train.synth.scenes import SCENES, Actor, Post, Scene, Shot, at

pytestmark = pytest.mark.train


def sprite(tone: float) -> Sprite:
    """A bright or dark square face of 100 px about the anchor at (220, 150)."""
    alpha = np.zeros((440, 440), np.float32)
    alpha[100:200, 170:270] = 1
    points = np.random.default_rng(0).uniform([170, 100], [270, 200], (68, 2))
    points[:4] = [(170, 100), (270, 100), (270, 200), (170, 200)]
    return Sprite(alpha * tone, alpha, points.astype(np.float32))


GREY = np.full((2 * WIDTH, 2 * WIDTH), 0.5, np.float32)


def seen(shot: Shot) -> dict[int, float]:
    sprites = {actor.who: sprite(1.0) for actor in shot.actors}
    _, rows = compose(shot, sprites, GREY, 0.0)
    return {who: share for who, _, share in rows}


def test_values_between_key_frames():
    assert at(3, 1.0) == 3.0
    assert at(((0, 0), (2, 10)), 0.5) == 2.5
    assert at(((0, 0), (2, 10)), 9.0) == 10


def test_a_shot_lasts_until_the_next():
    first, second = Shot(()), Shot((), start=2.0)
    scene = Scene(4, (first, second))
    assert scene.shot(1.96) is first
    assert scene.shot(2.0) is second


def test_a_face_is_where_the_truth_says():
    shot = Shot((Actor(0, 40, -20, 100),))
    picture, rows = compose(shot, {0: sprite(1.0)}, GREY, 0.0)
    (_, points, share) = rows[0]
    low, high = points.min(0), points.max(0)
    np.testing.assert_allclose((low + high) / 2, [WIDTH / 2 + 40, HEIGHT / 2 - 20], atol=1.5)
    assert share == pytest.approx(1, abs=0.03)
    assert picture[HEIGHT // 2 - 20, WIDTH // 2 + 40] == 1
    assert picture[5, 5] == pytest.approx(0.5)


def test_the_nearer_face_hides_the_farther():
    assert seen(Shot((Actor(0, 0, 0, 60), Actor(1, 0, 0, 100)))) == {1: pytest.approx(1, abs=0.05)}
    half = seen(Shot((Actor(0, 0, 0, 100), Actor(1, 50, 0, 101))))
    assert half[0] == pytest.approx(0.5, abs=0.05)
    assert half[1] == pytest.approx(1, abs=0.05)


def test_posts_and_the_edge_hide_too():
    assert seen(Shot((Actor(0, 0, 0, 60),), posts=(Post(0, 200, 100),))) == {}
    assert seen(Shot((Actor(0, -WIDTH / 2, 0, 100),)))[0] == pytest.approx(0.5, abs=0.05)


def test_the_camera_moves_everything():
    shot = Shot((Actor(0, 100, 0, 50),), camera_x=100, zoom=2.0)
    _, rows = compose(shot, {0: sprite(1.0)}, GREY, 0.0)
    points = rows[0][1]
    assert np.ptp(points, axis=0) == pytest.approx([100, 100], abs=1)
    middle = (points.min(0) + points.max(0)) / 2
    assert middle == pytest.approx([WIDTH / 2, HEIGHT / 2], abs=1.5)


def test_every_scene_has_several_people_of_the_cast():
    for scene in SCENES.values():
        people = {actor.who for shot in scene.shots for actor in shot.actors}
        assert len(people) > 1
        assert people <= set(range(6))
        assert [shot.start for shot in scene.shots] == sorted(s.start for s in scene.shots)
