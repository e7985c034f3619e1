"""One file a task: which columns it gives and how the network's numbers become them.

A head is a module with a constant ``HEAD``. A pack offers the heads whose inputs it has.
"""

from __future__ import annotations

from importlib import import_module

from prosopon.heads.base import Context, HeadSpec

# In the order of decoding and of the table's columns: later heads may use earlier columns.
HEAD_NAMES = ("landmarks", "pose", "gaze", "eyes", "action_units", "emotion", "affect", "quality")

__all__ = ["HEAD_NAMES", "Context", "HeadSpec", "load_head", "load_heads"]


def load_heads(outputs: set[str]) -> tuple[HeadSpec, ...]:
    """The heads that a network with these outputs can serve, in order."""
    specs = map(load_head, HEAD_NAMES)
    return tuple(spec for spec in specs if outputs.issuperset(spec.inputs))


def load_head(name: str) -> HeadSpec:
    """The head of one of HEAD_NAMES."""
    head: HeadSpec = import_module(f"prosopon.heads.{name}").HEAD
    return head
