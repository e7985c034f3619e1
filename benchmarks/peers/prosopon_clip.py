"""Prosopon over a clip: decode, analyse, write the CSV.

Usage: ``python prosopon_clip.py CLIP [--pack NAME] [--precision NAME] [--passes 1]``
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import av
import numpy as np
import onnxruntime
from measure import measure_passes

import prosopon
from prosopon.sources import open_source
from prosopon.writers import open_writer


def one_pass(analyzer: prosopon.Analyzer, clip: Path) -> dict[str, int]:
    """Measure the clip into a CSV file, a few frames at a time, as the command line does."""
    frames = frames_with_face = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        open_source(clip) as source,
        open_writer("csv", Path(folder, "clip.csv"), analyzer.schema) as writer,
    ):
        for table in analyzer.tables(source):
            writer.write(table)
            frames += len(np.unique(table["frame"]))
            frames_with_face += len(np.unique(table["frame"][table["success"] == 1]))
    return {"frames": frames, "frames_with_face": frames_with_face}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--pack", default="default")
    parser.add_argument("--precision")
    parser.add_argument("--passes", type=int, default=1)
    options = parser.parse_args()
    analyzer = prosopon.Analyzer(pack=options.pack, precision=options.precision, threads=1)
    versions = {
        "prosopon": prosopon.__version__,
        "onnxruntime": onnxruntime.__version__,
        "av": av.__version__,
    }
    measure_passes(lambda: one_pass(analyzer, options.clip), options.passes, versions)


if __name__ == "__main__":
    main()
