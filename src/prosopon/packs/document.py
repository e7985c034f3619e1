"""pack.toml: read, checked and made into a pack. Its format is described in ``prosopon.packs``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prosopon.errors import PackError
from prosopon.packs.spec import (
    REPAIR,
    DetectorSpec,
    EmbeddingSpec,
    NetworksPack,
    NetworkSpec,
    Pack,
    PackFile,
)

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FORMAT = 1
OWN_KIND = "prosopon"
KINDS = (OWN_KIND, "openface3")
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")

_Info = tuple[Path, str, str, str, str, str, Path]  # the fields of PackInfo


def read_document(folder: Path, installed: Mapping[str, Path]) -> Pack | NetworksPack:
    """The pack in ``folder`` from its pack.toml; PackError names what is wrong there.

    installed: name → folder of the packs whose files it may name as its own.
    """
    path = folder / "pack.toml"
    try:
        with path.open("rb") as file:
            document = tomllib.load(file)
    except OSError as error:
        raise PackError(f"{path}: {error.strerror or error}; {REPAIR}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PackError(f"{path}: not valid TOML ({error}); {REPAIR}") from error
    top = _Section(path, "", document, installed)
    if (found := top.take("format", int)) != FORMAT:
        raise PackError(
            f"{path}: pack format {found}, but this prosopon reads format {FORMAT}; "
            "install the prosopon that the pack was made for"
        )
    name = top.take("name", str)
    if not _NAME.fullmatch(name):
        raise PackError(f"{path}: name {name!r} must match {_NAME.pattern}")
    info: _Info = (
        folder,
        name,
        top.take("version", str),
        top.take("license", str),
        top.take("terms", str),
        top.take("summary", str),
        folder / top.take("card", str),
    )
    kind = top.take("kind", str) if "kind" in document else OWN_KIND
    if kind not in KINDS:
        raise top.error("kind", f"one of {', '.join(KINDS)}", kind)
    if kind == OWN_KIND:
        return _own(info, top)
    networks = {name: item.file() for name, item in top.section("networks").sections()}
    return NetworksPack(*info, kind, networks)


def _own(info: _Info, top: _Section) -> Pack:
    detector = top.section("detector")
    return Pack(
        *info,
        network=_network(top.section("network")),
        detector=DetectorSpec(
            file=detector.file(),
            threshold=detector.take("threshold", float),
            nms=detector.take("nms", float),
            long_side=detector.take("long_side", int),
        ),
        face_shape_file=top.section("face_shape").file(),
        face_model_file=(top.section("face_model").file() if "face_model" in top.values else None),
        embedding=_embedding(top.section("embedding")) if "embedding" in top.values else None,
    )


def _embedding(section: _Section) -> EmbeddingSpec:
    return EmbeddingSpec(
        file=section.file(),
        size=section.take("size", int),
        scale=section.take("scale", float),
        slope=section.take("slope", float),
        middle=section.take("middle", float),
    )


def _network(section: _Section) -> NetworkSpec:
    files = {name: item.file() for name, item in section.section("files").sections()}
    outputs: dict[str, tuple[int, int]] = {}
    for name, span in section.take("outputs", dict).items():
        match span:
            case [int(start), int(size)] if start >= 0 and size > 0:
                outputs[name] = (start, size)
            case _:
                raise section.error(f"outputs.{name}", "[first column, number of columns]", span)
    precision = section.take("precision", str)
    if precision not in files:
        raise section.error("precision", f"one of {', '.join(files)}", precision)
    match section.values.get("landmark_offset", [0.0, 0.0]):
        case [float(x), float(y)]:
            offset = (x, y)
        case other:
            raise section.error("landmark_offset", "[x, y]", other)
    return NetworkSpec(section.take("size", int), precision, files, outputs, offset)


@dataclass(frozen=True, slots=True)
class _Section:
    """A table of pack.toml that names itself in errors."""

    path: Path
    name: str
    values: Mapping[str, Any]
    installed: Mapping[str, Path]

    def take(self, key: str, kind: type) -> Any:
        """The value of ``key``, which must be of ``kind`` (an int passes for a float)."""
        value = self.values.get(key)
        if kind is float and type(value) is int:
            return float(value)
        if type(value) is not kind:
            raise self.error(key, f"a value of type {kind.__name__}", value)
        return value

    def section(self, key: str) -> _Section:
        return replace(self, name=f"{self.name}{key}.", values=self.take(key, dict))

    def sections(self) -> Iterator[tuple[str, _Section]]:
        return ((key, self.section(key)) for key in self.values)

    def file(self) -> PackFile:
        name = self.take("file", str)
        if Path(name).name != name:
            raise self.error("file", "a file name without folders", name)
        folder = self.path.parent
        if "pack" in self.values:
            owner = self.take("pack", str)
            if owner not in self.installed:
                raise self.error("pack", f"one of {', '.join(self.installed)}", owner)
            folder = self.installed[owner]
        return PackFile(folder / name, self.take("sha256", str))

    def error(self, key: str, expected: str, found: object) -> PackError:
        got = "nothing" if found is None else repr(found)
        return PackError(f"{self.path}: {self.name}{key}: expected {expected}, got {got}")
