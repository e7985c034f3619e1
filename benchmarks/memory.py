"""Peak memory of ``prosopon analyze`` over the length of a 1080p video.

    python benchmarks/memory.py [--clip examples/clip.mp4] [--minutes 2 120] [--formats csv parquet]
        [--json FILE]

Ten seconds of CLIP are enlarged to 1920×1080 and encoded once; the videos are that stream repeated,
packet by packet, which takes no time. Every length is analysed in a process of its own.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
from common import REPOSITORY, describe, provenance, run_pinned, table, write_json

RATE, SECONDS, SIZE = 30, 10, (1920, 1080)
TICK = Fraction(1, RATE)


def encode(clip: Path, path: Path) -> None:
    """``SECONDS`` of ``clip`` as 1080p H.264, repeated if it is shorter; no B-frames."""
    count = 0
    with av.open(str(path), "w") as target:
        options = {"preset": "ultrafast", "bf": "0", "g": str(RATE)}
        stream: Any = target.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height = SIZE
        stream.pix_fmt, stream.time_base = "yuv420p", TICK
        while count < RATE * SECONDS:
            with av.open(str(clip)) as source:
                for picture in source.decode(video=0):
                    large = cv2.resize(picture.to_ndarray(format="bgr24"), SIZE)
                    frame = av.VideoFrame.from_ndarray(large, "bgr24")
                    frame.pts, frame.time_base = count, TICK
                    target.mux(stream.encode(frame))
                    count += 1
                    if count == RATE * SECONDS:
                        break
        target.mux(stream.encode(None))


def repeat(path: Path, target: Path, seconds: float) -> None:
    """The stream of ``path`` over and over for ``seconds``."""
    with av.open(str(target), "w") as output:
        stream = None
        for turn in range(max(1, round(seconds / SECONDS))):
            with av.open(str(path)) as source:
                video = source.streams.video[0]
                stream = stream or output.add_stream_from_template(video)
                length = round(SECONDS / video.time_base)
                for packet in source.demux(video):
                    if packet.size:
                        packet.pts += turn * length
                        packet.dts += turn * length
                        packet.stream = stream
                        output.mux(packet)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clip", type=Path, default=REPOSITORY / "examples" / "clip.mp4")
    parser.add_argument("--minutes", type=float, nargs="+", default=[2.0, 120.0])
    parser.add_argument("--formats", nargs="+", default=["csv"])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    where = provenance()
    print(describe(where))
    formats = [part for name in options.formats for part in ("--format", name)]
    results = []
    with tempfile.TemporaryDirectory() as scratch:
        stretch, video = Path(scratch, "stretch.mp4"), Path(scratch, "video.mp4")
        encode(options.clip, stretch)
        for minutes in options.minutes:
            repeat(stretch, video, 60 * minutes)
            program = "from prosopon.cli import main; main()"
            command = [sys.executable, "-c", program, "analyze", str(video), "-o", scratch]
            run = run_pinned([*command, *formats])
            frames = int(run.stdout.split(": ")[1].split()[0])
            results.append(
                {"minutes": minutes, "frames": frames, "peak_mb": run.peak_mb, "s": run.seconds}
            )
            print(results[-1], file=sys.stderr)
    rows = [
        [
            f"{r['frames'] / RATE / 60:.2f}",
            str(r["frames"]),
            f"{r['peak_mb']:.0f}",
            f"{r['peak_mb'] / results[0]['peak_mb']:.3f}",
        ]
        for r in results
    ]
    print(table(["minutes of 1080p", "frames", "peak MB", "of the first"], rows))
    write_json(options.json, {"where": where, "formats": options.formats, "results": results})


if __name__ == "__main__":
    main()
