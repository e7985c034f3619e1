"""The detector in int8: half the time for the same faces (``prosopon_eval.detection`` of both).

python -m prosopon_train.detector_quantize detector.onnx -o int8.onnx --pictures faces.parquet …
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click
import cv2
import numpy as np
import onnx
from onnxruntime.quantization import CalibrationMethod

from prosopon.detect.detector import INPUT
from prosopon.types import UInt8Array
from prosopon_train.data.photographs import decode_luma, fold, records
from prosopon_train.export import quantize_part

HEIGHT, WIDTH = 384, 640
TRAINED = 5  # pictures of lower folds are kept for figures
COUNT = 40  # pictures of each file


def pictures(path: Path, count: int) -> Iterator[UInt8Array]:
    """The first pictures of a Parquet file that no figure is made of, as the detector gets them."""
    columns = ("image", "name")
    chosen = (row for row in records(path, columns) if fold(row[1]["name"]) >= TRAINED)
    for row, record in islice(chosen, count):
        luma = decode_luma(record["image"], f"{path.name}, row {row}")
        scale = min(HEIGHT / luma.shape[0], WIDTH / luma.shape[1], 1.0)
        size = (round(luma.shape[1] * scale), round(luma.shape[0] * scale))
        canvas = np.zeros((1, 1, HEIGHT, WIDTH), np.uint8)
        canvas[0, 0, : size[1], : size[0]] = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
        yield canvas


def inner(node: onnx.NodeProto) -> bool:
    """All but the first layer, which reads pixels, and the last ones, which tell places."""
    return "stem" not in node.name and "predict" not in node.name


@click.command()
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path))
@click.option("--pictures", "files", multiple=True, required=True, type=click.Path(path_type=Path))
def main(source: Path, out: Path, files: tuple[Path, ...]) -> None:
    """Write SOURCE, a detector in fp32, to --out in int8, calibrated on --pictures."""
    batches = (picture for file in files for picture in pictures(file, COUNT))
    # The whole range: clipping the strongest answers loses the smallest faces.
    quantize_part(source, out, INPUT, batches, inner, CalibrationMethod.MinMax)
    click.echo(f"{out}: {out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
