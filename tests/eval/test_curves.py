"""The picture of the robustness curves."""

from __future__ import annotations

import math
from xml.etree import ElementTree

from prosopon_eval.curves import HEIGHT, Row, draw
from prosopon_eval.report import Figure, Slice

ROWS = (Row(("error",), 10.0), Row(("missed", "right"), 100.0))
SVG = "{http://www.w3.org/2000/svg}"


def part(change: str, level: str, name: str, value: float) -> Slice:
    return Slice(change, level, Figure(name, value, "%", 9, value, value))


CURVES = (
    part("nothing", "–", "error", 0.0),
    part("blur, px", "1", "error", 5.0),
    part("blur, px", "2", "error", math.inf),
    part("blur, px", "3", "error", math.inf),
    part("<noise>", "9", "error", 10.0),
    part("<noise>", "9", "missed", 100.0),
    part("<noise>", "9", "right", math.nan),
)


def heights(line: ElementTree.Element) -> list[float]:
    return [float(pair.split(",")[1]) for pair in line.attrib["points"].split()]


def test_lines_start_unchanged_and_leave_through_the_top():
    root = ElementTree.fromstring(draw(CURVES, ROWS, "nothing"))
    blur, noise, missed = [heights(line) for line in root.iter(f"{SVG}polyline")]
    assert [blur[0] - y for y in blur] == [0, HEIGHT / 2, HEIGHT]
    assert [noise[0] - y for y in noise] == [0, HEIGHT]
    assert len(missed) == 1
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert {"blur", "px", "<noise>", "1", "2", "3", "9", "error, %"} <= set(texts)


def test_the_same_twice():
    assert draw(CURVES, ROWS, "nothing") == draw(CURVES, ROWS, "nothing")
