import numpy as np
import pytest

from faces import face_points
from prosopon.track.memory import PEOPLE, VIEWS, Likeness, Memory

AREA = 640.0 * 360.0


def unit(*values: float) -> np.ndarray:
    vector = np.array(values, dtype=np.float32)
    return vector / np.linalg.norm(vector)


def test_likeness_is_a_line_that_ends():
    likeness = Likeness(slope=10, middle=0.5)
    assert likeness.log_odds(0.5) == 0
    assert likeness.log_odds(0.7) == pytest.approx(2)
    assert likeness.log_odds(-1) == -8


def test_like_views_are_one_and_their_number_is_bounded():
    person = Memory().meet(face_points((100, 100)))
    person.remember(unit(1, 0))
    person.remember(unit(1, 0.1))
    assert len(person.views) == 1
    assert np.linalg.norm(person.views[0]) == pytest.approx(1)
    rng = np.random.default_rng(0)
    for _ in range(50):
        person.remember(unit(*rng.normal(size=2)))
    assert len(person.views) <= VIEWS


def test_place_odds_fall_with_distance_size_and_time():
    person = Memory().meet(face_points((100, 100)))
    here = person.place_odds(face_points((100, 100)), AREA)
    near = person.place_odds(face_points((140, 100)), AREA)
    far = person.place_odds(face_points((500, 100)), AREA)
    larger = person.place_odds(face_points((100, 100), 200), AREA)
    assert here > near > 0 > far
    assert here > larger
    person.missing = 60
    assert 0 <= person.place_odds(face_points((100, 100)), AREA) < here
    assert person.place_odds(face_points((500, 100)), AREA) > far


def test_place_odds_go_along_with_the_face():
    person = Memory().meet(face_points((100, 100)))
    person.seen_at(face_points((100, 100)), np.array([10, 0], np.float32))
    person.missing = 5
    ahead = person.place_odds(face_points((150, 100)), AREA)
    assert ahead > person.place_odds(face_points((100, 100)), AREA)


def test_places_say_nothing_across_a_cut():
    person = Memory().meet(face_points((100, 100)))
    person.cut_off = True
    assert person.place_odds(face_points((100, 100)), AREA) == 0


def test_the_longest_gone_is_forgotten_and_numbers_are_not_given_again():
    memory = Memory()
    for number in range(PEOPLE):
        assert memory.meet(face_points((100, 100))).face_id == number
    memory.people[7].missing = 3
    assert memory.meet(face_points((100, 100))).face_id == PEOPLE
    assert 7 not in memory.people
    memory.forget(memory.people[PEOPLE])
    assert memory.meet(face_points((100, 100))).face_id == PEOPLE + 1
