"""Agreement of two tables, column by column.

Rows are paired by frame and face: where both tables count the same frames at the same times, by
their number, else by the nearest time, at most half the usual step of the finer table away. Faces
are paired so that their boxes overlap most in the frames they share, or, where there are none, by
``face_id``. Only rows with ``success`` are compared.

For each value of a column: Pearson's r; bias, the mean of B − A; limits of agreement, bias ± 1.96
standard deviations of B − A (Bland & Altman, Lancet 1986); ICC(3,1), the consistency of single
measurements under fixed raters (Shrout & Fleiss, Psychol. Bull. 1979); and the lag, in seconds by
which B comes after A, at which r is largest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from prosopon.errors import InputError
from prosopon.types import AnyArray, Column, FaceTable

MAX_LAG = 0.5
"""Largest lag that is tried, s."""
FEWEST = 3
"""Pairs without which nothing is computed."""
_KEYS = ("frame", "time", "face_id", "success")
_LAG_SHARE = 0.5  # of the pairs that a shift must leave


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of one value: name, unit, number of pairs, and the figures described above.

    A figure that can't be told, as r of a value that never changes, is NaN.
    """

    name: str
    unit: str
    pairs: int
    r: float
    bias: float
    lower: float
    upper: float
    icc: float
    lag: float
    r_at_lag: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows of two tables that are of the same face and frame.

    a, b: (n,) rows; faces: (face_id of A, face_id of B, number of rows).
    """

    a: AnyArray
    b: AnyArray
    faces: tuple[tuple[int, int, int], ...]


def compare(a: FaceTable, b: FaceTable) -> tuple[Pairs, list[Agreement]]:
    """The pairs of rows of two tables, and the agreement of each value that both have.

    InputError: no row of one has a partner in the other.
    """
    pairs = pair_rows(a, b)
    if not len(pairs.a):
        raise InputError("no face is in both tables at the same time; are they of one clip?")
    times = a["time"][pairs.a]
    starts = np.flatnonzero(np.diff(_ids(a)[pairs.a], prepend=-2))
    return pairs, [
        _agreement(name, unit, x[pairs.a], y[pairs.b], times, starts)
        for name, unit, x, y in _common(a, b)
    ]


def pair_rows(a: FaceTable, b: FaceTable) -> Pairs:
    """Rows of the same face and frame, in order of A's faces, then of time."""
    rows_a, rows_b = (np.flatnonzero(t["success"] > 0) for t in (a, b))
    at_a, at_b = _common_clock(a, b)
    parts = []
    for id_a, id_b in sorted(_pair_faces(a, b, rows_a, rows_b, at_a, at_b)):
        mine, other = rows_a[_ids(a)[rows_a] == id_a], rows_b[_ids(b)[rows_b] == id_b]
        _, first, second = np.intersect1d(at_a[mine], at_b[other], return_indices=True)
        if len(first):
            parts.append((id_a, id_b, mine[first], other[second]))
    empty = np.empty(0, int)
    return Pairs(
        np.concatenate([empty, *(rows for _, _, rows, _ in parts)]),
        np.concatenate([empty, *(rows for _, _, _, rows in parts)]),
        tuple((id_a, id_b, len(rows)) for id_a, id_b, rows, _ in parts),
    )


def _ids(table: FaceTable) -> AnyArray:
    return table["face_id"] if "face_id" in table else np.zeros(len(table), int)


def _common_clock(a: FaceTable, b: FaceTable) -> tuple[AnyArray, AnyArray]:
    """For each row of both tables the number of its moment; −1, −2: nothing of the other's."""
    shared = np.intersect1d(a["frame"], b["frame"])
    first, second = (dict(np.stack([t["frame"], t["time"]], axis=1).tolist()) for t in (a, b))
    steps = [step for t in (a, b) if (step := _step(t)) > 0]
    half = min(steps, default=0.0) / 2 + 1e-6
    apart = [abs(first[f] - second[f]) for f in shared.tolist()]
    if not steps or (apart and max(apart) <= max(half, 1e-3)):
        return a["frame"], np.where(np.isin(b["frame"], a["frame"]), b["frame"], -2)
    moments = np.unique(a["time"])
    nearest = np.clip(np.searchsorted(moments, b["time"]), 1, len(moments) - 1)
    nearest -= b["time"] - moments[nearest - 1] < moments[nearest] - b["time"]
    near = np.abs(moments[nearest] - b["time"]) <= half
    return np.searchsorted(moments, a["time"]), np.where(near, nearest, -2)


def _step(table: FaceTable) -> float:
    """The usual time between frames, s; 0 when there is only one."""
    moments = np.unique(table["time"])
    return float(np.median(np.diff(moments))) if len(moments) > 1 else 0.0


