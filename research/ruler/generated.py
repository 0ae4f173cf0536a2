"""Pictures that the embedded model made: what judges must not stumble over, since it is what they will see."""

import numpy

from research.ruler.ghost_strips import DRAWN, Strips, with_coded
from research.ruler.pictures import sweep
from research.ruler.plan import COMMON
from research.ruler.rendered import Codec
from research.ruler.workshop import Workshop
from research.training.pictures import renderers
from research.world.captions import PLACE_WORDS, WORDS, caption, plain_scene, random_strength
from research.world.scene import ATTRIBUTES, Layout, Scene
from research.world.subjects import SUBJECTS
from research.world.surface import PASSES

FIRST_SEED = 7_000_000  # Far from those of the plan.
# Attributes that the renderer can lay over any finished picture, since they ask nothing of the scene: the same scene for certain, at a known strength.
TECHNIQUES = ("monet", "sketch", "pixel art")
GENTLE = 2.0  # Guidance scale of pictures that show less of an attribute than those at the plan's.
RESTYLED = 3000  # For each scorer.


def first_seed(stream: int) -> int:
    return FIRST_SEED + 100_000 * stream


def plain_pictures(workshop: Workshop, stream: int, count: int, seeds: int) -> tuple[numpy.ndarray, list[int]]:
    """Uint8 [prompts, seeds, 128, 128, 3] of plain captions, and the prompts' subjects; every picture has a seed of its own."""
    rng = numpy.random.default_rng([stream, 3])
    scenes = [plain_scene(rng) for _ in range(count)]
    plan = []
    for i, scene in enumerate(scenes):
        first = first_seed(stream) + seeds * i
        plan.append({"settings": {**COMMON, "prompt": caption(scene, rng)}, "grid": {"seed": list(range(first, first + seeds))}})
    pictures = made(workshop, plan, f"plain-{stream}-{count}")
    return pictures.reshape(count, seeds, *pictures.shape[1:]), [SUBJECTS.index(scene.subject) for scene in scenes]


def made(workshop: Workshop, plan: list[dict], name: str) -> numpy.ndarray:
    """The pictures of a plan, kept in the workshop; uint8 [N, 128, 128, 3]."""
    return sweep(workshop.maker.program, plan, workshop.folder / name, ["-m", str(workshop.maker.model)]).pictures()


def strip_settings(scene: Scene, attribute: str, seed: int) -> list[dict]:
    """The plain picture, the styled one, and two more of the same seed that show the attribute otherwise: gently guided, named elsewhere."""
    place, words = PLACE_WORDS[scene.place], WORDS[attribute]
    content = f"a {scene.subject} {place}"
    styled = {"prompt": f"{content}, {words}"}
    every = [{"prompt": content}, styled, {**styled, "guidance_scale": GENTLE}, {"prompt": f"a {words} {scene.subject} {place}"}]
    return [{"settings": {**COMMON, "seed": seed, **settings}} for settings in every]


def own_strips(workshop: Workshop, codec: Codec, stream: int, count: int) -> Strips:
    """Strips whose ends and pictures between the model drew, each from one prompt; what is faded out of the ends are ghosts."""
    rng, plan = numpy.random.default_rng([stream, 5]), []
    for i in range(count):
        plan += strip_settings(plain_scene(rng), ATTRIBUTES[i % len(ATTRIBUTES)], first_seed(stream) + i)
    pictures = made(workshop, plan, f"strips-{stream}-{count}").reshape(count, 2 + DRAWN, 128, 128, 3)
    full = numpy.ones((count, DRAWN), numpy.float32)  # Nearer to the styled end: so the plain one is the far end.
    strips = Strips(pictures[:, :2], pictures[:, 2:], full, numpy.arange(count) % len(ATTRIBUTES))
    return with_coded(strips, strips, codec)


def restyled(picture: numpy.ndarray, technique: str | None, strength: float, seed: int) -> numpy.ndarray:
    """uint8 [128, 128, 3] with one of TECHNIQUES over it."""
    if technique is None or strength == 0:
        return picture
    layout, nothing = Layout(Scene(SUBJECTS[0], "meadow", {}, seed)), numpy.zeros(picture.shape[:2], numpy.float32)
    styled = PASSES[technique](picture.astype(numpy.float32) / 255, strength, layout, nothing)
    return (numpy.clip(styled, 0, 1) * 255 + 0.5).astype(numpy.uint8)


def restyle_all(pictures: numpy.ndarray, styles: list[tuple[str | None, float, int]]) -> numpy.ndarray:
    """Each of uint8 pictures [N, 128, 128, 3] with its technique, strength and seed."""
    with renderers(2) as pool:
        return numpy.stack(pool.starmap(restyled, [(picture, *style) for picture, style in zip(pictures, styles)], chunksize=50))


def restyled_for_scorers(workshop: Workshop, stream: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The model's plain pictures under techniques of known strength: uint8 [N, 128, 128, 3], and strengths [N, attributes], NaN where unknown."""
    count, rng = workshop.count(RESTYLED), numpy.random.default_rng([stream, 7])
    pictures = plain_pictures(workshop, stream, count, 1)[0][:, 0]
    styles = [(str(rng.choice(TECHNIQUES)), random_strength(rng), int(rng.integers(2**31))) for _ in range(count)]
    wanted = numpy.full((count, len(ATTRIBUTES)), numpy.nan, numpy.float32)
    for row, (technique, strength, _) in zip(wanted, styles):
        row[ATTRIBUTES.index(technique)] = strength
    return restyle_all(pictures, styles), wanted
