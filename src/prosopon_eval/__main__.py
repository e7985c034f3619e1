"""``python -m prosopon_eval PROTOCOL PATH [--pack NAME] [--json FILE]``."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from prosopon.errors import ProsoponError
from prosopon_eval.report import show, write_json
from prosopon_eval.run import evaluate, find_protocol, protocol_names


def _protocol_list() -> str:
    lines = [f"{name:<13}{find_protocol(name).description}" for name in protocol_names()]
    return "\b\nProtocols:\n" + "\n".join(lines)


@click.command(epilog=_protocol_list())
@click.argument("protocol", metavar="PROTOCOL")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--pack", default="default", show_default=True, help="Model pack to score.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Also write this file.")
@click.option("--threads", default=1, show_default=True, help="Threads of the networks.")
def main(protocol: str, path: Path, pack: str, json_path: Path | None, threads: int) -> None:
    """Score a model pack on labelled data at PATH and print a table."""
    try:
        find_protocol(protocol)
    except ProsoponError as error:
        raise click.UsageError(str(error)) from error
    try:
        result = evaluate(protocol, path, pack, threads)
        show(result, Console())
        if json_path:
            write_json(result, json_path)
    except ProsoponError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main(prog_name="python -m prosopon_eval")
