"""AffectNet: expression, valence and arousal in the wild (Mollahosseini et al., IEEE TAC 2019).

Files, either of the two ways that it is handed out:
``Manually_Annotated_file_lists/{training,validation}.csv`` (or those beside the root) with
``subDirectory_filePath``, ``face_x`` …, ``expression``, ``valence``, ``arousal`` and the pictures
in ``Manually_Annotated_Images``; or ``{train_set,val_set}/images/N.jpg`` with
``annotations/N_exp.npy``, ``N_val.npy`` and ``N_aro.npy`` (faces already cut out).

Splits: the test labels are not public, so figures are of the validation set: ``8`` classes (4,000
pictures), ``7`` without contempt (3,500); ``train8``, ``train7``. Expressions 8 (none), 9
(uncertain) and 10 (no face) are left out; valence and arousal of −2 are not labelled. The face's
box is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prosopon.errors import InputError
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.files import need, numbers, picture, table

ORIGIN = "http://mohammadmahoor.com/affectnet/"
CLASSES = (
    *("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger"),
    "contempt",
)
COLUMNS = ("subDirectory_filePath", "expression", "valence", "arousal")
UNKNOWN = -2


def _affect(valence: float, arousal: float) -> np.ndarray:
    values = np.array([valence, arousal], np.float32)
    return np.where(values == UNKNOWN, np.nan, values).astype(np.float32)


def _from_list(path: Path, images: Path, classes: int) -> Iterator[Sample]:
    for row in table(path, ORIGIN, COLUMNS):
        text = ",".join(row[name] for name in COLUMNS[1:])
        expression, valence, arousal = numbers(path, text, 3, ",")
        if not 0 <= expression < classes:
            continue
        box = None
        if row.get("face_width"):
            keys = ("face_x", "face_y", "face_width", "face_height")
            x, y, width, height = numbers(path, ",".join(row[k] for k in keys), 4, ",")
            box = np.array([x, y, x + width, y + height], np.float32)
        name = row["subDirectory_filePath"]
        labels = {"emotion": np.array(int(expression)), "affect": _affect(valence, arousal)}
        yield Sample(name, picture(images / name, ORIGIN), name, box, labels)


def _from_arrays(folder: Path, classes: int) -> Iterator[Sample]:
    def value(stem: str, kind: str) -> float:
        path = need(folder / "annotations" / f"{stem}_{kind}.npy", ORIGIN)
        try:
            return float(np.load(path, allow_pickle=False))
        except ValueError as error:
            raise InputError(f"{path}: not one number in a NumPy file ({error})") from error

    paths = sorted(need(folder / "images", ORIGIN).glob("*.jpg"), key=lambda p: (len(p.stem), p))
    if not paths:
        raise InputError(f"{folder / 'images'}: holds no pictures; get AffectNet from {ORIGIN}")
    for path in paths:
        expression = value(path.stem, "exp")
        if not 0 <= expression < classes:
            continue
        affect = _affect(value(path.stem, "val"), value(path.stem, "aro"))
        labels = {"emotion": np.array(int(expression)), "affect": affect}
        yield Sample(path.stem, picture(path, ORIGIN), path.stem, labels=labels)


def read(root: Path, split: str) -> Iterator[Sample]:
    """Samples of one split, in the list's order or by their numbers."""
    classes = int(split[-1])
    train = split.startswith("train")
    folder = root / ("train_set" if train else "val_set")
    if folder.is_dir():
        return _from_arrays(folder, classes)
    name = "training.csv" if train else "validation.csv"
    inner = root / "Manually_Annotated_file_lists" / name
    path = inner if inner.exists() else root / name
    images = root / "Manually_Annotated_Images"
    # Pictures of the full release lie one folder deeper than those of its later copies.
    deeper = root / "Manually_Annotated" / "Manually_Annotated_Images"
    return _from_list(need(path, ORIGIN), deeper if deeper.is_dir() else images, classes)


DATASET = Dataset(
    "AffectNet",
    ORIGIN,
    ("expression", "affect"),
    ("8", "7", "train8", "train7"),
    read,
    classes=CLASSES,
)
