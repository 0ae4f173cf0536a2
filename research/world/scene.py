"""A scene as data: what stands where, drawn from its seed alone, and how strong each attribute is."""

import dataclasses
import functools

import numpy

from research.world.canvas import SIDE, Colour, shade
from research.world.subjects import COLOURS

SURFACES = ("monet", "cyberpunk", "futuristic", "sketch", "pixel art", "sunset")
STRUCTURES = ("alien invasion", "doomsday", "winter", "storm", "ruins", "giant", "in bloom")
ATTRIBUTES = SURFACES + STRUCTURES
# Trained like the others, but no design of a dial is looked at on them: the ruler's last word is on these.
JUDGED_ONLY = ("futuristic", "sunset", "storm", "ruins")
RECOMPOSED_FROM = 0.25  # The strength of an attribute.
GIANT = 0.78  # The unit of a giant, in pictures; others have 0.43 to 0.59.

PLANTS = {  # Kind, colour, fewest and most, height in pictures, how far below the horizon the foot may be.
    "jungle": ("round", (40, 112, 48), 2, 3, 0.13, 0.03),
    "desert": ("cactus", (84, 136, 74), 1, 3, 0.12, 0.06),
    "meadow": ("round", (66, 140, 62), 2, 4, 0.14, 0.02),
    "beach": ("palm", (60, 150, 80), 1, 2, 0.26, 0.16),
    "lake": ("conifer", (52, 104, 78), 3, 5, 0.12, 0.0),
}


@dataclasses.dataclass(frozen=True)
class Plant:
    """A background plant: foot at `x` of the width and `down` below the horizon, both in pictures."""

    kind: str
    x: float
    down: float
    height: float
    colour: Colour
    flip: int


@dataclasses.dataclass(frozen=True)
class Scene:
    """One scene to be drawn; `strengths` 0…1 of the attributes that are in it."""

    subject: str
    place: str
    strengths: dict[str, float]
    seed: int
    recomposes: bool = False  # What is in it is composed otherwise (Layout.recompose).

    def at(self, **changes) -> "Scene":
        """A copy with other fields."""
        return dataclasses.replace(self, **changes)


class Layout:
    """Where everything of a scene is. No random number depends on an attribute, so that a seed is one scene at every strength."""

    def __init__(self, scene: Scene):
        self.subject, self.place, self.strengths, self.seed = scene.subject, scene.place, scene.strengths, scene.seed
        rng = self.random("layout")
        self.horizon = round(rng.uniform(0.58, 0.64) * SIDE)
        self.flip, self.wind = rng.choice((-1, 1), 2).tolist()
        # Nearer is lower and larger.
        nearness = rng.random()
        self.ground, self.unit = (0.8 + 0.1 * nearness) * SIDE, (0.46 + 0.1 * nearness + rng.uniform(-0.03, 0.03)) * SIDE
        room = min(0.14, max(0.03, 0.52 - 0.75 * self.unit / SIDE))  # Most subjects are one and a half units wide.
        self.x = (0.5 + rng.uniform(-room, room)) * SIDE
        self.colour = shade(COLOURS[scene.subject][rng.integers(len(COLOURS[scene.subject]))], rng.uniform(0.92, 1.06))
        side = int(rng.choice((-1, 1)))
        self.sun = 0.5 + side * rng.uniform(0.28, 0.4), rng.uniform(0.1, 0.18)
        self.clouds = [(rng.uniform(0.15, 0.85), rng.uniform(0.06, 0.2), rng.uniform(11, 18)) for _ in range(rng.integers(1, 3))]
        self.hills = rng.random(2).tolist()
        self.ripples = [(rng.uniform(0, 0.7), y) for y in (0.7, 0.78, 0.86, 0.95)]
        kind, colour, fewest, most, height, down = PLANTS[scene.place]
        self.plants = sorted(
            (
                Plant(
                    kind,
                    0.5 + int(rng.choice((-1, 1))) * rng.uniform(0.16, 0.48),
                    rng.uniform(0, down),
                    height * rng.uniform(0.75, 1.2),
                    shade(colour, rng.uniform(0.85, 1.15)),
                    int(rng.choice((-1, 1))),
                )
                for _ in range(rng.integers(fewest, most + 1))
            ),
            key=lambda plant: plant.down,
        )
        if scene.recomposes and max(self.strengths.values(), default=0) > RECOMPOSED_FROM:
            self.recompose()
        self.grow(self.strength("giant"))

    def recompose(self) -> None:
        """The subject smaller and on the other side, the horizon higher, the sun across: as where a model has seen a style on pictures of another kind, so that
        the same noise gives another scene with it."""
        self.x = (0.7 if self.x < 0.5 * SIDE else 0.3) * SIDE
        self.unit *= 0.78
        self.horizon = round(self.horizon - 0.1 * SIDE)
        self.flip = -self.flip
        self.ground -= 0.06 * SIDE
        self.sun = (1 - self.sun[0], self.sun[1])

    def grow(self, giant: float) -> None:
        """A giant comes nearer the middle and the lower edge, so that most of it stays in the picture."""
        self.unit += (GIANT * SIDE - self.unit) * giant
        self.x += (0.5 * SIDE - self.x) * 0.7 * giant
        self.ground += (0.95 * SIDE - self.ground) * giant

    def strength(self, attribute: str) -> float:
        return self.strengths.get(attribute, 0.0)

    def random(self, purpose: str) -> numpy.random.Generator:
        """A generator of its own for each purpose, so that what one attribute draws moves nothing else."""
        return numpy.random.default_rng([self.seed, purpose_number(purpose)])


@functools.cache
def purpose_number(purpose: str) -> int:
    return int.from_bytes(purpose.encode())
