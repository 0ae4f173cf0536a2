"""Judges dials on any checkpoint, without a renderer.

    python -m research.ruler.own --model PATH out/sweep                     strips that were made before, found by their PNGs' settings
    python -m research.ruler.own --model PATH --prompt "a dog" --style winter --method guide --seed 0 1
    python -m research.ruler.own --validate                                 the figures themselves, on drawn strips and their fades

Greater is worse in every column. What a column says: research/ruler/README.md.
"""

import argparse
import pathlib
import sys

from research.ruler.own.denoiser import Denoiser
from research.ruler.own.figures import judge
from research.ruler.own.report import as_json, table, write_sheet
from research.ruler.own.strips import NoStrip, faded, found_strips, made_strips
from research.ruler.own.validate import limits_table, validate, validation_table

SHOWN = 12  # Strips on the page of pictures.
SETTINGS = ("steps", "sampler", "guidance_scale", "width", "height")


def parser() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(prog="python -m research.ruler.own", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("folders", nargs="*", type=pathlib.Path, help="with strips of PNGs, looked through to the bottom")
    flags.add_argument("--model", type=pathlib.Path, help="diffusers folder, .safetensors or .ckpt (default: the embedded model)")
    flags.add_argument("--pixels", action="store_true", help="only what needs no model: C, R and contrast")
    flags.add_argument("--fade", action="store_true", help="judge the cross-fade of each strip's ends as well: what is bad on this model")
    flags.add_argument("--evaluations", type=int, default=16, help="of the meter, for each picture; 0: leave it out (default: %(default)s)")
    flags.add_argument("--json", action="store_true", help="all figures as JSON in place of the table")
    flags.add_argument("--sheet", type=pathlib.Path, help=f"PNG to write, the first {SHOWN} strips with their figures")
    flags.add_argument("--dtype", default="", help="what the engine computes in (default: its own choice)")
    flags.add_argument("--threads", type=int, default=0, help="of the engine (default: every core; one is faster on a busy machine)")
    made = flags.add_argument_group("strips to make")
    made.add_argument("--prompt", nargs="+", default=[])
    made.add_argument("--style", nargs="+", default=[])
    made.add_argument("--method", nargs="+", default=[None], help="(default: the engine's own)")
    made.add_argument("--seed", nargs="+", type=int, default=[0], help="(default: 0)")
    made.add_argument("--at", default="0:1:11", help="positions, with 0 and 1 (default: %(default)s)")
    made.add_argument("--steps", type=int)
    made.add_argument("--sampler")
    made.add_argument("--guidance-scale", type=float)
    made.add_argument("--width", type=int)
    made.add_argument("--height", type=int)
    made.add_argument("--out", type=pathlib.Path, help="folder that keeps the pictures")
    checked = flags.add_argument_group("the figures themselves")
    checked.add_argument("--validate", action="store_true", help="their AUC on drawn strips against fades, in Markdown")
    checked.add_argument("--scenes", type=int, default=12, help="for each attribute (default: %(default)s)")
    return flags


def opened(arguments: argparse.Namespace) -> Denoiser | None:
    """The checkpoint, unless nothing asks it."""
    if arguments.pixels and not arguments.prompt:
        return None
    from latentdial import Pipeline

    pipe = Pipeline.from_pretrained(arguments.model, dtype=arguments.dtype, threads=arguments.threads)
    return Denoiser(pipe, pathlib.Path(pipe.info.path) if pathlib.Path(pipe.info.path).is_dir() else None)


def strips_of(arguments: argparse.Namespace, denoiser: Denoiser | None):
    """All that are asked for, found ones first. Raises NoStrip where there are none."""
    strips, notices = found_strips(arguments.folders)
    for line in notices:
        print(f"notice: {line}", file=sys.stderr)
    yield from strips
    if arguments.prompt and arguments.style:
        settings = {name: value for name in SETTINGS if (value := getattr(arguments, name)) is not None}
        yield from made_strips(denoiser.pipe, arguments.prompt, arguments.style, arguments.method, arguments.seed, arguments.at, arguments.out, **settings)
    elif not strips:
        raise NoStrip("no strip is there to judge; give folders of pictures, or --prompt and --style")


def main() -> None:
    arguments = parser().parse_args()
    denoiser = opened(arguments)
    if arguments.validate:
        made = validate(denoiser, arguments.scenes)
        print(validation_table(made), limits_table(made), sep="\n\n")
        return
    judged, shown = [], []
    try:
        for strip in strips_of(arguments, denoiser):
            for each in (strip, faded(strip)) if arguments.fade else (strip,):
                judged.append(judge(each, None if arguments.pixels else denoiser, arguments.evaluations))
                shown.append((each, judged[-1]))
                print(f"{len(judged)}  {each.title}", file=sys.stderr)
                del shown[SHOWN:]
    except (NoStrip, ValueError, OSError) as fault:
        sys.exit(f"ruler: {fault}")
    if arguments.sheet:
        write_sheet(arguments.sheet, shown)
    print(as_json(judged) if arguments.json else table(judged))


if __name__ == "__main__":
    main()
