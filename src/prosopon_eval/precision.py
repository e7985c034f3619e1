"""What another precision costs: every task by each network of a pack, on the same faces::

    python -m prosopon_eval.precision default --data FOLDER

Faces of the held-out shards (``faces_test``, ``ferplus_test``, ``synth_test``) are given to the
networks as they were cut out, and marked photographs go through the whole pipeline. Labels of
``faces_test`` are the teachers' (other models'), all others people's or exact. What is not in the
data folders is left out. The interval is of the difference: whole people are drawn, and both
networks are scored on the same draw.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

import prosopon
from prosopon.errors import ProsoponError
from prosopon.packs import Pack, load_pack
from prosopon.types import AnyArray
from prosopon.writers.base import write_bytes
from prosopon_eval.crops import Faces, measure, read_spread
from prosopon_eval.data import find, fold, map_faces, spread
from prosopon_eval.metrics import bootstrap_by_group
from prosopon_eval.protocols import landmarks68
from prosopon_eval.report import Figure, cells, figure_as_dict
from prosopon_eval.tasks import FACES, LABELS, MARKED, PHOTOGRAPHED, RATED, RENDERED, TASKS, Task

REFERENCE = "fp32"
MOST = 1500  # rows of each set of shards
PICTURES = 300  # marked photographs
DRAWS = 500
data_option = click.option(
    "--data",
    "folders",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    multiple=True,
    required=True,
    help="Folder of labelled data; may be given several times.",
)
HEADS = ("figure", "data", "n", REFERENCE)


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure by the reference and by another precision, and the latter less the former."""

    precision: str
    data: str
    before: Figure
    after: Figure
    change: Figure


def compare(pack: Pack, folders: Sequence[Path]) -> list[Difference]:
    """Every task by every precision beside the reference, on what the data folders hold.

    Empty when the pack has one precision only, or lacks the reference.
    """
    others = [name for name in pack.network.files if name != REFERENCE]
    if not others or REFERENCE not in pack.network.files:
        return []
    found: list[Difference] = []
    if (path := find(folders, MARKED)) is not None:
        photographs = landmarks68.read(path)
        # The map to people's marks may have seen the other half.
        unseen = np.flatnonzero([fold(name) % 2 == 0 for name in photographs.names])
        chosen = unseen[spread(len(unseen), PICTURES)]
        people = photographs.photographs[chosen]
        errors = {p: _errors(pack, p, photographs, chosen) for p in (REFERENCE, *others)}
        found += _differences(PHOTOGRAPHED, MARKED, errors, {}, people)
    for data in (RENDERED, FACES, RATED):
        if (path := find(folders, data)) is None:
            continue
        labels = read_spread(path, ("image", "person", *LABELS), MOST)
        told = {p: measure(pack, p, labels["image"]) for p in (REFERENCE, *others)}
        found += _differences(TASKS, data, told, labels, labels["person"])
    return found


def _errors(
    pack: Pack, precision: str, photographs: landmarks68.MarkedPictures, rows: AnyArray
) -> Faces:
    """NME in % of the marked photographs, infinite where the face was missed."""
    analyzer = prosopon.Analyzer(pack.folder, precision=precision)
    tables = map_faces(lambda i: analyzer.image(photographs.image(i)), rows, precision)
    pairs = zip(tables, photographs.points[rows], strict=True)
    return {"error": np.array([landmarks68.picture_error(*pair) for pair in pairs])}


def _differences(
    tasks: Sequence[Task], data: str, told: dict[str, Faces], labels: Faces, people: AnyArray
) -> list[Difference]:
    found = []
    for task in tasks:
        if data not in task.data or task.column not in told[REFERENCE]:
            continue
        rows = {precision: task.rows(faces, labels) for precision, faces in told.items()}
        known = ~np.isnan(np.stack(list(rows.values()))).any(axis=(0, 2))
        if not known.any():
            continue
        for precision in list(rows)[1:]:
            pairs = np.stack([rows[REFERENCE][known], rows[precision][known]], axis=1)
            found.append(_difference(task, data, precision, pairs, people[known]))
    return found


def _difference(
    task: Task, data: str, precision: str, pairs: AnyArray, people: AnyArray
) -> Difference:
    """pairs: (n, 2, k) rows by the reference and by the other precision."""

    def change(drawn: AnyArray) -> float:
        return task.statistic(drawn[:, 1]) - task.statistic(drawn[:, 0])

    def figure(value: float, *interval: float) -> Figure:
        return Figure(task.name, value, task.unit, len(pairs), *interval)

    return Difference(
        precision,
        data,
        figure(task.statistic(pairs[:, 0])),
        figure(task.statistic(pairs[:, 1])),
        figure(change(pairs), *bootstrap_by_group(pairs, people, change, n=DRAWS)),
    )


def heads(precision: str) -> tuple[str, ...]:
    """Column headings of the table of one precision."""
    return (*HEADS, precision, "difference", "95 % interval")


def lines(differences: Sequence[Difference]) -> dict[str, list[tuple[str, ...]]]:
    """Precision → the cells of its table under :func:`heads`."""
    tables: dict[str, list[tuple[str, ...]]] = {}
    for one in differences:
        change, interval, n = cells(one.change)
        row = (one.before.name, one.data.partition(".")[0], n, cells(one.before)[0])
        tables.setdefault(one.precision, []).append((*row, cells(one.after)[0], change, interval))
    return tables


def as_dict(one: Difference) -> dict[str, object]:
    """Plain dictionary of a difference."""
    figures = {"before": one.before, "after": one.after, "change": one.change}
    return {
        "precision": one.precision,
        "data": one.data,
        **{name: figure_as_dict(figure) for name, figure in figures.items()},
    }


@click.command(help=(__doc__ or "").split("::")[0])
@click.argument("pack")
@data_option
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Also write this file.")
def main(pack: str, folders: tuple[Path, ...], json_path: Path | None) -> None:
    """Measure and print."""
    from rich.console import Console
    from rich.table import Table

    try:
        spec = load_pack(pack)
        differences = compare(spec, folders)
        for precision, rows in lines(differences).items():
            table = Table(
                *heads(precision), title=f"pack {spec.name}: {precision} less {REFERENCE}"
            )
            for row in rows:
                table.add_row(*row)
            Console().print(table)
        if not differences:
            click.echo("nothing to compare: one precision only, or none of the data")
        if json_path is not None:
            content = [as_dict(one) for one in differences]
            write_bytes(json_path, json.dumps(content, indent=2).encode())
    except ProsoponError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
