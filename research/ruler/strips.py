"""Which strips are shown, and their pictures with what the ruler read."""

import dataclasses
import pathlib

import numpy
from PIL import Image

from research.ruler.plan import POSITIONS, Trial
from research.world1.styles import STYLES

# Content, style and seed by number; those outside a smaller trial wrap around.
SHOWN = ((0, 1, 0), (1, 3, 0), (2, 0, 1), (3, 5, 1), (0, 2, 0), (1, 4, 1))


@dataclasses.dataclass
class Strip:
    """One strip of one method: files and readings at every position."""

    method: str
    files: list[pathlib.Path]
    responses: list[float]
    spoilt: list[bool]

    def pictures(self, size: int) -> list[Image.Image]:
        """Squares of `size` pixels."""
        return [Image.open(file).convert("RGB").resize((size, size), Image.LANCZOS) for file in self.files]


def shown_strips(trial: Trial, count: int) -> list[tuple[int, int, int]]:
    """The first `count` of SHOWN as they lie in this trial."""
    inside = [(c % len(trial.contents), s, k % len(trial.seeds)) for c, s, k in SHOWN]
    return inside[:count]


def strip_title(trial: Trial, place: tuple[int, int, int]) -> str:
    content, style, seed = place
    return f"{trial.contents[content]} + {STYLES[style]}, seed {trial.seeds[seed]}"


def strip_of(method: str, figures: dict, files: list[pathlib.Path], trial: Trial, place: tuple[int, int, int]) -> Strip:
    """From all files of a method's positive side, [contents, styles, seeds, positions] in one row."""
    content, style, seed = place
    first = int(numpy.ravel_multi_index((*place, 0), (len(trial.contents), len(STYLES), len(trial.seeds), len(POSITIONS))))
    return Strip(method, files[first : first + len(POSITIONS)], figures["responses"][content][style][seed], figures["spoilt"][content][style][seed])
