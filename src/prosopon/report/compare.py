"""Several tables side by side: figures of each, and each group's mean with its interval.

A recording stands for one unit: the person with the most measured rows in it. Tables from several
folders form a group a folder; from one folder they are all one group. Intervals are Student's t
for the mean at 95 %, over recordings, cut off where the measure ends (a share at 0 and 1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from prosopon.errors import InputError
from prosopon.measures.base import Doubles
from prosopon.report.data import report_data
from prosopon.report.packing import pack, pack_exact, unpack
from prosopon.report.signals import thin
from prosopon.types import FaceTable

_BUCKETS = 250
_UNITS_SHOWN = 6
_SIGNALS = (
    ("affect", "valence", "Valence", (-1, 1)),
    ("affect", "arousal", "Arousal", (-1, 1)),
    ("emotion", "happiness", "Happiness", (0, 1)),
    ("au", "AU12", "AU12, lip corner puller", (0, 5)),
    ("au", "AU06", "AU06, cheek raiser", (0, 5)),
    ("au", "AU04", "AU04, brow lowerer", (0, 5)),
    ("pose", "yaw", "Head yaw, degrees", (-60, 60)),
    ("quality", "confidence", "Confidence", (0, 1)),
)
# 97.5 % quantile of Student's t for 1, 2, … degrees of freedom, where the expansion is too coarse.
_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
_Z = 1.959964


def comparison_data(tables: Mapping[Path, FaceTable], title: str = "") -> dict[str, Any]:
    """What ``mountComparison(element, data)`` draws. InputError: fewer than two tables."""
    if len(tables) < 2:
        raise InputError(f"{title or 'a comparison'}: needs at least two tables")
    grouped = len({path.resolve().parent for path in tables}) > 1
    reports = {path: report_data(table, title=str(path)) for path, table in tables.items()}
    empty = [path for path, report in reports.items() if not report["people"]]
    if empty:
        raise InputError(f"{empty[0]}: no face was measured in it; leave it out")
    files = [
        _file(path, report, path.resolve().parent.name if grouped else "all")
        for path, report in reports.items()
    ]
    units = _strongest(reports.values())
    for file, report in zip(files, reports.values(), strict=True):
        file["measures"] = _measures(report["people"][0]["summary"], report["coverage"], units)
    names: list[str] = list(dict.fromkeys(file["group"] for file in files))
    measures = _described(units)
    return {
        "version": 1,
        "title": title,
        "note": "A dot is a recording, a diamond the mean of its group with its 95 % interval "
        "(Student's t over recordings; recordings of one person are not independent). "
        + ("Groups are the folders of the tables." if grouped else "All are one group."),
        "files": files,
        "signals": [{"title": name, "limits": list(limits)} for _, _, name, limits in _SIGNALS],
        "measures": measures,
        "groups": [
            {
                "name": name,
                "measures": {
                    one["key"]: _mean(
                        [f["measures"][one["key"]] for f in files if f["group"] == name],
                        one["limits"],
                    )
                    for one in measures
                },
            }
            for name in names
        ],
    }


def _file(path: Path, report: dict[str, Any], group: str) -> dict[str, Any]:
    """Name, group and thinned series of the first person of a recording."""
    person = report["people"][0]
    time = unpack(person["time"])
    values = np.full((len(_SIGNALS), len(time)), np.nan)
    for i, (key, name, _, _) in enumerate(_SIGNALS):
        names: list[str] = next((g["names"] for g in report["groups"] if g["key"] == key), [])
        if name in names:
            values[i] = unpack(person["signals"][key])[names.index(name)]
    short, kept = thin(time - time[0], values.T, _BUCKETS)
    return {
        "name": path.stem,
        "group": group,
        "people": len(report["people"]),
        "seconds": float(short[-1]),
        "time": pack_exact(short),
        "series": pack(kept.T, 0.001),
    }


def _strongest(reports: Any) -> list[str]:
    """Units with the largest mean over all recordings."""
    means: dict[str, list[float]] = {}
    for report in reports:
        for unit in report["people"][0]["summary"].get("au", []):
            if unit["mean"] is not None:
                means.setdefault(unit["name"], []).append(unit["mean"])
    ranked = sorted(means, key=lambda name: (-float(np.mean(means[name])), name))
    return sorted(ranked[:_UNITS_SHOWN])


_EMOTIONS = tuple("neutral happiness sadness surprise fear disgust anger contempt".split())


def _measures(
    summary: dict[str, Any], coverage: dict[str, Any], units: Sequence[str]
) -> dict[str, float | None]:
    """Key → figure of one recording, None where its table does not tell."""
    intensities = {unit["name"]: unit["mean"] for unit in summary.get("au", [])}
    emotion = summary.get("emotion", {})
    return {
        "seen": summary["rows"] / coverage["frames"],
        "valence": summary.get("valence", {}).get("mean"),
        "arousal": summary.get("arousal", {}).get("mean"),
        "blinks": _rate(summary, "blink"),
        "smiles": _rate(summary, "smile"),
        "yaw": summary.get("pose", {}).get("yaw", {}).get("sd"),
        **{name: emotion.get(name, {}).get("share") for name in _EMOTIONS},
        **{name: intensities.get(name) for name in units},
    }


def _rate(summary: dict[str, Any], kind: str) -> float | None:
    if not summary["seconds"]:
        return None
    event = summary["events"].get(kind)
    return float(event["per_minute"]) if event else 0.0


def _described(units: Sequence[str]) -> list[dict[str, Any]]:
    """Title, unit and limits of every key of :func:`_measures`, in its order."""
    told: list[tuple[str, str, str, float, float]] = [
        ("seen", "Seen", "share of frames", 0, 1),
        ("valence", "Valence", "mean, −1 to 1", -1, 1),
        ("arousal", "Arousal", "mean, −1 to 1", -1, 1),
        ("blinks", "Blinks", "per minute", 0, np.inf),
        ("smiles", "Smiles", "per minute", 0, np.inf),
        ("yaw", "Head turning", "standard deviation of yaw, degrees", 0, np.inf),
        *((name, name.capitalize(), "share of frames", 0, 1) for name in _EMOTIONS),
        *((name, name, "mean intensity, 0–5", 0, 5) for name in units),
    ]
    return [
        {"key": key, "title": title, "unit": unit,
         "limits": [low, high if np.isfinite(high) else None]}
        for key, title, unit, low, high in told
    ]  # fmt: skip


def _mean(
    values: Sequence[float | None], limits: Sequence[float | None]
) -> dict[str, float | int | None]:
    """Mean, its 95 % interval (None with fewer than two values) and their number."""
    known: Doubles = np.array([value for value in values if value is not None], np.float64)
    if not len(known):
        return {"mean": None, "low": None, "high": None, "n": 0}
    mean = float(known.mean())
    if len(known) < 2:
        return {"mean": mean, "low": None, "high": None, "n": 1}
    half = student(len(known) - 1) * float(known.std(ddof=1)) / float(np.sqrt(len(known)))
    low, high = (end if end is not None else mean + half for end in limits)
    return {
        "mean": mean,
        "low": max(mean - half, low),
        "high": min(mean + half, high),
        "n": len(known),
    }


def student(freedom: int) -> float:
    """97.5 % quantile of Student's t (Cornish–Fisher expansion from 10 degrees of freedom on)."""
    if freedom <= len(_T):
        return _T[freedom - 1]
    first = (_Z**3 + _Z) / (4 * freedom)
    second = (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / (96 * freedom**2)
    third = (3 * _Z**7 + 19 * _Z**5 + 17 * _Z**3 - 15 * _Z) / (384 * freedom**3)
    return _Z + first + second + third
