"""The report of an analysis: data for the page's component, and a file to keep."""

from __future__ import annotations

import json
from pathlib import Path

from prosopon.readers import read
from prosopon.report.assets import plotly, script, style
from prosopon.report.data import report_data
from prosopon.report.media import PLAYABLE, stills
from prosopon.report.page import write_report
from prosopon.server.store import Job
from prosopon.server.worker import RESULT_STEM
from prosopon.writers.base import write_bytes

COMPONENT = {
    "report.js": ("text/javascript", script),
    "report.css": ("text/css", style),
    "plotly.js": ("text/javascript", plotly),
}
"""Files of the report's component: media type, and what gives the content."""

_PLAYED = frozenset((*PLAYABLE.values(), "video/quicktime"))


def data_file(job: Job, folder: Path, source: Path) -> Path:
    """What the component draws, as JSON; made when it is first asked for.

    folder: of the job; source: what was analysed. Raises InputError when there is nothing to show.
    """
    path = folder / "report-data.json"
    if not path.is_file():
        table = read(folder / f"{RESULT_STEM}.parquet")
        info = json.loads((folder / f"{RESULT_STEM}.json").read_text(encoding="utf-8"))
        plays = job.media in _PLAYED
        data = report_data(
            table,
            f"/v1/analyses/{job.id}/media" if plays else None,
            info=info,
            stills=[] if plays else stills(source, table),
            title=job.name,
        )
        write_bytes(path, json.dumps(data, allow_nan=False, separators=(",", ":")).encode())
    return path


def page_file(folder: Path) -> Path:
    """The report as one HTML file; made when it is first asked for.

    Raises MissingExtraError without the extra ``report``, InputError when there is nothing to show.
    """
    path = folder / "report.html"
    if not path.is_file():
        write_report(folder / f"{RESULT_STEM}.parquet", path)
    return path
