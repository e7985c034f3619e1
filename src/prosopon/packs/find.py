"""Where packs are installed, and which one a name or a folder means."""

from __future__ import annotations

import os
from pathlib import Path

from prosopon.errors import PackError
from prosopon.packs.document import read_document
from prosopon.packs.spec import NetworksPack, Pack

BUNDLED = Path(__file__).parent


def user_folder() -> Path:
    """Where the user's own packs live."""
    override = os.environ.get("PROSOPON_PACKS")
    return Path(override) if override else Path.home() / ".local/share/prosopon/packs"


def list_packs() -> dict[str, Path]:
    """Name → folder of every installed pack; a user's pack goes before a bundled one."""
    found: dict[str, Path] = {}
    for root in (BUNDLED, user_folder()):
        if root.is_dir():
            found.update((p.parent.name, p.parent) for p in sorted(root.glob("*/pack.toml")))
    return found


def load_pack(name_or_folder: str | Path = "default") -> Pack:
    """The pack of ours of that name, or the one in that folder. Reads pack.toml only.

    Raises PackError when there is none, or when it is of another kind or not understood.
    """
    pack = read_pack(name_or_folder)
    if not isinstance(pack, Pack):
        raise PackError(
            f"{pack.folder}: a pack of another kind; use it through 'prosopon openface3' "
            "or prosopon.compat.openface3"
        )
    return pack


def load_networks_pack(name_or_folder: str | Path) -> NetworksPack:
    """The pack of kind ``openface3`` of that name or in that folder; PackError as load_pack."""
    pack = read_pack(name_or_folder)
    if not isinstance(pack, NetworksPack):
        raise PackError(
            f"{pack.folder}: not a pack of OpenFace 3.0's networks; "
            "add one with 'prosopon models add openface3'"
        )
    return pack


def read_pack(name_or_folder: str | Path) -> Pack | NetworksPack:
    """The pack of any kind of that name, or the one in that folder. Reads pack.toml only.

    Raises PackError when there is none, or when it is not understood.
    """
    installed = list_packs()
    if isinstance(name_or_folder, str) and name_or_folder in installed:
        return read_document(installed[name_or_folder], installed)
    folder = Path(name_or_folder)
    if (folder / "pack.toml").is_file():
        return read_document(folder, installed)
    valid = ", ".join(sorted(installed)) or "none"
    raise PackError(
        f"no pack {str(name_or_folder)!r}; installed: {valid}; "
        "add one with 'prosopon models add FOLDER'"
    )
