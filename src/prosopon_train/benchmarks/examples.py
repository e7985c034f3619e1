"""Samples of the benchmarks as tensors: pictures as networks take them, labels NaN where unsaid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from prosopon.crop import cut, from_boxes
from prosopon.heads.action_units import AU_NAMES
from prosopon.heads.emotion import EMOTIONS
from prosopon.types import AnyArray, UInt8Array
from prosopon_eval.datasets import find_dataset
from prosopon_eval.datasets.base import Dataset, Sample

Labels = dict[str, Tensor]
Picture = Callable[[Sample], Tensor]

_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


def box_of(sample: Sample, image: UInt8Array) -> AnyArray:
    """(4,) px: the sample's box, else the whole picture."""
    height, width = image.shape[:2]
    return np.array([0, 0, width, height], np.float32) if sample.box is None else sample.box


def colour(side: int) -> Picture:
    """(3, side, side) RGB, standardised as ImageNet: what OpenFace 3.0's network takes."""

    def make(sample: Sample) -> Tensor:
        image = sample.image()
        x0, y0, x1, y1 = np.round(box_of(sample, image)).astype(int)
        part = image[max(y0, 0) : max(y1, 1), max(x0, 0) : max(x1, 1)]
        small = cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA)[:, :, ::-1]
        values = (small.astype(np.float32) / 255 - _MEAN) / _DEVIATION
        return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1)))

    return make


def luminance(side: int) -> Picture:
    """(1, side, side) standardised luminance of the face: what Prosopon's network takes."""

    def make(sample: Sample) -> Tensor:
        image = sample.image()
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
        crops = from_boxes(box_of(sample, image)[None].astype(np.float32), side)
        return torch.from_numpy(cut(grey, crops).tensor[0])

    return make


def labels_of(sample: Sample, dataset: Dataset) -> Labels:
    """``emotion`` (8,), ``au`` (21,), ``au_present`` (21,), ``affect`` (2,), ``gaze`` (3,).

    Names and order are Prosopon's; classes that it lacks ("other", compound ones) say nothing.
    """
    out = {
        "emotion": torch.full((len(EMOTIONS),), torch.nan),
        "au": torch.full((len(AU_NAMES),), torch.nan),
        "au_present": torch.full((len(AU_NAMES),), torch.nan),
        "affect": torch.full((2,), torch.nan),
        "gaze": torch.full((3,), torch.nan),
    }
    known: Mapping[str, AnyArray] = sample.labels
    if "emotion" in known:
        votes = known.get("votes", np.eye(len(dataset.classes))[int(known["emotion"])])
        if all(name in EMOTIONS for name, v in zip(dataset.classes, votes, strict=True) if v):
            out["emotion"] = torch.zeros(len(EMOTIONS))
            for name, value in zip(dataset.classes, votes, strict=True):
                if value:
                    out["emotion"][EMOTIONS.index(name)] = float(value)
    for name in ("au", "au_present"):
        for unit, value in zip(dataset.units, known.get(name, ()), strict=False):
            if unit in AU_NAMES:
                out[name][AU_NAMES.index(unit)] = float(value)
    for name in ("affect", "gaze"):
        if name in known:
            out[name] = torch.as_tensor(np.asarray(known[name]), dtype=torch.float32)
    return out


class Examples(TorchDataset[tuple[Tensor, Labels]]):
    """Samples of several datasets with their labels, pictures read when they are asked for."""

    def __init__(self, samples: Sequence[tuple[Sample, Labels]], picture: Picture) -> None:
        self.samples, self.picture = samples, picture

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Tensor, Labels]:
        sample, labels = self.samples[index]
        return self.picture(sample), labels

    def all_labels(self) -> Labels:
        """Every label, stacked."""
        return {k: torch.stack([v[k] for _, v in self.samples]) for k in self.samples[0][1]}


def read(root: Path, splits: Sequence[str], picture: Picture) -> Examples:
    """Samples of each ``DATASET:SPLIT``, whose files lie in the folder of its name below ``root``.

    InputError: a dataset or split is unknown, a file is missing.
    """
    found = []
    for name in splits:
        dataset_name, _, split = name.partition(":")
        dataset = find_dataset(dataset_name)
        for sample in dataset.samples(root / dataset_name, split):
            found.append((sample, labels_of(sample, dataset)))
    return Examples(found, picture)
