"""What the two published recipes minimise, masked where a label is NaN."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prosopon_train.benchmarks.examples import Labels
from prosopon_train.data.schema import AU_NAMES, EMOTIONS, N_POINTS
from prosopon_train.losses import Weights, emotion_au_table, losses

OPENFACE3_UNITS = ("AU01", "AU02", "AU04", "AU06", "AU09", "AU12", "AU25", "AU26")
OPENFACE3_UNIT_WEIGHTS = (1.42, 2.35, 0.40, 0.80, 1.88, 0.44, 0.20, 0.52)
_UNITS = [AU_NAMES.index(name) for name in OPENFACE3_UNITS]
# OpenFace 3.0's classifier: AffectNet's order.
OPENFACE3_EMOTIONS = (
    *("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger"),
    "contempt",
)
_EMOTIONS = [EMOTIONS.index(name) for name in OPENFACE3_EMOTIONS]
SMOOTHING = 0.1


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum() / mask.sum().clamp(min=1.0)


def class_weights(labels: Labels) -> Tensor:
    """(8,) inverse shares of the emotions among the labelled, of mean 1; 1 where none has one."""
    counts = torch.nan_to_num(labels["emotion"]).sum(0)
    weights = counts.sum() / counts.clamp(min=1.0)
    weights = torch.where(counts > 0, weights, torch.zeros_like(weights))
    used = (weights > 0).sum().clamp(min=1)
    return torch.where(weights > 0, weights * used / weights.sum().clamp(min=1e-6), 1.0)


def asymmetric(said: Tensor, present: Tensor, known: Tensor, weights: Tensor) -> Tensor:
    """Weighted asymmetric loss of probabilities (n, k) (Luo et al., IJCAI 2022).

    An absent unit that is surely said absent weighs little: its cross-entropy is scaled by p.
    """
    p = said.clamp(1e-6, 1 - 1e-6)
    loss = -(present * p.log() + (1 - present) * p * (1 - p).log())
    return _mean(loss * weights, known)


class OpenFace3Terms(nn.Module):
    """Emotion, gaze and AU losses of OpenFace 3.0 (arXiv 2506.02891) on its 18 outputs."""

    classes: Tensor
    units: Tensor

    def __init__(self, labels: Labels) -> None:
        super().__init__()
        self.register_buffer("classes", class_weights(labels)[_EMOTIONS])
        self.register_buffer("units", torch.tensor(OPENFACE3_UNIT_WEIGHTS))

    def forward(self, out: Tensor, labels: Labels) -> dict[str, Tensor]:
        votes = torch.nan_to_num(labels["emotion"][:, _EMOTIONS])
        voted = (~torch.isnan(labels["emotion"][:, 0])).float()
        target = votes * (1 - SMOOTHING) + SMOOTHING / votes.shape[1]
        # As torch's cross_entropy: weights and smoothing, over the weight of the labels.
        entropy = -(target * self.classes * F.log_softmax(out[:, :8], 1)).sum(1)
        emotion = (entropy * voted).sum() / ((votes @ self.classes) * voted).sum().clamp(min=1e-6)

        x, y, z = torch.nan_to_num(labels["gaze"]).unbind(1)
        angles = torch.stack([torch.atan2(x, -z), torch.asin((-y).clamp(-1, 1))], 1)
        looking = (~torch.isnan(labels["gaze"][:, :1])).float()
        gaze = _mean((out[:, 8:10] - angles).square(), looking.expand(-1, 2))

        present = labels["au_present"][:, _UNITS]
        known = (~torch.isnan(present)).float()
        units = asymmetric(out[:, 10:], torch.nan_to_num(present), known, self.units)
        return {"emotion": emotion, "gaze": gaze, "au": units}


class FaceBehaviorTerms(nn.Module):
    """Joint expression, AU, valence and arousal with co-annotation and distribution matching.

    FaceBehaviorNet (Kollias et al., arXiv 1910.11111), by the losses of Prosopon's own network,
    of which only these tasks are labelled.
    """

    table: Tensor

    def __init__(self, labels: Labels) -> None:
        super().__init__()
        self.register_buffer("table", emotion_au_table())

    def forward(self, out: Tensor, labels: Labels) -> dict[str, Tensor]:
        n = len(out)
        nan = torch.full((n, N_POINTS, 2), torch.nan)
        full = {
            "points": nan,
            "visible": nan[:, :, 0],
            "points_weight": torch.ones(n),
            "rotation": nan[:, :3, :1].expand(-1, -1, 3),
            "gaze": nan[:, :2, :1].expand(-1, -1, 3),
            "au_right": nan[:, :13, 0],
            "au_left": nan[:, :13, 0],
            "eye_open": nan[:, :2, 0],
            "face": torch.ones(n),
            **{name: labels[name] for name in ("emotion", "au", "au_present", "affect")},
        }
        terms = losses(out, full, self.table)
        return {name: terms[name] for name in JOINT}


JOINT = (
    *("emotion", "au", "au_human", "affect", "affect_ccc"),
    *("coannotation", "coannotation_emotion", "matching", "matching_affect"),
)
JOINT_WEIGHTS = {name: getattr(Weights(), name) for name in JOINT}


def scores(out: Tensor, labels: Labels, columns: dict[str, Sequence[int]]) -> dict[str, float]:
    """Accuracy of emotion, mean F1 of units, CCC of affect, of those that are labelled.

    columns: where in ``out`` the 8 emotions, units and affect lie; ``units`` are their numbers.
    """
    from prosopon_eval.metrics import concordance, f1_by_column

    result = {}
    voted = ~torch.isnan(labels["emotion"][:, 0])
    if voted.any():
        order = list(columns["emotion_order"])
        said = out[:, list(columns["emotion"])].argmax(1)[voted]
        true = labels["emotion"][voted][:, order].argmax(1)
        result["emotion accuracy"] = float((said == true).float().mean())
    present = labels["au_present"][:, list(columns["units"])]
    if (~torch.isnan(present)).any():
        threshold = 0.5 if "probabilities" in columns else 0.0
        f1 = f1_by_column((out[:, list(columns["au"])] > threshold).numpy(), present.numpy())
        kept = f1[f1 == f1]
        result["mean AU F1"] = float(kept.mean()) if len(kept) else 0.0
    known = ~torch.isnan(labels["affect"]).any(1)
    if known.sum() > 1 and "affect" in columns:
        felt = torch.tanh(out[known][:, list(columns["affect"])]).numpy()
        rated = labels["affect"][known].numpy()
        of_both = [float(concordance(felt[:, i], rated[:, i])) for i in (0, 1)]
        result["mean affect CCC"] = sum(of_both) / 2
    return result


OPENFACE3_COLUMNS: dict[str, Sequence[int]] = {
    "emotion": range(8),
    "emotion_order": _EMOTIONS,
    "au": range(10, 18),
    "units": _UNITS,
    "probabilities": (),
}
