"""Events of a table, one function a kind; see the module of each for what it takes for one."""

from __future__ import annotations

from prosopon.measures.base import Event
from prosopon.measures.blink import blinks
from prosopon.measures.episode import smiles
from prosopon.measures.loss import losses

__all__ = ["Event", "blinks", "losses", "smiles"]
