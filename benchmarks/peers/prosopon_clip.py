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
from prosopon.types import FaceTable


def one_pass(analyzer: prosopon.Analyzer, clip: Path) -> dict[str, int]:
    """Measure the clip into a CSV file of its own."""
    with tempfile.TemporaryDirectory() as folder:
        with open_source(clip) as source:
            table = FaceTable.concat(analyzer.tables(source), analyzer.schema)
        written = table.write(Path(folder, "clip.csv"))
        size = written.stat().st_size
    found = table["success"] == 1
    return {
        "frames": len(np.unique(table["frame"])),
        "frames_with_face": len(np.unique(table["frame"][found])),
        "face_ids": len(np.unique(table["face_id"][found])),
        "csv_bytes": size,
    }


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
