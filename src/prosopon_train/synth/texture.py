"""The face's albedo in uv space: complexion, lips, lids, beard, wrinkles and brows.

Regions are polygons in 1024ths of the uv square of the ICT-FaceKit face (x to the subject's left,
y down); most are drawn for the subject's right half and mirrored.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from prosopon.types import AnyArray, FloatArray
from prosopon_train.synth.expression import Expression
from prosopon_train.synth.person import Beard, Brows, Person, Skin

SIZE = 256
_UNIT = SIZE / 1024
_SUBPIXEL_BITS = 4

Points = Sequence[tuple[float, float]]


def _pixels(points: AnyArray | Points) -> AnyArray:
    scaled = np.asarray(points) * (_UNIT * 2**_SUBPIXEL_BITS)
    return np.asarray(np.round(scaled), np.int32)


def _mirror(points: AnyArray | Points) -> AnyArray:
    return np.asarray(points, np.float32) * [-1, 1] + [1024, 0]


def _region(points: Points, blur: float, both: bool = True) -> FloatArray:
    mask = np.zeros((SIZE, SIZE), np.float32)
    for outline in (points, _mirror(points))[: 2 if both else 1]:
        cv2.fillPoly(mask, [_pixels(outline)], 1.0, cv2.LINE_AA, _SUBPIXEL_BITS)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), blur))


# fmt: off
_LIPS = _region([(397, 571), (434, 519), (480, 502), (512, 501), (544, 502), (589, 519), (626, 571),
                 (608, 630), (570, 651), (512, 656), (454, 651), (415, 630)], 1.2, both=False)
_AROUND_LIPS = _region([(400, 575), (440, 535), (512, 525), (584, 535), (624, 575), (600, 650),
                        (512, 665), (424, 650)], 2, both=False)
_JAW = _region([(170, 480), (215, 560), (330, 600), (380, 560), (420, 500), (512, 480), (604, 500),
                (644, 560), (694, 600), (809, 560), (854, 480), (850, 560), (815, 690), (740, 800),
                (600, 850), (512, 860), (424, 850), (284, 800), (209, 690), (174, 560)],
               4, both=False) * (1 - _AROUND_LIPS)
_MOUSTACHE = _region([(405, 545), (440, 480), (512, 478), (584, 480), (620, 545), (580, 505),
                      (512, 495), (444, 505)], 2.5, both=False)
_CHIN = _region([(440, 690), (512, 675), (584, 690), (600, 760), (512, 800), (424, 760)],
                4, both=False) + 0.8 * _region(
                    [(380, 575), (405, 560), (425, 640), (450, 690), (420, 760), (385, 680)], 3)
_UPPER_LID = _region([(318, 280), (345, 262), (385, 262), (412, 285), (385, 276), (345, 276)], 1.0)
_LOWER_LID = _region([(322, 292), (345, 298), (385, 298), (410, 293), (385, 312), (345, 312)], 1.6)
_BAG = _region([(320, 305), (350, 325), (400, 322), (425, 300), (400, 345), (345, 345)], 3.5)
_NOSTRIL = _region([(462, 452), (478, 446), (492, 456), (486, 468), (465, 468)], 1.0)
_LASHES = _region([(318, 289), (330, 281), (347, 278), (377, 279), (413, 290), (411, 293),
                   (377, 286), (347, 285), (330, 287)], 0.45)
_CHEEK = _region([(230, 420), (320, 370), (420, 400), (400, 470), (300, 500)], 14)
_NOSE = _region([(480, 330), (544, 330), (590, 440), (512, 480), (434, 440)], 8, both=False)
_BROW_LINE = np.array([(470, 206), (424, 199), (361, 194), (304, 195), (248, 214)], np.float32)
# fmt: on
_BROW_DROP = 8  # the drawn brow lies this far below the rig's brow line
_BROW_TAPER = [0, 0.4, 2.4, 4], [0.75, 1, 1, 0.3]
_BROW_LEAN = [0, 1, 2.5, 4], [-1.2, -0.5, -0.1, 0.5]  # rad, of strokes along the brow


def face_albedo(person: Person, expression: Expression, rng: np.random.Generator) -> FloatArray:
    """Albedo (SIZE, SIZE) of a person's face while it shows ``expression``.

    ``rng`` places what differs between two pictures of nobody in particular (noise, strokes).
    """
    tone = _complexion(person.skin, rng)
    base = person.skin.albedo
    if person.beard.density > 0:
        cover = _beard_cover(person.beard, rng)
        tone = tone * (1 - cover) + cover * (person.beard.albedo / base)
    tone *= np.exp(1.6 * _wrinkles(person.skin, expression, rng))
    cover = _brow_cover(person.brows, rng)
    tone = tone * (1 - cover) + cover * min(person.brows.albedo / base, 1.0)
    return np.asarray(tone * base, np.float32)


def brow_edges(brows: Brows) -> tuple[FloatArray, FloatArray]:
    """How far below the rig's five brow landmarks, inner to outer, the drawn brow is marked.

    Two (5,) arrays in 1024ths of the uv square: where people mark a brow (between its middle and
    its upper edge), and its lower edge.
    """
    u = np.arange(5)
    stroke = 0.4 * 19 * brows.length * np.sin(np.interp(u, *_BROW_LEAN))
    line_below_landmarks = 4
    middle = line_below_landmarks + _BROW_DROP + brows.shift + stroke
    half = brows.thickness * np.interp(u, *_BROW_TAPER)
    upper, lower = middle - 0.25 * half, middle + half
    return upper.astype(np.float32), lower.astype(np.float32)


def _noise(cells: int, rng: np.random.Generator) -> FloatArray:
    coarse = rng.standard_normal((cells, cells), np.float32)
    return np.asarray(cv2.resize(coarse, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR))


def _complexion(skin: Skin, rng: np.random.Generator) -> FloatArray:
    tone = 1 + skin.blotches * (0.06 * _noise(6, rng) + 0.04 * _noise(20, rng))
    tone += 0.05 * skin.grain * _noise(90, rng)
    tone *= 1 - skin.cheeks * (_CHEEK + 0.5 * _NOSE)
    tone *= 1 - skin.lips * _LIPS
    tone *= 1 - skin.upper_lids * _UPPER_LID
    tone *= 1 - skin.lower_lids * _LOWER_LID
    tone *= 1 - skin.bags * _BAG
    tone *= 1 - 0.75 * _NOSTRIL
    tone *= 1 - skin.lashes * _LASHES
    for _ in range(skin.spots):
        place = (int(rng.uniform(0.2, 0.8) * SIZE), int(rng.uniform(0.1, 0.8) * SIZE))
        cv2.circle(tone, place, int(rng.integers(0, 2)), float(rng.uniform(0.4, 0.85)), -1)
    return np.asarray(tone, np.float32)


def _beard_cover(beard: Beard, rng: np.random.Generator) -> FloatArray:
    place = _JAW * beard.jaw + _MOUSTACHE * beard.moustache + _CHIN * beard.chin
    patchy = (0.75 + 0.35 * _noise(64, rng)).clip(0, 1.3)
    return np.asarray((place.clip(0, 1) * patchy * beard.density).clip(0, 1))


def _wrinkles(skin: Skin, expression: Expression, rng: np.random.Generator) -> FloatArray:
    """Log-albedo of creases: those of age, and those that units make."""
    out = np.zeros((SIZE, SIZE), np.float32)
    age, dynamic = skin.age, skin.wrinkling
    act = expression.mean

    def crease(points: Points, depth: float, width: int = 1, both: bool = True) -> None:
        for line in (points, _mirror(points))[: 2 if both else 1]:
            shape = [_pixels(line)]
            cv2.polylines(out, shape, False, -depth, width, cv2.LINE_AA, _SUBPIXEL_BITS)

    pull = max(act("AU12"), 0.9 * act("AU09"), 0.9 * act("AU10"), 0.6 * act("AU14"))
    crease([(425, 430), (405, 470), (380, 530), (365, 585)], 0.55 * (age * 0.5 + dynamic * pull), 2)
    under_eye = age * 0.5 + dynamic * 0.7 * max(act("AU06"), 0.6 * act("AU07"))
    crease([(330, 305), (360, 330), (410, 330)], 0.5 * under_eye)
    for drop in (-14, 2, 20):
        crows_foot = [(305, 285 + drop * 0.4), (270, 280 + drop * 1.6)]
        crease(crows_foot, 0.45 * (age * 0.2 + dynamic * 0.8 * act("AU06")))
    frown = act("AU04")
    crease([(490, 262), (493, 225), (488, 195)], 0.5 * (age * 0.2 + dynamic * 1.2 * frown), 2)
    crease([(500, 215), (480, 232), (455, 240)], 0.5 * dynamic * frown)
    corner = age * 0.3 + dynamic * (0.8 * act("AU15") + 0.3 * act("AU17"))
    crease([(392, 590), (378, 640), (385, 690)], 0.45 * corner)
    dimple = dynamic * (0.9 * act("AU14") + 0.4 * act("AU20"))
    crease([(380, 540), (362, 580), (372, 630)], 0.55 * dimple)
    for step in (0, 1):
        across = [(470 + 10 * step, 270 + 16 * step), (455 + 8 * step, 300 + 16 * step)]
        crease(across, 0.4 * dynamic * 0.8 * act("AU09"))
    raised = max(act("AU01"), act("AU02"))
    x = np.linspace(310, 714, 7)
    for y in (70, 105, 140):
        wave = y + rng.uniform(-8, 8, 7) + 10 * np.abs((x - 512) / 200)
        depth = 0.4 * (age * 0.35 * rng.random() + dynamic * 0.9 * raised)
        crease(list(zip(x, wave, strict=True)), depth, both=False)
    chin = dynamic * 0.7 * act("AU17") + 0.1
    crease([(460, 690), (512, 680), (564, 690)], 0.4 * chin, both=False)
    return np.asarray(cv2.GaussianBlur(out, (0, 0), 0.9))


def _brow_cover(brows: Brows, rng: np.random.Generator) -> FloatArray:
    """Share of skin covered by brow hair: short strokes along the brow line."""
    out = np.zeros((SIZE, SIZE), np.float32)
    along = np.arange(len(_BROW_LINE))
    for mirrored in (False, True):
        u = rng.random(brows.strokes) * along[-1]
        root = np.stack([np.interp(u, along, _BROW_LINE[:, k]) for k in (0, 1)], 1)
        taper = np.interp(u, *_BROW_TAPER)
        spread = rng.uniform(-1, 1, brows.strokes) * brows.thickness * taper
        root[:, 1] += spread + brows.shift + _BROW_DROP
        length = rng.uniform(12, 26, brows.strokes) * brows.length
        lean = np.interp(u, *_BROW_LEAN)
        lean += rng.normal(0, 0.15, brows.strokes)
        tip = root + np.stack([-length * np.cos(lean), 0.8 * length * np.sin(lean)], 1)
        if mirrored:
            root, tip = _mirror(root), _mirror(tip)
        strokes = list(_pixels(np.stack([root, tip], 1)))
        cv2.polylines(out, strokes, False, 1.0, 1, cv2.LINE_AA, _SUBPIXEL_BITS)
    return np.asarray((cv2.GaussianBlur(out, (0, 0), 0.8) * brows.density).clip(0, 1))
