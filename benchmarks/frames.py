"""Whether every frame of a video is there once, with its own time: variants, whole and damaged.

    python benchmarks/frames.py [FILE ...] [--json FILE]

Makes short videos with PyAV (and takes the FILEs given), reads them as ``prosopon analyze`` does,
and holds number and times of the frames against FFmpeg's own ``ffprobe -count_frames`` where that
is installed, else against PyAV's plain decoding. Each is also read from its middle on, which must
give the frames of the whole run from there on, pixel by pixel.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from common import describe, provenance, table, write_json

from prosopon.sources import SelectedSource, Selection, Source, open_source

FRAMES, SIZE = 120, (320, 240)
PAL, NTSC, MILLISECOND = Fraction(1, 25), Fraction(1001, 30000), Fraction(1, 1000)
RAW_CLOCK = ("mpegts", "mpeg")  # their zero is arbitrary: the file's start is ours


@dataclass(frozen=True, slots=True)
class Video:
    """How a variant is encoded; pts: ticks of ``tick``, by default 0, 1, 2 …"""

    name: str
    file: str
    tick: Fraction = PAL
    codec: str = "libx264"
    pixels: str = "yuv420p"
    options: str = ""
    pts: Sequence[int] = range(FRAMES)
    rotation: int | None = None
    timecode: str | None = None

    def write(self, folder: Path) -> Path:
        """Encode it."""
        path = folder / self.file
        with av.open(str(path), "w") as container:
            if self.timecode:
                container.metadata["timecode"] = self.timecode
            options = dict(option.split("=", 1) for option in self.options.split())
            stream: Any = container.add_stream(self.codec, rate=1 / PAL, options=options)
            stream.width, stream.height = SIZE
            stream.pix_fmt = self.pixels
            stream.time_base = stream.codec_context.time_base = self.tick
            if self.rotation is not None:
                stream.set_display_rotation(self.rotation)
            for i, ticks in enumerate(self.pts):
                frame = av.VideoFrame.from_ndarray(_picture(i), "bgr24")
                frame.pts, frame.time_base = ticks, self.tick
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path


_TEXTURE = cv2.GaussianBlur(
    np.random.default_rng(0).integers(0, 256, (SIZE[1], 2 * SIZE[0]), dtype=np.uint8), (0, 0), 3
)
_UNEVEN = np.cumsum(np.random.default_rng(1).integers(10, 120, FRAMES)).tolist()


def _picture(i: int) -> Any:
    grey = np.ascontiguousarray(np.roll(_TEXTURE, 3 * i, axis=1)[:, : SIZE[0]])
    cv2.circle(grey, (40 + 2 * i, 120), 30, 255, -1)
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)


VIDEOS = (
    Video("constant rate", "constant.mp4", options="bf=0 g=30"),
    Video("B-frames", "b.mp4", options="bf=3 g=30"),
    Video("B-frames, open groups", "open.mkv", options="bf=3 x264-params=open-gop=1:keyint=30"),
    Video("intra refresh, no keyframes", "refresh.mp4", options="x264-params=intra-refresh=1"),
    Video("B-frames, HEVC", "hevc.mp4", codec="libx265",
          options="x265-params=bframes=4:keyint=30:log-level=none"),
    Video("variable rate", "uneven.mp4", MILLISECOND, options="bf=3 g=30", pts=_UNEVEN),
    Video("variable rate", "uneven.mkv", MILLISECOND, options="bf=3 g=30", pts=_UNEVEN),
    Video("29.97, drop-frame timecode", "ntsc.mov", NTSC, options="g=30", timecode="00:00:58;20"),
    Video("29.97, MPEG-2 transport stream", "ntsc.ts", NTSC, "mpeg2video", options="bf=2 g=12"),
    Video("edit list cuts 17 frames", "edit.mp4", options="bf=2 g=30",
          pts=range(-17, FRAMES - 17)),
    Video("starts at 2 s", "late.mp4", options="g=30", pts=range(50, FRAMES + 50)),
    Video("phone, turned right", "right.mp4", options="g=30", rotation=-90),
    Video("phone, upside down", "down.mp4", options="g=30", rotation=180),
    Video("interlaced", "interlaced.ts", options="flags=+ilme+ildct g=30"),
    Video("MPEG-2 program stream", "mpeg2.mpg", codec="mpeg2video", options="bf=2 g=12"),
    Video("H.264 in AVI, no times", "h264.avi", options="bf=3 g=30"),
    Video("MPEG-4 in AVI, no times", "mpeg4.avi", codec="mpeg4", options="bf=2 g=30"),
    Video("bare H.264, no clock", "bare.h264", options="bf=3 g=30"),
    Video("VP8", "vp8.webm", MILLISECOND, "libvpx", options="auto-alt-ref=1 lag-in-frames=16",
          pts=range(0, 40 * FRAMES, 40)),
    Video("VP9", "vp9.webm", MILLISECOND, "libvpx-vp9", options="cpu-used=8 lag-in-frames=16 g=30",
          pts=range(0, 40 * FRAMES, 40)),
    Video("Motion JPEG", "mjpeg.avi", codec="mjpeg", pixels="yuvj420p"),
    Video("ProRes, 10 bits", "prores.mov", codec="prores_ks", pixels="yuv422p10le"),
)  # fmt: skip


def _packets(path: Path) -> list[tuple[int, int]]:
    """Position and size of each, in order of decoding."""
    with av.open(str(path)) as container:
        return [(p.pos or 0, p.size) for p in container.demux(video=0) if p.size]


def _zeroed(first: int, last: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        for position, size in _packets(path)[first : last + 1]:
            content[position : position + size] = bytes(size)
        path.write_bytes(content)

    return damage


def _scattered(first: int, last: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        content, chance = bytearray(path.read_bytes()), random.Random(0)
        for position, size in _packets(path)[first : last + 1]:
            for _ in range(max(3, size // 200)):
                content[position + chance.randrange(size // 4, size)] = chance.randrange(256)
        path.write_bytes(content)

    return damage


def _gap(path: Path) -> None:
    """Forty packets of a transport stream are missing."""
    content, middle = path.read_bytes(), path.stat().st_size // 188 // 2 * 188
    path.write_bytes(content[:middle] + content[middle + 40 * 188 :])


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


DAMAGED = (
    ("three packets within a group zeroed", VIDEOS[1], _zeroed(40, 42)),
    ("a keyframe zeroed", VIDEOS[1], _zeroed(30, 30)),
    ("the first keyframe zeroed", VIDEOS[1], _zeroed(0, 0)),
    ("bytes of ten packets changed", VIDEOS[1], _scattered(35, 44)),
    ("three packets within a group zeroed", VIDEOS[4], _zeroed(40, 42)),
    ("three frames zeroed", VIDEOS[20], _zeroed(40, 42)),
    ("40 transport packets missing", VIDEOS[13], _gap),
    ("cut off", VIDEOS[6], _cut),
)


@dataclass(frozen=True, slots=True)
class Check:
    """What a file gave. expected: frames that the reference decoded; frames: that we give;
    lost, doubted: that we report; worst_ms: greatest difference of times, None where the
    reference tells none; increasing: times; middle_same: from the middle on as in the whole run.
    """

    name: str
    file: str
    expected: int
    frames: int
    lost: int
    doubted: int
    worst_ms: float | None
    increasing: bool
    middle_same: bool
    threads_same: bool


def check(name: str, path: Path) -> Check:
    """Read ``path`` and hold it against the reference."""
    source = open_source(path)
    rows = _rows(source)
    times = [time for _, time, _ in rows]
    expected, reference = reference_frames(path)
    told = np.array([np.nan if time is None else time for time in reference])
    if len(told) == len(times):
        apart = np.abs(told - times)
    else:  # another version of the decoder gives up others of the damaged frames
        apart = np.abs(told - np.array(times)[:, None]).min(axis=1)
    middle = times[len(times) // 2]
    part = _rows(SelectedSource(open_source(path), Selection(start=middle)))
    return Check(
        name,
        path.name,
        expected,
        len(rows),
        source.skipped,
        sum(d.last - d.first + 1 for d in source.damage if not d.lost),
        None if np.isnan(apart).all() else 1e3 * float(np.nanmax(apart)),
        all(a < b for a, b in pairwise(times)),
        part == [row for row in rows if row[1] >= middle],
        _rows(open_source(path, threads=4)) == rows,
    )


def _rows(source: Source) -> list[tuple[int, float, int]]:
    with source:
        return [(f.index, f.time, zlib.crc32(np.ascontiguousarray(f.luma))) for f in source]


def reference_frames(path: Path) -> tuple[int, list[float | None]]:
    """Number of frames and their times, s; None where the reference has none."""
    if not shutil.which("ffprobe"):
        with av.open(str(path)) as container:
            start = (container.start_time or 0) / 1e6
            zero = start if container.format.name in RAW_CLOCK else 0.0
            found = [frame.time for frame in container.decode(video=0)]
        return len(found), [None if time is None else time - zero for time in found]
    entries = "stream=nb_read_frames:frame=best_effort_timestamp_time:format=start_time,format_name"
    command = ["ffprobe", "-v", "quiet", "-threads", "1", "-select_streams", "v:0"]
    command += ["-count_frames", "-show_entries", entries, "-of", "json", str(path)]
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    raw = told["format"]["format_name"] in RAW_CLOCK
    zero = float(told["format"].get("start_time", 0)) if raw else 0.0
    stamps = [frame.get("best_effort_timestamp_time") for frame in told["frames"]]
    times = [None if stamp is None else float(stamp) - zero for stamp in stamps]
    return int(told["streams"][0]["nb_read_frames"]), times


def lines(checks: Iterable[Check]) -> list[list[str]]:
    """Rows of the table."""
    return [
        [
            c.name,
            c.file,
            str(c.expected),
            str(c.frames),
            f"{c.lost} + {c.doubted}" if c.lost or c.doubted else "",
            "none told" if c.worst_ms is None else f"{c.worst_ms:.3f}",
            "yes" if c.increasing else "NO",
            "yes" if c.middle_same else "NO",
            "yes" if c.threads_same else "NO",
        ]
        for c in checks
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    where = provenance()
    reference = "PyAV"
    if shutil.which("ffprobe"):
        told = subprocess.run(["ffprobe", "-version"], capture_output=True, text=True, check=True)
        reference = " ".join(told.stdout.split()[:3])
    print(describe(where), f"reference: {reference}", sep="\n")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        checks = [check(video.name, video.write(folder)) for video in VIDEOS]
        for name, video, damage in DAMAGED:
            path = video.write(folder)
            damage(path)
            checks.append(check(f"damaged: {name}", path))
    checks += [check("", path) for path in options.files]
    headings = ["variant", "file", "reference", "frames", "lost + doubted", "time, ms"]
    headings += ["in order", "from the middle", "4 threads"]
    print(table(headings, lines(checks)))
    write_json(
        options.json,
        {"where": where, "reference": reference, "checks": [asdict(c) for c in checks]},
    )


if __name__ == "__main__":
    main()
