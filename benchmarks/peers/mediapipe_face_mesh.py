"""MediaPipe over a clip, in an interpreter that has ``mediapipe==0.10.14``.

Usage: ``python mediapipe_face_mesh.py CLIP [--task face_landmarker.task] [--passes 1]``

Without ``--task``: face_mesh (468 points, tracking, one face, no iris refinement). With it:
FaceLandmarker in video mode with blendshapes. Frames are decoded by OpenCV. Nothing is written,
which favours this side.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from pathlib import Path

import cv2
import mediapipe
import numpy as np
from measure import measure_passes

# protobuf deprecations inside mediapipe, printed once a process
warnings.filterwarnings("ignore", category=UserWarning, module="google.protobuf")


def rgb_frames(clip: Path) -> Iterator[np.ndarray]:
    """The clip's frames as (h, w, 3) uint8 RGB, the order that MediaPipe takes."""
    capture = cv2.VideoCapture(str(clip))
    while True:
        more, frame = capture.read()
        if not more:
            break
        yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    capture.release()


def face_mesh_pass(clip: Path, mesh: object) -> dict[str, int]:
    """Track one face through the clip."""
    frames = found = 0
    for frame in rgb_frames(clip):
        frames += 1
        found += bool(mesh.process(frame).multi_face_landmarks)
    return {"frames": frames, "frames_with_face": found}


def landmarker_pass(clip: Path, model: bytes) -> dict[str, int]:
    """Points and blendshapes of one face through the clip; its clock can't restart."""
    vision = mediapipe.tasks.vision
    options = vision.FaceLandmarkerOptions(
        base_options=mediapipe.tasks.BaseOptions(model_asset_buffer=model),
        running_mode=vision.RunningMode.VIDEO,
        output_face_blendshapes=True,
        num_faces=1,
    )
    frames = found = 0
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        for frame in rgb_frames(clip):
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame)
            result = landmarker.detect_for_video(image, 40 * frames)
            frames += 1
            found += bool(result.face_landmarks)
    return {"frames": frames, "frames_with_face": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--task", type=Path)
    parser.add_argument("--passes", type=int, default=1)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    versions = {"mediapipe": mediapipe.__version__, "opencv": cv2.__version__}
    if options.task:
        model = options.task.read_bytes()
        measure_passes(lambda: landmarker_pass(options.clip, model), options.passes, versions)
        return
    with mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=False, max_num_faces=1, refine_landmarks=False
    ) as mesh:
        measure_passes(lambda: face_mesh_pass(options.clip, mesh), options.passes, versions)


if __name__ == "__main__":
    main()
