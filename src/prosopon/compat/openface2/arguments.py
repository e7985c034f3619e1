"""The flags of OpenFace 2.2's commands (its page "Command line arguments").

They begin with one dash, may stand in any order, and some may be repeated. What is not supported
is named in a warning, as is what is not known, so that a script runs on and its user knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from prosopon.errors import ProsoponError
from prosopon.writers.openface2 import PARTS

_FOLDER = Path("processed")
_SIDE_OUTPUTS = ("simalign", "hogalign", "tracked")
_NUMBERS = ("fx", "fy", "cx", "cy", "simscale")
_SWITCHES = ("au_static", "nomask", "g", "nobadaligned", "q", "spaced")

_NO_WINDOW = "no window is opened"
_OWN_MODEL = "the measurements are of Prosopon's own model"
_OWN_CODEC = "the video is always MPEG-4 in AVI"
_UNSUPPORTED = {
    **dict.fromkeys(("vis-track", "vis-hog", "vis-align", "vis-aus"), _NO_WINDOW),
    **dict.fromkeys(("wild", "validate_detections", "rigid"), _OWN_MODEL),
    "verbose": "what is done is always told in a line",
}
_UNSUPPORTED_VALUED = {
    **dict.fromkeys(
        ("mloc", "sigma", "w_reg", "reg", "multi_view", "n_iter", "fdloc", "pdm", "au_loc",
         "clm_det", "likelihood"),
        _OWN_MODEL,
    ),
    **dict.fromkeys(("cam_width", "cam_height"), "the camera chooses its size"),
    "oc": _OWN_CODEC,
}  # fmt: skip


class UsageError(ProsoponError):
    """A command line that can't be understood."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a command is asked for.

    files, folder, camera: inputs (``-f``, ``-fdir``, ``-device``), with ``-root`` before them;
    spaced: ``-spaced``, which is ours: ", " between cells;
    boxes: folder of ``-bboxdir``; out_dir, names: of ``-out_dir`` and ``-of``, which belong to the
    inputs in order; outputs: groups of columns and side files; intrinsics: fx, fy, cx, cy px,
    None where not given; scale, size: of aligned faces; warnings: a line for each flag that has
    no effect.
    """

    files: tuple[Path, ...] = ()
    folder: Path | None = None
    camera: int | None = None
    boxes: Path | None = None
    out_dir: Path | None = None
    names: tuple[Path, ...] = ()
    outputs: frozenset[str] = frozenset()
    intrinsics: tuple[float | None, ...] = (None,) * 4
    static: bool = False
    masked: bool = True
    grey: bool = False
    bad_aligned: bool = True
    scale: float = 0.7
    size: int = 112
    aligned_format: str = "bmp"
    picture_format: str = "jpg"
    quiet: bool = False
    spaced: bool = False
    warnings: tuple[str, ...] = field(default=())

    def target(self, index: int, name: str) -> Path:
        """Folder and stem of what is written for the input ``index``, which is called ``name``."""
        given = self.names[index] if index < len(self.names) else None
        path = (self.out_dir or Path()) / (given.with_suffix("") if given else name)
        return path if self.out_dir or path.parent != Path() else _FOLDER / path.name


def parse(words: Sequence[str]) -> Arguments:
    """Arguments of the ``words`` after the command's name. UsageError: a value is missing."""
    seen: dict[str, list[str]] = {}
    warnings: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name = word.removeprefix("-")
        if name in _VALUES or name in _UNSUPPORTED_VALUED:
            if not rest:
                raise UsageError(f"{word}: needs a value after it")
            seen.setdefault(name, []).append(rest.pop(0))
        elif name in _KNOWN:
            seen.setdefault(name, [])
        elif name in _UNSUPPORTED:
            warnings.append(f"{word} has no effect: {_UNSUPPORTED[name]}")
        else:
            value = f" {rest.pop(0)}" if rest and not rest[0].startswith("-") else ""
            warnings.append(f"{word}{value} is not known and has no effect")
            continue
        if name in _UNSUPPORTED_VALUED:
            reason = _UNSUPPORTED_VALUED[name]
            warnings.append(f"{word} {seen[name][-1]} has no effect: {reason}")
    return replace(_arguments(seen), warnings=tuple(warnings))


_KNOWN = (*PARTS, *_SIDE_OUTPUTS, *_SWITCHES)
_VALUES = (
    *("f", "fdir", "device", "root", "inroot", "bboxdir", "out_dir", "of", "simsize"),
    *("format_aligned", "format_vis_image", *_NUMBERS),
)


def _arguments(seen: dict[str, list[str]]) -> Arguments:
    root = Path(_last(seen, "inroot", _last(seen, "root", "")))
    asked = frozenset(name for name in (*PARTS, *_SIDE_OUTPUTS) if name in seen)
    defaults = Arguments()
    return Arguments(
        files=tuple(root / name for name in seen.get("f", ())),
        folder=root / seen["fdir"][0] if "fdir" in seen else None,
        camera=_number(seen, "device", int),
        boxes=root / seen["bboxdir"][0] if "bboxdir" in seen else None,
        out_dir=Path(seen["out_dir"][-1]) if "out_dir" in seen else None,
        names=tuple(map(Path, seen.get("of", ()))),
        outputs=asked or frozenset((*PARTS, *_SIDE_OUTPUTS)),
        intrinsics=tuple(_number(seen, name, float) for name in ("fx", "fy", "cx", "cy")),
        static="au_static" in seen,
        masked="nomask" not in seen,
        grey="g" in seen,
        bad_aligned="nobadaligned" not in seen,
        scale=_number(seen, "simscale", float) or defaults.scale,
        size=_number(seen, "simsize", int) or defaults.size,
        aligned_format=_last(seen, "format_aligned", defaults.aligned_format),
        picture_format=_last(seen, "format_vis_image", defaults.picture_format),
        quiet="q" in seen,
        spaced="spaced" in seen,
    )


def _last(seen: dict[str, list[str]], name: str, default: str) -> str:
    return seen.get(name, [default])[-1]


def _number(seen: dict[str, list[str]], name: str, kind: Callable[[str], Any]) -> Any:
    """The value of ``-name``; None without one."""
    if name not in seen:
        return None
    text = seen[name][-1]
    try:
        value = kind(text)
    except ValueError:
        value = -1
    if not 0 <= value < 1e5 or (name != "device" and value == 0):
        raise UsageError(f"-{name} {text}: should be a number above 0")
    return value
