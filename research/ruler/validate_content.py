"""The judge of content judged: scenes that are the same for certain, scenes that are not, and damage that is known."""

import numpy

from research.ruler.content import LIGHT, Content, distance, embed, look
from research.ruler.damage import KINDS, damaged_at_random
from research.ruler.generated import TECHNIQUES, plain_pictures, restyle_all
from research.ruler.ranks import rank_correlation
from research.ruler.rendered import Codec, render_all, round_trip
from research.ruler.workshop import Workshop
from research.world.captions import plain_scene
from research.world.scene import ATTRIBUTES, Scene
from research.world.subjects import SUBJECTS

SCENES = 40  # Each in every attribute at every strength, and three times with other seeds.
STRENGTHS = (0.25, 0.5, 0.75, 1.0)
GENERATED, SEEDS = 60, 4  # The model's own pictures: prompts, and seeds of each.
DAMAGED = 600


def scenes_in_all_attributes(stream: int, count: int) -> tuple[list[Scene], list[Scene], list[Scene]]:
    """Plain scenes, three others of the same words for each, and every scene [attributes, STRENGTHS, scenes] turned."""
    rng = numpy.random.default_rng([stream, 2])
    plain = [plain_scene(rng) for _ in range(count)]
    others = [scene.at(seed=int(rng.integers(2**31))) for scene in plain for _ in range(3)]
    return plain, others, [scene.at(strengths={name: s}) for name in ATTRIBUTES for s in STRENGTHS for scene in plain]


def damage_figures(judge: Content, pictures: numpy.ndarray) -> dict:
    """How well quality follows known damage."""
    ruined, amounts, kinds = damaged_at_random(pictures[:DAMAGED], 1)
    quality = look(judge, ruined)[2]
    return {
        "quality against damage, rank": -rank_correlation(amounts, quality),
        "by kind": {kind.__name__: -rank_correlation(amounts[kinds == i], quality[kinds == i]) for i, kind in enumerate(KINDS)},
    }


def content_figures(judge: Content, codec: Codec, stream: int, scenes: int = SCENES) -> dict:
    """Whether the same scene stays within the budget in every attribute, other seeds pass it, and subjects and damage are read right."""
    plain, others, turned = scenes_in_all_attributes(stream, scenes)
    pictures, shape = round_trip(codec, render_all([*plain, *others, *turned])), (len(ATTRIBUTES), len(STRENGTHS), scenes)
    embeddings, subjects, qualities = look(judge, pictures)
    first, apart, shown = numpy.split(embeddings, (scenes, 4 * scenes))
    other_seed = distance(first.repeat(3, 0), apart)
    budget = float(numpy.median(other_seed) / 2)
    same = distance(first, shown.reshape(*shape, -1)) <= budget
    right = subjects[4 * scenes :].reshape(shape) == [SUBJECTS.index(scene.subject) for scene in plain]
    worn = embed(judge, damaged_at_random(pictures[4 * scenes :], 3, LIGHT)[0])
    return {
        "budget": budget,
        "other seeds over budget": float((other_seed > budget).mean()),
        "same scene within budget": {name: dict(zip(map(str, STRENGTHS), same[i].mean(1).tolist())) for i, name in enumerate(ATTRIBUTES)},
        "same scene lightly damaged within budget": float((distance(first, worn.reshape(*shape, -1)) <= budget).mean()),
        "subject right": {name: float(right[i].mean()) for i, name in enumerate(ATTRIBUTES)},
        "quality of whole pictures": {"mean": float(qualities.mean()), "lowest 1 %": float(numpy.quantile(qualities, 0.01))},
        **damage_figures(judge, numpy.random.default_rng(stream).permutation(pictures)),
    }


def generated_figures(judge: Content, workshop: Workshop, codec: Codec, stream: int) -> dict:
    """On the model's own pictures: whether the renderer's technique over one leaves it the same scene, and other seeds do not."""
    plain, _ = plain_pictures(workshop, stream, GENERATED, SEEDS)
    places = plain.reshape(-1, *plain.shape[2:])
    embeddings = embed(judge, places).reshape(GENERATED, SEEDS, -1)
    one, other = numpy.triu_indices(SEEDS, 1)
    other_seed = distance(embeddings[:, one], embeddings[:, other])
    budget = float(numpy.median(other_seed) / 2)
    within = {}
    for technique in TECHNIQUES:
        shown = embed(judge, round_trip(codec, restyle_all(places, [(technique, 1.0, i) for i in range(len(places))])))
        within[technique] = float((distance(shown.reshape(embeddings.shape), embeddings) <= budget).mean())
    return {"same scene within budget": within, "other seeds over budget": float((other_seed > budget).mean())}
