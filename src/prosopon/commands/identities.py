"""``prosopon identities TABLE``: who is in a table, and corrections of it after the fact."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import click

from prosopon import identities
from prosopon.errors import InputError
from prosopon.readers import read
from prosopon.types import FaceTable
from prosopon.writers import write_table
from prosopon.writers.sidecar import describe_columns, write_sidecar

_SPLIT = re.compile(r"(\d+)@(\d+\.?\d*)(?:-(\d+\.?\d*))?")


def run(
    table: Path,
    output: Path | None,
    splits: tuple[str, ...],
    merges: tuple[str, ...],
    renames: tuple[str, ...],
) -> int:
    """List the identities of ``table``, after making the changes that are asked for."""
    if table.name.lower().endswith(".openface2.csv"):
        raise InputError(f"{table}: has OpenFace's columns alone; give the table of ours beside it")
    content = read(table)
    if "face_id" not in content:
        raise InputError(f"{table}: has no column face_id, so there is nobody to tell apart")
    names = _names(_sidecar(table))
    if splits or merges or renames:
        try:
            content, names, done = _change(content, names, splits, merges, renames)
        except InputError as error:
            raise InputError(f"{table}: {error}") from error
        target = output or table
        write_table(content, target)
        _tell(table, target, content, names, done)
        for line in done:
            click.echo(line)
        click.echo(f"-> {target}")
    elif output is not None:
        raise click.UsageError("-o goes with --split, --merge or --rename")
    _show(content, names)
    return 0


def _change(
    table: FaceTable,
    names: dict[int, str],
    splits: tuple[str, ...],
    merges: tuple[str, ...],
    renames: tuple[str, ...],
) -> tuple[FaceTable, dict[int, str], list[str]]:
    """Split, then merge, then rename: the table, the names, and what was done, a line each."""
    done = []
    for text in splits:
        if not (match := _SPLIT.fullmatch(text)):
            raise click.UsageError(f"--split {text}: expected ID@SECONDS or ID@SECONDS-SECONDS")
        face_id, end = int(match[1]), float(match[3]) if match[3] else math.inf
        table, new = identities.split(table, face_id, float(match[2]), end)
        done.append(f"split {text}: the new identity is {new}")
    for text in merges:
        parts = text.split(",")
        if len(parts) < 2 or not all(part.strip().isdigit() for part in parts):
            raise click.UsageError(f"--merge {text}: expected ID,ID…")
        ids = [int(part) for part in parts]
        table = identities.merge(table, ids)
        for gone in ids[1:]:
            name = names.pop(gone, None)
            if name:
                names.setdefault(ids[0], name)
        done.append(f"merge {text}: all are {ids[0]}")
    for text in renames:
        old, _, new_name = text.partition("=")
        if not old.isdigit() or not new_name.strip():
            raise click.UsageError(f"--rename {text}: expected ID=NAME or ID=NUMBER")
        table, names = _rename(table, names, int(old), new_name.strip())
        done.append(f"rename {text}")
    return table, names, done


def _rename(
    table: FaceTable, names: dict[int, str], face_id: int, name: str
) -> tuple[FaceTable, dict[int, str]]:
    """Another number, which goes into the table, or a name, which goes into the sidecar."""
    if name.lstrip("-").isdigit():
        number = int(name)
        table = identities.renumber(table, face_id, number)
        return table, {number if key == face_id else key: n for key, n in names.items()}
    table = identities.renumber(table, face_id, face_id)
    return table, {**names, face_id: name}


# ---- the sidecar


def _sidecar(table: Path) -> dict[str, Any]:
    """What stands beside ``table``; empty when nothing does, or nothing of ours."""
    try:
        content = json.loads(table.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _names(sidecar: dict[str, Any]) -> dict[int, str]:
    return {int(key): name for key, name in sidecar.get("identities", {}).get("names", {}).items()}


def _tell(
    source: Path, target: Path, table: FaceTable, names: dict[int, str], done: list[str]
) -> None:
    """Bring the sidecar of ``target`` up to date, from that of ``source``."""
    sidecar = _sidecar(source)
    before = sidecar.get("identities", {}).get("edits", [])
    sidecar["identities"] = {
        "names": {str(key): name for key, name in sorted(names.items())},
        "edits": [*before, *done],
    }
    sidecar["columns"] = describe_columns(table.schema)
    if "counts" in sidecar:
        sidecar["counts"]["identities"] = len(identities.identities(table))
    write_sidecar(target.with_suffix(".json"), sidecar)


# ---- the list


def _show(table: FaceTable, names: dict[int, str]) -> None:
    from rich.console import Console
    from rich.table import Table

    grid = Table()
    for heading in ("id", "rows", "from s", "to s", "appearances", "least sure", "at s"):
        grid.add_column(heading, justify="right")
    grid.add_column("name")
    for who in identities.identities(table):
        sure, when = ("" if math.isnan(v) else f"{v:.2f}" for v in who.doubt)
        span = f"{who.start:.2f}", f"{who.end:.2f}"
        grid.add_row(
            str(who.face_id),
            str(who.rows),
            *span,
            str(who.appearances),
            sure,
            when,
            names.get(who.face_id, ""),
        )
    Console().print(grid)
