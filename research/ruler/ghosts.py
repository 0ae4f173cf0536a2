"""The judge of ghosts: was a position of a strip drawn, or faded out of the strip's two ends?

It sees the picture together with both ends. A fade shows half transparent things and doubled outlines; a drawn picture has things of
its own size at their own places."""

from typing import NamedTuple

import numpy
import torch

from research.ruler import mixes
from research.ruler.generated import own_strips
from research.ruler.ghost_strips import Strips, rendered_strips, through_the_autoencoder
from research.ruler.network import Residual, block
from research.ruler.remainders import hidden_fade, pushed_drawing, pushed_fade
from research.ruler.rendered import Codec, out_of_focus
from research.ruler.workshop import Workshop, trained
from research.training.pictures import to_unit

STREAM = 61
STEPS, BATCH = 5000, 48
CAUTION = 2.0  # How much worse it is to call a drawn picture a fade than to miss one.
AT_AN_END, NO_CHANGE = 0.06, 0.03  # Shares of the examples: the dial jumped to an end already; the style never showed.
CODED = ("latents", "pixels, coded", "hidden, in latents", "in part, pushed in latents")  # Fades that the autoencoder made, in the order of `Strips.coded`.
ODDS = {"whole": 3, "in part": 1, "outlines": 1, "to the far end": 1, "hidden": 1.5, "in part, pushed": 0.5, "outlines, pushed": 0.5} | dict(zip(CODED, (1.5, 1.5, 2, 1)))
PUSHED = 0.2  # Of the drawn examples: pushed away from the fade of their ends, which makes no ghost of them.


class Counts(NamedTuple):
    """How many strips: as drawn; of these through the autoencoder, too; of the model's own pictures."""

    drawn: int = 5200
    coded: int = 2600
    own: int = 1040


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
    none, full, picture, _ = ends_and_drawn(strips, pick, rng, device)
    pushed = torch.from_numpy(rng.random(len(pick)) < PUSHED).to(device).view(-1, 1, 1, 1)
    picture = torch.where(pushed, pushed_drawing(picture, none, full), picture)
    kind = torch.from_numpy(rng.random(len(pick))).to(device).view(-1, 1, 1, 1)
    picture = torch.where(kind < AT_AN_END, full, picture)
    picture = torch.where(kind < AT_AN_END / 2, none, picture)
    never = kind > 1 - NO_CHANGE
    picture, full = torch.where(never, none, picture), torch.where(never, none, full)
    return torch.cat([picture.clamp(-1, 1), none, full], 1)


def faded_examples(strips: Strips, pick: numpy.ndarray, rng: numpy.random.Generator, device: str) -> torch.Tensor:
    """Triples [N, 9, 128, 128] of fades, each of one of ODDS."""
    names = [name for name in ODDS if strips.coded is not None or name not in CODED]
    odds = numpy.array([ODDS[name] for name in names])
    chosen = rng.choice(names, len(pick), p=odds / odds.sum())
    none, full = (to_unit(strips.ends[pick, i]).to(device) for i in (0, 1))
    picture = torch.empty_like(none)
    for name in set(chosen):
        which = numpy.flatnonzero(chosen == name)
        picture[which] = fade_of_kind(name, strips, pick[which], rng, device)
    return torch.cat([picture.clamp(-1, 1), none, full], 1)


def fade_of_kind(name: str, strips: Strips, pick: numpy.ndarray, rng: numpy.random.Generator, device: str) -> torch.Tensor:
    """Fades [N, 3, 128, 128] of these strips."""
    if name in CODED:
        return to_unit(strips.coded[pick, CODED.index(name)]).to(device)
    none, full, drawn, strength = ends_and_drawn(strips, pick, rng, device)
    partial = mixes.shares(len(pick), device, *mixes.PARTIAL)
    match name:
        case "whole":
            return mixes.faded(none, full, mixes.shares(len(pick), device))
        case "in part":
            return mixes.faded_in_part(none, full, drawn, partial)
        case "outlines":
            return mixes.faded_outlines(none, full, drawn, partial)
        case "to the far end":
            return mixes.faded_to_far_end(none, full, drawn, strength, partial)
        case "hidden":
            others = (pick + rng.integers(1, len(strips), size=len(pick))) % len(strips)
            return hidden_fade(none, full, ends_and_drawn(strips, others, rng, device)[:3])
        case "in part, pushed":
            return pushed_fade(mixes.faded_in_part(none, full, drawn, partial), none, full)
        case "outlines, pushed":
            return pushed_fade(mixes.faded_outlines(none, full, drawn, partial), none, full)
    raise ValueError(name)


def ends_and_drawn(strips: Strips, pick: numpy.ndarray, rng: numpy.random.Generator, device: str) -> tuple[torch.Tensor, ...]:
    """Both ends and one drawn picture of each of these strips, [N, 3, 128, 128], and its strength [N]."""
    which = rng.integers(strips.drawn.shape[1], size=len(pick))
    pictures = (to_unit(x).to(device) for x in (strips.ends[pick, 0], strips.ends[pick, 1], strips.drawn[pick, which]))
    return *pictures, torch.from_numpy(strips.strengths[pick, which]).to(device)


def ghost_loss(judge: Ghosts, sets: list[Strips], seed: int, device: str = "cpu", answered=None):
    """A function that gives the loss of a fresh batch, half of it drawn, spread evenly over the sets of strips and, where there are some,
    the pictures that the judge has answered for (`pushed_dials.Answered`)."""
    each = BATCH // (2 * (len(sets) + (answered is not None)))
    rng, half = numpy.random.default_rng([STREAM, seed]), each * (len(sets) + (answered is not None))
    wanted = torch.cat([torch.zeros(half), torch.ones(half)]).to(device)
    weights = torch.where(wanted == 0, CAUTION, 1.0)

    def loss() -> torch.Tensor:
        examples = []
        for fades, make in ((False, drawn_examples), (True, faded_examples)):
            examples += [make(strips, rng.integers(len(strips), size=each), rng, device) for strips in sets]
            examples += [answered.triples(fades, each, rng, device)] if answered else []
        answers = judge(out_of_focus(mirrored(torch.cat(examples))))
        return torch.nn.functional.binary_cross_entropy_with_logits(answers, wanted, weights)

    return loss


def mirrored(triples: torch.Tensor) -> torch.Tensor:
    """Half of them, left for right."""
    return torch.where(torch.rand(len(triples), 1, 1, 1, device=triples.device) < 0.5, triples.flip(3), triples)


def training_strips(workshop: Workshop, codec: Codec, counts: Counts = Counts()) -> list[Strips]:
    """As drawn, through the autoencoder, and the model's own where there is a model."""
    drawn = rendered_strips(STREAM, workshop.count(counts.drawn))
    sets = [drawn, through_the_autoencoder(drawn.first(workshop.count(counts.coded)), codec)]
    return sets + ([own_strips(workshop, codec, STREAM, workshop.count(counts.own))] if workshop.maker else [])


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
