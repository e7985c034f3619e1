"""The words and tables of a model card, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prosopon.packs import Pack
from prosopon_eval.graph import NetworkSize
from prosopon_eval.precision import REFERENCE, Difference, heads, lines
from prosopon_eval.report import Figure, Result, Slice, cells

INTENDED = (
    "Measuring movements of faces in pictures and video where the people shown know of it and "
    "agree: research on expression and conversation, annotation for people to check, "
    "animation, interfaces that react to the head or the eyes.",
    "Upright or slightly turned faces in ordinary light; the tables on robustness say how the "
    "figures fall for small, dark, covered and turned ones.",
)
NOT_INTENDED = (
    "Telling who somebody is, or their age, sex, origin or health: the pack measures none of "
    "these.",
    "Telling what somebody feels, intends, or whether they lie. Expressions are movements; "
    "the emotion columns say what raters would call the picture, not what the person felt.",
    "Decisions about people (hiring, schooling, credit, policing, medicine), and watching "
    "people without their knowledge.",
)
UNVALIDATED = (
    "**No action units coded by people, no human ratings of valence or arousal, and no measured "
    "gaze were at hand.** What is told of them below is of rendered faces, or indirect.",
    "**Action units**: scored on rendered faces and, indirectly, against smile answers and "
    "emotion votes; units beyond AU01, AU02, AU04, AU05, AU12 and AU15 were never compared with "
    "people's judgement of photographs. No unit's *intensity* was.",
    "**Valence and arousal**: learned as the class means of emotion votes, which is weak: within "
    "one class they say little. Not scored.",
    "**Gaze**: scored on rendered eyes, and on portraits that look into the lens, which were "
    "chosen by eye: of people who look elsewhere, nothing was measured. It was "
    "learned from rendered eyes; another model's labels of photographs, which take a turn of the "
    "head for one of the eyes, have left a trace: see how far it follows the head.",
    "**Emotion** was learned from, and scored on, one crowd-labelled set of small grey web "
    "pictures, without names of people: the same person may be in both its parts. Contempt, "
    "disgust and fear are rare in it.",
    "**Head rotation** on photographs was compared with a fit of an average face only; "
    "**distance** was not compared with anything.",
    "**Age, gender, skin**: the only age and gender labels at hand come without any other "
    "label, so that no error could be computed by age or gender: only whether faces were found, "
    "and how the points agree under mirroring. The luminance of the skin mixes light and skin "
    "tone. Nothing was measured by skin type on photographs; skin tone, light, age-like texture "
    "and glasses were changed alone on rendered faces only, which are simpler than people.",
    "**Not tested at all**: masks, beards and veils as groups, thermal or fish-eye cameras, "
    "drawings, faces of animals.",
)


@dataclass(frozen=True, slots=True)
class Part:
    """One protocol's place in the card: its heading, and its result or why there is none."""

    heading: str
    command: str
    result: Result | None


@dataclass(frozen=True, slots=True)
class Network:
    """One file of the pack: its role, size, and (median, lower quartile) ms of a run."""

    name: str
    size: NetworkSize
    milliseconds: tuple[float, float]


def render(
    pack: Pack,
    sources: Mapping[str, Any],
    networks: Sequence[Network],
    machine: str,
    parts: Sequence[Part],
    differences: Sequence[Difference],
    curves: Sequence[Slice],
    picture: str,
) -> str:
    """The whole card; ``picture`` is the name of the file beside it that draws the curves."""
    sections = (
        f"# Model card: {pack.name} {pack.version}",
        f"{pack.summary} Licence of the weights: {pack.license}. {pack.terms}".rstrip(),
        "Written by `python -m prosopon_eval.card`; all but the milliseconds comes out the same "
        "in every run on the same files.",
        "## Intended use\n\n" + _bullets(INTENDED),
        "## Not intended\n\n" + _bullets(NOT_INTENDED),
        "## What is unvalidated\n\n" + _bullets(UNVALIDATED),
        "## Networks\n\n" + _networks(pack, networks, machine),
        "## Made from\n\n" + _sources(sources),
        "## Figures\n\nThe 95 % intervals come from resampling people (or photographs) with "
        "replacement; n counts rows. A group of fewer than ten rows is not measured. Each "
        "protocol's rules are in its module in `prosopon_eval/protocols`.",
        *(_part(part) for part in parts),
        "## Precision\n\n" + _precision(differences),
        "## Robustness\n\n" + _curves(curves, picture),
    )
    return "\n\n".join(sections) + "\n"


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _networks(pack: Pack, networks: Sequence[Network], machine: str) -> str:
    size = pack.network.size
    outputs = ", ".join(f"{name} {count}" for name, (_, count) in pack.network.outputs.items())
    rows = [
        (
            n.name,
            f"{n.size.parameters:,}",
            f"{n.size.multiply_adds / 1e6:.1f}",
            f"{n.size.bytes / 1e6:.2f}",
            f"{n.milliseconds[0]:.2f} ({n.milliseconds[1]:.2f})",
        )
        for n in networks
    ]
    heads = ("file", "parameters", "million multiply-adds", "MB", "ms (lower quartile)")
    return (
        f"One convolutional network reads an upright {size}×{size} luminance crop of a face and "
        f"gives all measurements in one pass: {outputs}. A second one finds faces: in every "
        "picture, and every few frames of a video.\n\n"
        + _table(heads, rows)
        + "\n\nParameters are all stored numbers, including scales and zero points of 8-bit files. "
        f"Milliseconds: one face (the detector: one 640×384 picture), one thread, "
        f"median of 100 runs on {machine}."
    )


