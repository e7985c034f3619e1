"""The command line: names, options and help. What they do is in ``prosopon.commands``.

Each module holds a group of commands and imports click alone; a command imports its work when it
runs, so that ``--help`` is quick.

Exit codes: 0 done; 1 some inputs failed, each named; 2 the command could not start (wrong usage,
no such pack or device, an extra is missing).
"""

from __future__ import annotations

from typing import Any

import click

from prosopon import __version__
from prosopon.cli import analysis, corpus, openface3, packs, tables
from prosopon.errors import InputError, OutputError, ProsoponError


class _Commands(click.Group):
    """A group whose expected errors are one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ProsoponError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(1 if isinstance(error, InputError | OutputError) else 2)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="prosopon", message="%(prog)s %(version)s")
def main() -> None:
    """Measure facial behaviour in images, video and live cameras."""


for _command in (
    analysis.analyze,
    analysis.live,
    analysis.serve,
    analysis.bench,
    tables.measure,
    tables.report,
    tables.export,
    tables.identities,
    tables.compare,
    tables.plot,
    corpus.batch,
    corpus.query,
    packs.models,
    packs.evaluate,
    packs.doctor,
    openface3.openface3,
):
    main.add_command(_command)
