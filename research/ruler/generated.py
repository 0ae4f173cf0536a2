"""Pictures that the embedded model made, under the renderer's own styles: the same scene for certain, in pictures such as the judges will see."""

import multiprocessing
import pathlib

import numpy

from research.ruler.pictures import sweep
from research.ruler.plan import COMMON
from research.world1.captions import Scene, caption, random_scene
from research.world1.scenes import SUBJECTS
from research.world1.styles import apply_style

FIRST_SEED = 7_000_000  # Far from those of the plan.


def prompts(stream: int, count: int) -> tuple[list[str], list[int]]:
    """Plain captions of random scenes, and their subjects."""
    rng = numpy.random.default_rng([stream, 3])
    scenes = [random_scene(rng) for _ in range(count)]
    plain = [Scene(s.subject, s.place, s.modifiers, None, 0.0, s.seed) for s in scenes]
    return [caption(scene, rng) for scene in plain], [SUBJECTS.index(scene.subject) for scene in plain]


def generated(program: pathlib.Path, model: pathlib.Path, folder: pathlib.Path, stream: int, count: int, seeds: int) -> tuple[numpy.ndarray, list[int]]:
    """Plain pictures uint8 [prompts, seeds, 128, 128, 3] and the prompts' subjects; every picture has a seed of its own."""
    texts, subjects = prompts(stream, count)
    firsts = [FIRST_SEED + 100_000 * stream + seeds * i for i in range(count)]
    plan = [{"settings": {**COMMON, "prompt": text}, "grid": {"seed": list(range(first, first + seeds))}} for text, first in zip(texts, firsts)]
    pictures = sweep(program, plan, folder / f"generated-{stream}", ["-m", str(model)]).pictures()
    return pictures.reshape(count, seeds, *pictures.shape[1:]), subjects


def restyled(picture: numpy.ndarray, style: str | None, strength: float, seed: int) -> numpy.ndarray:
    """uint8 [128, 128, 3] with the renderer's style over it."""
    styled = apply_style(picture.astype(numpy.float32) / 255, style, strength, seed)
    return (numpy.clip(styled, 0, 1) * 255 + 0.5).astype(numpy.uint8)


def restyle_all(pictures: numpy.ndarray, styles: list[tuple[str | None, float, int]]) -> numpy.ndarray:
    """Each of uint8 pictures [N, 128, 128, 3] with its style, strength and seed."""
    with multiprocessing.Pool() as pool:
        return numpy.stack(pool.starmap(restyled, [(picture, *style) for picture, style in zip(pictures, styles)], chunksize=50))
