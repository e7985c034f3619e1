"""The files of packs: compared with their hashes, and copied to the user's packs."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from prosopon.errors import OutputError, PackError
from prosopon.packs.find import read_pack, user_folder
from prosopon.packs.spec import REPAIR, NetworksPack, Pack, PackInfo


def verify_pack(pack: PackInfo) -> None:
    """Compare every file with its SHA-256; PackError names the first that is missing or differs."""
    for file in pack.files:
        try:
            found = sha256(file.path)
        except OSError as error:
            raise PackError(f"{file.path}: {error.strerror or error}; {REPAIR}") from error
        if found != file.sha256:
            raise PackError(
                f"{file.path}: damaged (sha256 {found[:12]}…, expected {file.sha256[:12]}…); "
                f"{REPAIR}"
            )


def add_pack(folder: Path) -> Pack | NetworksPack:
    """Check the pack in ``folder`` and copy it to the user's packs; an older one is replaced."""
    if not (folder / "pack.toml").is_file():
        raise PackError(f"{folder}: no pack there; give the folder that holds its pack.toml")
    pack = read_pack(folder)
    verify_pack(pack)
    root = user_folder()
    target = root / pack.name
    if target.resolve() == pack.folder.resolve():
        return pack
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=".adding-") as scratch:
            fresh, old = Path(scratch, "new"), Path(scratch, "old")
            fresh.mkdir()
            own = (file.path for file in pack.files if file.path.parent == pack.folder)
            kept = [pack.folder / "pack.toml", *own]
            if pack.card.is_file():
                kept.append(pack.card)
            for source in kept:
                shutil.copyfile(source, fresh / source.name)
            if target.exists():
                target.replace(old)
            fresh.replace(target)
    except OSError as error:
        raise OutputError(
            f"{target}: can't add the pack ({error.strerror or error}); "
            "set PROSOPON_PACKS to a folder you may write to"
        ) from error
    return read_pack(target)


def sha256(path: Path) -> str:
    """SHA-256 of a file in hexadecimal, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
