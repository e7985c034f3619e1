"""prosopon.sources.timeline: numbers of frames, and which of them are lost."""

from __future__ import annotations

from collections.abc import Iterable

from prosopon.sources.timeline import Place, Timeline


def _sent(keys: Iterable[int], *, counted: bool = True, first: int = 0) -> Timeline:
    timeline = Timeline(counted, first)
    for key in keys:
        timeline.sent(key)
    return timeline


def _numbers(places: list[Place]) -> list[int]:
    return [place.number for place in places]


def test_packets_in_order_of_decoding_frames_in_order_of_time():
    timeline = _sent([0, 30, 10, 20])
    shown = [timeline.shown(key) for key in (0, 10, 20, 30)]
    assert shown == [([], Place(i, 10 * i)) for i in range(4)]
    assert timeline.finish() == []


def test_numbers_go_on_from_the_packets_skipped():
    assert _sent([70], first=7).shown(70) == ([], Place(7, 70))


def test_refused_packet_keeps_its_number():
    timeline = _sent([0, 10, 20], counted=False)
    timeline.failed(10)
    timeline.shown(0)
    assert timeline.shown(20) == ([Place(1, 10)], Place(2, 20))


def test_silence_is_a_loss_only_where_every_packet_is_a_frame():
    assert _numbers(_sent([0, 10]).shown(10)[0]) == [0]
    assert _sent([0, 10], counted=False).shown(10) == ([], Place(0, 10))


def test_second_field_is_no_loss():
    timeline = _sent([0, 1, 10, 11, 20])
    assert timeline.shown(0, interlaced=True) == ([], Place(0, 0))
    assert timeline.shown(10, interlaced=True) == ([], Place(1, 10))


def test_frame_whose_time_the_decoder_corrected_is_the_packet_before():
    timeline = _sent([0, 10, 20])
    timeline.shown(0)
    assert timeline.shown(11) == ([], Place(1, 10))
    assert timeline.shown(20) == ([], Place(2, 20))


def test_without_times_frames_are_packets_in_order():
    timeline = _sent([0, 1, 2, 3], counted=False)
    timeline.failed(1)
    assert timeline.shown(None) == ([], Place(0, 0))
    assert timeline.shown(None) == ([Place(1, 1)], Place(2, 2))
    assert timeline.shown(None) == ([], Place(3, 3))
    assert timeline.shown(None) == ([], Place(4, None))


def test_frames_that_never_came():
    timeline = _sent([0, 20, 10])
    timeline.shown(0)
    assert timeline.finish() == [Place(1, 10), Place(2, 20)]
