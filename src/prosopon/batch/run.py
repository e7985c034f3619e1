"""A batch: what is to be done, what is done already, and who does the rest."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from prosopon.batch import facts
from prosopon.batch.engine import Engine
from prosopon.batch.layout import Layout
from prosopon.batch.lock import held
from prosopon.batch.schedule import Schedule
from prosopon.batch.settings import Settings, fingerprint, settle
from prosopon.batch.store import Entry, Manifest
from prosopon.batch.summary import write_summary
from prosopon.batch.units import Unit
from prosopon.batch.work import Work
from prosopon.errors import InputError, OutputError
from prosopon.runner import interrupt
from prosopon.writers.sidecar import describe_input

OpenEngine = Callable[[Work], Engine]


@dataclass(frozen=True, slots=True)
class Result:
    """Entries of this shard at the end; stopped: before all was done; damaged: where a manifest
    that could not be read was put."""

    entries: list[Entry]
    stopped: bool
    damaged: Path | None


def run_batch(
    units: Sequence[Unit],
    layout: Layout,
    settings: Settings,
    open_engine: OpenEngine,
    *,
    threads: int = 1,
    resume: bool = False,
    limit: float = 600.0,
    retries: int = 2,
    changed: Callable[[Manifest], object] = lambda manifest: None,
) -> Result:
    """Measure ``units`` into ``layout``; see :class:`prosopon.batch.schedule.Schedule`.

    resume: go on with what is there. Ctrl-C and SIGTERM end it, and keep what is done.
    OutputError: somebody works on it; results are there and ``resume`` is not set, or they are of
    other settings; results can't be written. PackError, DeviceError.
    """
    told = settings.told()
    if not resume and _begun(layout):
        raise OutputError(
            f"{layout.out}: already holds a batch; add --resume to go on, or choose another folder"
        )
    with held(layout), interrupt() as stop:
        settle(layout.settings, told)
        shutil.rmtree(layout.staging, ignore_errors=True)
        work = Work(layout, settings, fingerprint(told), threads)
        manifest = Manifest(layout.manifest)
        try:
            todo = _plan(units, manifest, work)
            manifest.label(pack=f"{told['pack']} {told['pack_version']}", settings=work.fingerprint)
            if todo:
                with closing(open_engine(work)) as engine:
                    schedule = Schedule(
                        engine, manifest, layout,
                        limit=limit, retries=retries, assist=threads == 1,
                        changed=lambda: changed(manifest),
                    )  # fmt: skip
                    schedule.run(todo, stop)
                _drop_spans(layout, manifest)
            manifest.release()
            entries = manifest.entries()
        finally:
            manifest.close()
            shutil.rmtree(layout.staging, ignore_errors=True)
        write_summary(layout)
        return Result(entries, stop.is_set(), manifest.damaged)


def _drop_spans(layout: Layout, manifest: Manifest) -> None:
    """What helpers left of units that were done meanwhile."""
    for entry in manifest.entries():
        if entry.state == "done" and layout.spans(entry.name).exists():
            shutil.rmtree(layout.spans(entry.name), ignore_errors=True)


def _begun(layout: Layout) -> bool:
    alone = layout.shard.count == 1
    return layout.manifest.exists() or (alone and layout.tables.exists())


def _plan(units: Sequence[Unit], manifest: Manifest, work: Work) -> list[Unit]:
    """Bring the manifest up to date with the corpus and the results; returns what is to be done."""
    known = {entry.name: entry for entry in manifest.entries()}
    names = {unit.name for unit in units}
    manifest.drop(n for n, entry in known.items() if n not in names and entry.state != "done")
    todo: list[Unit] = []
    new: list[Unit] = []
    changes: list[tuple[str, dict[str, object]]] = []
    for unit in units:
        entry = known.get(unit.name)
        if entry is not None and _same(entry.size, entry.mtime, unit):
            changes.append((unit.name, {"extra": dict(unit.extra)}))
            if entry.state == "done" and _complete(work.layout, unit.name):
                continue
            changes.append((unit.name, {"state": "waiting", "error": "", "output": ""}))
            todo.append(unit)
            continue
        new.append(unit)
        if found := _adopt(unit, work):
            changes.append((unit.name, found))
        else:
            todo.append(unit)
    manifest.add(new)
    manifest.change_many(changes)
    return todo


def _same(size: int, mtime: str, unit: Unit) -> bool:
    """Whether the input is as it was. Times are compared for being another, never for order."""
    return size == unit.size and mtime == unit.mtime


def _complete(layout: Layout, name: str) -> bool:
    return layout.table(name).exists() and layout.file(name).exists()


def _adopt(unit: Unit, work: Work) -> dict[str, object] | None:
    """What the manifest should say of results that are there, if they are of this very input."""
    layout = work.layout
    sidecar = facts.read_sidecar(layout.file(unit.name))
    told = (sidecar or {}).get("batch", {})
    if sidecar is None or told.get("fingerprint") != work.fingerprint:
        return None
    digest = facts.input_hash(sidecar)
    try:
        if not _same(told["size"], told["mtime"], unit) and (
            unit.pictures or describe_input(Path(unit.files[0]))["sha256"] != digest
        ):
            return None
        found = facts.describe(layout.table(unit.name), sidecar)
    except InputError:
        return None
    return {
        "state": "done",
        "sha256": digest,
        "seconds": found["seconds"],
        "frames": found["frames"],
        "error": " | ".join(sidecar["problems"]),
        "started": sidecar["started"],
        "output": str(layout.table(unit.name).relative_to(layout.out)),
        "facts": found,
    }
