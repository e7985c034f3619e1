"""The robustness curves as one SVG picture: a column a change, the error above, shares below.

Every panel goes from the unchanged picture (left) to the severest level (right). The shaded band is
the 95 % interval. An error beyond the panel's end, or infinite because half of the faces are
missed, leaves through the top.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from prosopon_eval.report import Figure, Slice

WIDTH, HEIGHT = 118, 110  # px of a panel's axes
_GAP, _LEFT, _TOP, _BOTTOM = 26, 44, 34, 46
COLORS = ("#0b6e99", "#c2410c", "#4d7c0f")


@dataclass(frozen=True, slots=True)
class Row:
    """Panels of one scale. names: the figures drawn; most: % at the panel's top."""

    names: tuple[str, ...]
    most: float


def draw(curves: Sequence[Slice], rows: Sequence[Row], unchanged: str) -> str:
    """The picture. ``unchanged``: the attribute whose figures start every line."""
    changes = [a for a in dict.fromkeys(part.attribute for part in curves) if a != unchanged]
    start = {part.figure.name: part.figure for part in curves if part.attribute == unchanged}
    width = _LEFT + len(changes) * (WIDTH + _GAP)
    height = _TOP + len(rows) * (HEIGHT + _GAP) + _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="10" fill="#222">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        *_legend([name for row in rows for name in row.names]),
    ]
    for i, change in enumerate(changes):
        own = [part for part in curves if part.attribute == change]
        levels = list(dict.fromkeys(part.group for part in own))
        x = _LEFT + i * (WIDTH + _GAP)
        color = iter(COLORS)
        for k, row in enumerate(rows):
            y = _TOP + k * (HEIGHT + _GAP)
            parts += _axes(x, y, row, labelled=i == 0)
            for name in row.names:
                figures = {p.group: p.figure for p in own if p.figure.name == name}
                line = [start.get(name), *(figures.get(level) for level in levels)]
                parts += _line(x, y, row.most, line, next(color))
        parts += _levels(x, _TOP + len(rows) * (HEIGHT + _GAP) - _GAP, change, levels)
    return "\n".join([*parts, "</svg>", ""])


def _legend(names: Sequence[str]) -> list[str]:
    return [
        f'<rect x="{_LEFT + 150 * i}" y="10" width="16" height="4" fill="{COLORS[i]}"/>'
        f'<text x="{_LEFT + 150 * i + 22}" y="16">{escape(name)}, %</text>'
        for i, name in enumerate(names)
    ]


def _axes(x: float, y: float, row: Row, labelled: bool) -> list[str]:
    out = [f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#999"/>']
    for share in (0.0, 0.5, 1.0):
        at = y + HEIGHT * (1 - share)
        out.append(f'<path d="M{x} {at}h{WIDTH}" stroke="#ddd"/>')
        if labelled:
            label = f"{share * row.most:g}"
            out.append(f'<text x="{x - 6}" y="{at + 3}" text-anchor="end">{label}</text>')
    return out


def _levels(x: float, y: float, change: str, levels: Sequence[str]) -> list[str]:
    """Ticks of the levels and, in two lines where it is long, the name of the change."""
    labels = ["–", *levels]
    out = [
        f'<text x="{_place(x, i, len(labels)):.1f}" y="{y + 12}" text-anchor="middle" '
        f'font-size="9">{escape(label)}</text>'
        for i, label in enumerate(labels)
    ]
    head, _, tail = change.partition(", ")
    for i, text in enumerate(filter(None, (head, tail))):
        out.append(
            f'<text x="{x + WIDTH / 2}" y="{y + 26 + 12 * i}" text-anchor="middle">'
            f"{escape(text)}</text>"
        )
    return out


def _line(
    x: float, y: float, most: float, figures: Sequence[Figure | None], color: str
) -> list[str]:
    """The band of the intervals and the line through the values; nothing where none is known."""
    known = [(i, f) for i, f in enumerate(figures) if f is not None and not math.isnan(f.value)]
    if not known:
        return []

    def point(i: int, value: float) -> str:
        height = HEIGHT * (1 - min(max(value / most, 0), 1))
        return f"{_place(x, i, len(figures)):.1f},{y + height:.1f}"

    # Beyond the first that leaves through the top there is nothing more to see.
    last = next((k for k, (_, f) in enumerate(known) if f.value > most), len(known) - 1)
    seen = known[: last + 1]
    banded = [(i, f) for i, f in seen if not math.isnan(f.low)]
    band = [point(i, f.low) for i, f in banded] + [point(i, f.high) for i, f in reversed(banded)]
    line = " ".join(point(i, f.value) for i, f in seen)
    return [
        f'<polygon points="{" ".join(band)}" fill="{color}" opacity="0.18"/>',
        f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="1.6"/>',
    ]


def _place(x: float, i: int, count: int) -> float:
    return x + 8 + (WIDTH - 16) * i / max(count - 1, 1)
