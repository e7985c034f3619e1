"""Synthetic faces: a blend-shape head, lit and rasterised on the CPU, with exact labels.

The rig is the ICT-FaceKit head (Li et al., CVPR 2020, MIT licence) in the layout of
``prosopon_train.synth.rig``; nothing of it ships with this package.

Frames: the *rig frame* is x toward the subject's left, y up, z out of the face, in centimetres.
All labels are in the *camera frame* of ``prosopon.geometry`` (x right, y down, z forward).
"""

from prosopon_train.synth.person import Person, sample_person
from prosopon_train.synth.render import render_face, render_head
from prosopon_train.synth.rig import Rig, load_rig

__all__ = ["Person", "Rig", "load_rig", "render_face", "render_head", "sample_person"]
