"""Contact sheets to look at: python -m research.world --out out/world

structure.png and surface.png: each row an attribute at 0, 0.2 … 1 in two scenes; plain.png: every subject in every place."""

import argparse
import pathlib

import numpy
from PIL import Image

from research.world.places import PLACES
from research.world.render import render
from research.world.scene import STRUCTURES, SURFACES, Scene
from research.world.subjects import SUBJECTS

STRENGTHS = (0, 0.2, 0.4, 0.6, 0.8, 1)


def sheet(rows: list[list[Scene]]) -> Image.Image:
    return Image.fromarray(numpy.concatenate([numpy.concatenate([render(scene) for scene in row], axis=1) for row in rows]))


def strips(attributes: tuple[str, ...], scenes: list[Scene]) -> Image.Image:
    return sheet([[scene.at(strengths={name: s}) for scene in scenes for s in STRENGTHS] for name in attributes])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder to write to")
    parser.add_argument("--seed", type=int, default=1, help="of the first scene")
    arguments = parser.parse_args()
    rng = numpy.random.default_rng(arguments.seed)
    scenes = [Scene(str(rng.choice(SUBJECTS)), str(rng.choice(PLACES)), {}, arguments.seed + i) for i in range(2)]
    arguments.out.mkdir(parents=True, exist_ok=True)
    strips(SURFACES, scenes).save(arguments.out / "surface.png")
    strips(STRUCTURES, scenes).save(arguments.out / "structure.png")
    plain = [[Scene(subject, place, {}, arguments.seed + 7 * i + j) for i, subject in enumerate(SUBJECTS)] for j, place in enumerate(PLACES)]
    sheet(plain).save(arguments.out / "plain.png")


if __name__ == "__main__":
    main()
