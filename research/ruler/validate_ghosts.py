"""The judge of ghosts judged: held-back strips, drawn and faded, as the renderer draws them and as the autoencoder gives them back."""

import dataclasses

import numpy
import torch

from research.ruler import mixes
from research.ruler.generated import own_strips
from research.ruler.ghosts import Ghosts, faintness
from research.ruler.ghost_strips import DRAWN, coded_fades
from research.ruler.plan import POSITIONS
from research.ruler.remainders import hidden_fade
from research.ruler.rendered import LATENT_NOISE, Codec, render_all, to_pictures, with_noise
from research.ruler.workshop import Workshop
from research.training.pictures import to_unit
from research.world.captions import plain_scene
from research.world.scene import ATTRIBUTES, STRUCTURES

STRIPS = 20  # Of each attribute.
OWN_STREAM, OWN = 67, 260  # The model's own strips.
BETWEEN = numpy.array(POSITIONS[1:-1])
GAPS = (0.1, 0.2, 0.4, 0.6)
LEAST_RIGHT, MOST_FALSE = 0.95, 0.03


@dataclasses.dataclass
class HeldBack:
    """Strips of one attribute, uint8 [N, positions, 128, 128, 3], as drawn and as decoded."""

    drawn: numpy.ndarray
    decoded: numpy.ndarray


def held_back(codec: Codec, stream: int, attribute: str, count: int) -> HeldBack:
    """`count` strips at all positions, with latent noise in the decoded ones."""
    scenes = [plain_scene(numpy.random.default_rng([stream, 5, ATTRIBUTES.index(attribute), i])) for i in range(count)]
    pictures = render_all([scene.at(strengths={attribute: p}) for scene in scenes for p in POSITIONS])
    decoded = codec.decode(with_noise(codec.encode(pictures), LATENT_NOISE))
    shape = count, len(POSITIONS), *pictures.shape[1:]
    return HeldBack(pictures.reshape(shape), decoded.reshape(shape))


def called(judge: Ghosts, between: numpy.ndarray, ends: numpy.ndarray) -> float:
    """The share of pictures uint8 [N, K, 128, 128, 3] that it calls fades of `ends` [N, 2, ...]."""
    none, full = (numpy.repeat(ends[:, i], between.shape[1], 0) for i in (0, 1))
    return float((faintness(judge, between.reshape(-1, *between.shape[2:]), none, full) > 0).mean())


def faded_positions(strips: numpy.ndarray) -> numpy.ndarray:
    """The cross-fades of strips' ends at all places between: [N, K, 128, 128, 3]."""
    none, full = strips[:, :1].astype(numpy.float32), strips[:, -1:].astype(numpy.float32)
    return (none + (full - none) * BETWEEN[:, None, None, None] + 0.5).astype(numpy.uint8)


def partly_faded(strips: numpy.ndarray) -> dict[str, numpy.ndarray]:
    """Kinds in which only a part of the change fades, at all places between."""
    count, places = len(strips), len(BETWEEN)
    drawn, none, full = (numpy.broadcast_to(x, (count, places, *strips.shape[2:])).reshape(-1, *strips.shape[2:]) for x in (strips[:, 1:-1], strips[:, :1], strips[:, -1:]))
    drawn, none, full = (to_unit(x.copy()) for x in (drawn, none, full))
    share = torch.from_numpy(numpy.tile(BETWEEN, count)).float().clamp(0.25, 0.75).view(-1, 1, 1, 1)
    torch.manual_seed(0)
    kinds = {"in part": mixes.faded_in_part(none, full, drawn, share), "outlines alone": mixes.faded_outlines(none, full, drawn, share)}
    return {name: to_pictures(x).reshape(count, places, *strips.shape[2:]) for name, x in kinds.items()}


def with_others(strips: numpy.ndarray) -> numpy.ndarray:
    """Fades of each strip's ends with a remainder of the next strip in them, one for each place between: [N, K, 128, 128, 3]."""
    torch.manual_seed(0)
    made = []
    for place in range(1, strips.shape[1] - 1):
        none, full, drawn = (to_unit(strips[:, i]) for i in (0, -1, place))
        made.append(to_pictures(hidden_fade(none, full, (none.roll(1, 0), full.roll(1, 0), drawn.roll(1, 0)))))
    return numpy.stack(made, 1)


