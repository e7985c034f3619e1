"""Finds a protocol by name and runs it: the only wiring of the evaluation."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import prosopon
from prosopon.errors import InputError
from prosopon_eval import protocols
from prosopon_eval.report import Protocol, Result


def protocol_names() -> tuple[str, ...]:
    """Names of the protocols: the modules of ``prosopon_eval.protocols`` with a PROTOCOL."""
    return tuple(
        sorted(m.name for m in pkgutil.iter_modules(protocols.__path__) if m.name[0] != "_")
    )


def find_protocol(name: str) -> Protocol:
    """The protocol called ``name``.

    Raises InputError, listing the valid names, when there is none.
    """
    if name not in protocol_names():
        raise InputError(f"{name}: no such protocol; choose one of {', '.join(protocol_names())}")
    protocol: Protocol = importlib.import_module(f"prosopon_eval.protocols.{name}").PROTOCOL
    return protocol


def evaluate(dataset: str, path: str | Path, pack: str = "default", threads: int = 1) -> Result:
    """Score ``pack`` by the protocol ``dataset`` on the data at ``path``.

    Raises InputError when the protocol is unknown or the data is missing or of another kind.
    """
    find_protocol(dataset)
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: not found; give the file or folder of {dataset!r}'s data")
    return run_protocol(dataset, path, prosopon.Analyzer(pack=pack, threads=threads), pack)


def run_protocol(dataset: str, path: Path, analyzer: prosopon.Analyzer, pack: str) -> Result:
    """As :func:`evaluate`, with an analyser that is ready; ``pack`` is only the name to report."""
    scores = find_protocol(dataset).run(analyzer, path)
    return Result(
        protocol=dataset,
        data=path.name,
        pack=pack,
        version=prosopon.__version__,
        figures=scores.figures,
        matrices=scores.matrices,
        slices=scores.slices,
    )
