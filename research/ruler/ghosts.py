"""The judge of ghosts: was a position of a strip drawn, or faded out of the strip's two ends?

It sees the picture together with both ends. A fade shows half transparent things and doubled outlines; a drawn picture has things of
its own size at their own places."""

import numpy
import torch

from research.ruler import mixes
from research.ruler.generated import own_strips
from research.ruler.ghost_strips import Strips, rendered_strips, through_the_autoencoder
from research.ruler.network import Residual, block
from research.ruler.rendered import Codec, out_of_focus
from research.ruler.workshop import Workshop, trained
from research.training.pictures import to_unit

STREAM = 61
STRIPS, CODED = 5200, 2600  # Strips as drawn; how many of them are seen through the autoencoder, too.
OWN = 1040  # Of the model's own pictures.
STEPS, BATCH = 5000, 48
CAUTION = 2.0  # How much worse it is to call a drawn picture a fade than to miss one.
AT_AN_END, NO_CHANGE = 0.06, 0.03  # Shares of the examples: the dial jumped to an end already; the style never showed.


class Ghosts(torch.nn.Module):
    """Pictures beside both ends of their strips, [N, 9, 128, 128] in −1…1 (picture, position 0, position 1) → [N]: above 0, a fade."""

    def __init__(self):
        super().__init__()
        self.fine = torch.nn.Sequential(torch.nn.PixelUnshuffle(2), block(36, 64, 3, 2), Residual(64))
        self.coarse = torch.nn.Sequential(block(64, 96, 3, 2), block(96, 96, 3), block(96, 128, 3, 2), block(128, 128, 3))
        self.head = torch.nn.Sequential(torch.nn.Dropout(0.1), torch.nn.Linear(256, 96), torch.nn.ReLU(), torch.nn.Linear(96, 1))

    def forward(self, triples: torch.Tensor) -> torch.Tensor:
        picture, none, full = triples.split(3, 1)
        features = self.coarse(self.fine(torch.cat([picture, picture - none, picture - full], 1)))
        return self.head(torch.cat([features.mean((2, 3)), features.amax((2, 3))], 1))[:, 0]


def drawn_examples(strips: Strips, pick: numpy.ndarray, rng: numpy.random.Generator, device: str) -> torch.Tensor:
    """Triples [N, 9, 128, 128] that are no fades."""
    none, full = (to_unit(strips.ends[pick, i]).to(device) for i in (0, 1))
    picture = to_unit(strips.drawn[pick, rng.integers(strips.drawn.shape[1], size=len(pick))]).to(device)
    kind = torch.from_numpy(rng.random(len(pick))).to(device).view(-1, 1, 1, 1)
    picture = torch.where(kind < AT_AN_END, full, picture)
    picture = torch.where(kind < AT_AN_END / 2, none, picture)
    never = kind > 1 - NO_CHANGE
    picture, full = torch.where(never, none, picture), torch.where(never, none, full)
    return torch.cat([picture, none, full], 1)


def faded_examples(strips: Strips, pick: numpy.ndarray, rng: numpy.random.Generator, device: str) -> torch.Tensor:
    """Triples [N, 9, 128, 128] of fades, of all kinds in `mixes` and of those that the autoencoder made."""
    none, full = (to_unit(strips.ends[pick, i]).to(device) for i in (0, 1))
    which = rng.integers(strips.drawn.shape[1], size=len(pick))
    drawn, strength = to_unit(strips.drawn[pick, which]).to(device), torch.from_numpy(strips.strengths[pick, which]).to(device)
    share, partial = mixes.shares(len(pick), device), mixes.shares(len(pick), device, 0.25, 0.75)
    kinds = [
        mixes.faded(none, full, share),
        mixes.faded_in_part(none, full, drawn, partial),
        mixes.faded_outlines(none, full, drawn, partial),
        mixes.faded_to_far_end(none, full, drawn, strength, partial),
    ]
    if strips.coded is not None:
        kinds += [to_unit(strips.coded[pick, i]).to(device) for i in (0, 1)]
    odds = numpy.array([3, 1, 1, 1, 1.5, 1.5][: len(kinds)])
    chosen = torch.from_numpy(rng.choice(len(kinds), len(pick), p=odds / odds.sum())).to(device)
    picture = torch.stack(kinds)[chosen, torch.arange(len(pick), device=device)]
    return torch.cat([picture, none, full], 1)


def ghost_loss(judge: Ghosts, sets: list[Strips], seed: int, device: str = "cpu"):
    """A function that gives the loss of a fresh batch, half of it drawn, spread evenly over the sets of strips."""
    rng, each = numpy.random.default_rng([STREAM, seed]), BATCH // (2 * len(sets))
    wanted = torch.cat([torch.zeros(each * len(sets)), torch.ones(each * len(sets))]).to(device)
    weights = torch.where(wanted == 0, CAUTION, 1.0)

    def loss() -> torch.Tensor:
        examples = [make(strips, rng.integers(len(strips), size=each), rng, device) for make in (drawn_examples, faded_examples) for strips in sets]
        answers = judge(out_of_focus(torch.cat(examples)))
        return torch.nn.functional.binary_cross_entropy_with_logits(answers, wanted, weights)

    return loss


def training_strips(workshop: Workshop, codec: Codec) -> list[Strips]:
    """As drawn, through the autoencoder, and the model's own where there is a model."""
    drawn = rendered_strips(STREAM, workshop.count(STRIPS))
    sets = [drawn, through_the_autoencoder(drawn.first(workshop.count(CODED)), codec)]
    return sets + ([own_strips(workshop, codec, STREAM, workshop.count(OWN))] if workshop.maker else [])


def load_ghosts(workshop: Workshop, codec: Codec) -> Ghosts:
    """The judge, from ghosts.pt, or trained when that is missing."""
    return trained(workshop, "ghosts", Ghosts, STREAM, STEPS, lambda judge: ghost_loss(judge, training_strips(workshop, codec), 1, workshop.device))


@torch.inference_mode()
def faintness(judge: Ghosts, pictures: numpy.ndarray, none: numpy.ndarray, full: numpy.ndarray) -> numpy.ndarray:
    """What it says of uint8 pictures [N, 128, 128, 3] between their ends, both of the same shape: [N], above 0 a fade."""
    device = next(judge.parameters()).device
    parts = []
    for i in range(0, len(pictures), 100):
        triple = [to_unit(part[i : i + 100]) for part in (pictures, none, full)]
        parts.append(judge(torch.cat(triple, 1).to(device)).cpu())
    return torch.cat(parts).numpy()


def ghosts_of(judge: Ghosts, strips: numpy.ndarray) -> numpy.ndarray:
    """Which positions of uint8 strips [..., P, 128, 128, 3] are fades of the strip's first and last picture; these two never: bool [..., P]."""
    every = strips.reshape(-1, *strips.shape[-4:])
    found = numpy.zeros(every.shape[:2], bool)
    for strip, row in zip(every, found):
        between = strip[1:-1]
        row[1:-1] = faintness(judge, between, *(numpy.repeat(end[None], len(between), 0) for end in (strip[0], strip[-1]))) > 0
    return found.reshape(strips.shape[:-3])
