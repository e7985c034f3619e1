"""OpenFace 3.0's interface on its own weights: a script changes only its import lines.

::

    from openface.face_detection import FaceDetector          # before
    from prosopon.compat.openface3 import FaceDetector        # after

The checkpoints are converted on first use (``pip install 'prosopon[openface3]'``) or once by
``prosopon models add openface3``. They are not part of Prosopon, and for non-commercial use only.
"""

from prosopon.compat.openface3.face_detection import FaceDetector
from prosopon.compat.openface3.landmark_detection import LandmarkDetector
from prosopon.compat.openface3.multitask_model import (
    ACTION_UNITS,
    EMOTIONS,
    MultitaskPredictor,
)

__all__ = ["ACTION_UNITS", "EMOTIONS", "FaceDetector", "LandmarkDetector", "MultitaskPredictor"]
