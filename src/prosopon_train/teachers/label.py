"""Turns a teacher's raw answers into the labels of ``data.schema``.

Units and signs are those of the schema. Every gain below was read off the teacher's own answers
on 14,640 photographs, so that the strongest hundredth of the faces comes near 4 on the FACS
scale (AU14 less: its weak answers are often wrong). A unit that the teacher never moves (AU06,
AU09, AU23), or hardly and wrongly (AU22: mouthFunnel is below 0.08 on 99 faces of 100, and its
largest values are grins), stays unsaid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prosopon.crop import from_landmarks
from prosopon.geometry import (
    apply_affine,
    invert_similarity,
    rotation_from_euler,
    rotation_z,
    square_similarity,
)
from prosopon.types import AnyArray, FloatArray
from prosopon_train.data.cutting import cut
from prosopon_train.data.photographs import Photograph
from prosopon_train.data.schema import AU_NAMES, AU_SIDED, NETWORK_SIZE
from prosopon_train.teachers import pointmap

# MediaPipe's canonical head looks this much further up than the rig whose neutral is our
# identity rotation: by what the teacher says of rendered heads (``teachers.convention``).
PITCH_OFFSET = np.radians(0.8)

# Blendshapes per unit (a name without side stands for both), the value at rest and the gain from
# what exceeds it to intensity.
AU_RECIPES: dict[str, tuple[tuple[str, ...], float, float]] = {
    "AU01": (("browInnerUp",), 0.0, 5.0),
    "AU02": (("browOuterUp",), 0.0, 5.0),
    "AU04": (("browDown",), 0.0, 5.0),
    "AU05": (("eyeWide",), 0.01, 25.0),
    "AU07": (("eyeSquint",), 0.40, 9.5),
    "AU10": (("mouthUpperUp",), 0.0, 5.2),
    "AU12": (("mouthSmile",), 0.0, 5.0),
    "AU14": (("mouthDimple",), 0.01, 10.0),
    "AU15": (("mouthFrown",), 0.0, 13.5),
    "AU17": (("mouthShrugLower",), 0.0, 7.0),
    "AU18": (("mouthPucker",), 0.0, 4.5),
    "AU20": (("mouthStretch",), 0.0, 6.2),
    "AU24": (("mouthPressLeft", "mouthPressRight"), 0.03, 9.0),
    "AU26": (("jawOpen",), 0.0, 8.3),
    "AU28": (("mouthRollLower", "mouthRollUpper"), 0.03, 8.5),
}
# eyeSquint rests higher on the subject's left eye than on the right one.
SQUINT_BIAS = {"Right": -0.05, "Left": 0.05}
# eyeBlink of an open and of a shut eye.
BLINK_OPEN, BLINK_SHUT = 0.20, 0.62
# Parting of the inner lips, in distances of the outer eye corners: closed, and per intensity.
LIPS_CLOSED, LIPS_PER_UNIT = 0.005, 0.0625

# Plausibility: how far a mesh may lie from the typical one turned to the stated pose (mean over
# the vertices, in distances of the outer eye corners).
WORST_RESIDUAL = 0.11


@dataclass(frozen=True, slots=True)
class Answers:
    """A teacher's raw answers for n images, sorted by row; see ``facelandmarker``.

    rows (n,); size (n, 2) px; found (n,) bool; mesh (n, 478, 3) px; shapes (n, 52);
    matrix (n, 4, 4); shape_names: of the 52.
    """

    rows: AnyArray
    size: AnyArray
    found: AnyArray
    mesh: FloatArray
    shapes: FloatArray
    matrix: FloatArray
    shape_names: Sequence[str]

    @classmethod
    def load(cls, paths: Sequence[Path]) -> Answers:
        """Read the files of all parts of one run."""
        parts = [np.load(path) for path in paths]
        rows = np.concatenate([part["row"] for part in parts])
        order = np.argsort(rows)

        def column(name: str) -> AnyArray:
            return np.concatenate([part[name] for part in parts])[order]

        return cls(
            rows[order],
            column("size"),
            column("success"),
            column("points"),
            column("blendshapes"),
            column("matrix"),
            [str(name) for name in parts[0]["blendshape_names"]],
        )


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels of n images, in image pixels, by row.

    points (n, 78, 2); rotation (n, 3, 3) head → camera; au (n, 21); au_right, au_left (n, 13);
    eye_open (n, 2); plausible (n,) bool: False where the teacher found nothing or is not to be
    believed.
    """

    points: FloatArray
    rotation: FloatArray
    au: FloatArray
    au_right: FloatArray
    au_left: FloatArray
    eye_open: FloatArray
    plausible: AnyArray


