"""The figures as rows of text, for the page, for Markdown and for the terminal."""

from research.world1.styles import STYLES

HEADER = (
    "dial",
    "CDE %",
    "CDE % remapped",
    "style alone",
    "CDE % away",
    "over budget",
    "unbroken strips",
    "breaks at",
    "reversals",
    "largest / mean step",
    "zero exact",
    "± asymmetry",
    "spread over seeds",
    "s / sweep",
    "left out",
)
NOTES = (
    (
        "CDE",
        "Calibrated Dial Error: how far the style shown is from the dial's position, in % of full. "
        "0 is perfect, a dead dial has 50; a position that lost its content or its quality counts 100.",
    ),
    ("remapped", "the same after the best monotone relabelling of each style, known only by hindsight: what calibration alone could reach."),
    ("style alone", "CDE without the rule on content and quality, raw → remapped: how well the style follows the dial, whatever else happens."),
    ("away", "the share of the style removed, turning from 0 to −1 on a prompt that names the style."),
    ("over budget", "positions whose content is further from the start than half the usual distance between two seeds, or whose quality fell by more than 20 %."),
    ("unbroken, breaks at", "strips with no such position, and the median position of the first one over all strips."),
    ("reversals", "steps per strip on which the style gets weaker, beyond the ruler's own noise."),
    ("largest / mean step", "median over strips, and the 95th percentile: 1 is even."),
    ("zero exact", "strips whose position 0 is the plain picture to the last bit."),
    ("± asymmetry", "mean distance of the share added at +p from the share removed at −p."),
    ("left out", "strips that cannot be judged, since even the prompt in words does not show the style."),
)


def estimate(value: dict, digits: int = 1) -> str:
    """Mean and 95 % interval."""
    if value["mean"] is None:
        return "–"
    return f"{value['mean']:.{digits}f} ({value['low']:.{digits}f}–{value['high']:.{digits}f})"


def number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def row(name: str, figures: dict) -> list[str]:
    """One method's line under HEADER."""
    step = figures["largest step"]
    return [
        name,
        estimate(figures["CDE"]),
        estimate(figures["CDE remapped"]),
        f"{number(figures['style alone']['mean'], '.1f')} → {number(figures['style alone remapped']['mean'], '.1f')}",
        estimate(figures["CDE negative"]),
        number(figures["positions over budget"], ".0%"),
        number(figures["strips without breakdown"], ".0%"),
        "never" if figures["breakdown"] is None else f"{figures['breakdown']:.1f}",
        number(figures["reversals"], ".1f"),
        f"{step['median']:.1f}, {step['95 %']:.1f}" if step else "–",
        number(figures["exact zeros"], ".0%"),
        number(figures["asymmetry"], ".2f"),
        number(figures["spread over seeds"], ".3f"),
        number(figures["seconds per sweep"], ".1f"),
        str(figures["strips left out"]),
    ]


def ranked(methods: dict) -> list[str]:
    """Names, the least CDE first."""
    return sorted(methods, key=lambda name: float("inf") if methods[name]["CDE"]["mean"] is None else methods[name]["CDE"]["mean"])


def main_rows(methods: dict) -> list[list[str]]:
    return [row(name, methods[name]) for name in ranked(methods)]


def style_rows(methods: dict) -> list[list[str]]:
    """CDE raw → remapped of every method in every style."""
    rows = []
    for name in ranked(methods):
        by_style = methods[name]["by style"]
        rows.append([name, *(f"{number(by_style[s]['CDE']['mean'], '.1f')} → {number(by_style[s]['CDE remapped']['mean'], '.1f')}" for s in STYLES)])
    return rows


def markdown(header: tuple | list, rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(cells) + " |" for cells in rows])


def aligned(header: tuple | list, rows: list[list[str]]) -> str:
    """Columns for a terminal."""
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in [header, *rows])
