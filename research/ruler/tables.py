"""The figures as rows of text, for the page, for Markdown and for the terminal."""

import math

import numpy

from research.ruler.plan import GROUPS, KINDS
from research.world.scene import ATTRIBUTES

KIND_COLUMNS = ("CDE %", "remapped", "style alone", "ghosts", "unbroken")
HEADER = ("dial", *(f"{kind}: {column}" for kind in KINDS for column in KIND_COLUMNS))
BESIDE = ("dial", "CDE % away", "positions spoilt", "breaks at", "reversals", "largest / mean step", "zero exact", "± asymmetry", "spread over seeds", "s / sweep", "left out")
JUDGED_ONLY_HEADER = ("dial", *(f"{name}: {column}" for name in GROUPS if name not in KINDS for column in ("CDE %", "ghosts")))
ATTRIBUTE_HEADER = ("dial, CDE raw → remapped", *ATTRIBUTES)
NOTES = (
    (
        "CDE",
        "Calibrated Dial Error: how far the attribute shown is from the dial's position, in % of full. 0 is perfect, a dead dial has 50; "
        "a position that lost its content or its quality, or that is a fade of the strip's ends, counts 100.",
    ),
    ("remapped", "the same after the best monotone relabelling of each attribute, known only by hindsight: what calibration alone could reach."),
    ("style alone", "CDE without the rules on content, quality and ghosts, raw → remapped: how well the attribute follows the dial, whatever else happens."),
    ("ghosts", "positions between the ends that are fades of them, as the judge of ghosts sees it."),
    ("unbroken", "strips that hold to 1: no position spoilt by content, quality or ghosts."),
    ("judged only", "attributes on which no design of a dial was looked at."),
    ("away", "the share of the style removed, turning from 0 to −1 on a prompt that names the style."),
    ("breaks at", "the median over all strips of the first spoilt position."),
    ("reversals", "steps per strip on which the attribute gets weaker, beyond the ruler's own noise."),
    ("largest / mean step", "median over strips, and the 95th percentile: 1 is even."),
    ("zero exact", "strips whose position 0 is the plain picture to the last bit."),
    ("± asymmetry", "mean distance of the share added at +p from the share removed at −p."),
    ("left out", "strips that cannot be judged, since even the prompt in words does not show the attribute."),
    ("renderer", "the world's own drawing of every strength, seen through the model's autoencoder: the ruler's noise."),
)


def strict(value):
    """What JSON can hold: lists for arrays, null for NaN."""
    if isinstance(value, dict):
        return {key: strict(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, numpy.ndarray)):
        return [strict(entry) for entry in value]
    if isinstance(value, (float, numpy.floating)):
        return None if math.isnan(value) else float(value)
    return value


def known(value: float | None) -> bool:
    """Neither missing nor NaN."""
    return value is not None and value == value


def number(value: float | None, form: str) -> str:
    return format(value, form) if known(value) else "–"


def estimate(value: dict, form: str = ".1f") -> str:
    """Mean and 95 % interval."""
    return f"{value['mean']:{form}} ({value['low']:{form}}–{value['high']:{form}})" if known(value["mean"]) else "–"


def kind_cells(figures: dict) -> list[str]:
    """One group's figures under KIND_COLUMNS."""
    alone = f"{number(figures['style alone']['mean'], '.1f')} → {number(figures['style alone remapped']['mean'], '.1f')}"
    return [estimate(figures["CDE"]), estimate(figures["CDE remapped"]), alone, estimate(figures["ghosts"], ".0%"), estimate(figures["unbroken"], ".0%")]


def both(groups: dict, key: str, form: str) -> str:
    """One figure of surface and structure, parted by a stroke."""
    return " / ".join(number(groups[kind][key], form) for kind in KINDS)


def beside_row(name: str, figures: dict) -> list[str]:
    """One method's line under BESIDE; surface / structure where a figure is of both."""
    groups = figures["groups"]
    steps = [groups[kind]["largest step"] for kind in KINDS]
    return [
        name,
        estimate(figures["CDE negative"]) if "CDE negative" in figures else "–",
        both(groups, "positions spoilt", ".0%"),
        " / ".join("never" if groups[kind]["breakdown"] is None else f"{groups[kind]['breakdown']:.1f}" for kind in KINDS),
        both(groups, "reversals", ".1f"),
        " / ".join(f"{step['median']:.1f}, {step['95 %']:.1f}" if step else "–" for step in steps),
        number(figures["exact zeros"], ".0%"),
        number(figures.get("asymmetry"), ".2f"),
        both(groups, "spread over seeds", ".3f"),
        number(figures["seconds per sweep"], ".1f"),
        " / ".join(str(groups[kind]["strips left out"]) for kind in KINDS),
    ]


def ranked(methods: dict) -> list[str]:
    """Names, the least CDE over structure first."""

    def error(name: str) -> float:
        mean = methods[name]["groups"]["structure"]["CDE"]["mean"]
        return mean if known(mean) else float("inf")

    return sorted(methods, key=error)


def main_rows(methods: dict) -> list[list[str]]:
    return [[name, *(cell for kind in KINDS for cell in kind_cells(methods[name]["groups"][kind]))] for name in ranked(methods)]


def beside_rows(methods: dict) -> list[list[str]]:
    return [beside_row(name, methods[name]) for name in ranked(methods)]


def judged_only_rows(methods: dict) -> list[list[str]]:
    """Attributes that designs were looked at on, apart from those that they were not."""
    rows = []
    for name in ranked(methods):
        groups = [methods[name]["groups"][group] for group in GROUPS if group not in KINDS]
        rows.append([name, *(cell for group in groups for cell in (estimate(group["CDE"]), estimate(group["ghosts"], ".0%")))])
    return rows


def attribute_rows(methods: dict) -> list[list[str]]:
    """CDE raw → remapped of every method in every attribute."""
    rows = []
    for name in ranked(methods):
        figures = [methods[name]["by attribute"][attribute] for attribute in ATTRIBUTES]
        rows.append([name, *(f"{number(f['CDE']['mean'], '.1f')} → {number(f['CDE remapped']['mean'], '.1f')}" for f in figures)])
    return rows


def markdown(header: tuple | list, rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(cells) + " |" for cells in rows])


def aligned(header: tuple | list, rows: list[list[str]]) -> str:
    """Columns for a terminal."""
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in [header, *rows])