def _sources(sources: Mapping[str, Any]) -> str:
    heads = ("what", "used for", "terms")
    tables = [
        f"{title}\n\n" + _table(heads, [(s["name"], s["use"], s["terms"]) for s in sources[key]])
        for key, title in (("data", "Data:"), ("teacher", "Teachers (not shipped):"))
        if sources.get(key)
    ]
    return "\n\n".join([*tables, _bullets(sources.get("notes", ()))])


def _part(part: Part) -> str:
    lines = [f"### {part.heading}", f"`python -m prosopon_eval {part.command}`"]
    if part.result is None:
        lines.append("Not measured: these data were not at hand.")
        return "\n\n".join(lines)
    rows = [(f.name, *cells(f)) for f in part.result.figures]
    lines.append(_table(("figure", "value", "95 % interval", "n"), rows))
    for matrix in part.result.matrices:
        grid = [
            (label, *map(str, row)) for label, row in zip(matrix.labels, matrix.counts, strict=True)
        ]
        lines.append(f"{matrix.name} (rows true, columns predicted):")
        lines.append(_table(("", *matrix.labels), grid))
    lines += [_slices(group) for group in _by_figures(part.result.slices)]
    return "\n\n".join(lines)


def _by_figures(slices: Sequence[Slice]) -> list[list[Slice]]:
    """The slices in runs of attributes that tell the same figures."""
    names: dict[str, tuple[str, ...]] = {}
    for part in slices:
        names[part.attribute] = (*names.get(part.attribute, ()), part.figure.name)
    runs: dict[frozenset[str], list[Slice]] = {}
    for part in slices:
        runs.setdefault(frozenset(names[part.attribute]), []).append(part)
    return list(runs.values())


def _slices(slices: Sequence[Slice]) -> str:
    """One figure: a line a group, with n. Several: a line a group, a column a figure."""
    names = list(dict.fromkeys(part.figure.name for part in slices))
    if len(names) > 1:
        return _across(slices, names, ("group", "level"))
    groups = [(f"{s.attribute}: {s.group}", s.figure.name, *cells(s.figure)) for s in slices]
    return _table(("group", "figure", "value", "95 % interval", "n"), groups)


def _across(slices: Sequence[Slice], names: Sequence[str], heads: tuple[str, str]) -> str:
    """A row a level and a column a figure, the levels of an attribute together."""
    table: dict[tuple[str, str], dict[str, Figure]] = {}
    for part in slices:
        table.setdefault((part.attribute, part.group), {})[part.figure.name] = part.figure
    order = list(dict.fromkeys(attribute for attribute, _ in table))
    rows = [
        (*key, *(_compact(figures.get(name)) for name in names))
        for key, figures in sorted(table.items(), key=lambda item: order.index(item[0][0]))
    ]
    return _table((*heads, *names), rows)


def _precision(differences: Sequence[Difference]) -> str:
    if not differences:
        return "Not measured: this pack has one precision only, or the data were not at hand."
    tables = [_table(heads(name), rows) for name, rows in lines(differences).items()]
    return "\n\n".join(
        (
            "`python -m prosopon_eval.precision`: the same faces by each network of the pack; ↓ "
            f"lower is better, ↑ higher. Difference: less {REFERENCE}; its interval draws whole "
            "people and scores both networks on the same draw. Faces of the shards are given as "
            "they were cut out, those of `faces_test` with the teachers' labels; the marked "
            "photographs go through the whole pipeline.",
            *tables,
        )
    )


def _curves(curves: Sequence[Slice], picture: str) -> str:
    if not curves:
        return "Not measured: neither marked photographs nor FER+ were at hand."
    names = list(dict.fromkeys(part.figure.name for part in curves))
    counts = ", ".join(
        f"{name}: n = {next(p.figure.n for p in curves if p.figure.name == name)}" for name in names
    )
    return (
        "The same pictures made worse in one way at a time (`python -m prosopon_eval.robustness`): "
        f"{counts}. A missed face is an infinite error in the median.\n\n"
        f"![Error of the points, faces missed and accuracy of emotion by change]({picture})\n\n"
        + _across(curves, names, ("changed", "level"))
    )


def _compact(figure: Figure | None) -> str:
    if figure is None:
        return "–"
    value, interval, _ = cells(figure)
    return f"{value} ({interval})" if interval else value
