"""What a dial's positions cost together: python -m research.ruler.cost

Times eleven positions made as one job, one more position afterwards, and each of the eleven made by itself from nothing, all of one
setting, and the plain pictures beside them. Seconds are those of the pictures, without loading the model; medians over the runs."""

import pathlib
import tempfile

import numpy

from research.ruler.pictures import sweep
from research.ruler.plan import COMMON, POSITIONS
from research.ruler.workshop import ruler_parser

ONE_MORE = 0.55


def seconds_of(program: pathlib.Path, sections: list[dict], options: list[str]) -> numpy.ndarray:
    """Seconds of each picture of a plan, made by one process, in order."""
    with tempfile.TemporaryDirectory() as folder:
        return sweep(program, sections, pathlib.Path(folder), options).seconds


def figures(program: pathlib.Path, settings: dict, options: list[str]) -> dict[str, float]:
    """Seconds of the eleven together, of one more, and of the eleven each by itself; of eleven plain pictures, each by itself."""
    strip = {"settings": settings, "grid": {"position": list(POSITIONS)}}
    more = {"settings": {**settings, "position": ONE_MORE}, "grid": {"seed": [settings["seed"]]}}
    together = seconds_of(program, [strip, more], options)
    alone = [seconds_of(program, [{"settings": {**settings, "position": p}, "grid": {"seed": [settings["seed"]]}}], options)[0] for p in POSITIONS]
    plain = {name: value for name, value in settings.items() if name not in ("style", "method", "dial", "style_start")}
    single = seconds_of(program, [{"settings": plain, "grid": {"seed": [settings["seed"]]}}], options)[0]
    return {"together": together[:-1].sum(), "one more": together[-1], "alone": sum(alone), "one alone": float(numpy.median(alone[1:])), "plain": 11 * single}


def main() -> None:
    parser = ruler_parser(__doc__, "program", "model")
    parser.add_argument("--methods", default="calibrated,anchored,guide")
    parser.add_argument("--style", default="sketch")
    parser.add_argument("--steps", type=int, default=COMMON["steps"])
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    print("| dial | eleven together, s | each alone, s | together / alone | one more, s | one more / one alone | eleven plain pictures, s |\n|---|---|---|---|---|---|---|")
    for method in arguments.methods.split(","):
        settings = {**COMMON, "steps": arguments.steps, "prompt": "a castle by the lake", "seed": 1001, "style": arguments.style, "method": method}
        if method != "calibrated":
            settings["style_start"] = 0.4
        runs = [figures(arguments.program, settings, ["-m", str(arguments.model)]) for _ in range(arguments.runs)]
        s = {name: float(numpy.median([run[name] for run in runs])) for name in runs[0]}
        print(
            f"| `{method}` | {s['together']:.2f} | {s['alone']:.2f} | {s['together'] / s['alone']:.2f} | {s['one more']:.2f} | "
            f"{s['one more'] / s['one alone']:.2f} | {s['plain']:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
