"""One-to-one assignment of the greatest total score."""

from __future__ import annotations

import numpy as np

from prosopon.types import AnyArray


def assign(scores: AnyArray) -> list[int]:
    """The column of each row of ``scores`` (n, m), n ≤ m, all different, for the greatest sum.

    Shortest augmenting paths with potentials (Jonker & Volgenant, Computing 1987), O(n²m); scipy
    has it too, but is no dependency.
    """
    rows, columns = scores.shape
    if rows > columns:
        raise ValueError(f"scores: expected no more rows than columns, got {scores.shape}")
    cost = -scores.astype(np.float64)
    of_row, of_column = np.zeros(rows + 1), np.zeros(columns + 1)
    owner = np.full(columns + 1, rows)  # column → row; the last column stands for the row to place
    for row in range(rows):
        owner[columns] = row
        column = columns
        nearest = np.full(columns, np.inf)
        origin = np.full(columns, columns)
        done = np.zeros(columns + 1, bool)
        while owner[column] != rows:
            done[column] = True
            current = owner[column]
            reduced = cost[current] - of_row[current] - of_column[:columns]
            better = ~done[:columns] & (reduced < nearest)
            nearest[better], origin[better] = reduced[better], column
            target = int(np.where(done[:columns], np.inf, nearest).argmin())
            step = nearest[target]
            visited = np.flatnonzero(done)
            of_row[owner[visited]] += step
            of_column[visited] -= step
            nearest[~done[:columns]] -= step
            column = target
        while column != columns:
            previous = origin[column]
            owner[column] = owner[previous]
            column = previous
        owner[columns] = rows
    chosen = np.empty(rows, int)
    for column, row in enumerate(owner[:columns]):
        if row != rows:
            chosen[row] = column
    return [int(column) for column in chosen]
