"""One HTML file that works from a disk without a network: library, data and picture within.

The library and the data are packed with gzip, which every browser since 2023 unpacks by itself
(``DecompressionStream``): plotly.js takes 2.0 MB so instead of 4.8. A content security policy in
the page forbids every request but that for the video it names.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from prosopon.errors import InputError
from prosopon.readers import read
from prosopon.report.assets import plotly, script, style
from prosopon.report.compare import comparison_data
from prosopon.report.data import Still, report_data
from prosopon.report.media import plays, source_files, stills, video_content, video_url
from prosopon.writers.base import write_bytes

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; media-src 'self' file: blob:; connect-src 'none'"
)
_LOADER = """
const content = (id) => document.getElementById(id).textContent.trim();
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const unpacked = (id) => new Response(new Blob([bytes(content(id))]).stream()
  .pipeThrough(new DecompressionStream("gzip"))).text();
(async () => {
  const library = document.createElement("script");
  library.textContent = await unpacked("plotly");
  document.head.append(library);
  const data = JSON.parse(await unpacked("data"));
  const video = document.getElementById("video");
  if (video) data.video = URL.createObjectURL(new Blob([bytes(video.textContent)], { type: video.dataset.type }));
  window.report = MOUNT(document.getElementById("report"), data);
})().catch((error) => {
  document.getElementById("report").textContent = "This report can't be shown: " + error
    + ". It needs a browser of 2023 or later.";
});
"""  # noqa: E501


@dataclass(frozen=True, slots=True)
class Written:
    """path: of the page; sizes: bytes of its parts by name, in order."""

    path: Path
    sizes: dict[str, int]

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {_megabytes(size)}" for name, size in self.sizes.items())
        return f"{self.path} ({_megabytes(self.path.stat().st_size)} MB: {parts})"


def write_report(
    table: Path, page: Path, video: Path | None = None, embed_video: bool = False
) -> Written:
    """The report of ``table`` with the sidecar beside it, as one file ``page``.

    video: what was measured; a browser that can play it shows it under the overlay, by reference
    or, with ``embed_video``, from within the page. Of what browsers don't play, and without it of
    what the sidecar names, a strip of frames is shown.

    InputError: the table or video can't be read, or a video is to be embedded that no browser
    plays. OutputError: the page can't be written. MissingExtraError: no extra ``report``.
    """
    library = _packed_library()
    faces = read(table)
    info = _sidecar(table)
    if video is not None and not video.is_file():
        raise InputError(f"{video}: no such file; check the name and the folder")
    shown = video if video is not None and plays(video) else None
    if embed_video and shown is None:
        raise InputError(
            f"{video or table}: to embed a video, name one that browsers play by --video, "
            "such as H.264 in MP4"
        )
    pictures: list[Still] = []
    url = None
    if shown is None:
        source = video or source_files(info, table.parent)
        pictures = stills(source, faces) if source else []
    elif not embed_video:
        url = video_url(shown, page)
    title = str(info.get("input", {}).get("name", table.name))
    data = report_data(faces, url, info=info, stills=pictures, title=title)
    kept = video_content(shown) if shown is not None and embed_video else None
    return _write(page, Path(title).name, "mountReport", data, library, kept)


def write_comparison(tables: list[Path], page: Path) -> Written:
    """The comparison of several tables as one file ``page``. Raises as :func:`write_report`."""
    library = _packed_library()
    title = f"{len(tables)} recordings"
    data = comparison_data({path: read(path) for path in tables}, title)
    return _write(page, title, "mountComparison", data, library, None)


def _sidecar(table: Path) -> Mapping[str, Any]:
    """Content of the sidecar of ``table``; empty when there is none or it is not one of ours."""
    stem = table.name.removesuffix(".openface2.csv").removesuffix(table.suffix)
    try:
        told = json.loads((table.parent / f"{stem}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _write(
    page: Path,
    title: str,
    mount: str,
    data: Mapping[str, Any],
    library: str,
    video: tuple[str, str] | None,
) -> Written:
    packed = _packed(json.dumps(data, allow_nan=False, separators=(",", ":")))
    parts = {"plotly.js": library, "data": packed}
    blocks = [_block("plotly", library), _block("data", packed)]
    if video is not None:
        blocks.append(_block("video", video[1], f' data-type="{video[0]}"'))
        parts["video"] = video[1]
    name = html.escape(title)
    text = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name} · Prosopon</title>\n<style>\n{_PAGE_STYLE}{style()}</style>\n</head>\n"
        f'<body>\n<header><h1>{name}</h1></header>\n<main id="report">Loading…</main>\n'
        "<noscript>This report draws its plots with JavaScript.</noscript>\n"
        + "\n".join(blocks)
        + f"\n<script>\n{script()}\n{_LOADER.replace('MOUNT', mount)}</script>\n</body>\n</html>\n"
    )
    write_bytes(page, text.encode())
    return Written(page, {part: len(content) for part, content in parts.items()})


_PAGE_STYLE = (
    "body { margin: 0; background: #f6f7f8; } "
    "header { max-width: 1440px; margin: 0 auto; padding: 14px 20px 0; } "
    "h1 { margin: 0; font: 600 1.4rem system-ui, sans-serif; overflow-wrap: anywhere; }\n"
)


@cache
def _packed_library() -> str:
    return _packed(plotly())


def _packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _block(name: str, content: str, more: str = "") -> str:
    return f'<script type="text/plain" id="{name}"{more}>{content}</script>'


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"
