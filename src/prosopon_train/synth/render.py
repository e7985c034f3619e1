"""From a person to a picture with its labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from prosopon.types import AnyArray, FloatArray, UInt8Array
from prosopon_train.data.schema import (
    CROP_SCALE,
    NETWORK_SIZE,
    SHARD_SIZE,
)
from prosopon_train.synth import raster
from prosopon_train.synth.backdrop import (
    background,
    body_outline,
    draw_body,
    draw_occluders,
    smooth_noise,
)
from prosopon_train.synth.camera import RIG_TO_HEAD, View, sample_view
from prosopon_train.synth.expression import sample_expression
from prosopon_train.synth.gaze import iris_axis, iris_frame, sample_gaze
from prosopon_train.synth.glasses import draw_glasses
from prosopon_train.synth.light import Light, sample_light
from prosopon_train.synth.person import Person
from prosopon_train.synth.pose import Posed, pose, unit_labels
from prosopon_train.synth.rig import (
    FACE,
    GUMS,
    HEAD,
    MOUTH_SOCKET,
    TEETH,
    Rig,
)
from prosopon_train.synth.texture import face_albedo

SUPERSAMPLING = 1.5
_COLLAR = -12.5  # cm, rig y: below it the neck wears cloth


@dataclass(frozen=True, slots=True)
class Drawing:
    """image, alpha (size, size) 0–1, depth (size, size) cm; dark_lenses: eyes are hidden."""

    image: FloatArray
    alpha: FloatArray
    depth: FloatArray
    dark_lenses: bool


def render_face(
    rig: Rig,
    person: Person,
    rng: np.random.Generator,
    photographs: Sequence[UInt8Array] = (),
    view: View | None = None,
    lids: float = 0.0,
) -> dict[str, AnyArray]:
    """One example of ``prosopon_train.data.schema`` (without person, source and name).

    ``photographs``: luminance pictures for backgrounds. ``view``: instead of a random one.
    ``lids``: see :func:`sample_expression`.
    """
    view = view or sample_view(rng)
    expression = sample_expression(rng, lids)
    gaze = sample_gaze(person.eye_centres, view.lens, rng)
    posed = pose(rig, person, expression, gaze)
    size = round(SHARD_SIZE * SUPERSAMPLING)
    view = crop_view(view, posed.points, size)
    drawing = draw(rig, posed, view, size, rng)
    image = drawing.image + (1 - drawing.alpha) * background(size, list(photographs), rng)
    covered = np.zeros(image.shape, np.uint8)
    if rng.random() < 0.12:
        covered = draw_occluders(image, rng)
    projected = view.project(posed.points)
    visible = _visible(projected, drawing.depth, covered)
    if drawing.dark_lenses:
        visible[36:48] = visible[68:70] = 0
    return {
        "image": finish(image, SHARD_SIZE, rng),
        "points": (projected[:, :2] + 0.5) / SUPERSAMPLING - np.float32(0.5),
        "visible": visible,
        "rotation": view.rotation,
        "gaze": posed.gaze @ view.to_camera.T,
        "eye_open": posed.eye_open,
        "face": np.ones((), np.float32),
        **unit_labels(posed),
    }


def render_head(
    rig: Rig, person: Person, rng: np.random.Generator, size: int
) -> tuple[UInt8Array, UInt8Array, FloatArray]:
    """A whole head with shoulders: luminance and alpha (size, size), 68 points (px).

    Yaw reaches ±90°, the picture is turned in its plane. Luminance where alpha is 0 is 0; where it
    is between, it is already multiplied by alpha.
    """
    view = sample_view(rng, most_yaw=90.0)
    expression = sample_expression(rng)
    gaze = sample_gaze(person.eye_centres, view.lens, rng)
    posed = pose(rig, person, expression, gaze)
    view = view.turned(
        np.deg2rad(rng.normal(0, 12) if rng.random() < 0.7 else rng.uniform(-50, 50))
    )
    inner = round(size * SUPERSAMPLING)
    seen = view.project(np.concatenate([posed.vertices, person.hair.vertices]))[:, :2]
    seen = seen[np.concatenate([rig.part == HEAD, person.hair.margin > 0]).nonzero()[0]]
    low, high = seen.min(0), seen.max(0)
    share = rng.uniform(0.6, 0.85)
    view = view.framed((low + high) / 2, share * inner / (high - low).max(), inner)
    drawing = draw(rig, posed, view, inner, rng)
    points = view.project(posed.points[:68])[:, :2]
    alpha = cv2.resize(drawing.alpha, (size, size), interpolation=cv2.INTER_AREA)
    luma = finish(drawing.image, size, rng, gamma=False)
    luma = np.minimum(luma, np.round(255 * alpha).astype(np.uint8))
    return luma, np.round(255 * alpha).astype(np.uint8), (points + 0.5) / SUPERSAMPLING - 0.5


def crop_view(view: View, points: FloatArray, size: int) -> View:
    """The view whose picture of size × size px is a shard image of these points (78, 3)."""
    seen = view.project(points)[:, :2]
    up = seen[36:48].mean(0) - seen[[48, 54]].mean(0)
    view = view.turned(-float(np.arctan2(up[0], -up[1])))
    seen = view.project(points[:68])[:, :2]
    low, high = seen.min(0), seen.max(0)
    side = CROP_SCALE * (high - low).max() * SHARD_SIZE / NETWORK_SIZE
    return view.framed((low + high) / 2, size / side, size)


def draw(
    rig: Rig,
    posed: Posed,
    view: View,
    size: int,
    rng: np.random.Generator,
    lamps: Light | None = None,
) -> Drawing:
    """Draw head and shoulders on size × size px; light and what is random on the skin is drawn too.

    The same ``rng`` state gives the same light and skin in every pose. ``lamps``: instead of a
    random light.
    """
    person, hair = posed.person, posed.person.hair
    vertices = np.concatenate([posed.vertices, hair.vertices])
    lamps = lamps or sample_light(rig.directions @ view.to_camera.T, rng)
    light = _light(rig, posed, vertices, lamps, view, rng)
    attributes = _attributes(rig, posed, rng)
    strand = np.concatenate([np.zeros(len(rig.part), np.float32), hair.coordinate])
    margin = np.concatenate([np.zeros(len(rig.part), np.float32), hair.margin])
    shut = posed.lip_gap < 0.05
    depth, index, weights = raster.rasterise(
        view.project(vertices), rig.triangles, rig.materials, strand, margin, hair.strands,
        hair.fray, size, shut,
    )  # fmt: skip
    eyes = person.eyes
    pupil = eyes.iris_radius * rng.uniform(0.25, 0.6)
    eye = (eyes.sclera, eyes.iris_radius, pupil, eyes.iris, eyes.limbus, rng.uniform(0, 6))
    image = raster.shade(
        index, weights, rig.triangles, rig.materials, light, attributes,
        face_albedo(person, posed.expression, rng), hair.strands, person.skin.albedo, hair.albedo,
        np.array(eye, np.float32),
    )  # fmt: skip
    head = index >= 0
    image = _expose(image, head, person.skin.albedo, rng)
    if not shut:
        lips = np.round(view.project(posed.points[60:68])[:, :2] * 16).astype(np.int32)
        mouth = cv2.fillPoly(np.zeros((size, size), np.uint8), [lips], 1, shift=4) > 0
        image[mouth & ~head] = 0.02  # the rig has no throat
        head |= mouth
    _glints(image, posed, view, lamps, rig.materials[index] * head == raster.EYE, rng)

    body = np.zeros_like(image)
    alpha = np.zeros_like(image)
    outline = view.project(body_outline(view.to_camera, view.upright @ RIG_TO_HEAD))[:, :2]
    draw_body(alpha, outline, 1.0)
    draw_body(body, outline, rng.random() ** 1.5 * (1 + 0.15 * smooth_noise(5, size, rng)))
    image = np.where(head, image, body)
    dark = False
    if person.glasses:
        bridge = posed.points[28]
        yaw = float(np.arctan2(-view.rotation[0, 2], view.rotation[2, 2]))
        dark = draw_glasses(
            image,
            bridge,
            person.eye_centres,
            lambda points: view.project(points)[:, :2],
            yaw,
            person.seed,
            rng,
        )
    return Drawing(image, np.where(head, 1, alpha).clip(0, 1).astype(np.float32), depth, dark)


def _light(
    rig: Rig,
    posed: Posed,
    vertices: FloatArray,
    lamps: Light,
    view: View,
    rng: np.random.Generator,
) -> FloatArray:
    """Diffuse and specular light (n + h, 2) of every vertex."""
    main = lamps.main @ view.to_camera  # camera frame → rig frame
    half = main - view.to_camera[2]
    half /= np.linalg.norm(half) + 1e-6
    light = raster.vertex_light(
        raster.vertex_normals(vertices, rig.triangles),
        rig.visibility,
        rig.directions,
        lamps.radiance,
        lamps.floor,
        half.astype(np.float32),
        lamps.shininess,
        int(np.argmax(rig.directions @ main)),
    )
    count = len(rig.part)
    skin = posed.person.skin
    gloss = np.ones(count, np.float32)
    gloss[rig.part == FACE] = skin.oil
    gloss[rig.part == HEAD] = skin.oil * 0.5
    light[:count, 1] *= gloss
    inside = np.isin(rig.part, (MOUTH_SOCKET, GUMS, TEETH))
    reach = ((posed.vertices[inside, 2] - 6.5) / 3.8).clip(0.05, 1)
    light[:count, 0][inside] *= reach * rng.uniform(0.6, 1.15)
    return np.asarray(light)


def _attributes(rig: Rig, posed: Posed, rng: np.random.Generator) -> FloatArray:
    """Vertex attributes (n + h, 3) of raster.shade."""
    hair = posed.person.hair
    head = rig.surface.copy()
    head[(rig.part == HEAD) & (rig.neutral[:, 1] < _COLLAR), 0] = rng.uniform(0.1, 2)
    head[rig.part == TEETH, 0] *= rng.uniform(0.6, 1.05)
    eyes = zip(rig.eye_vertices, posed.person.eye_centres, posed.gaze, strict=True)
    for own, centre, gaze in eyes:
        local = (posed.vertices[own] - centre) @ iris_frame(iris_axis(gaze))
        head[own] = local / np.linalg.norm(local, axis=1, keepdims=True)
    shell = np.stack([hair.coordinate, hair.margin, np.zeros_like(hair.margin)], 1)
    return np.concatenate([head, shell])


def _expose(
    image: FloatArray, head: AnyArray, albedo: float, rng: np.random.Generator
) -> FloatArray:
    """Scale to a plausible mean and roll highlights off."""
    wanted = np.clip(rng.normal(0.25 + 0.35 * np.sqrt(albedo), 0.1), 0.12, 0.75)
    mean = float(image[head].mean()) if head.any() else 0.5
    image = np.where(head, image * np.float32(wanted / max(mean, 0.02)), 0).astype(np.float32)
    return np.asarray(image / (1 + np.maximum(image - 0.8, 0)))


def _glints(
    image: FloatArray,
    posed: Posed,
    view: View,
    lamps: Light,
    eye: AnyArray,
    rng: np.random.Generator,
) -> None:
    """The main lamp mirrored in the eyes."""
    half = lamps.main @ view.to_camera - view.to_camera[2]
    half /= np.linalg.norm(half) + 1e-6
    for centre, pupil in zip(posed.person.eye_centres, posed.points[68:70], strict=True):
        place = view.project((centre + 0.75 * (pupil - centre) + 0.5 * half)[None])[0, :2]
        spot = np.zeros_like(image)
        if rng.random() < 0.85:
            shift = np.round(place * 16).clip(-32000, 32000).astype(int)
            radius = int(rng.integers(8, 26))
            cv2.circle(spot, (shift[0], shift[1]), radius, 1.0, -1, cv2.LINE_AA, 4)
            image += np.where(eye, spot * np.float32(rng.uniform(0.3, 1)), 0) * (1 - image)


def _visible(projected: FloatArray, depth: FloatArray, covered: UInt8Array) -> FloatArray:
    """1 where a projected point (k, 3) lies on the foremost surface and nothing covers it."""
    size = len(depth)
    column, row = np.round(projected[:, :2]).astype(int).T
    inside = (column >= 0) & (column < size) & (row >= 0) & (row < size)
    column, row = column.clip(0, size - 1), row.clip(0, size - 1)
    reach = np.arange(-2, 3)
    rows = (row[:, None, None] + reach[:, None]).clip(0, size - 1)
    columns = (column[:, None, None] + reach[None]).clip(0, size - 1)
    near = depth[rows, columns].reshape(len(row), -1)
    slack = np.where(np.arange(len(row)) < 17, 2.5, 1.2)  # cm; the jaw lies on a steep silhouette
    seen = (projected[:, 2] < near.max(1) + 0.25) & (projected[:, 2] < near.min(1) + slack)
    return np.asarray(inside & seen & (covered[row, column] < 128), np.float32)


def finish(
    image: FloatArray, size: int, rng: np.random.Generator, gamma: bool = True
) -> UInt8Array:
    """A drawing 0–1 as a picture of size × size px: a lens's softness, a camera's tone curve."""
    if rng.random() < 0.8:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.3)))
    out = cv2.resize(image.clip(0, 1), (size, size), interpolation=cv2.INTER_AREA)
    if gamma:
        out = out ** rng.uniform(0.75, 1.25)
    return np.asarray(np.round(out * 255), np.uint8)
