"""``prosopon evaluate DATASET PATH``: scores of a pack against labelled data."""

from __future__ import annotations

from pathlib import Path

import click

from prosopon.errors import InputError, MissingExtraError


def run(
    dataset: str,
    path: Path,
    packs: tuple[str, ...],
    threads: int,
    json_path: Path | None,
    tables: tuple[Path, ...] = (),
    pictures: Path | None = None,
    page: Path | None = None,
) -> int:
    """Print the figures of the protocol ``dataset`` on the data at ``path``.

    packs: the first is the one that others stand beside; tables: of other programs, scored beside
    them; pictures: instead, write there what the protocol looks at, for other programs to measure;
    page: write the comparison there too.
    """
    try:
        from prosopon_eval.page import check_page, write_page
        from prosopon_eval.report import show, show_beside, write_json
        from prosopon_eval.run import evaluate, evaluate_tables, export, find_protocol

        find_protocol(dataset)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "scipy", "eval", "prosopon evaluate") from error
    except InputError as error:
        raise click.UsageError(str(error)) from error
    from rich.console import Console

    if pictures is not None:
        print(f"{pictures}: {export(dataset, path, pictures)} pictures")
        return 0
    if page is not None:
        check_page(page)
    result, *others = [evaluate(dataset, path, pack, threads) for pack in packs]
    others += evaluate_tables(dataset, path, tables)
    if others:
        show_beside([result, *others], Console())
    else:
        show(result, Console())
    if json_path:
        write_json(result, json_path, others)
    if page is not None:
        write_page([result, *others], page)
        print(page)
    return 0
