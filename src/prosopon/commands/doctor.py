"""``prosopon doctor``: print the findings."""

from __future__ import annotations

import click

from prosopon.doctor import examine

_MARKS = {"ok": "ok", "problem": "PROBLEM", "absent": "-"}


def run() -> int:
    """Print every finding; 1 when there is a problem."""
    problems = 0
    for finding in examine():
        problems += finding.state == "problem"
        click.echo(f"{_MARKS[finding.state]:<9}{finding.name:<16}{finding.detail}")
    if problems:
        click.echo(f"{problems} to be put right: see the lines marked PROBLEM", err=True)
    return 1 if problems else 0
