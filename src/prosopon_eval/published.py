"""Figures that papers give for the benchmarks, to stand beside what is measured here.

None was measured with Prosopon. Protocols behind one name differ in crops, training data and
folds: a difference of a few per cent between a paper's figure and one measured here may be the
protocol's.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """One figure of a paper: of which system, called what here, its value and unit, and where."""

    system: str
    figure: str
    value: float
    unit: str
    source: str


_OPENFACE3 = "Hu et al., OpenFace 3.0, FG 2025 (arXiv 2506.02891)"
_STAR = "Zhou et al., STAR loss, CVPR 2023"
_FMAE = "Ning et al., FMAE-IAT, 2024 (arXiv 2407.11243)"
_POSTER = "Mao et al., POSTER++, 2023 (arXiv 2301.12149)"
_EMOTIEFF = "EmotiEffLib (Savchenko)"
_SWINFACE = "Qin et al., SwinFace, IEEE TCSVT 2023"
_L2CS = "Abdelrahman et al., L2CS-Net, 2022 (arXiv 2203.03339)"
_SIXD = "Hempel et al., 6DRepNet, ICIP 2022"
_PYFEAT = "as measured by py-feat's authors, end to end"
_FERPLUS = "Barsoum et al., ICMI 2016 (arXiv 1608.01041)"

PUBLISHED: dict[str, tuple[Published, ...]] = {
    "w300": (
        Published("OpenFace 3.0", "NME inter-ocular", 2.87, "%", _OPENFACE3),
        Published("STAR", "NME inter-ocular", 2.87, "%", _STAR),
        Published("STAR", "NME inter-ocular, common", 2.52, "%", _STAR),
    ),
    "wflw": (Published("STAR", "NME inter-ocular", 4.02, "%", _STAR),),
    "disfa": (
        Published("OpenFace 2.0", "mean F1", 0.50, "", _OPENFACE3),
        Published("OpenFace 3.0", "mean F1", 0.59, "", _OPENFACE3),
        Published("FMAE-IAT", "mean F1", 0.701, "", _FMAE),
    ),
    "bp4d": (
        Published("OpenFace 2.0", "mean F1", 0.53, "", _OPENFACE3),
        Published("OpenFace 3.0", "mean F1", 0.59, "", _OPENFACE3),
        Published("FMAE-IAT", "mean F1", 0.671, "", _FMAE),
    ),
    "affectnet": (
        Published("OpenFace 3.0", "accuracy", 60.0, "%", _OPENFACE3),
        Published("POSTER++", "accuracy", 63.77, "%", _POSTER),
        Published("EmotiEffLib B2", "accuracy", 63.1, "%", _EMOTIEFF),
    ),
    "rafdb": (
        Published("POSTER++", "accuracy", 92.21, "%", _POSTER),
        Published("SwinFace", "accuracy", 90.97, "%", _SWINFACE),
    ),
    "fer2013plus": (Published("VGG13, label distribution", "accuracy", 85.0, "%", _FERPLUS),),
    "mpiifacegaze": (Published("L2CS-Net", "angular error", 3.92, "deg", _L2CS),),
    "gaze360": (Published("L2CS-Net", "angular error", 10.41, "deg", _L2CS),),
    "eyediap": (
        Published("py-feat", "angular error", 20.0, "deg", _PYFEAT),
        Published("OpenFace 3.0", "angular error", 21.3, "deg", _PYFEAT),
        Published("LibreFace", "angular error", 23.7, "deg", _PYFEAT),
    ),
    "aflw2000": (Published("6DRepNet", "MAE of the three angles", 3.97, "deg", _SIXD),),
    "biwi": (Published("6DRepNet", "MAE of the three angles", 3.47, "deg", _SIXD),),
}


def published(protocol: str) -> tuple[Published, ...]:
    """Figures of the benchmark ``DATASET``; none of another split of it, where they do not hold."""
    return PUBLISHED.get(protocol, ())
