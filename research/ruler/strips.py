"""Which strips are shown, and their pictures with what the ruler read."""

import dataclasses
import pathlib

import numpy
from PIL import Image

from research.ruler.plan import POSITIONS, Trial
from research.world.scene import ATTRIBUTES

# Content by number, attribute, seed by number; contents and seeds outside a smaller trial wrap around.
SHOWN = ((1, "winter", 0), (0, "giant", 0), (2, "alien invasion", 1), (3, "sketch", 1), (5, "ruins", 0), (7, "doomsday", 1), (4, "pixel art", 0), (6, "in bloom", 0))


@dataclasses.dataclass
class Strip:
    """One strip of one method: files and readings at every position."""

    method: str
    files: list[pathlib.Path]
    responses: list[float | None]
    spoilt: list[bool]
    ghosts: list[bool]

    def pictures(self, size: int) -> list[Image.Image]:
        """Squares of `size` pixels."""
        return [Image.open(file).convert("RGB").resize((size, size), Image.LANCZOS) for file in self.files]


def shown_strips(trial: Trial, count: int) -> list[tuple[int, int, int]]:
    """The first `count` of SHOWN as they lie in this trial: numbers of content, attribute, seed."""
    return [(c % len(trial.contents), ATTRIBUTES.index(name), k % len(trial.seeds)) for c, name, k in SHOWN[:count]]


def strip_title(trial: Trial, place: tuple[int, int, int]) -> str:
    content, attribute, seed = place
    return f"{trial.contents[content]} + {ATTRIBUTES[attribute]}, seed {trial.seeds[seed]}"


def strip_of(method: str, figures: dict, files: list[pathlib.Path], trial: Trial, place: tuple[int, int, int]) -> Strip:
    """From all files of a method's positive side, [contents, attributes, seeds, positions] in one row."""
    content, attribute, seed = place
    first = int(numpy.ravel_multi_index((*place, 0), (*trial.strips, len(POSITIONS))))
    read = (figures[name][content][attribute][seed] for name in ("responses", "spoilt", "ghosts"))
    return Strip(method, files[first : first + len(POSITIONS)], *read)