def head_rotations(matrix: AnyArray) -> FloatArray:
    """MediaPipe's head matrices (n, 4, 4) as rotations (n, 3, 3) in our frame and zero.

    Both of its frames (x right, y up, z toward the viewer) become ours by a half turn about x.
    """
    half_turn = np.diag([1.0, -1.0, -1.0])
    rotation = half_turn @ matrix[:, :3, :3] @ half_turn
    offset = rotation_from_euler(np.array([[-PITCH_OFFSET, 0.0, 0.0]]))[0]
    return np.asarray(rotation @ offset, np.float32)


def outer_eye_distance(points: AnyArray, rotation: AnyArray) -> FloatArray:
    """(n,) px between the outer eye corners as seen from the front."""
    seen = np.linalg.norm(points[:, 36] - points[:, 45], axis=1)
    # The eyes' axis is the head's x; of its unit length, this much lies in the image.
    return np.asarray(seen / np.maximum(np.hypot(rotation[:, 0, 0], rotation[:, 1, 0]), 0.3))


def lip_parting(mesh: AnyArray, eye_distance: AnyArray) -> FloatArray:
    """(n,) signed gap of the inner lips along the face's up-axis, in eye distances."""
    eyes = mesh[:, pointmap.RIGHT_EYE + pointmap.LEFT_EYE, :2].mean(1)
    down = mesh[:, (61, 291), :2].mean(1) - eyes
    down = down / np.linalg.norm(down, axis=1, keepdims=True)
    gap = (mesh[:, (14, 87, 317), :2] - mesh[:, (13, 82, 312), :2]).mean(1)
    return np.asarray((gap * down).sum(1) / eye_distance, np.float32)


