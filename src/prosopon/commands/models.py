"""``prosopon models list|info|add|verify``."""

from __future__ import annotations

from pathlib import Path

import click

from prosopon.errors import PackError
from prosopon.packs import NetworksPack, Pack, add_pack, list_packs, read_pack, verify_pack


def show_list() -> int:
    """Name, version, licence and summary of every installed pack."""
    packs = [read_pack(folder) for _, folder in sorted(list_packs().items())]
    for pack in packs:
        click.echo(f"{pack.name:<16}{pack.version:<10}{pack.license:<14}{pack.summary}")
    if not packs:
        click.echo("no packs installed; add one with 'prosopon models add FOLDER'")
    return 0


def show_info(name: str) -> int:
    """What a pack is and measures, and its card."""
    pack = read_pack(name)
    lines = {
        "pack": f"{pack.name} {pack.version}",
        "summary": pack.summary,
        "license": pack.license,
        "terms": pack.terms or "none beyond the license",
        "folder": str(pack.folder),
        **_contents(pack),
    }
    for key, value in lines.items():
        click.echo(f"{key:<10}{value}")
    if pack.card.is_file():
        click.echo("\n" + pack.card.read_text(encoding="utf-8").rstrip())
    return 0


def _contents(pack: Pack | NetworksPack) -> dict[str, str]:
    if isinstance(pack, NetworksPack):
        return {"networks": ", ".join(pack.networks)}
    network, detector = pack.network, pack.detector
    return {
        "network": f"{network.size} px crop; {', '.join(network.files)} (default "
        f"{network.precision})",
        "heads": ", ".join(network.outputs),
        "detector": f"long side {detector.long_side} px, threshold {detector.threshold:g}",
    }


def add(folder: Path) -> int:
    """Install the pack in ``folder`` and say under which terms."""
    pack = add_pack(folder)
    click.echo(f"added {pack.name} {pack.version} to {pack.folder}; license: {pack.license}")
    if pack.terms:
        click.echo(f"terms: {pack.terms}")
    return 0


def verify(names: tuple[str, ...]) -> int:
    """Compare the files of the named packs, or of all, with their hashes. 1 when one differs."""
    failed = 0
    for name in names or sorted(list_packs()):
        try:
            pack = read_pack(name)
            verify_pack(pack)
        except PackError as error:
            failed += 1
            click.echo(f"error: {error}", err=True)
        else:
            click.echo(f"{pack.name} {pack.version}: {len(pack.files)} files as they should be")
    return 1 if failed else 0
