"""Judges dials on the embedded model: `python -m research.ruler --methods slerp,guide` writes out/ruler/index.html, table.md, ruler.json and overview.png.

With --renders no model is asked: the judges are trained and validated on renders, and judge the renderer's own strips and their cross-fades."""

import argparse
import json
import pathlib
import subprocess
import sys
import time

import torch

from research.ruler.beside import row_of_fades, rows_of_renders
from research.ruler.content import load_content
from research.ruler.figures import method_figures
from research.ruler.ghosts import load_ghosts
from research.ruler.judge import Judges, Reference, read_reference
from research.ruler.overview import write_overview
from research.ruler.page import write_page
from research.ruler.pictures import Made, make_method, sweep
from research.ruler.plan import COMMON, CONTENTS, METHODS, SEEDS, Trial, plain_plan, styled_plan
from research.ruler.rendered import Codec
from research.ruler.report import ruler_html, write_tables
from research.ruler.scorers import load_scorers
from research.ruler.tables import strict
from research.ruler.validate import UnfitRuler, refuse_if_unfit, validated
from research.ruler.workshop import Maker, Workshop, ruler_parser


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def parse() -> argparse.Namespace:
    parser = ruler_parser(__doc__, "program", "model", "work")
    parser.add_argument("--dtype", default="", help="what the program computes in (default: its own choice)")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/ruler"))
    parser.add_argument("--methods", default=",".join(METHODS), help=f"of {', '.join(METHODS)}")
    parser.add_argument("--contents", type=int, default=len(CONTENTS), help="only the first of them")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="only the first of them")
    parser.add_argument("--renders", action="store_true", help="ask no model: only the renderer's own strips, by judges that saw renders alone")
    parser.add_argument("--share", type=float, default=1, help="of the judges' training, to try things; give a --work of its own with it")
    parser.add_argument("--unfit-too", action="store_true", help="judge even with judges that failed their validation")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="where judges are trained and asked")
    parser.add_argument("--threads", type=int, help="of the judges (default: torch's own choice)")
    arguments = parser.parse_args()
    arguments.methods = [] if arguments.renders else arguments.methods.split(",")
    for name in arguments.methods:
        if name not in METHODS:
            parser.error(f'--methods: "{name}" is unknown; use {", ".join(METHODS)}')
    return arguments


def load_judges(workshop: Workshop, codec: Codec, unfit_too: bool) -> tuple[Judges, dict]:
    """The judges and what their validation found; raises UnfitRuler."""
    say(f"judges, in {workshop.folder}")
    scorers, content, ghosts = load_scorers(workshop, codec), load_content(workshop, codec), load_ghosts(workshop, codec)
    say("validation")
    found = validated(scorers, content, ghosts, workshop, codec)
    if not unfit_too:
        refuse_if_unfit(found, workshop.folder)
    noise = 2 * max(figure["step noise"] for figure in found["perfect dials"].values())
    return Judges(scorers, content, ghosts, noise), found


class Results:
    """Figures and files by row."""

    def __init__(self, judges: Judges, trial: Trial):
        self.judges, self.trial, self.methods, self.files = judges, trial, {}, {}

    def add(self, name: str, reference: Reference, positive: Made, negative: Made | None = None) -> None:
        say(f"{name}: judging")
        self.methods[name] = strict(method_figures(self.judges, self.trial, reference, positive, negative))
        self.files[name] = positive.files


def judge_methods(arguments: argparse.Namespace, results: Results) -> Reference:
    """Every method asked for, and the cross-fade; returns what they were measured against."""
    out, trial = arguments.out, results.trial
    options = ["--dtype", arguments.dtype] if arguments.dtype else []
    model = ["-m", str(arguments.model), *options]
    say("reference pictures")
    plain, made = (sweep(arguments.program, plan, out / "pictures" / name, model) for name, plan in (("plain", plain_plan()), ("styled", styled_plan(trial))))
    reference = read_reference(results.judges, trial, plain, made)
    for name, (against, fades) in row_of_fades(trial, reference, out / "pictures").items():
        results.add(name, against, fades)
    for name in arguments.methods:
        say(f"{name}: making pictures")
        try:
            positive, negative = make_method(arguments.program, arguments.model, trial, name, out, options)
        except subprocess.CalledProcessError as fault:
            say(f"{name}: left out, since the program stopped with {fault.returncode}")
            continue
        results.add(name, reference, positive, negative)
    return reference


def main() -> None:
    arguments = parse()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    maker = None if arguments.renders else Maker(arguments.program, arguments.model)
    workshop = Workshop(arguments.work, arguments.model / "vae", maker, arguments.share, arguments.device)
    codec, trial = Codec(workshop.autoencoder, arguments.device), Trial(CONTENTS[: arguments.contents], SEEDS[: arguments.seeds])
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        judges, ruler = load_judges(workshop, codec, arguments.unfit_too)
    except UnfitRuler as fault:
        sys.exit(f"ruler: {fault}")
    results = Results(judges, trial)
    for name, (reference, strips) in rows_of_renders(judges, trial, codec, arguments.out / "pictures").items():
        results.add(name, reference, strips)
    budget = None if arguments.renders else judge_methods(arguments, results).budget
    write_results(arguments.out, results, ruler, budget)
    say(f"{arguments.out / 'index.html'}")


def write_results(out: pathlib.Path, results: Results, ruler: dict, budget: float | None) -> None:
    """The page, the overview, all tables and figures; the main table to the terminal."""
    settings, trial = ", ".join(f"{name} {value}" for name, value in COMMON.items()), results.trial
    result = {"contents": trial.contents, "seeds": trial.seeds, "settings": settings, "content budget": budget, "ruler": ruler, "methods": results.methods}
    (out / "ruler.json").write_text(json.dumps(strict(result)))
    write_page(out / "index.html", result, results.files, trial, ruler_html(ruler))
    write_overview(out / "overview.png", results.methods, results.files, trial)
    print(write_tables(out / "table.md", results.methods, ruler))


if __name__ == "__main__":
    main()
