"""The browser's own measuring gives what Python gives on the same frames."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="needs the extra 'server'")
pytest.importorskip("playwright", reason="needs playwright")
from playwright.sync_api import Error, Page

from prosopon import Analyzer
from prosopon.server.app import STATIC
from prosopon.sources.base import Source
from prosopon.sources.image import decode_image
from prosopon.types import FaceTable, Frame
from web_page import EXAMPLE, PATIENCE_S

FRAMES = 12
CARD_FRAMES = 2  # a simulated graphics card takes its time
CARD_START_MS = 45_000
POINTS_PX, ANGLES_DEG, PROBABILITIES = 0.5, 0.5, 0.01
# int8 turns last digits into whole steps: detections that differ by 0.0001 px change single grey
# levels of a crop, and those move landmarks by thousandths of the face's width, in Python as well.
INT8_SHARE = 0.85  # of its values must keep these bounds
KINDS = {
    "points": ("landmarks", "pupils", "box"),
    "angles": ("pose_euler", "gaze_angle"),
    "probabilities": ("emotion", "au_presence", "eye_open", "confidence", "quality"),
    "affect": ("valence", "arousal"),
}
BOUNDS = {
    "points": POINTS_PX,
    "angles": ANGLES_DEG,
    "probabilities": PROBABILITIES,
    "affect": PROBABILITIES,
}

# The page's own worker, given frames one after the other.
MEASURE = """
async ({ worker, place, network, detector, frames, fresh, startMs }) => {
  const bytes = async (path) => (await fetch(path)).arrayBuffer();
  const files = await Promise.all([network, detector].map((name) => bytes(`/v1/pack/${name}`)));
  const thread = new Worker(worker, { type: "module" });
  const answer = () => new Promise((resolve, reject) => {
    thread.onmessage = ({ data }) =>
      data.kind === "failed" ? reject(new Error(data.reason)) : resolve(data);
    thread.onerror = (event) => reject(new Error(event.message));
  });
  const open = { kind: "open", place, network: files[0], detector: files[1], onlyIfFaster: false };
  thread.postMessage(open);
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("does not start")), startMs);
  });
  const { how } = await Promise.race([answer(), late]);
  const results = [];
  for (const [frame, encoded] of frames.entries()) {
    const content = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([content]));
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const rgba = context.getImageData(0, 0, width, height).data;
    thread.postMessage({ kind: "frame", rgba, width, height, frame, fresh });
    results.push((await answer()).result);
  }
  thread.terminate();
  return { how, results };
}
"""


class Pictures(Source):
    """Encoded pictures as the frames of a camera."""

    kind = "camera"

    def __init__(self, pictures: list[bytes]) -> None:
        super().__init__()
        self._pictures = pictures

    def __iter__(self):
        for index, content in enumerate(self._pictures):
            frame = decode_image(content, "frame", index)
            yield Frame(frame.luma, index, index / 25, frame.color)


def frames_of(video: Path, every: int, width: int | None = None) -> list[bytes]:
    """Grey PNG files, which both sides decode to the same pixels."""
    capture = cv2.VideoCapture(str(video))
    found = []
    for number in range(FRAMES * every):
        done, image = capture.read()
        if not done:
            break
        if number % every == 0:
            grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
            if width is not None:
                grey = cv2.resize(grey, (width, round(grey.shape[0] * width / grey.shape[1])))
            found.append(cv2.imencode(".png", grey)[1].tobytes())
    capture.release()
    return found


def in_browser(
    page: Page, pictures: list[bytes], fresh: bool, precision: str, place: str = "processor"
) -> list[Any]:
    page.goto("/")
    assert page.evaluate("crossOriginIsolated")
    (worker,) = (STATIC / "assets").glob("worker-*.js")
    given = {
        "worker": f"/assets/{worker.name}",
        "place": place,
        "network": f"network-{precision}.onnx",
        "detector": "detector.onnx",
        "frames": [base64.b64encode(picture).decode() for picture in pictures],
        "fresh": fresh,
        "startMs": CARD_START_MS if place == "graphics card" else 1000 * PATIENCE_S,
    }
    done = page.evaluate(MEASURE, given)
    assert ("WebGPU" in done["how"]) == (place == "graphics card")
    return done["results"]


def in_python(pictures: list[bytes], fresh: bool, precision: str) -> list[FaceTable]:
    analyzer = Analyzer(precision=precision)
    if fresh:
        return [next(analyzer.frames(Pictures([picture]))).faces for picture in pictures]
    return [result.faces for result in analyzer.frames(Pictures(pictures))]


def as_faces(table: FaceTable) -> dict[str, Any]:
    """A table as the browser tells it."""
    measured = np.flatnonzero(table["success"] > 0)
    columns = ("face_id", *(name for names in KINDS.values() for name in names))
    return {"faces": [{c: table[c][row] for c in columns} for row in measured]}


def differences(theirs: list[Any], ours: list[FaceTable]) -> dict[str, np.ndarray]:
    """Differences of each kind, a row for each face; the faces must be the same ones.

    Angles are in degrees; affect, whose range is twice as wide, counts half.
    """
    found: dict[str, list[np.ndarray]] = {kind: [] for kind in KINDS}
    for result, table in zip(theirs, ours, strict=True):
        measured = np.flatnonzero(table["success"] > 0)
        assert [f["face_id"] for f in result["faces"]] == table["face_id"][measured].tolist()
        for row, face in zip(measured, result["faces"], strict=True):
            for kind, names in KINDS.items():
                values = [np.ravel(np.abs(np.array(face[c]) - table[c][row])) for c in names]
                found[kind].append(np.concatenate(values))
    assert len(found["points"]) >= len(ours) / 2
    rows = {kind: np.stack(values) for kind, values in found.items()}
    return rows | {"angles": np.degrees(rows["angles"]), "affect": rows["affect"] / 2}


def check(page: Page, pictures: list[bytes], precision: str) -> None:
    """Each frame by itself."""
    theirs = in_browser(page, pictures, True, precision)
    ours = in_python(pictures, True, precision)
    found = differences(theirs, ours)
    if precision == "fp32":
        for kind, bound in BOUNDS.items():
            assert found[kind].max() <= bound, kind
        return
    exact = [as_faces(table) for table in in_python(pictures, True, "fp32")]
    lost = differences(exact, ours)
    for kind, bound in BOUNDS.items():
        assert np.mean(found[kind] <= bound) >= INT8_SHARE, kind
        # The sides differ by less than what int8 costs.
        assert np.mean(found[kind]) < np.mean(lost[kind]), kind


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_each_frame_of_the_example(page: Page, precision: str):
    check(page, frames_of(EXAMPLE, every=10), precision)


def test_example_followed(page: Page):
    # Each frame's crop comes from the last one's landmarks, which magnifies the last digits.
    pictures = frames_of(EXAMPLE, every=1)
    theirs = in_browser(page, pictures, False, "fp32")
    found = differences(theirs, in_python(pictures, False, "fp32"))
    for kind, bound in BOUNDS.items():
        assert np.median(found[kind].max(1)) <= bound, kind


def test_graphics_card(page: Page):
    page.goto("/")
    if not page.evaluate("navigator.gpu?.requestAdapter().then((adapter) => !!adapter)"):
        pytest.skip("this Chromium simulates no graphics card")
    pictures = frames_of(EXAMPLE, every=10)[:CARD_FRAMES]
    try:
        theirs = in_browser(page, pictures, True, "fp32", "graphics card")
    except Error as error:
        if "does not start" not in str(error):
            raise
        # The page waits a quarter of a minute for a card and then takes the processor.
        pytest.xfail("this simulated card does not start the network")
    found = differences(theirs, in_python(pictures, True, "fp32"))
    for kind, bound in BOUNDS.items():
        assert found[kind].max() <= bound, kind


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "every", "width"),
    [
        ("WolfgangLanger_Pexels.mp4", 3, 1280),
        ("single_face.mp4", 3, None),
        ("intel_head-pose-face-detection-female-and-male.gif", 3, None),
    ],
)
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_each_frame_of_people(
    page: Page, shared: Path, name: str, every: int, width: int | None, precision: str
):
    check(page, frames_of(shared / "media" / name, every, width), precision)
