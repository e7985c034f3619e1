"""``prosopon evaluate DATASET PATH``: scores of a pack against labelled data."""

from __future__ import annotations

from pathlib import Path

from prosopon.errors import MissingExtraError


def run(dataset: str, path: Path, pack: str, threads: int, json_path: Path | None) -> int:
    """Print the figures of the protocol ``dataset`` on the data at ``path``."""
    try:
        from prosopon_eval.report import show, write_json
        from prosopon_eval.run import evaluate, find_protocol

        find_protocol(dataset)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "scipy", "eval", "prosopon evaluate") from error
    from rich.console import Console

    result = evaluate(dataset, path, pack, threads)
    show(result, Console())
    if json_path:
        write_json(result, json_path)
    return 0
