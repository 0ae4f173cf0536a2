"""The figures as text, as JSON and as a page of pictures."""

import json
import math
import pathlib

from PIL import Image, ImageDraw

from research.ruler.own.figures import by_method, summary
from research.ruler.own.strips import Strip
from research.ruler.tables import aligned, number, strict

COLUMNS = {  # What is printed of each figure: its head, and the form of its number.
    "C": ("C, a mix has 1", ".2f"),
    "R": ("R, faint outlines", ".2f"),
    "contrast loss": ("contrast lost", ".1%"),
    "doubt": ("doubt by ends'", ".2f"),
    "delta smooth": ("δ_smooth", ".3f"),
    "largest step": ("largest / mean step", ".1f"),
    "curve error": ("meter's error, %", ".1f"),
}
THUMBNAIL, LINE = 128, 13


def cell(figure: dict | None, form: str) -> str:
    """Mean and the worst position: "0.31 (0.72 at 0.6)"."""
    if figure is None or math.isnan(figure["mean"]):
        return "–"
    place = f" ({number(figure['worst'], form)} at {figure['at']:g})" if "at" in figure else ""
    return number(figure["mean"], form) + place


def table(judged: list[dict]) -> str:
    """A line for each method, aligned for a terminal."""
    rows = []
    for method, strips in by_method(judged).items():
        figures = summary(strips)
        rows.append([method, str(len(strips)), *(cell(figures.get(name), form) for name, (_, form) in COLUMNS.items())])
    return aligned(["dial", "strips", *(head for head, _ in COLUMNS.values())], rows)


def as_json(judged: list[dict]) -> str:
    return json.dumps(strict({"methods": {method: summary(strips) for method, strips in by_method(judged).items()}, "strips": judged}), indent=1, ensure_ascii=False)


def write_sheet(path: pathlib.Path, shown: list[tuple[Strip, dict]]) -> None:
    """Each strip in a row, its figures under each picture."""
    names = [name for name in COLUMNS if name != "largest step" and name in shown[0][1]]
    height = LINE + THUMBNAIL + LINE * (1 + len(names)) + 8
    sheet = Image.new("RGB", (THUMBNAIL * max(len(strip.positions) for strip, _ in shown), height * len(shown)), "white")
    draw = ImageDraw.Draw(sheet)
    for row, (strip, figures) in enumerate(shown):
        draw.text((2, row * height), strip.title, fill="black")
        for column, (position, picture) in enumerate(zip(strip.positions, strip.pictures)):
            left, top = column * THUMBNAIL, row * height + LINE
            sheet.paste(Image.fromarray(picture).resize((THUMBNAIL, THUMBNAIL), Image.LANCZOS), (left, top))
            known = [name for name in names if not math.isnan(figures[name][column])]
            lines = [f"{position:g}", *(f"{name} {figures[name][column]:{COLUMNS[name][1]}}" for name in known)]
            for i, text in enumerate(lines):
                draw.text((left + 2, top + THUMBNAIL + LINE * i), text, fill="black")
    sheet.save(path)
