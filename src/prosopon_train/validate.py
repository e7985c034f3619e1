"""Quick figures of a torch model on held-out shards, to watch a run; not what is published.

Published figures come from ``prosopon_eval``, which runs the exported pack through the pipeline.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from prosopon.types import AnyArray
from prosopon_train.data.mixture import plain_batches
from prosopon_train.data.schema import AU_NAMES, EMOTIONS
from prosopon_train.losses import rotation_6d
from prosopon_train.model.outputs import OUTPUT_SLICES


def predict(model: nn.Module, folder: Path) -> tuple[AnyArray, dict[str, AnyArray]]:
    """Raw outputs (n, OUTPUT_SIZE) and labels (points in the network's unit) of a folder."""
    model.eval()
    outputs, labels = [], []
    with torch.inference_mode():
        for inputs, batch, _ in plain_batches(folder):
            with torch.autocast("cpu", torch.bfloat16):
                outputs.append(model(inputs).float().numpy())
            labels.append({name: values.numpy() for name, values in batch.items()})
    merged = {name: np.concatenate([part[name] for part in labels]) for name in labels[0]}
    return np.concatenate(outputs), merged


def validate(model: nn.Module, data: Path) -> dict[str, dict[str, float]]:
    """Figures for each of the held-out folders ``*_test`` that exist."""
    figures = {}
    for folder in sorted(data.glob("*_test")):
        outputs, labels = predict(model, folder)
        figures[folder.name] = {k: round(float(v), 4) for k, v in _figures(outputs, labels).items()}
    return figures


def _figures(outputs: AnyArray, labels: dict[str, AnyArray]) -> dict[str, float]:
    out = {name: outputs[:, where] for name, where in OUTPUT_SLICES.items()}
    figures: dict[str, float] = {}
    points = labels["points"][:, :68]
    known = ~np.isnan(points[:, :, 0]).any(1)
    if known.any():
        predicted = out["points"].reshape(-1, 78, 2)[known, :68]
        distance = np.linalg.norm(predicted - points[known], axis=2).mean(1)
        eyes = np.linalg.norm(points[known][:, 36] - points[known][:, 45], axis=1)
        # A profile's eye corners nearly coincide; the field's NME is for faces that show both.
        frontal = eyes > 0.35
        nme = 100 * distance[frontal] / eyes[frontal]
        if len(nme):
            figures["nme"], figures["nme_median"] = nme.mean(), np.median(nme)
    known = ~np.isnan(labels["rotation"][:, 0, 0])
    if known.any():
        predicted = rotation_6d(torch.from_numpy(out["rotation"][known])).numpy()
        trace = np.einsum("nij,nij->n", predicted, labels["rotation"][known])
        figures["rotation"] = np.rad2deg(np.arccos(np.clip((trace - 1) / 2, -1, 1))).mean()
    known = ~np.isnan(labels["gaze"]).any((1, 2)) & (labels["eye_open"].min(1) > 0.3)
    if known.any():
        predicted = out["gaze"][known].reshape(-1, 2, 3)
        predicted = predicted / np.linalg.norm(predicted, axis=2, keepdims=True)
        cosine = (predicted * labels["gaze"][known]).sum(2).clip(-1, 1)
        figures["gaze"] = np.rad2deg(np.arccos(cosine)).mean()
    correlations = {}
    for i, name in enumerate(AU_NAMES):
        known = ~np.isnan(labels["au"][:, i])
        if known.sum() > 50 and labels["au"][known, i].std() > 0.05:
            correlation = np.corrcoef(out["au"][known, i], labels["au"][known, i])[0, 1]
            correlations[f"r_{name}"] = float(correlation)
    if correlations:
        figures["au_r"] = float(np.mean(list(correlations.values())))
        figures.update(correlations)
    smile = AU_NAMES.index("AU12")
    known = ~np.isnan(labels["au_present"][:, smile])
    if known.sum() > 50:
        truth = labels["au_present"][known, smile] > 0.5
        figures["auc_smile"] = roc_auc_score(truth, out["au"][known, smile])
    known = ~np.isnan(labels["emotion"][:, 0])
    if known.any():
        truth, guess = labels["emotion"][known].argmax(1), out["emotion"][known].argmax(1)
        figures["accuracy"] = (truth == guess).mean()
        recalls = [(guess[truth == k] == k).mean() for k in np.unique(truth)]
        figures["recall"] = float(np.mean(recalls))
        for emotion, name in (
            ("happiness", "AU12"),
            ("surprise", "AU01"),
            ("surprise", "AU02"),
            ("surprise", "AU05"),
            ("anger", "AU04"),
            ("sadness", "AU15"),
        ):
            scores = out["au"][known, AU_NAMES.index(name)]
            positive = truth == EMOTIONS.index(emotion)
            if 0 < positive.sum() < len(positive):
                figures[f"auc_{name}_{emotion}"] = roc_auc_score(positive, scores)
    known = ~np.isnan(labels["face"])
    figures["face_probability"] = float((1 / (1 + np.exp(-out["face"][known]))).mean())
    return figures
