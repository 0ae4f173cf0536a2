"""The overview: one picture with every method's strips side by side and its response curve."""

import pathlib

from PIL import Image, ImageDraw, ImageFont

from research.ruler.plan import KINDS, POSITIONS, Trial
from research.ruler.strips import Strip, shown_strips, strip_of, strip_title
from research.ruler.tables import number, ranked
from research.world.scene import ATTRIBUTES

STRIPS = 3
THUMBNAIL, CURVE = 56, 64
LABEL, GAP, TOP, MARGIN = 190, 28, 84, 24
ROW = CURVE + 10
INK, SOFT, RULE, ACCENT, BAD = "#1d2430", "#667080", "#d9dde2", "#2563a8", "#c2410c"
MOST, LEAST = 1.3, -0.15  # Responses in view.


def font(size: int) -> ImageFont.ImageFont:
    return ImageFont.load_default(size)


def draw_curve(draw: ImageDraw.ImageDraw, left: int, top: int, responses: list[float], spoilt: list[bool]) -> None:
    """One strip's response beside the ideal diagonal, in a CURVE × CURVE square."""

    def at(position: float, response: float) -> tuple[float, float]:
        share = (MOST - min(max(response, LEAST), MOST)) / (MOST - LEAST)
        return left + position * CURVE, top + share * CURVE

    for response in (0, 1):
        draw.line([at(0, response), at(1, response)], fill=RULE)
    draw.line([at(0, 0), at(1, 1)], fill="#aab2bc")
    if responses[0] is None:
        return
    seen = [at(p, r) for p, r in zip(POSITIONS, responses)]
    draw.line(seen, fill=ACCENT, width=2, joint="curve")
    for (x, y), bad in zip(seen, spoilt):
        draw.ellipse([x - 2, y - 2, x + 2, y + 2], fill=BAD if bad else ACCENT)


def draw_strip(sheet: Image.Image, draw: ImageDraw.ImageDraw, left: int, top: int, strip: Strip) -> None:
    """The curve, then the pictures; spoilt ones underlined."""
    draw_curve(draw, left, top, strip.responses, strip.spoilt)
    left += CURVE + 12
    for i, (picture, bad) in enumerate(zip(strip.pictures(THUMBNAIL), strip.spoilt)):
        x = left + i * THUMBNAIL
        sheet.paste(picture, (x, top + (CURVE - THUMBNAIL) // 2))
        if bad:
            draw.rectangle([x + 1, top + CURVE - 2, x + THUMBNAIL - 2, top + CURVE], fill=BAD)


def write_overview(path: pathlib.Path, methods: dict, files: dict[str, list[pathlib.Path]], trial: Trial) -> None:
    """A row per method, the least CDE over structure on top; a column per strip on show."""
    column = CURVE + 12 + THUMBNAIL * len(POSITIONS)
    size = 2 * MARGIN + LABEL + STRIPS * column + (STRIPS - 1) * GAP, TOP + ROW * len(methods) + 48
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, 16), "Does the dial do what it says?", INK, font(20))
    places = shown_strips(trial, STRIPS)
    for j, place in enumerate(places):
        left = MARGIN + LABEL + j * (column + GAP)
        draw.text((left + CURVE + 12, 44), strip_title(trial, place), INK, font(14))
        for i, position in enumerate(POSITIONS):
            draw.text((left + CURVE + 12 + (i + 0.5) * THUMBNAIL, 64), f"{position:.1f}", SOFT, font(11), anchor="ma")
    for i, name in enumerate(ranked(methods)):
        top = TOP + i * ROW
        draw.text((MARGIN, top + 14), name, INK, font(14))
        errors = [number(methods[name]["groups"][kind]["CDE"]["mean"], ".1f") for kind in KINDS]
        error = f"CDE {errors[0]} / {errors[1]} %".replace("–", "-")  # The font has no dash.
        draw.text((MARGIN, top + 34), error, SOFT, font(12))
        for j, place in enumerate(places):
            draw_strip(sheet, draw, MARGIN + LABEL + j * (column + GAP), top, strip_of(name, methods[name], files[name], trial, place))
    note = f"Left of each strip: attribute shown over position, grey the ideal. Red: content or quality lost, or a fade. CDE of surface / structure, {len(ATTRIBUTES)} attributes."
    draw.text((MARGIN, TOP + ROW * len(methods) + 16), note, SOFT, font(12))
    sheet.save(path)
