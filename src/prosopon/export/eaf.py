"""ELAN's annotation file: a tier for each person and kind of event.

ELAN (Max Planck Institute for Psycholinguistics) opens it beside the video. An annotation spans an
event, and its value is the event's amplitude. Tiers are named ``blink@face0``; the participant is
``face0``.
"""

from __future__ import annotations

from pathlib import Path

from prosopon.errors import MissingExtraError
from prosopon.measures.run import measure
from prosopon.types import FaceTable
from prosopon.writers.base import PartialFile, output_errors

_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
}


def export(table: FaceTable, base: Path, media: Path | None) -> tuple[Path, ...]:
    """Write ``base.eaf``, linked to ``media`` where it is known."""
    try:
        from pympi.Elan import Eaf, to_eaf
    except ImportError:
        raise MissingExtraError("pympi-ling", "elan", "writing ELAN's files") from None
    document = Eaf(author="Prosopon")
    ends: dict[str, int] = {}
    for event in measure(table).events:
        who = f"face{event.face_id}"
        tier = f"{event.kind}@{who}"
        if tier not in ends:
            document.add_tier(tier, part=who)
        # Whole milliseconds, at least one long, one after another.
        start = max(round(event.start * 1000), ends.get(tier, 0))
        ends[tier] = end = max(round(event.end * 1000), start + 1)
        document.add_annotation(tier, start, end, f"{event.amplitude:.2f}")
    if ends:
        document.remove_tier("default")
    if media is not None:
        kind = _TYPES.get(media.suffix.lower(), "unknown")
        document.add_linked_file(media.resolve().as_uri(), media.name, kind)
    partial = PartialFile(base.with_name(f"{base.name}.eaf"))
    try:
        with output_errors(partial.path):
            to_eaf(partial.part, document)
        partial.commit()
    except BaseException:
        partial.discard()
        raise
    return (partial.path,)
