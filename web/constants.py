"""Writes src/constants.ts: what the browser must know of the default pack and of its decoding.

Usage: python web/constants.py [--check]
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from prosopon import crop
from prosopon.detect import cells, detector
from prosopon.heads import action_units, emotion, pose, quality
from prosopon.measuring import NEWCOMER_REFINEMENTS, SECOND_CHANCE, STILL_REFINEMENTS
from prosopon.packs import load_pack
from prosopon.report import units
from prosopon.track import identities, tracker

TARGET = Path(__file__).parent / "src" / "constants.ts"
_HEAD = "/** Made by web/constants.py from the default pack; do not edit. */\n"


def constants() -> dict[str, Any]:
    """Name → value, JSON-ready."""
    pack = load_pack("default")
    network, found = pack.network, pack.detector
    networks = {precision: network.file(precision) for precision in ("fp32", "int8")}
    used = (*networks.values(), found.file)
    return {
        "PACK": {
            "name": pack.name,
            "version": pack.version,
            "files": {file.path.name: file.sha256 for file in used},
            "networks": {precision: file.path.name for precision, file in networks.items()},
            "precision": network.precision,  # of processors; graphics cards take fp32
            "detector": found.file.path.name,
            "size": network.size,
            "landmarkOffset": list(network.landmark_offset),
            "outputs": {name: list(span) for name, span in network.outputs.items()},
            "faceShape": np.round(pack.face_shape()[pose.RIGID].astype(float), 4).tolist(),
        },
        "DETECTOR": {
            "threshold": found.threshold,
            "nms": found.nms,
            "longSide": found.long_side,
            "farther": detector._FARTHER,
            "strides": list(cells.STRIDES),
            "values": cells.N_VALUES,
            "largestLogHalf": cells._LARGEST_LOG_HALF,
            "sure": detector.SURE,
            "doubtful": detector.DOUBTFUL,
            "alignment": detector._ALIGNMENT,
            "mostCandidates": detector._MOST_CANDIDATES,
            "mostLooks": detector._MOST_LOOKS,
            "lookSize": detector._LOOK_SIZE,
            "lookWidth": detector._LOOK_WIDTH,
            "sameFace": detector._SAME_FACE,
            "leastScore": detector._LEAST_SCORE,
            "secondChance": SECOND_CHANCE,
        },
        "TRACKING": asdict(tracker.TrackSettings())
        | {
            "double": tracker.DOUBLE,
            "still": identities.STILL,
            "stillRefinements": STILL_REFINEMENTS,
            "newcomerRefinements": NEWCOMER_REFINEMENTS,
        },
        "CROP": {"scale": crop.CROP_SCALE, "forehead": crop.FOREHEAD},
        "QUALITY": {
            "goodSide": quality.GOOD_SIDE_PX,
            "goodContrast": quality.GOOD_CONTRAST,
            "goodSharpness": quality.GOOD_SHARPNESS,
            "goodError": quality.GOOD_ERROR,
            "failure": quality.FAILURE,
            "eyeDistance": quality.EYE_DISTANCE,
        },
        "RIGID": pose.RIGID.tolist(),
        "AU_NAMES": list(action_units.AU_NAMES),
        "AU_MEANINGS": [units.MEANINGS[name] for name in action_units.AU_NAMES],
        "EMOTIONS": list(emotion.EMOTIONS),
    }


def module() -> str:
    """The TypeScript text."""
    lines = [
        f"export const {name} = {json.dumps(value, indent=2, ensure_ascii=False)};\n"
        for name, value in constants().items()
    ]
    return _HEAD + "\n" + "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        current = TARGET.is_file() and TARGET.read_text(encoding="utf-8") == module()
        sys.exit(0 if current else f"{TARGET}: not current; run python web/constants.py")
    TARGET.write_text(module(), encoding="utf-8")
