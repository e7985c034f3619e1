"""Finds faces in a picture."""

from prosopon.detect.detector import FaceDetector

__all__ = ["FaceDetector"]
