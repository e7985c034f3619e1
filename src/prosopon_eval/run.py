"""Finds a protocol by name and runs it: the only wiring of the evaluation."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import prosopon
from prosopon.errors import InputError
from prosopon_eval import protocols
from prosopon_eval.benchmark import benchmark
from prosopon_eval.datasets import dataset_names
from prosopon_eval.peers import Exporter, Peer
from prosopon_eval.report import Protocol, Result


def protocol_names() -> tuple[str, ...]:
    """Names of the protocols: the modules of ``prosopon_eval.protocols`` with a PROTOCOL."""
    return tuple(
        sorted(m.name for m in pkgutil.iter_modules(protocols.__path__) if m.name[0] != "_")
    )


def find_protocol(name: str) -> Protocol:
    """The protocol called ``name``, or that of a benchmark ``DATASET`` or ``DATASET:SPLIT``.

    Raises InputError, listing the valid names, when there is none.
    """
    if name.partition(":")[0] in dataset_names():
        return benchmark(name)
    if name not in protocol_names():
        raise InputError(
            f"{name}: no such protocol; choose one of {', '.join(protocol_names())}, or of the "
            f"benchmarks {', '.join(dataset_names())}"
        )
    protocol: Protocol = importlib.import_module(f"prosopon_eval.protocols.{name}").PROTOCOL
    return protocol


def evaluate(dataset: str, path: str | Path, pack: str = "default", threads: int = 1) -> Result:
    """Score ``pack`` by the protocol ``dataset`` on the data at ``path``.

    Raises InputError when the protocol is unknown or the data is missing or of another kind.
    """
    find_protocol(dataset)
    data = _existing(dataset, path)
    return run_protocol(dataset, data, prosopon.Analyzer(pack=pack, threads=threads), pack)


def evaluate_tables(dataset: str, path: str | Path, tables: Sequence[Path]) -> list[Result]:
    """Score what other programs measured by the same protocol: see ``prosopon_eval.peers``.

    The ``pack`` of each result is the table's name.
    Raises InputError as :func:`evaluate`, and when a table can't be read or lacks what is scored.
    """
    needs = find_protocol(dataset).needs
    peers = [Peer(table, needs) for table in tables]
    return [
        run_protocol(dataset, _existing(dataset, path), peer, table.name)
        for table, peer in zip(tables, peers, strict=True)
    ]


def export(dataset: str, path: str | Path, folder: Path) -> int:
    """Write the pictures that a protocol looks at into ``folder``; how many they are.

    Raises InputError as :func:`evaluate`; OutputError when a picture can't be written.
    """
    find_protocol(dataset)
    exporter = Exporter(folder)
    run_protocol(dataset, _existing(dataset, path), exporter, "")
    return exporter.count


def _existing(dataset: str, path: str | Path) -> Path:
    if not Path(path).exists():
        raise InputError(f"{path}: not found; give the file or folder of {dataset!r}'s data")
    return Path(path)


def run_protocol(
    dataset: str, path: Path, analyzer: prosopon.Analyzer | Exporter | Peer, pack: str
) -> Result:
    """As :func:`evaluate`, with an analyser that is ready; ``pack`` is only the name to report."""
    # To a protocol, whatever answers for a picture is an analyser.
    scores = find_protocol(dataset).run(cast(prosopon.Analyzer, analyzer), path)
    return Result(
        protocol=dataset,
        data=path.name,
        pack=pack,
        version=prosopon.__version__,
        figures=scores.figures,
        matrices=scores.matrices,
        slices=scores.slices,
    )
