"""Losses of the multitask network; every one is masked where its label is NaN.

Values and their uncertainties are trained apart: the value by a robust distance, the scale by the
Laplace likelihood of the *detached* error. A joint likelihood lets sharp points swamp all other
heads as their scale shrinks.

Emotion, AUs and affect are coupled as in FaceBehaviorNet (Kollias et al., arXiv 1910.11111), with
p(AU | expression) from Du, Tao & Martinez, PNAS 2014. *Co-annotation*: votes for an expression
are soft labels of its AUs, and AUs that contain all of one expression's prototype are a soft label
of it. *Distribution matching*: on any face, the AU head is drawn toward the AUs that the emotion
head implies, and valence and arousal toward its mean. A weight of 0 switches either off.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prosopon_train.data.ferplus import AFFECT_MEANS
from prosopon_train.data.schema import AU_NAMES, EMOTIONS
from prosopon_train.model.outputs import OUTPUT_SIZE, OUTPUT_SLICES

# Du et al. 2014: 1 for prototypical units, else the share of subjects. Contempt: EMFACS.
EMOTION_AUS: dict[str, dict[str, float]] = {
    "neutral": {},
    "happiness": {"AU12": 1.0, "AU25": 1.0, "AU06": 0.51},
    "sadness": {"AU04": 1.0, "AU15": 1.0, "AU01": 0.60, "AU06": 0.50, "AU17": 0.67},
    "surprise": {"AU01": 1.0, "AU02": 1.0, "AU25": 1.0, "AU26": 1.0, "AU05": 0.66},
    "fear": {
        **{"AU01": 1.0, "AU04": 1.0, "AU20": 1.0, "AU25": 1.0},
        **{"AU02": 0.57, "AU05": 0.63, "AU26": 0.33},
    },
    "disgust": {"AU09": 1.0, "AU10": 1.0, "AU17": 1.0, "AU04": 0.31, "AU24": 0.26},
    "anger": {
        **{"AU04": 1.0, "AU07": 1.0, "AU24": 1.0},
        **{"AU10": 0.26, "AU17": 0.52, "AU23": 0.29},
    },
    "contempt": {"AU12": 0.5, "AU14": 0.5},
}


# Units that the mesh teacher can't see or sees badly, so that votes lead their intensity as well;
# of the first two, what it says of a face with votes is not used at all.
TAUGHT_BY_VOTES = ("AU04", "AU15", "AU01", "AU06", "AU09", "AU17", "AU23", "AU24")
_DISTRUSTED = [AU_NAMES.index(name) for name in TAUGHT_BY_VOTES[:2]]
# Intensity (of 5) at which people call a unit present, and how sharply on that scale of 0–1.
PRESENT_AT, SHARPNESS = 0.3, 8.0
# Expressions whose prototype says more than one unit, so that units can tell them.
_TELLING = ("happiness", "sadness", "surprise", "fear", "disgust", "anger")


def prototypes() -> Tensor:
    """(8, 21) 1 for the prototypical units of an expression, 0 for all others."""
    return (torch.nan_to_num(emotion_au_table()) == 1.0).float()


def emotion_au_table() -> Tensor:
    """(8, 21) p(AU | emotion); NaN where the literature says nothing of a unit at all."""
    table = torch.zeros(len(EMOTIONS), len(AU_NAMES))
    for i, emotion in enumerate(EMOTIONS):
        for name, share in EMOTION_AUS[emotion].items():
            table[i, AU_NAMES.index(name)] = share
    table[:, table.sum(0) == 0] = torch.nan
    return table


@dataclass(frozen=True)
class Weights:
    """Weight of each loss in the sum."""

    points: float = 12.0
    points_scale: float = 0.1
    guesses: float = 5.0
    rotation: float = 1.5
    rotation_scale: float = 0.05
    gaze: float = 2.0
    gaze_scale: float = 0.05
    au: float = 12.0
    au_sides: float = 6.0
    au_presence: float = 0.5
    au_human: float = 0.5
    eye_open: float = 0.5
    emotion: float = 0.7
    affect: float = 1.0
    affect_ccc: float = 0.2
    face: float = 0.5
    coannotation: float = 0.3
    coannotation_emotion: float = 0.05
    matching: float = 0.05
    matching_affect: float = 0.5


def rotation_6d(values: Tensor) -> Tensor:
    """(n, 6) → (n, 3, 3), as ``prosopon.geometry.rotation_from_6d``."""
    a = F.normalize(values[:, :3], dim=1)
    b = values[:, 3:] - (a * values[:, 3:]).sum(1, keepdim=True) * a
    b = F.normalize(b, dim=1)
    return torch.stack([a, b, torch.linalg.cross(a, b)], 2)


def _masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum() / mask.sum().clamp(min=1.0)


def _laplace(error: Tensor, log_scale: Tensor, mask: Tensor) -> Tensor:
    log_scale = log_scale.clamp(-7, 2)
    return _masked_mean(error.detach() * torch.exp(-log_scale) + log_scale, mask)


def _known(label: Tensor) -> tuple[Tensor, Tensor]:
    """Label with NaN as 0, and the mask of what is known."""
    mask = ~torch.isnan(label)
    return torch.where(mask, label, torch.zeros_like(label)), mask.float()


def losses(outputs: Tensor, labels: dict[str, Tensor], couple: Tensor) -> dict[str, Tensor]:
    """Every term of the loss, unweighted.

    outputs (n, OUTPUT_SIZE) float32, and behind them any guesses at the landmarks; labels as in
    ``data.schema.FIELDS`` but ``points`` in the network's unit, and ``points_weight`` (n,), the
    weight of landmarks of the source; couple (8, 21) from :func:`emotion_au_table`.
    """
    out = {name: outputs[:, where] for name, where in OUTPUT_SLICES.items()}
    terms: dict[str, Tensor] = {}

    points, known = _known(labels["points"])
    hidden = labels["visible"] == 0
    weight = known[..., 0] * torch.where(hidden, 0.3, 1.0)
    # Pupils mean the same everywhere; the other points follow their source's weight.
    weight = torch.cat(
        [
            weight[:, :68] * labels["points_weight"][:, None],
            weight[:, 68:70],
            weight[:, 70:] * labels["points_weight"][:, None],
        ],
        1,
    )
    distance = (out["points"].view_as(points) - points).norm(dim=2)
    terms["points"] = _masked_mean(distance, weight)
    terms["points_scale"] = _laplace(distance, out["points_scale"], weight)
    count = (outputs.shape[1] - OUTPUT_SIZE) // points[0].numel()
    guesses = outputs[:, OUTPUT_SIZE:].view(len(outputs), count, *points.shape[1:])
    terms["guesses"] = _masked_mean(
        (guesses - points[:, None]).norm(dim=3), weight[:, None].expand(guesses.shape[:3])
    )

    rotation, known = _known(labels["rotation"])
    # ‖R − R'‖ (Frobenius) = 2√2·sin(θ/2): proportional to the angle, and finite everywhere.
    angle = (rotation_6d(out["rotation"]) - rotation).flatten(1)
    angle = (angle.square().sum(1) + 1e-6).sqrt() / 2**0.5
    terms["rotation"] = _masked_mean(angle, known[:, 0, 0])
    terms["rotation_scale"] = _laplace(angle, out["rotation_scale"][:, 0], known[:, 0, 0])

    gaze, known = _known(labels["gaze"])
    # Under a closed lid gaze can't be seen: an eye's openness weighs its loss.
    seen = known[..., 0] * _known(labels["eye_open"])[0].clamp(0.02, 1.0)
    angle = (F.normalize(out["gaze"].view(-1, 2, 3), dim=2) - gaze).square().sum(2)
    angle = (angle + 1e-6).sqrt()
    terms["gaze"] = _masked_mean(angle, seen)
    terms["gaze_scale"] = _laplace(angle, out["gaze_scale"], known[..., 0])

    votes, voted = _known(labels["emotion"])
    voted = voted[:, :1]
    intensity, known = _known(labels["au"] / 5)
    known[:, _DISTRUSTED] *= 1 - voted
    error = (out["au"] - intensity).square() * (0.5 + 2 * intensity)
    terms["au"] = _masked_mean(error, known)
    # Present from intensity A (trace, 1 of 5) on; between none and A the target rises evenly.
    terms["au_presence"] = _masked_mean(
        F.binary_cross_entropy_with_logits(
            out["au_presence"], (intensity * 5).clamp(0, 1), reduction="none"
        ),
        known,
    )
    sides, known = _known(torch.cat([labels["au_right"], labels["au_left"]], 1) / 5)
    error = (out["au_sides"] - sides).square() * (0.5 + 2 * sides)
    terms["au_sides"] = _masked_mean(error, known)

    present, known = _known(labels["au_present"])
    # People's yes or no teaches both the presence and the intensity that crosses 1.5 of 5 with it.
    human = F.binary_cross_entropy_with_logits(out["au_presence"], present, reduction="none")
    human = human + F.binary_cross_entropy_with_logits(
        SHARPNESS * (out["au"] - PRESENT_AT), present, reduction="none"
    )
    terms["au_human"] = _masked_mean(human, known)

    openness, known = _known(labels["eye_open"])
    terms["eye_open"] = _masked_mean(
        F.binary_cross_entropy_with_logits(out["eye_open"], openness.clamp(0, 1), reduction="none"),
        known,
    )

    log_probabilities = F.log_softmax(out["emotion"], 1)
    terms["emotion"] = _masked_mean(-(votes * log_probabilities).sum(1), voted[:, 0])

    affect, known = _known(labels["affect"])
    terms["affect"] = _masked_mean((torch.tanh(out["affect"]) - affect).square(), known)
    terms["affect_ccc"] = _concordance_loss(torch.tanh(out["affect"]), affect, known[:, :1])

    face, known = _known(labels["face"])
    terms["face"] = _masked_mean(
        F.binary_cross_entropy_with_logits(out["face"][:, 0], face, reduction="none"), known
    )
    return terms | _coupling(out, labels, couple)


def _concordance_loss(values: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """1 − the concordance correlation coefficient (Lin 1989) over the batch, mean of columns."""
    count = known.sum().clamp(min=1.0)
    centred, target = (
        values - (values * known).sum(0) / count,
        truth - (truth * known).sum(0) / count,
    )
    apart = ((values - truth) * known).sum(0) / count
    covariance = (centred * target * known).sum(0) / count
    spread = ((centred.square() + target.square()) * known).sum(0) / count
    concordance = 2 * covariance / (spread + apart.square() + 1e-4)
    return (1 - concordance).mean() * (known.sum() > 1)


def _coupling(
    out: dict[str, Tensor], labels: dict[str, Tensor], couple: Tensor
) -> dict[str, Tensor]:
    """Co-annotation and distribution matching."""
    told = ~torch.isnan(couple[0])
    couple = torch.nan_to_num(couple)
    votes, voted = _known(labels["emotion"])
    voted = voted[:, :1]
    terms: dict[str, Tensor] = {}

    implied = votes @ couple
    by_votes = torch.tensor([name in TAUGHT_BY_VOTES for name in AU_NAMES])
    presence = F.binary_cross_entropy_with_logits(out["au_presence"], implied, reduction="none")
    # Smoothed: an intensity must not run away from the scale that other faces give it.
    level = F.binary_cross_entropy_with_logits(
        SHARPNESS * (out["au"] - PRESENT_AT), 0.03 + 0.9 * implied, reduction="none"
    )
    terms["coannotation"] = _masked_mean((presence + level * by_votes) * told, voted * told)

    present = torch.nan_to_num(labels["au"]) >= 5 * PRESENT_AT
    prototype = prototypes()
    shown = (present.float() @ prototype.T) >= prototype.sum(1)
    shown &= torch.tensor([name in _TELLING for name in EMOTIONS])
    shown = shown.float() * (1 - voted)
    target = shown / shown.sum(1, keepdim=True).clamp(min=1.0)
    chosen = (shown.sum(1) > 0).float()
    terms["coannotation_emotion"] = _masked_mean(
        -(target * F.log_softmax(out["emotion"], 1)).sum(1), chosen
    )

    face = torch.nan_to_num(labels["face"])[:, None] == 1
    expected = F.softmax(out["emotion"], 1).detach()
    matched = F.binary_cross_entropy_with_logits(
        out["au_presence"], expected @ couple, reduction="none"
    )
    unsaid = face & torch.isnan(labels["au"]) & told
    terms["matching"] = _masked_mean(matched, unsaid.float())

    unsaid = face & torch.isnan(labels["affect"])
    apart = torch.tanh(out["affect"]) - expected @ torch.from_numpy(AFFECT_MEANS)
    terms["matching_affect"] = _masked_mean(apart.square(), unsaid.float())
    return terms


def total(terms: dict[str, Tensor], weights: Weights) -> Tensor:
    """Weighted sum of the terms."""
    return torch.stack([getattr(weights, f.name) * terms[f.name] for f in fields(weights)]).sum()


class TaskWeights(nn.Module):
    """Task weights that are learned with the network: Σ wL/2p² + log(1 + p²), p of every term.

    As OpenFace 3.0 (arXiv 2506.02891) takes over from Kendall et al. (CVPR 2018). Likelihoods of
    scales, which may be negative, keep the weight they have.
    """

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.weights = weights
        self.learned = [
            f.name
            for f in fields(weights)
            if not f.name.endswith("_scale") and getattr(weights, f.name) > 0
        ]
        self.p = nn.Parameter(torch.full((len(self.learned),), 0.5**0.5))

    def forward(self, terms: dict[str, Tensor]) -> Tensor:
        loss = total(terms, replace(self.weights, **dict.fromkeys(self.learned, 0.0)))
        values = torch.stack([getattr(self.weights, n) * terms[n] for n in self.learned])
        squares = self.p.square()
        return loss + (values / (2 * squares) + torch.log1p(squares)).sum()
