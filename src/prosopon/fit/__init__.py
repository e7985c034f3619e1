"""Metric 3D fit: a face's place, rotation and shape in millimetres from its landmarks."""

from __future__ import annotations

from prosopon.fit.fitter import Fitter, fit_alone, fit_columns
from prosopon.fit.model import FaceModel, load_model

__all__ = ["FaceModel", "Fitter", "fit_alone", "fit_columns", "load_model"]
