"""From pictures to figures. Scorer B reports; scorer A is asked for one thing, the oracle remap."""

import dataclasses

import numpy
import torch

from research.ruler.cde import responses, spoilt
from research.ruler.content import Content, distance, look
from research.ruler.pictures import Made
from research.ruler.plan import CONTENTS, POSITIONS, SEEDS, Trial
from research.ruler.scorers import strengths
from research.world1.styles import STYLES

PLACES = numpy.array(POSITIONS)


@dataclasses.dataclass
class Readings:
    """What the judges say of pictures of any shape [...]: strengths [..., 6] of scorers A and B, embeddings [..., 64], quality [...]."""

    a: numpy.ndarray
    b: numpy.ndarray
    embeddings: numpy.ndarray
    qualities: numpy.ndarray

    def shaped(self, *shape: int) -> "Readings":
        return Readings(*(values.reshape(*shape, *values.shape[1:]) for values in (self.a, self.b, self.embeddings, self.qualities)))

    def part(self, where) -> "Readings":
        return Readings(self.a[where], self.b[where], self.embeddings[where], self.qualities[where])


@dataclasses.dataclass
class Judges:
    """Both scorers by name, the judge of content, and what two steps of a dial may differ by for the ruler's own noise, in r."""

    scorers: dict[str, torch.nn.Module]
    content: Content
    noise: float

    def read(self, pictures: numpy.ndarray) -> Readings:
        """uint8 [N, 128, 128, 3]."""
        embeddings, _, qualities = look(self.content, pictures)
        return Readings(strengths(self.scorers["A"], pictures), strengths(self.scorers["B"], pictures), embeddings, qualities)


@dataclasses.dataclass
class Reference:
    """What every dial is measured against: plain pictures [contents, seeds], readings [contents, styles, seeds], the content budget."""

    pictures: numpy.ndarray
    plain: Readings
    styled: Readings
    budget: float


def content_budget(embeddings: numpy.ndarray) -> float:
    """Half the median distance between pictures of one prompt by different seeds, from embeddings [contents, seeds, 64]."""
    one, other = numpy.triu_indices(embeddings.shape[1], 1)
    return float(numpy.median(distance(embeddings[:, one], embeddings[:, other])) / 2)


def read_reference(judges: Judges, trial: Trial, plain: Made, styled: Made) -> Reference:
    """From the plain pictures of all contents and seeds, and the trial's styled ones."""
    pictures = plain.pictures()
    readings = judges.read(pictures).shaped(len(CONTENTS), len(SEEDS))
    used = slice(len(trial.contents)), slice(len(trial.seeds))
    shape = len(trial.contents), len(STYLES), len(trial.seeds)
    pictures = pictures.reshape(len(CONTENTS), len(SEEDS), *pictures.shape[1:])[used]
    return Reference(pictures, readings.part(used), judges.read(styled.pictures()).shaped(*shape), content_budget(readings.embeddings))


def own_style(values: numpy.ndarray) -> numpy.ndarray:
    """Of readings [contents, styles, seeds, ..., 6], each strip's own style: [contents, styles, seeds, ...]."""
    return numpy.stack([values[:, i, ..., i] for i in range(values.shape[1])], axis=1)


@dataclasses.dataclass
class Side:
    """One side of a dial, [contents, styles, seeds, positions]: the responses that A and B saw, and the spoilt positions."""

    a: numpy.ndarray
    b: numpy.ndarray
    over: numpy.ndarray


def read_side(readings: Readings, full_a: numpy.ndarray, full_b: numpy.ndarray, budget: float) -> Side:
    """`full_a` and `full_b` [contents, styles, seeds] are the strengths at the end that the dial aims at."""
    distances = distance(readings.embeddings, readings.embeddings[..., :1, :])
    over = spoilt(distances, readings.qualities, budget)
    return Side(responses(own_style(readings.a), full_a), responses(own_style(readings.b), full_b), over)
