"""What a protocol returns, and how it is shown and stored."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from prosopon.errors import OutputError

if TYPE_CHECKING:
    from rich.console import Console

    from prosopon import Analyzer


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number.

    name: what, with its subset after a comma; value; unit ("" for a ratio, "%", "deg", "count");
    n: rows it rests on; low, high: 95 % interval from resampling people, NaN where none is made.
    """

    name: str
    value: float
    unit: str
    n: int
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, slots=True)
class Matrix:
    """Counts by true class (rows) and predicted class (columns), in the order of ``labels``."""

    name: str
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """A figure of the rows in one group by some attribute, as ("glasses", "worn", …)."""

    attribute: str
    group: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Result:
    """The figures of one protocol on one data set for one pack."""

    protocol: str
    data: str
    pack: str
    version: str
    figures: tuple[Figure, ...]
    matrices: tuple[Matrix, ...] = ()
    slices: tuple[Slice, ...] = ()

    def __iter__(self) -> Iterator[Figure]:
        return iter(self.figures)

    def __getitem__(self, name: str) -> Figure:
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(f"no figure {name!r}; there are: {', '.join(f.name for f in self.figures)}")


@dataclass(frozen=True, slots=True)
class Scores:
    """What a protocol's ``run`` hands over: figures, and matrices and slices where it has any."""

    figures: tuple[Figure, ...]
    matrices: tuple[Matrix, ...] = ()
    slices: tuple[Slice, ...] = ()


@dataclass(frozen=True, slots=True)
class Protocol:
    """A way to score a pack: ``run(analyzer, path)`` on data of the described kind.

    description: one line for help texts: what is measured, on which rows, by which rule;
    needs: the columns of a FaceTable that it scores.
    """

    description: str
    run: Callable[[Analyzer, Path], Scores]
    needs: tuple[str, ...] = ()


def show(result: Result, console: Console) -> None:
    """Print the figures, and any confusion matrix, as tables."""
    from rich.table import Table

    table = Table(title=f"{result.protocol} · {result.data} · pack {result.pack}")
    table.add_column("figure")
    for heading in ("value", "95 % interval", "n"):
        table.add_column(heading, justify="right")
    for figure in result.figures:
        table.add_row(figure.name, *cells(figure))
    for part in result.slices:
        name = f"{part.figure.name}, {part.attribute}: {part.group}"
        table.add_row(name, *cells(part.figure), style="dim")
    console.print(table)
    for matrix in result.matrices:
        console.print(f"{matrix.name} (rows true, columns predicted)", style="italic")
        grid = Table()
        grid.add_column("")
        for label in matrix.labels:
            # Short headings keep eight classes within 80 columns; the rows spell them out.
            grid.add_column(label[:5], justify="right", no_wrap=True)
        for label, row in zip(matrix.labels, matrix.counts, strict=True):
            grid.add_row(label, *map(str, row))
        console.print(grid)


def show_beside(results: Sequence[Result], console: Console) -> None:
    """Print the same protocol's figures of several packs or programs, a column each."""
    from rich.table import Table

    first = results[0]
    table = Table(title=f"{first.protocol} · {first.data}")
    table.add_column("figure")
    for result in results:
        table.add_column(result.pack, justify="right")
    table.add_column("n", justify="right")
    by_name = [{figure.name: figure for figure in result.figures} for result in results]
    # A program may lack figures that another has: those of units it does not measure.
    names = dict.fromkeys(name for figures in by_name for name in figures)
    for name in names:
        shown = [figures.get(name) for figures in by_name]
        counts = dict.fromkeys(str(figure.n) for figure in shown if figure)
        table.add_row(name, *map(_value_and_interval, shown), " / ".join(counts))
    console.print(table)


def _value_and_interval(figure: Figure | None) -> str:
    if figure is None:
        return "–"
    value, interval, _ = cells(figure)
    return f"{value} ({interval})" if interval else value


def cells(figure: Figure) -> tuple[str, str, str]:
    """Value with unit, interval ("" where there is none) and number of rows, as text."""
    if math.isnan(figure.value):
        return "not measured", "", f"{figure.n}"
    interval = f"{_text(figure, figure.low)} to {_text(figure, figure.high)}"
    value = f"{_text(figure, figure.value)} {_symbol(figure.unit)}".rstrip()
    return value, "" if math.isnan(figure.low) else interval, f"{figure.n}"


def as_dict(result: Result) -> dict[str, object]:
    """Plain dictionary of a result; NaN and infinity become None, as JSON has neither."""
    return {
        "protocol": result.protocol,
        "data": result.data,
        "pack": result.pack,
        "version": result.version,
        "figures": [figure_as_dict(figure) for figure in result.figures],
        "slices": [
            {"attribute": part.attribute, "group": part.group, **figure_as_dict(part.figure)}
            for part in result.slices
        ],
        "matrices": [
            {"name": m.name, "labels": list(m.labels), "counts": [list(row) for row in m.counts]}
            for m in result.matrices
        ],
    }


def write_json(result: Result, path: Path, others: Sequence[Result] = ()) -> None:
    """Write a result as JSON, whole or not at all, with those of ``others`` under "beside".

    Raises OutputError when the file can't be written.
    """
    content = as_dict(result)
    if others:
        content["beside"] = [as_dict(other) for other in others]
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        raise OutputError(
            f"{path}: can't be written ({reason}); name a file in a folder that you can write to"
        ) from error


def figure_as_dict(figure: Figure) -> dict[str, object]:
    """Plain dictionary of a figure; NaN and infinity become None."""
    return {
        "name": figure.name,
        "value": _number(figure.value),
        "low": _number(figure.low),
        "high": _number(figure.high),
        "unit": figure.unit,
        "n": figure.n,
    }


def _number(value: float) -> float | None:
    """JSON has neither NaN nor infinity."""
    return value if math.isfinite(value) else None


def _text(figure: Figure, value: float) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if figure.unit == "count":
        return f"{value:.0f}"
    return f"{value:.2f}" if figure.unit else f"{value:.3f}"


def _symbol(unit: str) -> str:
    return {"deg": "°", "count": ""}.get(unit, unit)
