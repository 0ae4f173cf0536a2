"""From pictures to readings. Scorer B reports; scorer A is asked for one thing, the oracle remap."""

import dataclasses

import numpy
import torch

from research.ruler.cde import responses, spoilt
from research.ruler.content import Content, distance, look
from research.ruler.ghosts import Ghosts, ghosts_of
from research.ruler.pictures import Made
from research.ruler.plan import CONTENTS, POSITIONS, SEEDS, Trial
from research.ruler.scorers import strengths
from research.world.scene import ATTRIBUTES

PLACES = numpy.array(POSITIONS)


@dataclasses.dataclass
class Readings:
    """What the judges say of pictures of any shape [...]: strengths [..., attributes] of scorers A and B, embeddings [..., 64], quality [...]."""

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
    """Both scorers by name, the judges of content and of ghosts, and what two steps of a dial may differ by for the ruler's own noise, in r."""

    scorers: dict[str, torch.nn.Module]
    content: Content
    ghosts: Ghosts
    noise: float

    def read(self, pictures: numpy.ndarray) -> Readings:
        """uint8 [N, 128, 128, 3]."""
        embeddings, _, qualities = look(self.content, pictures)
        return Readings(strengths(self.scorers["A"], pictures), strengths(self.scorers["B"], pictures), embeddings, qualities)


@dataclasses.dataclass
class Reference:
    """What every dial is measured against: plain pictures [contents, seeds], styled ones [contents, attributes, seeds], what is read of both,
    and the content budget."""

    pictures: numpy.ndarray
    styled_pictures: numpy.ndarray
    plain: Readings
    styled: Readings
    budget: float


def content_budget(embeddings: numpy.ndarray) -> float:
    """Half the median distance between pictures of one prompt by different seeds, from embeddings [contents, seeds, 64]."""
    one, other = numpy.triu_indices(embeddings.shape[1], 1)
    return float(numpy.median(distance(embeddings[:, one], embeddings[:, other])) / 2)


def reference_of(judges: Judges, trial: Trial, plain: numpy.ndarray, styled: numpy.ndarray) -> Reference:
    """From plain pictures uint8 [CONTENTS × SEEDS, 128, 128, 3] and the trial's styled ones [contents × attributes × seeds, ...]."""
    readings = judges.read(plain).shaped(len(CONTENTS), len(SEEDS))
    used = slice(len(trial.contents)), slice(len(trial.seeds))
    pictures = plain.reshape(len(CONTENTS), len(SEEDS), *plain.shape[1:])[used]
    budget = content_budget(readings.embeddings)
    return Reference(pictures, styled.reshape(*trial.strips, *styled.shape[1:]), readings.part(used), judges.read(styled).shaped(*trial.strips), budget)


def read_reference(judges: Judges, trial: Trial, plain: Made, styled: Made) -> Reference:
    """The model's own."""
    return reference_of(judges, trial, plain.pictures(), styled.pictures())


def own_attribute(values: numpy.ndarray, attributes: tuple[str, ...] = ATTRIBUTES) -> numpy.ndarray:
    """Of readings [contents, attributes, seeds, ..., ATTRIBUTES], each strip's own: [contents, attributes, seeds, ...]."""
    return numpy.stack([values[:, i, ..., ATTRIBUTES.index(name)] for i, name in enumerate(attributes)], axis=1)


@dataclasses.dataclass
class Side:
    """One side of a dial, [contents, attributes, seeds, positions]: the responses that A and B saw, the spoilt positions, and which of them
    are fades."""

    a: numpy.ndarray
    b: numpy.ndarray
    over: numpy.ndarray
    ghosts: numpy.ndarray

    def only(self, attributes: list[int]) -> "Side":
        """The strips of these attributes."""
        return Side(self.a[:, attributes], self.b[:, attributes], self.over[:, attributes], self.ghosts[:, attributes])


def read_side(
    judges: Judges, strips: numpy.ndarray, full_a: numpy.ndarray, full_b: numpy.ndarray, budget: float, attributes: tuple[str, ...] = ATTRIBUTES
) -> Side:
    """Of uint8 pictures [contents, attributes, seeds, positions, 128, 128, 3]; `full_a` and `full_b` [contents, attributes, seeds] are the
    strengths at the end that the dial aims at."""
    readings = judges.read(strips.reshape(-1, *strips.shape[4:])).shaped(*strips.shape[:4])
    distances = distance(readings.embeddings, readings.embeddings[..., :1, :])
    ghosts = ghosts_of(judges.ghosts, strips)
    over = spoilt(distances, readings.qualities, ghosts, budget)
    a, b = (responses(own_attribute(read, attributes), full) for read, full in ((readings.a, full_a), (readings.b, full_b)))
    return Side(a, b, over, ghosts)