def faded_neighbours(strips: numpy.ndarray, gap: float) -> numpy.ndarray:
    """Half-way fades of two drawn positions that are `gap` apart, as a dial of key pictures makes: [N, K, 128, 128, 3]."""
    steps = round(gap * (len(POSITIONS) - 1))
    return ((strips[:, :-steps].astype(numpy.float32) + strips[:, steps:]) / 2 + 0.5).astype(numpy.uint8)


def attribute_figures(judge: Ghosts, codec: Codec, strips: HeldBack) -> dict:
    """The shares of pictures called fades: of those that are drawn, of fades of each kind, of fades between neighbours."""
    drawn_ends, ends = strips.drawn[:, [0, -1]], strips.decoded[:, [0, -1]]
    coded = numpy.concatenate([coded_fades(codec, drawn_ends, LATENT_NOISE, share) for share in (0.3, 0.5, 0.7)], 1)
    fades = {
        "pixels": called(judge, faded_positions(strips.drawn), drawn_ends),
        "decoded": called(judge, faded_positions(strips.decoded), ends),
        "latents": called(judge, coded[:, ::2], ends),
        "pixels, coded": called(judge, coded[:, 1::2], ends),
        **{kind: called(judge, pictures, ends) for kind, pictures in partly_faded(strips.decoded).items()},
        "another's remainder": called(judge, with_others(strips.decoded), ends),
    }
    drawn = {"drawn": called(judge, strips.drawn[:, 1:-1], drawn_ends), "decoded": called(judge, strips.decoded[:, 1:-1], ends)}
    return {"fades": fades, "drawn": drawn, "by gap": {f"{gap:g}": called(judge, faded_neighbours(strips.decoded, gap), ends) for gap in GAPS}}


def summary(figures: dict[str, dict]) -> dict:
    """Of all attributes: the share that is right on structural pairs (a fade and a drawn picture), and of drawn pictures called fades."""
    fades, drawn = ([figures[name][key] for name in STRUCTURES] for key in ("fades", "drawn"))
    caught = numpy.mean([[row["pixels"], row["decoded"], row["latents"]] for row in fades])
    spared = 1 - numpy.mean([list(row.values()) for row in drawn])
    every = [value for name in figures for value in figures[name]["drawn"].values()]
    return {"structural pairs right": float((caught + spared) / 2), "drawn pictures called fades": float(numpy.mean(every))}


def own_figures(judge: Ghosts, workshop: Workshop, codec: Codec) -> dict[str, dict]:
    """By attribute, on the model's own strips: pictures that it drew from one prompt, the same pushed away from the fade, and fades of its ends,
    as they are and with a remainder."""
    strips, figures = own_strips(workshop, codec, OWN_STREAM, OWN), {}
    for i, name in enumerate(ATTRIBUTES):
        part = strips.only(strips.attribute == i)
        both = faded_positions(part.ends)
        kinds = {"drawn": part.drawn[:, :DRAWN], "drawn, pushed": part.drawn[:, DRAWN:], "fades": both, "coded": part.coded[:, :2], "with a remainder": part.coded[:, 2:]}
        figures[name] = {kind: called(judge, pictures, part.ends) for kind, pictures in kinds.items()}
    return figures


def ghost_figures(judge: Ghosts, workshop: Workshop, codec: Codec, stream: int) -> dict:
    """All of it."""
    by_attribute = {name: attribute_figures(judge, codec, held_back(codec, stream, name, workshop.count(STRIPS))) for name in ATTRIBUTES}
    figures = {"by attribute": by_attribute, **summary(by_attribute)}
    return figures | ({"model": own_figures(judge, workshop, codec)} if workshop.maker else {})


def faults(figures: dict) -> list[str]:
    """Why it may not judge; none when it may."""
    found, right, false = [], figures["structural pairs right"], figures["drawn pictures called fades"]
    if not right >= LEAST_RIGHT:
        found.append(f"the judge of ghosts is right on {right:.1%} of structural pairs, below {LEAST_RIGHT:.0%}")
    if not false <= MOST_FALSE:
        found.append(f"the judge of ghosts calls {false:.1%} of drawn pictures fades, above {MOST_FALSE:.0%}")
    return found
