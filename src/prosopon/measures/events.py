"""Events of a table, one function a kind; see the module of each for what it takes for one."""

from __future__ import annotations

from prosopon.measures.base import Event
from prosopon.measures.blinks import blinks
from prosopon.measures.losses import losses
from prosopon.measures.smiles import smiles

__all__ = ["Event", "blinks", "losses", "smiles"]