def action_units(
    shapes: AnyArray, names: Sequence[str], parting: AnyArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Blendshapes (n, 52) and lip parting (n,) as intensities 0–5: both sides, right, left."""
    index = {name: i for i, name in enumerate(names)}
    both = np.full((len(shapes), len(AU_NAMES)), np.nan, np.float32)
    sides = {side: np.full((len(shapes), len(AU_SIDED)), np.nan) for side in ("Right", "Left")}

    def intensity(unit: str, side: str) -> AnyArray:
        parts, rest, gain = AU_RECIPES[unit]
        values = np.mean(
            [shapes[:, index[part + side if part + side in index else part]] for part in parts], 0
        )
        if unit == "AU07":
            rest = rest + SQUINT_BIAS[side]
        return np.asarray(np.clip((values - rest) * gain, 0, 5))

    for unit in AU_RECIPES:
        right, left = intensity(unit, "Right"), intensity(unit, "Left")
        both[:, AU_NAMES.index(unit)] = (right + left) / 2
        # One browInnerUp serves both sides of the face: it says nothing of one.
        if unit in AU_SIDED and unit != "AU01":
            sides["Right"][:, AU_SIDED.index(unit)] = right
            sides["Left"][:, AU_SIDED.index(unit)] = left
    both[:, AU_NAMES.index("AU25")] = np.clip((parting - LIPS_CLOSED) / LIPS_PER_UNIT, 0, 5)
    shut = 5 * (1 - eyes_open(shapes, names))
    both[:, AU_NAMES.index("AU45")] = shut.mean(1)
    for column, side in enumerate(("Right", "Left")):
        sides[side][:, AU_SIDED.index("AU45")] = shut[:, column]
    return both, sides["Right"].astype(np.float32), sides["Left"].astype(np.float32)


def eyes_open(shapes: AnyArray, names: Sequence[str]) -> FloatArray:
    """(n, 2) 0 shut – 1 open, subject's right eye first."""
    blink = shapes[:, [list(names).index(f"eyeBlink{side}") for side in ("Right", "Left")]]
    return np.clip((BLINK_SHUT - blink) / (BLINK_SHUT - BLINK_OPEN), 0, 1).astype(np.float32)


def mesh_residuals(mesh: AnyArray, rotation: AnyArray, eye_distance: AnyArray) -> FloatArray:
    """(n,) mean distance, in eye distances, of each mesh from the median mesh in its pose.

    mesh (n, 478, 3) px. A mesh that collapsed into a spectacle lens, or whose pose and points
    disagree, stands out.
    """
    centred = (mesh - mesh.mean(1, keepdims=True)) / eye_distance[:, None, None]
    frontal = centred @ rotation  # R⁻¹ of each vertex, as row vectors
    turned = np.median(frontal, axis=0) @ rotation.swapaxes(1, 2)
    return np.asarray(np.linalg.norm((turned - centred)[:, :, :2], axis=2).mean(1), np.float32)


def label(answers: Answers, point_map: pointmap.PointMap) -> Labels:
    """Labels of every image of ``answers``; all NaN where no face was found."""
    found = answers.found
    mesh = answers.mesh[found]
    rotation = head_rotations(answers.matrix[found])
    points = pointmap.points_78(point_map, mesh)
    distance = outer_eye_distance(points, rotation)
    shapes = answers.shapes[found]
    both, right, left = action_units(shapes, answers.shape_names, lip_parting(mesh, distance))
    plausible = mesh_residuals(mesh, rotation, distance) < WORST_RESIDUAL
    plausible &= _inside(points[:, :68], answers.size[found])

    def spread(values: AnyArray) -> FloatArray:
        out = np.full((len(found), *values.shape[1:]), np.nan, np.float32)
        out[found] = values
        return out

    believed = np.zeros(len(found), bool)
    believed[found] = plausible
    return Labels(
        points=spread(points),
        rotation=spread(rotation),
        au=spread(both),
        au_right=spread(right),
        au_left=spread(left),
        eye_open=spread(eyes_open(shapes, answers.shape_names)),
        plausible=believed,
    )


def _inside(landmarks: AnyArray, size: AnyArray) -> AnyArray:
    """Faces of which the eyes, the nose and the mouth lie in the picture, and not tiny there."""
    inner = landmarks[:, 17:] / size[:, None]
    mostly = ((inner > -0.05) & (inner < 1.05)).all(2).mean(1) > 0.9
    extent = np.ptp(landmarks, axis=1).max(1) / size.max(1)
    return np.asarray(mostly & (extent > 0.12) & (extent < 1.3))


def example(
    photograph: Photograph, labels: Labels, index: int, gaze: AnyArray | None = None
) -> dict[str, AnyArray | float | str]:
    """The shard example of a photograph from row ``index`` of its labels.

    gaze: (3,) common direction of both eyes in the camera frame of the upright crop.
    """
    crop = from_landmarks(labels.points[index : index + 1, :68], NETWORK_SIZE)
    image, matrix = cut(photograph.luma, crop.matrices[0])
    points = labels.points[index]
    height, width = photograph.luma.shape
    outside = ((points < -1) | (points > (width, height))).any(1)
    return {
        "image": image,
        "points": apply_affine(matrix[None], points[None])[0],
        # Beyond the photograph's border the teacher only guesses.
        "visible": np.where(outside, 0.0, np.nan),
        "gaze": np.full((2, 3), np.nan) if gaze is None else np.tile(gaze, (2, 1)),
        "rotation": rotation_z(-crop.angles)[0] @ labels.rotation[index],
        "au": labels.au[index],
        "au_right": labels.au_right[index],
        "au_left": labels.au_left[index],
        "eye_open": labels.eye_open[index],
        "face": 1.0,
        **_described(photograph),
    }


def typical_square(labels: Labels, size: AnyArray) -> tuple[FloatArray, float]:
    """Median centre (2,) and side of the network's crop, as shares of the picture's width.

    size: (n, 2) px of the pictures.
    """
    width = size[labels.plausible, :1].astype(np.float32)
    crops = from_landmarks(labels.points[labels.plausible, :68], NETWORK_SIZE)
    middle = np.full((len(crops), 1, 2), (NETWORK_SIZE - 1) / 2, np.float32)
    centers = apply_affine(invert_similarity(crops.matrices), middle)[:, 0]
    sides = NETWORK_SIZE / np.hypot(crops.matrices[:, 0, 0], crops.matrices[:, 1, 0])
    return np.median(centers / width, axis=0), float(np.median(sides / width[:, 0]))


def unlabelled_example(
    photograph: Photograph, center: FloatArray, side: float
) -> dict[str, AnyArray | float | str]:
    """A face that the teacher missed: cut where its like usually lie, no geometry said."""
    width = photograph.luma.shape[1]
    crop = square_similarity(
        center[None] * width, np.array([side * width]), np.zeros(1), NETWORK_SIZE
    )[0]
    image, _ = cut(photograph.luma, crop)
    return {"image": image, "face": 1.0, **_described(photograph)}


def _described(photograph: Photograph) -> Mapping[str, AnyArray | float | str]:
    return {
        "person": photograph.person,
        "source": photograph.source,
        "name": photograph.name,
        **photograph.labels,
    }
