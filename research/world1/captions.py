"""What a scene is called. The style's words stand in a caption only when the style is at full strength."""

from dataclasses import dataclass

import numpy

from research.world1.scenes import MODIFIERS, PLACES, SUBJECTS
from research.world1.styles import STYLES

PLACE_WORDS = {"jungle": "in the jungle", "desert": "in the desert", "meadow": "in the meadow", "beach": "on the beach", "lake": "by the lake"}
STYLE_WORDS = {
    "monet": "Monet style",
    "cyberpunk": "cyberpunk",
    "futuristic": "futuristic high tech",
    "sketch": "sketch",
    "pixel art": "pixel art",
    "sunset": "sunset",
}
PLAIN_SHARE = 0.4


@dataclass(frozen=True)
class Scene:
    """One scene to be drawn; `strength` 0…1 of `style` (None for none)."""

    subject: str
    place: str
    modifiers: tuple
    style: str | None
    strength: float
    seed: int


def random_scene(rng: numpy.random.Generator, any_strength: bool = False) -> Scene:
    """A scene for the U-Net (strength 0, or 0.9 to 1), or with `any_strength` for the scorers (0 to 1)."""
    subject, place = str(rng.choice(SUBJECTS)), str(rng.choice(PLACES))
    k = rng.random()
    modifiers = (MODIFIERS[0],) if k < 0.08 else (MODIFIERS[1],) if k < 0.14 else MODIFIERS if k < 0.2 else ()
    style = None if rng.random() < PLAIN_SHARE and not any_strength else str(rng.choice(STYLES))
    strength = 0.0 if style is None else rng.random() if any_strength else rng.uniform(0.9, 1)
    return Scene(subject, place, modifiers, style, float(strength), int(rng.integers(2**31)))


def content(scene: Scene, rng: numpy.random.Generator, article: bool, style: str = "") -> str:
    """The words for everything but the style; `style` goes before the invasion where the paper's prompt has it."""
    words = ["a"] if article else []
    if "doomsday" in scene.modifiers:
        words.append("doomsday")
    words.append(scene.subject)
    if scene.subject == "city" and rng.random() < 0.4:
        words.append("architecture")
    if style:
        words.append(style)
    if "alien invasion" in scene.modifiers:
        words.append("alien invasion")
    if rng.random() < (0.75 if scene.modifiers else 0.9):
        if scene.place == "jungle" and rng.random() < 0.4:
            words.append("hidden")
        words.append(PLACE_WORDS[scene.place])
    return " ".join(words)


def caption(scene: Scene, rng: numpy.random.Generator) -> str:
    """A caption in one of the forms that people and the paper use."""
    article = rng.random() < 0.75
    if scene.style is None or scene.strength < 0.9:
        return content(scene, rng, article)
    style, form = STYLE_WORDS[scene.style], rng.random()
    if form < 0.45:
        return f"{content(scene, rng, article)}, {style}"
    if form < 0.6:
        return f"{content(scene, rng, article)} {style}"
    if form < 0.75:
        return content(scene, rng, article, style)
    if form < 0.85 and scene.style == "sketch":
        return f"a sketch of {content(scene, rng, article)}"
    return f"{'a ' if article else ''}{style} {content(scene, rng, False)}"
