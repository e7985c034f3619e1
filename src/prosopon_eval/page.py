"""One page that sets what was measured beside what papers say: Markdown or plain HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

from prosopon.errors import OutputError
from prosopon.writers.base import PartialFile, output_errors
from prosopon_eval.published import Published, published
from prosopon_eval.report import Figure, Result, cells

SUFFIXES = (".md", ".html")
NOTE = (
    "Measured: every pack or program on the same pictures by the same rule; in brackets the 95 % "
    "interval from drawing people again. Published: the papers' own figures, by their own crops, "
    "training data and folds, so that small differences may be the protocol's."
)
STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1a1a1a;background:#fff}table{border-collapse:collapse;width:100%}
th,td{padding:.35rem .6rem;border-bottom:1px solid #ddd;text-align:right}
th:first-child,td:first-child{text-align:left}thead th{border-bottom:2px solid #888}
.paper{color:#4a4a78}@media(prefers-color-scheme:dark){body{color:#eee;background:#181818}
th,td{border-color:#444}.paper{color:#b8b8e8}}"""


def check_page(path: Path) -> None:
    """OutputError when ``path`` does not name a page: said before hours of measuring."""
    if path.suffix not in SUFFIXES:
        raise OutputError(f"{path}: name a page that ends in {' or '.join(SUFFIXES)}")


def write_page(results: Sequence[Result], path: Path) -> None:
    """Write the page of one benchmark's ``results`` to ``path``, whole or not at all.

    OutputError: it can't be written, or its name ends in neither .md nor .html.
    """
    check_page(path)
    text = markdown(results) if path.suffix == ".md" else page(results)
    file = PartialFile(path)
    try:
        with output_errors(path):
            file.part.write_text(text, encoding="utf-8")
        file.commit()
    except BaseException:
        file.discard()
        raise


def rows(results: Sequence[Result]) -> tuple[list[str], list[list[str]]]:
    """Heading and rows: a figure, its value by each pack or program, papers' systems, n."""
    papers = published(results[0].protocol)
    systems = list(dict.fromkeys(figure.system for figure in papers))
    by_name = [{figure.name: figure for figure in result.figures} for result in results]
    names = dict.fromkeys(name for figures in by_name for name in figures)
    names |= dict.fromkeys(figure.figure for figure in papers)
    table = []
    for name in names:
        measured = [figures.get(name) for figures in by_name]
        counts = dict.fromkeys(str(figure.n) for figure in measured if figure)
        told = [_paper(papers, system, name) for system in systems]
        table.append([name, *map(_text, measured), *told, " / ".join(counts)])
    return ["figure", *(result.pack for result in results), *systems, "n"], table


def _paper(papers: Sequence[Published], system: str, name: str) -> str:
    for paper in papers:
        if (paper.system, paper.figure) == (system, name):
            return cells(Figure(name, paper.value, paper.unit, 0))[0]
    return ""


def _text(figure: Figure | None) -> str:
    if figure is None:
        return "–"
    value, interval, _ = cells(figure)
    return f"{value} ({interval})" if interval else value


def _sources(results: Sequence[Result]) -> list[str]:
    sources: dict[str, list[str]] = {}
    for figure in published(results[0].protocol):
        systems = sources.setdefault(figure.source, [])
        if figure.system not in systems:
            systems.append(figure.system)
    return [f"{', '.join(systems)}: {source}" for source, systems in sources.items()]


def _title(results: Sequence[Result]) -> str:
    return f"{results[0].protocol} · {results[0].data} · Prosopon {results[0].version}"


def markdown(results: Sequence[Result]) -> str:
    """The page as Markdown."""
    heading, table = rows(results)
    lines = [f"# {_title(results)}", "", NOTE, ""]
    lines += [f"| {' | '.join(row)} |" for row in (heading, ["---"] * len(heading), *table)]
    if sources := _sources(results):
        lines += ["", "Published figures:", "", *(f"- {source}" for source in sources)]
    return "\n".join(lines) + "\n"


def page(results: Sequence[Result]) -> str:
    """The page as HTML; what papers say is in another colour."""
    heading, table = rows(results)
    papers = range(1 + len(results), len(heading) - 1)

    def line(cells: Sequence[str], tag: str) -> str:
        texts = (
            f'<{tag} class="paper">{html.escape(cell)}</{tag}>'
            if i in papers
            else f"<{tag}>{html.escape(cell)}</{tag}>"
            for i, cell in enumerate(cells)
        )
        return f"<tr>{''.join(texts)}</tr>"

    sources = "".join(f"<li>{html.escape(source)}</li>" for source in _sources(results))
    title = html.escape(_title(results))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{STYLE}</style><h1>{title}</h1><p>{html.escape(NOTE)}</p>"
        f"<table><thead>{line(heading, 'th')}</thead>"
        f"<tbody>{''.join(line(row, 'td') for row in table)}</tbody></table>"
        + (f'<h2>Published figures</h2><ul class="paper">{sources}</ul>' if sources else "")
        + "</html>\n"
    )
