"""Milliseconds of each stage over a clip, on one core: where the time of a frame goes.

    python benchmarks/stages.py CLIP [--frames 300] [--json FILE]

Every stage runs over the same frames and the same faces, one face a frame, as in tracking. The
detector runs on a frame in ``detect_every`` only; colour is made for overlays only.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from common import THREAD_VARIABLES, describe, last_core, provenance, table, write_json


def pin(core: int) -> None:
    """One core and one thread a library; to be called before those are imported."""
    os.sched_setaffinity(0, {core})
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))


def timed(function: Callable[..., Any], arguments: list[tuple[Any, ...]]) -> list[float]:
    """Seconds of ``function`` on each of ``arguments``, after one call to warm up."""
    function(*arguments[0])
    seconds = []
    for argument in arguments:
        start = time.perf_counter()
        function(*argument)
        seconds.append(time.perf_counter() - start)
    return seconds


def timed_items(iterator: Iterator[Any]) -> Iterator[tuple[Any, float]]:
    """Items with the seconds that each took to come."""
    while True:
        start = time.perf_counter()
        try:
            item = next(iterator)
        except StopIteration:
            return
        yield item, time.perf_counter() - start


def measure(clip: Path, pack_name: str, limit: int) -> dict[str, list[float]]:
    """Seconds by stage: one value a frame (for heads and CSV, a table's time over its rows)."""
    import numpy as np

    from prosopon import Analyzer
    from prosopon.crop import cut, from_landmarks
    from prosopon.detect import FaceDetector
    from prosopon.geometry import Camera, invert_similarity
    from prosopon.heads import Context, load_heads
    from prosopon.network import FaceNetwork
    from prosopon.packs import load_pack
    from prosopon.session import create_session
    from prosopon.sources import open_source
    from prosopon.types import FaceTable

    stages: dict[str, list[float]] = {"decode, with luminance": [], "colour (overlay only)": []}
    lumas = []
    with open_source(clip) as source:
        for frame, seconds in timed_items(iter(source)):
            stages["decode, with luminance"].append(seconds)
            start = time.perf_counter()
            frame.color()
            stages["colour (overlay only)"].append(time.perf_counter() - start)
            lumas.append(frame.luma.copy())
            if len(lumas) == limit:
                break
    size = lumas[0].shape[1], lumas[0].shape[0]

    pack = load_pack(pack_name)
    spec = pack.network
    analyzer = Analyzer(pack=pack_name)
    first = next((t for t in map(analyzer.image, lumas) if len(t)), None)
    if first is None:
        raise SystemExit(f"{clip}: no face in {len(lumas)} frames; give a clip that shows one")
    crops = from_landmarks(first["landmarks"][:1], spec.size)
    stages["crop"] = timed(cut, [(luma, crops) for luma in lumas])
    batches = [cut(luma, crops) for luma in lumas]
    outputs = dict(spec.outputs)
    for precision, file in spec.files.items():
        network = FaceNetwork(create_session(file.path), outputs)
        tensors = [(batch.tensor,) for batch in batches]
        stages[f"network {precision}"] = timed(network, tensors)
    detector = FaceDetector(
        create_session(pack.detector.file.path),
        threshold=pack.detector.threshold,
        nms=pack.detector.nms,
        long_side=pack.detector.long_side,
    )
    stages["detector, when it runs"] = timed(detector, [(luma,) for luma in lumas[::10]])

    rows = min(len(batches), 64)
    raw = np.concatenate([network(batch.tensor) for batch in batches[:rows]])
    heads = load_heads(set(outputs))

    def decode() -> None:
        context = Context(
            outputs=network.split(raw),
            to_image=np.repeat(invert_similarity(crops.matrices), rows, axis=0),
            angles=np.repeat(crops.angles, rows),
            landmark_offset=pack.network.landmark_offset,
            crop_size=spec.size,
            camera=Camera.default(*size),
            face_shape=pack.face_shape(),
            contrast=np.concatenate([batch.contrast for batch in batches[:rows]]),
            sharpness=np.concatenate([batch.sharpness for batch in batches[:rows]]),
        )
        for head in heads:
            context.columns.update(head.decode(context))

    stages["heads, decoded 64 at a time"] = [s / rows for s in timed(decode, [()] * 20)]
    table = FaceTable.concat([first] * rows, first.schema)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "table.csv")
        stages["CSV"] = [s / len(table) for s in timed(table.write, [(target,)] * 20)]
    return stages


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--frames", type=int, default=300, help="frames at most [300]")
    parser.add_argument("--core", type=int, default=last_core(), help="CPU to pin to [the last]")
    parser.add_argument("--pack", default="default")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    pin(options.core)
    where = provenance()
    print(describe(where))
    stages = measure(options.clip, options.pack, options.frames)
    quartiles = {
        name: [1000 * q for q in statistics.quantiles(seconds, n=4)]
        for name, seconds in stages.items()
    }
    rows = [[name, f"{q[1]:.3f}", f"{q[0]:.3f} to {q[2]:.3f}"] for name, q in quartiles.items()]
    print(table(["stage", "ms (median)", "quartiles"], rows))
    write_json(options.json, {"where": where, "core": options.core, "quartiles_ms": quartiles})


if __name__ == "__main__":
    main()