def _pair_faces(
    a: FaceTable,
    b: FaceTable,
    rows_a: AnyArray,
    rows_b: AnyArray,
    at_a: AnyArray,
    at_b: AnyArray,
) -> Iterator[tuple[int, int]]:
    """Identities of the same face, best first, each used once."""
    ids_a, ids_b = np.unique(_ids(a)[rows_a]), np.unique(_ids(b)[rows_b])
    score = np.zeros((len(ids_a), len(ids_b)))
    for i, id_a in enumerate(ids_a):
        mine = rows_a[_ids(a)[rows_a] == id_a]
        for j, id_b in enumerate(ids_b):
            other = rows_b[_ids(b)[rows_b] == id_b]
            _, first, second = np.intersect1d(at_a[mine], at_b[other], return_indices=True)
            if "box" in a and "box" in b:
                overlap = _overlap(a["box"][mine[first]], b["box"][other[second]])
                score[i, j] = float(np.nansum(overlap))
            else:
                score[i, j] = len(first) * (id_a == id_b)
    while score.size and score.max() > 0:
        row, column = divmod(int(score.argmax()), len(ids_b))
        yield int(ids_a[row]), int(ids_b[column])
        score[row], score[:, column] = 0, 0


def _overlap(a: AnyArray, b: AnyArray) -> AnyArray:
    """(n,): intersection over union of each of n boxes (n, 4) with its partner."""
    low, high = np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    areas = [np.prod(box[:, 2:] - box[:, :2], axis=1) for box in (a, b)]
    return np.asarray(shared / np.maximum(areas[0] + areas[1] - shared, 1e-9))


def _common(a: FaceTable, b: FaceTable) -> Iterator[tuple[str, str, AnyArray, AnyArray]]:
    """Flat name, unit and values of everything that both tables tell in the same unit."""
    others = {(column.name, flat): values for column, flat, values in _flat(b)}
    units = {column.name: column.unit for column in b.schema}
    for column, flat, values in _flat(a):
        other = others.get((column.name, flat))
        if other is not None and units[column.name] == column.unit:
            yield flat, column.unit, values, other


def _flat(table: FaceTable) -> Iterator[tuple[Column, str, AnyArray]]:
    for column in table.schema:
        if column.name not in _KEYS:
            values = column.flatten(table[column.name]).astype(float)
            for i, name in enumerate(column.flat):
                yield column, name, values[:, i]


def _agreement(
    name: str, unit: str, x: AnyArray, y: AnyArray, times: AnyArray, starts: AnyArray
) -> Agreement:
    known = np.isfinite(x) & np.isfinite(y)
    pairs = int(known.sum())
    if pairs < FEWEST:
        return Agreement(name, unit, pairs, *[float("nan")] * 7)
    difference = (y - x)[known]
    bias, spread = float(difference.mean()), float(difference.std(ddof=1))
    lag, r_at_lag = _best_lag(x, y, times, starts)
    return Agreement(
        name,
        unit,
        pairs,
        pearson(x[known], y[known]),
        bias,
        bias - 1.96 * spread,
        bias + 1.96 * spread,
        icc31(x[known], y[known]),
        lag,
        r_at_lag,
    )


def pearson(x: AnyArray, y: AnyArray) -> float:
    """Correlation of (n,) and (n,); NaN when one never changes."""
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    # Rounding leaves a little where all values are the same.
    flat = size <= 1e-12 * max(len(x), 1)
    return float("nan") if flat else float(np.clip(x @ y / size, -1, 1))


def icc31(x: AnyArray, y: AnyArray) -> float:
    """ICC(3,1) of n targets rated by two raters; NaN when nothing varies."""
    ratings = np.stack([x, y], axis=1)
    n, k = ratings.shape
    grand = ratings.mean()
    rows = k * float(((ratings.mean(axis=1) - grand) ** 2).sum())
    columns = n * float(((ratings.mean(axis=0) - grand) ** 2).sum())
    error = float(((ratings - grand) ** 2).sum()) - rows - columns
    between, within = rows / (n - 1), max(error, 0.0) / ((n - 1) * (k - 1))
    total = between + (k - 1) * within
    return float("nan") if total <= 1e-18 else (between - within) / total


def _best_lag(x: AnyArray, y: AnyArray, times: AnyArray, starts: AnyArray) -> tuple[float, float]:
    """Seconds by which y comes after x, and r there. Each face is shifted on its own."""
    parts = [slice(s, e) for s, e in zip(starts, [*starts[1:], len(x)], strict=True)]
    steps = np.concatenate([np.diff(times[part]) for part in parts])
    step = float(np.median(steps)) if len(steps) else 0.0
    best_lag = best_r = float("nan")
    if step <= 0:
        return best_lag, best_r
    limit = round(MAX_LAG / step)
    fewest = max(FEWEST, _LAG_SHARE * np.isfinite(x).sum())
    for shift in sorted(range(-limit, limit + 1), key=abs):  # of equals, the smallest
        first = np.concatenate([_without_end(x[part], shift) for part in parts])
        second = np.concatenate([_without_end(y[part][::-1], shift)[::-1] for part in parts])
        known = np.isfinite(first) & np.isfinite(second)
        r = pearson(first[known], second[known]) if known.sum() >= fewest else float("nan")
        if not r <= best_r + 1e-9 and not np.isnan(r):
            best_lag, best_r = shift * step, r
    return best_lag, best_r


def _without_end(values: AnyArray, shift: int) -> AnyArray:
    """Without the last ``shift`` values, or without the first where it is negative."""
    return values[: max(len(values) - shift, 0)] if shift >= 0 else values[-shift:]
