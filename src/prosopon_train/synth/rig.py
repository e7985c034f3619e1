"""The head: which vertices and triangles are drawn, blend shapes, landmarks, baked visibility.

Input: an ``.npz`` with ICT-FaceKit's neutral (26719, 3), quads, uv, uvquads, identity
(100, 26719, 3), expression (57, 26719, 3) and names (57,). Vertex and polygon ranges below are
those of that model's documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prosopon.errors import ProsoponError
from prosopon.types import AnyArray, FloatArray
from prosopon_train.synth.raster import EYE, HAIR, MOUTH, SCALP, SKIN, SOCKET, depth_map

IDENTITY_MODES = 60
LIGHT_DIRECTIONS = 48
SCLERA_RADIUS = 1.62  # cm: larger than a real eyeball's 1.2, see gaze.py
EYE_SCALE = np.float32(0.955)  # balls shrunk so that they do not poke through shut lids
EYE_SETBACK = np.array([0.0, 0.0, 0.03], np.float32)

FACE, HEAD, MOUTH_SOCKET, EYE_SOCKET, GUMS, TEETH, EYE_LEFT, EYE_RIGHT = range(8)
_PART_STARTS = [0, 9409, 11248, 13294, 14062, 17039, 21451, 23021, 24591]
_POLYGONS = (  # (first, end, material)
    (0, 9230, SKIN),
    (9230, 11144, SCALP),
    (11144, 14034, SOCKET),
    (14034, 21496, MOUTH),
    (21496, 22296, EYE),
    (23094, 23894, EYE),
)
# Vertices of the iBUG 68 points, jaw from the subject's right ear on.
_LANDMARKS = """
1225 1888 1052 367 1719 1722 2199 1447 966 3661 4390 3927 3924 2608 3272 4088 3443
268 493 1914 2044 1401 3615 4240 4114 2734 2509 978 4527 4942 4857 1140 2075 1147 4269 3360
1507 1542 1537 1528 1518 1511 3742 3751 3756 3721 3725 3732
5708 5695 2081 0 4275 6200 6213 6346 6461 5518 5957 5841
5702 5711 5533 6216 6207 6470 5517 5966
"""

# The hair shell: rings over the skull, then rings that hang below it.
HAIR_COLUMNS, SKULL_ROWS, HANGING_ROWS = 64, 16, 6
HAIR_AZIMUTH = np.linspace(-np.pi, np.pi, HAIR_COLUMNS, endpoint=False)
HAIR_ELEVATION = np.deg2rad(
    np.r_[np.linspace(88, -25, SKULL_ROWS), np.linspace(-30, -70, HANGING_ROWS)]
)
_EYE_CORNERS = [36, 39, 42, 45]
SKULL_CENTRE = np.array([0, 4, 0], np.float32)


@dataclass(frozen=True, slots=True)
class Rig:
    """The drawn head in the rig frame (cm). n = head vertices, h = hair vertices appended to them.

    neutral (n, 3); triangles (t, 3) over n + h vertices; materials (t,); part (n,); identity
    (modes, 3n); expression (57, 3n); names of the expressions; landmarks (68,) vertex indices;
    below_brows (10,) vertices straight below the brow landmarks 17–26 in uv, below_brows_step
    (10,) how far in 1024ths of the uv square; surface (n, 3) what raster.shade wants to know of
    a vertex; eye_vertices and eye_centres (2, 3), subject's right first; directions (48, 3) to
    light and visibility (n + h, 48) from them; hair_rays (skull rows · columns, 6) the scalp
    vertices under each hair vertex.
    """

    neutral: FloatArray
    triangles: AnyArray
    materials: AnyArray
    part: AnyArray
    identity: FloatArray
    expression: FloatArray
    names: dict[str, int]
    landmarks: AnyArray
    below_brows: AnyArray
    below_brows_step: FloatArray
    surface: FloatArray
    eye_vertices: tuple[AnyArray, AnyArray]
    eye_centres: FloatArray
    directions: FloatArray
    visibility: FloatArray
    hair_rays: AnyArray


def load_rig(path: Path, cache: Path | None = None) -> Rig:
    """Read the rig at ``path``; keep what was derived from it in ``cache`` if that is given."""
    if cache is not None and cache.exists():
        with np.load(cache) as stored:
            return _assemble({name: stored[name] for name in stored.files})
    if not path.exists():
        raise ProsoponError(f"no face rig at {path}; convert ICT-FaceKit's OBJ folder to an .npz")
    with np.load(path) as source:
        arrays = _select({name: source[name] for name in source.files})
    arrays["hair_rays"] = _hair_rays(arrays["neutral"], arrays["part"])
    arrays["visibility"] = _bake_visibility(arrays)
    if cache is not None:
        cache.parent.mkdir(parents=True, exist_ok=True)
        temporary = cache.with_suffix(".tmp")
        with temporary.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        temporary.replace(cache)
    return _assemble(arrays)


def light_directions() -> FloatArray:
    """LIGHT_DIRECTIONS unit vectors spread evenly over the sphere (Fibonacci lattice)."""
    k = np.arange(LIGHT_DIRECTIONS) + 0.5
    polar = np.arccos(1 - 2 * k / LIGHT_DIRECTIONS)
    turn = np.pi * (1 + 5**0.5) * k
    sine = np.sin(polar)
    return np.stack([np.cos(turn) * sine, np.cos(polar), np.sin(turn) * sine], 1).astype(np.float32)


def _select(source: dict[str, AnyArray]) -> dict[str, AnyArray]:
    """Keep what a camera in front can see, as triangles over renumbered vertices."""
    neutral = source["neutral"]
    quads = np.concatenate([source["quads"][a:b] for a, b, _ in _POLYGONS])
    uv_quads = np.concatenate([source["uvquads"][a:b] for a, b, _ in _POLYGONS])
    material = np.concatenate([np.full(b - a, m, np.int8) for a, b, m in _POLYGONS])
    uv = np.zeros((len(neutral), 2), np.float32)
    uv[quads.ravel()] = source["uv"][uv_quads.ravel()]
    real = (quads[:, 3:] != quads[:, :3]).all(1)  # triangles repeat a corner
    triangles = np.concatenate([quads[:, :3], quads[real][:, [0, 2, 3]]])
    material = np.concatenate([material, material[real]])

    part = np.searchsorted(_PART_STARTS, np.arange(len(neutral)), side="right") - 1
    eye_centres = np.stack([_sphere_centre(neutral[part == e]) for e in (EYE_RIGHT, EYE_LEFT)])
    middle = neutral[triangles].mean(1)
    keep = ~((material == SCALP) & (middle[:, 1] < -17))
    inner = (material == SOCKET) | (material == MOUTH)
    keep &= ~(inner & (middle[:, 2] < 4.0) & (middle[:, 1] < 1.5))  # molars and throat
    to_eye = np.linalg.norm(middle[:, None] - eye_centres[None], axis=2).min(1)
    keep &= ~((material == EYE) & (to_eye < 2) & (middle[:, 2] < eye_centres[0, 2] + 0.2))
    triangles, material = triangles[keep], material[keep]

    used = np.unique(triangles)
    new = np.full(len(neutral), -1, np.int32)
    new[used] = np.arange(len(used))
    return {
        "neutral": neutral[used].astype(np.float32),
        "triangles": new[triangles].astype(np.int32),
        "materials": material,
        "part": part[used].astype(np.int8),
        "uv": uv[used],
        "identity": source["identity"][:IDENTITY_MODES, used].astype(np.float32),
        "expression": source["expression"][:, used].astype(np.float32),
        "names": source["names"],
        "landmarks": new[np.array(_LANDMARKS.split(), int)],
        "eye_centres": eye_centres.astype(np.float32),
    }


def _sphere_centre(points: AnyArray) -> AnyArray:
    """Least-squares centre of the sclera: the first 770 vertices of an eyeball."""
    sclera = points[:770]
    system = np.c_[2 * sclera, np.ones(len(sclera))]
    return np.asarray(np.linalg.lstsq(system, (sclera**2).sum(1), rcond=None)[0][:3])


def hair_directions() -> FloatArray:
    """Unit rays (rows, columns, 3) from the middle of the skull."""
    cosine, sine = np.cos(HAIR_ELEVATION)[:, None], np.sin(HAIR_ELEVATION)[:, None]
    x, z = np.sin(HAIR_AZIMUTH)[None] * cosine, np.cos(HAIR_AZIMUTH)[None] * cosine
    return np.stack([x, np.broadcast_to(sine, x.shape), z], 2).astype(np.float32)


def _hair_rays(neutral: FloatArray, part: AnyArray) -> AnyArray:
    """For each hair vertex on the skull: 6 outermost of the 24 head vertices nearest its ray."""
    scalp = np.flatnonzero((part <= HEAD) & (neutral[:, 1] > -3))
    offsets = neutral[scalp] - SKULL_CENTRE
    radii = np.linalg.norm(offsets, axis=1)
    rays = hair_directions()[:SKULL_ROWS].reshape(-1, 3)
    nearest = np.argsort(-(rays @ (offsets / radii[:, None]).T), axis=1)[:, :24]
    outermost = np.argsort(-radii[nearest], axis=1)[:, :6]
    return scalp[np.take_along_axis(nearest, outermost, 1)].astype(np.int32)


def _bake_visibility(arrays: dict[str, AnyArray]) -> FloatArray:
    """Share of each direction's light that reaches each vertex of the neutral head, then hair."""
    neutral, part = arrays["neutral"], arrays["part"]
    size = 300
    visible = np.zeros((len(neutral), LIGHT_DIRECTIONS), np.float32)
    for k, direction in enumerate(light_directions()):
        right = np.cross([0.3, 1, 0.2], direction)
        right /= np.linalg.norm(right)
        seen = np.stack([neutral @ right, neutral @ np.cross(direction, right)], 1)
        seen -= seen.min(0)
        seen *= (size - 4) / seen.max()
        seen += 2
        points = np.c_[seen, neutral @ direction].astype(np.float32)
        depth = depth_map(points, arrays["triangles"], size)
        column, row = points[:, 0].round().astype(int), points[:, 1].round().astype(int)
        lit = np.zeros(len(points), np.float32)
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                blocker = depth[np.clip(row + dy, 0, size - 1), np.clip(column + dx, 0, size - 1)]
                lit += points[:, 2] > blocker - 0.45
        visible[:, k] = lit / 9
    _raise_floor(visible, neutral, part, arrays["eye_centres"])
    hair = hair_directions().reshape(-1, 3) @ light_directions().T > -0.2
    return np.concatenate([visible, hair.astype(np.float32)])


