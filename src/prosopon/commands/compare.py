"""``prosopon compare A B``: how far two tables of one clip agree."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import click
import numpy as np

from prosopon.agreement import Agreement, Pairs, compare
from prosopon.errors import InputError
from prosopon.readers import read
from prosopon.types import FaceTable
from prosopon.writers.base import write_bytes
from prosopon.writers.records import write_records

_FIGURES = ("r", "bias", "lower", "upper", "icc", "lag", "r_at_lag")
_EACH = 24
"""Columns with more values than this are shown by the medians over them."""


def run(first: Path, second: Path, json_path: Path | None, csv_path: Path | None) -> int:
    """Print the figures, and write those of every single value to the files asked for."""
    a, b = read(first), read(second)
    try:
        pairs, found = compare(a, b)
    except InputError as error:
        raise InputError(f"{first}, {second}: {error}") from error
    click.echo(f"A {first}\nB {second}")
    click.echo(describe(pairs))
    click.echo("\n".join(as_text(a, found)))
    if csv_path:
        names = [field.name for field in fields(Agreement)]
        write_records(csv_path, names, [asdict(one) for one in found])
    if json_path:
        write_bytes(
            json_path, (json.dumps(as_json(first, second, pairs, found), indent=2)).encode()
        )
    return 0


def describe(pairs: Pairs) -> str:
    """One line: how many rows were paired, and whom with whom."""
    whom = ", ".join(f"{a} with {b} in {count}" for a, b, count in pairs.faces)
    return f"{len(pairs.a)} rows of both; faces of A with faces of B: {whom}"


def as_text(table: FaceTable, found: Sequence[Agreement]) -> list[str]:
    """A line a value, with the medians of columns of many values; columns line up."""
    by_name = {one.name: one for one in found}
    rows = [["", "unit", "pairs", "r", "bias", "limits of agreement", "ICC", "lag s", "r at lag"]]
    for column in table.schema:
        here = [by_name[name] for name in column.flat if name in by_name]
        if len(here) > _EACH:
            rows.append(_cells(f"{column.name} (medians of {len(here)})", here))
        else:
            rows += [_cells(one.name, [one]) for one in here]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _cells(name: str, here: Sequence[Agreement]) -> list[str]:
    median = {figure: _median([getattr(one, figure) for one in here]) for figure in _FIGURES}
    pairs = round(_median([one.pairs for one in here]))
    limits = f"{_short(median['lower'])} to {_short(median['upper'])}"
    return [
        name,
        here[0].unit,
        str(pairs),
        _short(median["r"]),
        _short(median["bias"]),
        limits if not math.isnan(median["lower"]) else "",
        _short(median["icc"]),
        _short(median["lag"]),
        _short(median["r_at_lag"]),
    ]


def _median(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.median(known)) if known else float("nan")


def _short(value: float) -> str:
    """Digits by size, three after the point at most; empty for NaN."""
    if math.isnan(value):
        return ""
    decimals = 3 if abs(value) < 10 else 1 if abs(value) < 1000 else 0
    return f"{round(value, decimals) + 0.0:.{decimals}f}"  # + 0.0: no −0


def as_json(first: Path, second: Path, pairs: Pairs, found: Sequence[Agreement]) -> dict[str, Any]:
    """Everything that was found; null for what can't be told."""
    return {
        "a": str(first),
        "b": str(second),
        "rows": len(pairs.a),
        "faces": [{"a": a, "b": b, "rows": count} for a, b, count in pairs.faces],
        "values": [
            {
                name: None if isinstance(value, float) and math.isnan(value) else value
                for name, value in asdict(one).items()
            }
            for one in found
        ],
    }
