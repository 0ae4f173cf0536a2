"""Whether the seams of pictures that were continued show:

    python -m research.restoration.seams --program build/release/bin/latentdial [--pictures 60]

Renders that nobody trained on are continued by a quarter on all sides; then the middles of such, to the size that the model knows.
`ratio` is that of the steps between neighbours about the seams to those farther away; 1 is no seam, as far as a scene is alike everywhere.
Since none is, `beside whole ones` is that ratio over the same of whole pictures: those that the model draws of the same words at once,
or the renders. Both with their 95 % intervals, by drawing pictures again (bootstrap).
"""

import argparse
import pathlib

import numpy
from PIL import Image

from research.restoration.copies import truths
from research.restoration.program import SETTINGS, Program
from research.restoration.rivals import bytes_of
from research.restoration.rulers import seam_steps

SIDES = ("left", "right", "top", "bottom")
QUARTER, MIDDLES_QUARTER = 32, 22  # New pixels on a side of a render, and of a render's middle.
DRAWS = 2000  # Of the bootstrap.
TWICE = {"sampler": "ddim", "mask_update": "ding", "steps": SETTINGS["steps"] // 2}


def continued(program: Program, prompts: list[str], known: list[numpy.ndarray], new: int, at_a_time: int = 4, more: dict | None = None) -> list[numpy.ndarray]:
    """By so many sides at a time."""
    for i in range(0, len(SIDES), at_a_time):
        known = program.make(prompts, {f"extend_{side}": new for side in SIDES[i : i + at_a_time]} | (more or {}), known)
    return known


def around(pictures: list[numpy.ndarray], known: list[numpy.ndarray], new: int) -> list[numpy.ndarray]:
    """What is known, laid into other pictures."""
    laid = [picture.copy() for picture in pictures]
    for picture, middle in zip(laid, known):
        picture[new:-new, new:-new] = middle
    return laid


def ratio_interval(steps: numpy.ndarray, whole: numpy.ndarray | None = None) -> str:
    """Of the sums of [N, 2]; over that of `whole`, where given."""

    def ratio(pick: numpy.ndarray) -> numpy.ndarray:
        sums = steps[pick].sum(-2)
        others = 1 if whole is None else numpy.divide(*numpy.moveaxis(whole[pick].sum(-2), -1, 0))
        return sums[..., 0] / sums[..., 1] / others

    picks = numpy.random.default_rng(0).integers(len(steps), size=(DRAWS, len(steps)))
    low, high = numpy.quantile(ratio(picks), (0.025, 0.975))
    return f"{ratio(numpy.arange(len(steps))):.3f} ({low:.3f} to {high:.3f})"


def judged(program: Program, prompts: list[str], known: list[numpy.ndarray], new: int, whole: list[numpy.ndarray] | None, keep: pathlib.Path | None) -> None:
    side = known[0].shape[0] + 2 * new
    drawn = program.draw(prompts, [(side, side)] * len(prompts))
    whole = whole or drawn
    whole_steps = numpy.array([seam_steps(picture, new) for picture in whole])
    kinds = {
        "whole ones": lambda: whole,
        "another picture around": lambda: around(drawn, known, new),
        "ours": lambda: continued(program, prompts, known, new),
        "ours, DING": lambda: continued(program, prompts, known, new, more=TWICE),
        "ours, a side at a time": lambda: continued(program, prompts, known, new, 1),
    }
    for name, make in kinds.items():
        pictures = make()
        steps = numpy.array([seam_steps(picture, new) for picture in pictures])
        print(f"{side}x{side} {name:24} ratio {ratio_interval(steps)}, beside whole ones {ratio_interval(steps, whole_steps)}", flush=True)
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            Image.fromarray(numpy.concatenate([bytes_of(picture) for picture in pictures[:8]], 1)).save(keep / f"{side}, {name}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, default=0, help="of the processor (0: all)")
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the first pictures of each kind")
    arguments = parser.parse_args()
    program, among = Program(arguments.program, arguments.threads), truths(arguments.pictures)
    prompts, renders = [truth.prompt for truth in among], [truth.picture for truth in among]
    new = MIDDLES_QUARTER
    judged(program, prompts, [picture[new:-new, new:-new] for picture in renders], new, renders, arguments.keep)
    judged(program, prompts, renders, QUARTER, None, arguments.keep)


if __name__ == "__main__":
    main()
