"""Two judges of the strength of every attribute, A and B: other networks, other starting weights, other training pictures.

Calibration and the oracle remap may look at A only; what is reported is read by B.
"""

import dataclasses
from collections.abc import Callable

import numpy
import torch

from research.ruler.generated import restyled_for_scorers
from research.ruler.network import Residual, block
from research.ruler.rendered import LATENT_NOISE, Codec, out_of_focus, rendered, round_trip
from research.ruler.workshop import Workshop, trained
from research.training.pictures import to_unit
from research.world.scene import ATTRIBUTES

BATCH = (40, 16, 8)  # Of each of the training sets, in their order.
STREAMS = {"A": 51, "B": 52}


@dataclasses.dataclass(frozen=True)
class Round:
    """A part of a scorer's training, on renders of its own: what it has seen already it reads better than it should."""

    name: str
    stream: int  # Added to the scorer's.
    pictures: int
    round_trips: int
    steps: int
    odds: dict[str, float]  # Of attributes that are to be seen more often than others.


HARD = {"ruins": 5, "giant": 3, "monet": 2.5, "in bloom": 2.5, "futuristic": 2}
ROUNDS = (Round("-first", 0, 60_000, 8_000, 5_000, {}), Round("", 20, 100_000, 4_000, 4_000, HARD))


class PlaceScorer(torch.nn.Module):
    """A: strided convolutions down to 4×4 places, each weighed by itself. [N, 3, 128, 128] in −1…1 → strengths [N, attributes]."""

    def __init__(self):
        super().__init__()
        self.trunk = torch.nn.Sequential(
            torch.nn.PixelUnshuffle(2),
            block(12, 64, 3, 2),
            Residual(64),
            block(64, 96, 3, 2),
            Residual(96),
            block(96, 128, 3, 2),
            Residual(128),
            block(128, 192, 3, 2),
            torch.nn.Flatten(),
        )
        self.head = torch.nn.Sequential(torch.nn.Dropout(0.1), torch.nn.Linear(192 * 16, 256), torch.nn.ReLU(), torch.nn.Linear(256, len(ATTRIBUTES)))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.head(self.trunk(pictures))


class TextureScorer(torch.nn.Module):
    """B: mean and spread of the features at three scales within 4×4 regions. The same shapes as A."""

    def __init__(self):
        super().__init__()
        self.fine = torch.nn.Sequential(torch.nn.PixelUnshuffle(4), block(48, 64, 3), Residual(64))
        self.middle = torch.nn.Sequential(block(64, 96, 3, 2), Residual(96), Residual(96, dilation=2))
        self.coarse = torch.nn.Sequential(block(96, 128, 3, 2), Residual(128), Residual(128))
        features = 32 * (64 + 96 + 128)
        self.head = torch.nn.Sequential(torch.nn.BatchNorm1d(features), torch.nn.Linear(features, 192), torch.nn.ReLU(), torch.nn.Linear(192, len(ATTRIBUTES)))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        fine = self.fine(pictures)  # [N, 64, 32, 32]
        middle = self.middle(fine)  # [N, 96, 16, 16]
        coarse = self.coarse(middle)  # [N, 128, 8, 8]
        return self.head(torch.cat([regional_statistics(features) for features in (fine, middle, coarse)], dim=1))


def regional_statistics(features: torch.Tensor) -> torch.Tensor:
    """Mean and standard deviation within each of 4×4 regions: [N, C, H, W] → [N, 32·C]."""
    features = features.float()  # A spread is a small difference of large numbers.
    size = features.shape[-1] // 4
    mean = torch.nn.functional.avg_pool2d(features, size)
    square = torch.nn.functional.avg_pool2d(features.square(), size)
    return torch.cat([mean, (square - mean.square()).clamp_min(1e-4).sqrt()], dim=1).flatten(1)


NETWORKS = {"A": PlaceScorer, "B": TextureScorer}


def training_sets(workshop: Workshop, codec: Codec, stream: int, part: Round) -> list[tuple[numpy.ndarray, numpy.ndarray]]:
    """Renders, renders seen through the autoencoder, and the model's own pictures where there is a model: pictures uint8
    [N, 128, 128, 3] beside strengths [N, attributes], NaN where nobody knows them."""
    drawn, strengths = rendered(stream + part.stream, workshop.count(part.pictures), part.odds)
    coded = workshop.count(part.round_trips)
    sets = [(drawn, strengths), (round_trip(codec, drawn[:coded], LATENT_NOISE), strengths[:coded])]
    if workshop.maker:
        sets.append(restyled_for_scorers(workshop, stream))
    return sets


def known_error(answers: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Loss over the strengths that are known: the mean of what is there and the mean of what is not, though a picture seldom shows more
    than one attribute; both [N, attributes], `wanted` NaN where it is not known."""
    error = torch.nn.functional.smooth_l1_loss(answers, wanted.nan_to_num(), beta=0.1, reduction="none")
    return sum(error[which].sum() / which.sum().clamp_min(1) for which in (wanted > 0, wanted == 0))


def scorer_loss(scorer: torch.nn.Module, sets: list[tuple[numpy.ndarray, numpy.ndarray]], seed: int, device: str = "cpu"):
    """A function that gives the loss of a fresh batch; half of its pictures are mirrored, which changes no strength."""
    rng = numpy.random.default_rng(seed)

    def loss() -> torch.Tensor:
        picks = [rng.integers(len(pictures), size=size) for (pictures, _), size in zip(sets, BATCH)]
        pictures = numpy.concatenate([mirrored(pictures[pick], rng) for (pictures, _), pick in zip(sets, picks)])
        wanted = numpy.concatenate([strengths[pick] for (_, strengths), pick in zip(sets, picks)])
        answers = scorer(out_of_focus(to_unit(pictures).to(device))).float()
        return known_error(answers, torch.from_numpy(wanted).to(device))

    return loss


def mirrored(pictures: numpy.ndarray, rng: numpy.random.Generator) -> numpy.ndarray:
    """Pictures [N, H, W, C], about every other one with left and right exchanged."""
    which = rng.random(len(pictures)) < 0.5
    return numpy.where(which[:, None, None, None], pictures[:, :, ::-1], pictures)


def load_scorer(name: str, workshop: Workshop, codec: Codec, rounds: int = len(ROUNDS)) -> torch.nn.Module:
    """Scorer A or B after so many rounds: from its file, or trained when that is missing, on from the round before."""
    stream, part = STREAMS[name], ROUNDS[rounds - 1]

    def prepare(scorer: torch.nn.Module) -> Callable[[], torch.Tensor]:
        if rounds > 1:
            scorer.load_state_dict(load_scorer(name, workshop, codec, rounds - 1).state_dict())
        return scorer_loss(scorer, training_sets(workshop, codec, stream, part), stream + part.stream, workshop.device)

    return trained(workshop, f"scorer-{name}{part.name}", NETWORKS[name], stream, part.steps, prepare)


def load_scorers(workshop: Workshop, codec: Codec) -> dict[str, torch.nn.Module]:
    """Both judges by name, trained if need be."""
    return {name: load_scorer(name, workshop, codec) for name in NETWORKS}


@torch.inference_mode()
def strengths(scorer: torch.nn.Module, pictures: numpy.ndarray) -> numpy.ndarray:
    """uint8 pictures [N, 128, 128, 3] → strengths [N, attributes]: 0 none, 1 full; not clipped, so noise and overshoot stay visible."""
    device = next(scorer.parameters()).device
    return torch.cat([scorer(to_unit(pictures[i : i + 100]).to(device)).cpu() for i in range(0, len(pictures), 100)]).numpy()
