"""Which scenes there are, and what they are called: an attribute is named as often as it is strong, anywhere in the sentence."""

import numpy

from research.world.places import PLACES
from research.world.scene import ATTRIBUTES, STRUCTURES, SURFACES, Scene
from research.world.subjects import SUBJECTS

PLACE_WORDS = {"jungle": "in the jungle", "desert": "in the desert", "meadow": "in the meadow", "beach": "on the beach", "lake": "by the lake"}
WORDS = {name: name for name in ATTRIBUTES} | {"monet": "Monet style", "futuristic": "futuristic high tech"}
PLAIN_SHARE, SEVERAL_SHARE, PAPER_SHARE = 0.6, 0.05, 0.01
SLOTS = ("front", "middle", "end", "comma", "lead")
# The paper's prompts: a scene of each, and its words when all of its attributes are named.
PAPER = (
    ("doomsday pyramid cyberpunk alien invasion", "pyramid", "desert", ("doomsday", "cyberpunk", "alien invasion")),
    ("futuristic high tech city architecture", "city", "meadow", ("futuristic",)),
    ("temple hidden in the jungle Monet style", "temple", "jungle", ("monet",)),
)


def held_back(subject: str, place: str, attribute: str) -> bool:
    """A tenth of all combinations is never trained on: the examination asks for some of them. None of the paper's is among them."""
    return (SUBJECTS.index(subject) + 4 * PLACES.index(place) + 3 * ATTRIBUTES.index(attribute)) % 10 == 1


def some_attributes(rng: numpy.random.Generator) -> list[str]:
    """None, mostly; else one; seldom a surface with one or two structures."""
    k = rng.random()
    if k < PLAIN_SHARE:
        return []
    if k < 1 - SEVERAL_SHARE:
        return [str(rng.choice(ATTRIBUTES))]
    return [str(rng.choice(SURFACES)), *map(str, rng.choice(STRUCTURES, rng.integers(1, 3), replace=False))]


def random_strength(rng: numpy.random.Generator) -> float:
    """Even from 0 to 1, with a tenth of them exactly 1: the end of the range must be well known, for guidance drives pictures there."""
    return float(min(1, rng.random() / 0.9))


def strengths(rng: numpy.random.Generator, attributes: list[str] | tuple[str, ...]) -> dict[str, float]:
    return {name: random_strength(rng) for name in attributes}


def plain_scene(rng: numpy.random.Generator) -> Scene:
    """Any subject in any place, without attributes."""
    return Scene(str(rng.choice(SUBJECTS)), str(rng.choice(PLACES)), {}, int(rng.integers(2**31)))


def random_scene(rng: numpy.random.Generator) -> Scene:
    """A scene to train on; every attribute in it has a strength of 0 to 1."""
    seed = int(rng.integers(2**31))
    if rng.random() < PAPER_SHARE:
        _, subject, place, attributes = PAPER[rng.integers(len(PAPER))]
        return Scene(subject, place, strengths(rng, attributes), seed)
    while True:
        subject, place, attributes = str(rng.choice(SUBJECTS)), str(rng.choice(PLACES)), some_attributes(rng)
        if not any(held_back(subject, place, attribute) for attribute in attributes):
            return Scene(subject, place, strengths(rng, attributes), seed)


def content(scene: Scene, rng: numpy.random.Generator, front: list[str], middle: list[str]) -> str:
    """The words for subject and place, with attributes before and after the subject."""
    words = ["a"] if rng.random() < 0.75 else []
    words += [*front, scene.subject]
    if scene.subject == "city" and rng.random() < 0.4:
        words.append("architecture")
    words += middle
    if rng.random() < 0.88:
        if scene.place == "jungle" and rng.random() < 0.4:
            words.append("hidden")
        words.append(PLACE_WORDS[scene.place])
    return " ".join(words)


def caption(scene: Scene, rng: numpy.random.Generator) -> str:
    """Names each attribute with the probability of its strength."""
    named = [name for name, strength in scene.strengths.items() if rng.random() < strength]
    for prompt, subject, place, attributes in PAPER:
        if scene.subject == subject and scene.place == place and set(attributes) == set(named) and rng.random() < 0.4:
            return prompt
    if len(named) == 1 and rng.random() < 0.05:
        return WORDS[named[0]]
    slots = {slot: [] for slot in SLOTS}
    for name in named:
        slots[SLOTS[rng.integers(len(SLOTS))]].append(WORDS[name])
    sentence = content(scene, rng, slots["front"], slots["middle"])
    if slots["front"] == slots["middle"] == [] and slots["lead"] == ["sketch"] and rng.random() < 0.5:
        slots["lead"], sentence = [], f"a sketch of {sentence}"
    return ", ".join([*slots["lead"], " ".join([sentence, *slots["end"]]), *slots["comma"]])
