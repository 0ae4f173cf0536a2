"""The page: one HTML file that needs nothing else, with the table, the response curves and strips of pictures."""

import base64
import html
import io
import pathlib

from PIL import Image

from research.ruler.curves import response_svg
from research.ruler.plan import POSITIONS, Trial
from research.ruler.strips import Strip, shown_strips, strip_of, strip_title
from research.ruler.tables import (
    ATTRIBUTE_HEADER,
    BESIDE,
    HEADER,
    JUDGED_ONLY_HEADER,
    NOTES,
    attribute_rows,
    beside_rows,
    judged_only_rows,
    main_rows,
    number,
    ranked,
)
from research.world.scene import ATTRIBUTES

THUMBNAIL = 112
STYLE = """
:root { color-scheme: light; --ink: #1d2430; --soft: #667080; --rule: #e3e6ea; --accent: #2563a8; --bad: #c2410c; }
body { margin: 0 auto; max-width: 1420px; padding: 40px 32px 80px; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: #fff; }
h1 { font-size: 28px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 48px 0 8px; } h3 { font-size: 15px; margin: 28px 0 6px; }
p { max-width: 80ch; margin: 6px 0; } .soft, dd, figcaption { color: var(--soft); }
table { border-collapse: collapse; font-size: 13.5px; font-variant-numeric: tabular-nums; margin: 12px 0; }
th { text-align: left; font-weight: 600; color: var(--soft); vertical-align: bottom; }
th, td { padding: 6px 12px 6px 0; border-bottom: 1px solid var(--rule); } td:first-child { font-weight: 600; white-space: nowrap; }
.wide { overflow-x: auto; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; font-size: 13.5px; max-width: 110ch; } dt { font-weight: 600; } dd { margin: 0; }
.curves td { padding: 4px 10px 4px 0; } .curves small { display: block; color: var(--soft); font-weight: 400; }
svg polyline { fill: none; } .axis { stroke: var(--rule); } .ideal { stroke: #9aa3ae; stroke-dasharray: 3 3; }
.mean { stroke: var(--accent); stroke-width: 1.8; } .spread { fill: var(--accent); opacity: .14; }
.whole { fill: var(--accent); } .spoilt { fill: #fff; stroke: var(--bad); stroke-width: 1.5; }
.strip { display: grid; grid-template-columns: 110px 1fr; align-items: center; margin: 3px 0; } .strip b { font-size: 13.5px; }
.strip img { width: 100%; display: block; } .reads { display: grid; grid-template-columns: repeat(11, 1fr); font-size: 11.5px; color: var(--soft); text-align: center; }
.reads .over { color: var(--bad); font-weight: 600; } .reads .ghost { text-decoration: underline dotted; }
"""


def table_html(header: tuple | list, rows: list[list[str]]) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>" for cells in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def curves_html(methods: dict) -> str:
    """A row of curves per method, a column per attribute."""
    head = "".join(f"<th>{attribute}</th>" for attribute in ("", *ATTRIBUTES))
    rows = []
    for name in ranked(methods):
        cells = [f"<td>{html.escape(name)}</td>"]
        for attribute in ATTRIBUTES:
            figures = methods[name]["by attribute"][attribute]
            title = f"{name}, {attribute}: CDE {number(figures['CDE']['mean'], '.1f')} %"
            cells.append(f"<td>{response_svg(figures['curve'], title)}</td>")
        rows.append("<tr>" + "".join(cells) + "</tr>")
    return f'<div class="wide"><table class="curves"><tr>{head}</tr>{"".join(rows)}</table></div>'


def strip_html(strip: Strip) -> str:
    """Eleven pictures in one image, what was read below each."""
    sheet = Image.new("RGB", (THUMBNAIL * len(POSITIONS), THUMBNAIL))
    for i, picture in enumerate(strip.pictures(THUMBNAIL)):
        sheet.paste(picture, (i * THUMBNAIL, 0))
    file = io.BytesIO()
    sheet.save(file, "JPEG", quality=88)
    data = base64.b64encode(file.getvalue()).decode()
    kinds = [" ".join(kind for kind, is_so in (("over", bad), ("ghost", ghost)) if is_so) for bad, ghost in zip(strip.spoilt, strip.ghosts)]
    reads = "".join(f'<span class="{kind}">{number(r, ".2f")}</span>' for r, kind in zip(strip.responses, kinds))
    image = f'<img alt="{html.escape(strip.method)}" src="data:image/jpeg;base64,{data}">'
    return f'<div class="strip"><b>{html.escape(strip.method)}</b><div>{image}<div class="reads">{reads}</div></div></div>'


def strips_html(methods: dict, files: dict[str, list[pathlib.Path]], trial: Trial) -> str:
    """For each of the strips on show, every method's below each other."""
    positions = "".join(f"<span>{p:.1f}</span>" for p in POSITIONS)
    parts = []
    for place in shown_strips(trial, 8):
        parts.append(f'<h3>{html.escape(strip_title(trial, place))}</h3><div class="strip"><span class="soft">position</span><div class="reads">{positions}</div></div>')
        parts += [strip_html(strip_of(name, methods[name], files[name], trial, place)) for name in ranked(methods)]
    return "".join(parts)


def write_page(path: pathlib.Path, result: dict, files: dict[str, list[pathlib.Path]], trial: Trial, ruler: str) -> None:
    """`result` as in ruler.json; `files` the positive side of every method; `ruler` the validation as HTML-safe text."""
    methods = result["methods"]
    notes = "".join(f"<dt>{html.escape(term)}</dt><dd>{html.escape(meaning)}</dd>" for term, meaning in NOTES)
    scope = f"{len(trial.contents)} contents × {len(ATTRIBUTES)} attributes × {len(trial.seeds)} seeds × {len(POSITIONS)} positions, {result['settings']}."
    sections = [
        "<h1>Does the dial do what it says?</h1>",
        f'<p class="soft">Every way to set a strength, measured with one ruler. {html.escape(scope)} Means with 95 % intervals over strips.</p>',
        table_html(HEADER, main_rows(methods)),
        table_html(JUDGED_ONLY_HEADER, judged_only_rows(methods)),
        '<p class="soft">Where two figures stand, they are of surface / structure.</p>',
        table_html(BESIDE, beside_rows(methods)),
        f"<dl>{notes}</dl>",
        "<h2>Attribute shown at each position</h2>",
        '<p class="soft">Position runs to the right, the attribute shown upwards; dashed is the dial that does what it says. The band is one standard deviation over '
        "strips; hollow points are positions at which most strips are spoilt.</p>",
        curves_html(methods),
        "<h2>By attribute</h2>",
        '<p class="soft">CDE in %, raw → remapped.</p>',
        table_html(ATTRIBUTE_HEADER, attribute_rows(methods)),
        "<h2>Strips</h2>",
        '<p class="soft">Below each picture the share of the attribute that is shown, of what the prompt in words shows; in red where content or '
        "quality is lost or the picture is a fade of both ends, which is underlined.</p>",
        strips_html(methods, files, trial),
        "<h2>The ruler itself</h2>",
        '<p class="soft">What its scorers read from rendered pictures whose strength, scene and damage are known; decoded: seen through the model\'s autoencoder.</p>',
        ruler,
    ]
    document = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Dials, measured</title><style>{STYLE}</style><body>{"".join(sections)}</body></html>'
    path.write_text(document)
