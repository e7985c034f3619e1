"""The page's scripts and style: our own, and plotly.js from the PyPI package ``plotly``."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from prosopon.errors import MissingExtraError

SCRIPTS = (
    "report-core.js",
    "report-stage.js",
    "report-timeline.js",
    "report-summary.js",
    "report.js",
)
"""In the order in which they are to be loaded; together they define ``mountReport``."""


@cache
def script() -> str:
    """All of ``report.js``: defines ``mountReport(element, data)`` and ``mountComparison``."""
    return "\n".join(_text(name) for name in (*SCRIPTS, "compare.js"))


@cache
def style() -> str:
    """``report.css``; every rule is under the class ``prosopon-report``."""
    return _text("report.css")


@cache
def plotly() -> str:
    """plotly.js, minified; MissingExtraError without the extra ``report``."""
    try:
        library = files("plotly") / "package_data" / "plotly.min.js"
        return library.read_text(encoding="utf-8")
    except (ModuleNotFoundError, FileNotFoundError):
        raise MissingExtraError("plotly", "report", "a report") from None


def _text(name: str) -> str:
    return (files("prosopon.report") / "static" / name).read_text(encoding="utf-8")
