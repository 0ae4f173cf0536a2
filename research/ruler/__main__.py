"""Judges dials on the embedded model: `python -m research.ruler --methods slerp,guide` writes out/ruler/index.html, table.md, ruler.json and overview.png."""

import argparse
import html
import json
import math
import pathlib
import subprocess
import sys
import time

from research.ruler.content import load_content
from research.ruler.figures import method_figures
from research.ruler.judge import Judges, read_reference
from research.ruler.overview import write_overview
from research.ruler.page import table_html, write_page
from research.ruler.pictures import make_method, sweep
from research.ruler.plan import COMMON, CONTENTS, METHODS, SEEDS, Trial, plain_plan, styled_plan
from research.ruler.scorers import load_scorers
from research.ruler.tables import HEADER, aligned, main_rows, markdown, style_rows
from research.ruler.validate import UnfitRuler, content_row, content_table, style_table, validated
from research.world1.arguments import script_parser
from research.world1.styles import STYLES


def strict(value):
    """What JSON can hold: NaN as null."""
    if isinstance(value, dict):
        return {key: strict(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [strict(entry) for entry in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def parse() -> argparse.Namespace:
    parser = script_parser(__doc__, "program", "model", "work")
    parser.add_argument("--dtype", default="", help="what the program computes in (default: its own choice)")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/ruler"))
    parser.add_argument("--methods", default=",".join(METHODS), help=f"of {', '.join(METHODS)}")
    parser.add_argument("--contents", type=int, default=len(CONTENTS), help="only the first of them")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="only the first of them")
    arguments = parser.parse_args()
    arguments.methods = arguments.methods.split(",")
    for name in arguments.methods:
        if name not in METHODS:
            parser.error(f'--methods: "{name}" is unknown; use {", ".join(METHODS)}')
    return arguments


def main() -> None:
    arguments = parse()
    autoencoder, out = arguments.model / "vae", arguments.out
    out.mkdir(parents=True, exist_ok=True)
    say("scorers")
    scorers, content = load_scorers(arguments.work, autoencoder), load_content(arguments.work, arguments.program, arguments.model)
    say("validation on rendered pictures")
    try:
        ruler = validated(scorers, content, arguments.work, arguments.program, arguments.model)
    except UnfitRuler as fault:
        sys.exit(f"ruler: {fault}")
    judges = Judges(scorers, content, noise=2 * max(figure["step noise"] for figure in ruler["perfect dials"].values()))
    trial = Trial(CONTENTS[: arguments.contents], SEEDS[: arguments.seeds])
    options = ["-m", str(arguments.model), *(["--dtype", arguments.dtype] if arguments.dtype else [])]
    say("reference pictures")
    plain = sweep(arguments.program, plain_plan(), out / "pictures/plain", options)
    styled = sweep(arguments.program, styled_plan(trial), out / "pictures/styled", options)
    reference = read_reference(judges, trial, plain, styled)
    methods, files = {}, {}
    for name in arguments.methods:
        say(f"{name}: making pictures")
        try:
            positive, negative = make_method(arguments.program, trial, name, out, options)
        except subprocess.CalledProcessError as fault:
            say(f"{name}: left out, since the program stopped with {fault.returncode}")
            continue
        say(f"{name}: judging")
        methods[name] = strict(method_figures(judges, trial, reference, positive, negative))
        files[name] = positive.files
    if not methods:
        sys.exit("ruler: no dial left to judge")
    write_results(out, trial, ruler, reference.budget, methods, files)
    say(f"{out / 'index.html'}")


def write_results(out: pathlib.Path, trial: Trial, ruler: dict, budget: float, methods: dict, files: dict[str, list[pathlib.Path]]) -> None:
    """The page, the overview, both tables and all figures; the table to the terminal."""
    settings = ", ".join(f"{name} {value}" for name, value in COMMON.items())
    result = {"contents": trial.contents, "seeds": trial.seeds, "settings": settings, "content budget": budget, "ruler": ruler, "methods": methods}
    (out / "ruler.json").write_text(json.dumps(strict(result)))
    validation = f"{table_html(*style_table(ruler))}{table_html(*content_table(ruler))}<p>{html.escape(content_row(ruler))}</p>"
    write_page(out / "index.html", result, files, trial, validation)
    write_overview(out / "overview.png", methods, files, trial)
    text = [markdown(HEADER, main_rows(methods)), markdown(("dial, CDE raw → remapped", *STYLES), style_rows(methods))]
    text += [markdown(*style_table(ruler)), markdown(*content_table(ruler)), content_row(ruler)]
    (out / "table.md").write_text("\n\n".join(text) + "\n")
    print(aligned(HEADER, main_rows(methods)))


if __name__ == "__main__":
    main()
