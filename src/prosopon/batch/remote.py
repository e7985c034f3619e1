"""Corpora on other machines, by fsspec: ``s3://``, ``gs://``, ``file://`` … (extra ``cloud``).

A file is copied to where the work is done and dropped after it: decoders jump about in files.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prosopon.errors import InputError, MissingExtraError
from prosopon.inputs import VIDEO_SUFFIXES
from prosopon.sources.image import SUFFIXES as IMAGE_SUFFIXES

if TYPE_CHECKING:
    from prosopon.batch.units import Found


def is_url(text: str) -> bool:
    """Whether ``text`` is for fsspec."""
    return "://" in text


def list_files(url: str) -> Iterator[Found]:
    """The videos and pictures below ``url``. InputError: it can't be listed."""
    from prosopon.batch.units import Found

    system, root = _open(url)
    try:
        found: dict[str, dict[str, Any]] = system.find(root, detail=True)
    except (OSError, ValueError) as error:
        raise InputError(f"{url}: can't be listed: {error}") from error
    for path, info in sorted(found.items()):
        key = path[len(root) :].strip("/") or path.rpartition("/")[2]
        parts = key.split("/")
        suffix = Path(key).suffix.lower()
        if suffix in VIDEO_SUFFIXES | IMAGE_SUFFIXES and not any(p.startswith(".") for p in parts):
            changed = next((info[k] for k in ("ETag", "etag", "mtime") if info.get(k)), "")
            where = str(system.unstrip_protocol(path))
            yield Found(key, where, int(info.get("size") or 0), str(changed))


def fetch(url: str, folder: Path) -> Path:
    """A copy of the file at ``url``, in ``folder``. InputError: it can't be read."""
    system, path = _open(url)
    copy = folder / path.rpartition("/")[2]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        system.get_file(path, str(copy))
    except FileNotFoundError as error:
        raise InputError(f"{url}: no such file; check the name") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{url}: can't be read: {error}") from error
    return copy


def _open(url: str) -> tuple[Any, str]:
    try:
        fsspec: Any = import_module("fsspec.core")
    except ImportError:
        raise MissingExtraError("fsspec", "cloud", url) from None
    try:
        system, path = fsspec.url_to_fs(url)
    except ImportError as error:
        package = url.partition("://")[0]
        raise MissingExtraError(f"fsspec's for {package}", "cloud", f"{url} ({error})") from error
    except ValueError as error:
        raise InputError(f"{url}: {error}") from error
    return system, str(path).rstrip("/")