def _raise_floor(
    visible: FloatArray, neutral: FloatArray, part: AnyArray, eye_centres: FloatArray
) -> None:
    """Lids and lips move; shadows of the neutral pose would turn eyes and teeth black."""
    to_eye = np.linalg.norm(neutral[:, None] - eye_centres[None], axis=2).min(1)
    mouth = np.array([0, -3.4, 10.8], np.float32)
    to_mouth = np.linalg.norm((neutral - mouth) * np.array([0.9, 1.1, 0.8], np.float32), axis=1)
    near = (part == FACE) & ((to_eye < 3.0) | (to_mouth < 2.8))
    visible[near] = np.maximum(visible[near], 0.5)
    visible[np.isin(part, (MOUTH_SOCKET, GUMS, TEETH))] = 0.6
    eyes = np.isin(part, (EYE_LEFT, EYE_RIGHT))
    visible[eyes] = np.maximum(visible[eyes], 0.45)


def _hair_triangles(first: int) -> AnyArray:
    """Triangles of the hair shell, whose vertices start at index ``first``."""
    row, column = np.mgrid[: SKULL_ROWS + HANGING_ROWS - 1, :HAIR_COLUMNS]
    here = row * HAIR_COLUMNS + column
    beside = row * HAIR_COLUMNS + (column + 1) % HAIR_COLUMNS
    below, across = here + HAIR_COLUMNS, beside + HAIR_COLUMNS
    both = np.stack([here, below, beside, beside, below, across], -1)
    return (both.reshape(-1, 3) + first).astype(np.int32)


