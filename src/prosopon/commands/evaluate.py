"""``prosopon evaluate DATASET PATH``: scores of a pack against labelled data."""

from __future__ import annotations

from pathlib import Path

from prosopon.errors import MissingExtraError


def run(
    dataset: str,
    path: Path,
    pack: str,
    threads: int,
    json_path: Path | None,
    tables: tuple[Path, ...] = (),
    pictures: Path | None = None,
) -> int:
    """Print the figures of the protocol ``dataset`` on the data at ``path``.

    tables: of other programs, scored beside the pack; pictures: instead, write there what the
    protocol looks at, for other programs to measure.
    """
    try:
        from prosopon_eval.report import show, show_beside, write_json
        from prosopon_eval.run import evaluate, evaluate_tables, export, find_protocol

        find_protocol(dataset)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "scipy", "eval", "prosopon evaluate") from error
    from rich.console import Console

    if pictures is not None:
        print(f"{pictures}: {export(dataset, path, pictures)} pictures")
        return 0
    others = evaluate_tables(dataset, path, tables)
    result = evaluate(dataset, path, pack, threads)
    if others:
        show_beside([result, *others], Console())
    else:
        show(result, Console())
    if json_path:
        write_json(result, json_path, others)
    return 0
