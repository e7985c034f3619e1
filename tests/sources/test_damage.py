"""prosopon.sources.damage: the record of damaged frames, and which ones to doubt."""

from __future__ import annotations

from prosopon.sources.damage import Damage, DamageLog, Suspicion


def test_neighbours_of_a_kind_are_joined():
    log = DamageLog()
    for lost, number in ((True, 3), (False, 4), (True, 5), (False, 6), (False, 7), (True, 9)):
        log.add(lost, number, number / 10)
    assert list(log) == [
        Damage(True, 3, 3, 0.3, 0.3),
        Damage(False, 4, 4, 0.4, 0.4),
        Damage(True, 5, 5, 0.5, 0.5),
        Damage(False, 6, 7, 0.6, 0.7),
        Damage(True, 9, 9, 0.9, 0.9),
    ]
    assert list(log.lines()) == [
        "3 frames that could not be decoded, left out: 3 (0.300 s), 5 (0.500 s), 9 (0.900 s)",
        "3 frames decoded from damaged data, measured all the same: 4 (0.400 s), "
        "6 to 7 (0.600 to 0.700 s)",
    ]
    assert log.note() == "6 damaged, last 9"
    assert log.as_json()[0] == {"lost": True, "first": 3, "last": 3, "start": 0.3, "end": 0.3}


def test_no_damage_no_words():
    log = DamageLog()
    assert (len(log), list(log.lines()), log.note(), log.as_json()) == (0, [], "", [])


def test_many_stretches_are_counted():
    log = DamageLog()
    for number in range(0, 20, 2):
        log.add(True, number, 0.0)
    (line,) = log.lines()
    assert line.startswith("10 frames that")
    assert line.endswith("8 (0.000 s) and 5 more stretches")


def test_doubt_lasts_from_the_damage_to_the_next_keyframe():
    doubt = Suspicion()
    doubt.sent(True, False)
    assert not doubt.shown(True, False)
    doubt.refused()
    assert doubt.shown(False, False)
    doubt.sent(True, False)
    assert doubt.shown(False, False)
    assert not doubt.shown(True, False)
    assert not doubt.shown(False, False)


def test_damage_ahead_of_what_is_shown_waits_for_its_keyframe():
    doubt = Suspicion()
    doubt.sent(True, False)
    doubt.sent(False, True)
    assert not doubt.shown(False, False)  # of the group before
    assert not doubt.shown(True, False)
    assert doubt.shown(False, False)


def test_what_the_decoder_calls_damaged():
    doubt = Suspicion()
    assert doubt.shown(True, True)
    assert doubt.shown(False, False)


def test_after_a_lost_frame():
    doubt = Suspicion()
    doubt.lost()
    assert doubt.shown(False, False)
    assert not doubt.shown(True, False)