def _surface(uv: FloatArray, part: AnyArray) -> FloatArray:
    """Attributes (n, 3) of raster.shade: uv of the face, factor of the scalp, albedo and gloss."""
    out = np.zeros((len(part), 3), np.float32)
    out[part == FACE, :2] = uv[part == FACE]
    out[part == HEAD, 0] = 1
    inner = {MOUTH_SOCKET: (0.16, 0.1), EYE_SOCKET: (0.4, 0.2), GUMS: (0.25, 0.3)}
    for which, albedo_gloss in {**inner, TEETH: (0.75, 0.35)}.items():
        out[part == which, :2] = albedo_gloss
    return out


def _below_brows(uv: FloatArray, part: AnyArray, brows: AnyArray) -> tuple[AnyArray, FloatArray]:
    """Vertices below the brow landmarks, and their distance in 1024ths of the uv square."""
    flat = np.where(part[:, None] == FACE, uv * [1024, -1024], np.inf)  # x right, y down
    wanted = flat[brows] + [0, 32]
    # Sideways error counts thrice: the point should slide down, not along the brow.
    offset = (flat[None] - wanted[:, None]) * [3, 1]
    below = np.argmin((offset**2).sum(2), axis=1)
    return below, np.asarray(flat[below, 1] - flat[brows, 1], np.float32)


def _assemble(arrays: dict[str, AnyArray]) -> Rig:
    part, neutral = arrays["part"], arrays["neutral"]
    hair = _hair_triangles(len(neutral))
    below, step = _below_brows(arrays["uv"], part, arrays["landmarks"][17:27])
    return Rig(
        neutral=neutral,
        triangles=np.concatenate([arrays["triangles"], hair]),
        materials=np.concatenate([arrays["materials"], np.full(len(hair), HAIR, np.int8)]),
        part=part,
        identity=np.ascontiguousarray(arrays["identity"].reshape(len(arrays["identity"]), -1)),
        expression=np.ascontiguousarray(arrays["expression"].reshape(57, -1)),
        names={str(name): i for i, name in enumerate(arrays["names"])},
        landmarks=arrays["landmarks"],
        below_brows=below,
        below_brows_step=step,
        surface=_surface(arrays["uv"], part),
        eye_vertices=(np.flatnonzero(part == EYE_RIGHT), np.flatnonzero(part == EYE_LEFT)),
        eye_centres=arrays["eye_centres"],
        directions=light_directions(),
        visibility=arrays["visibility"],
        hair_rays=arrays["hair_rays"],
    )


def mean_face(rig: Path) -> FloatArray:
    """(68, 3) mm: the rig's mean face in the head's axes, origin amid the four eye corners."""
    head = load_rig(rig)
    # The rig is in cm with x to the subject's left, y up, z out of the face.
    points = head.neutral[head.landmarks] * np.array([10, -10, -10], dtype=np.float32)
    return np.asarray(points - points[_EYE_CORNERS].mean(0), dtype=np.float32)
