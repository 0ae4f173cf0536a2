"""What the judge of ghosts is trained on: strips with their ends, pictures drawn between them, and fades through the autoencoder."""

import dataclasses

import numpy
import torch

from research.ruler import mixes
from research.ruler.remainders import hidden_fade, pushed_drawing, pushed_fade
from research.ruler.rendered import LATENT_NOISE, Codec, render_all, to_pictures, with_noise
from research.training.pictures import to_unit
from research.world.captions import plain_scene, random_strength
from research.world.scene import ATTRIBUTES, Scene

DRAWN = 2  # Pictures between the ends, of each strip.
DRIFTED = 0.2  # Of the strips have another scene of the same words at each place, as dials that lose the scene do.


@dataclasses.dataclass
class Strips:
    """N strips: `ends` uint8 [N, 2, 128, 128, 3] at 0 and 1, `drawn` [N, D, ...] at `strengths` [N, D] between;
    `coded` [N, 4, ...] are fades that the autoencoder made, two as they are and two with a remainder; `attribute` [N] is the one that is turned."""

    ends: numpy.ndarray
    drawn: numpy.ndarray
    strengths: numpy.ndarray
    attribute: numpy.ndarray
    coded: numpy.ndarray | None = None

    def __len__(self) -> int:
        return len(self.ends)

    def first(self, count: int) -> "Strips":
        """The first `count` of them."""
        return self.only(numpy.arange(count))

    def only(self, which: numpy.ndarray) -> "Strips":
        """Those of these numbers, or of this mask."""
        coded = None if self.coded is None else self.coded[which]
        return Strips(self.ends[which], self.drawn[which], self.strengths[which], self.attribute[which], coded)


def strip_scenes(rng: numpy.random.Generator, attribute: str, strengths: numpy.ndarray) -> list[Scene]:
    """None, full, and the attribute at each of the strengths between."""
    scene = plain_scene(rng)
    strip = [scene, *(scene.at(strengths={attribute: float(s)}) for s in (1, *strengths))]
    if rng.random() < DRIFTED:
        strip = [one.at(seed=int(seed)) for one, seed in zip(strip, rng.integers(2**31, size=len(strip)))]
    return strip


def rendered_strips(stream: int, count: int) -> Strips:
    """`count` strips of a stream, the attributes in turn."""
    scenes, strengths = [], numpy.empty((count, DRAWN), numpy.float32)
    for i in range(count):
        rng = numpy.random.default_rng([stream, i])
        strengths[i] = [0.03 + 0.94 * random_strength(rng) for _ in range(DRAWN)]
        scenes += strip_scenes(rng, ATTRIBUTES[i % len(ATTRIBUTES)], strengths[i])
    pictures = render_all(scenes).reshape(count, 2 + DRAWN, 128, 128, 3)
    return Strips(pictures[:, :2], pictures[:, 2:], strengths, numpy.arange(count) % len(ATTRIBUTES))


def coded_fades(codec: Codec, ends: numpy.ndarray, noise: float = LATENT_NOISE, share: float | None = None) -> numpy.ndarray:
    """Of ends [N, 2, 128, 128, 3] two fades each, [N, 2, ...]: latents mixed, and pixels mixed and seen through the autoencoder."""
    share = torch.rand(len(ends), 1, 1, 1) * 0.8 + 0.1 if share is None else torch.full((len(ends), 1, 1, 1), share)
    none, full = codec.encode(ends[:, 0]), codec.encode(ends[:, 1])
    latents = codec.decode(with_noise(torch.lerp(none, full, share.to(none.device)), noise))
    amount = share.numpy()
    pixels = (ends[:, 0] * (1 - amount) + ends[:, 1] * amount + 0.5).astype(numpy.uint8)
    return numpy.stack([latents, codec.decode(with_noise(codec.encode(pixels), noise))], 1)


def through_the_autoencoder(strips: Strips, codec: Codec, noise: float = LATENT_NOISE) -> Strips:
    """The same strips as the autoencoder gives them back, each picture with noise of its own, and what it makes of them."""
    every = numpy.concatenate([strips.ends, strips.drawn], 1)
    seen = codec.decode(with_noise(codec.encode(every.reshape(-1, 128, 128, 3)), noise)).reshape(every.shape)
    return with_coded(dataclasses.replace(strips, ends=seen[:, :2], drawn=seen[:, 2:]), strips, codec, noise)


def with_coded(strips: Strips, sources: Strips, codec: Codec, noise: float = LATENT_NOISE) -> Strips:
    """`strips` with the fades that the autoencoder makes of `sources`, and one more drawn picture, pushed in latents."""
    hidden, drawn = coded_remainders(codec, sources, noise)
    return dataclasses.replace(
        strips,
        drawn=numpy.concatenate([strips.drawn, drawn[:, None]], 1),
        strengths=numpy.concatenate([strips.strengths, strips.strengths[:, :1]], 1),
        coded=numpy.concatenate([coded_fades(codec, sources.ends, noise), hidden], 1),
    )


def coded_remainders(codec: Codec, strips: Strips, noise: float) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Of each strip, made in latents: two fades [N, 2, ...], one with another strip's remainder and a partial one whose own was made larger;
    and its first drawn picture [N, ...], with its own made larger."""
    partial = to_pictures(partly_faded(strips))
    none, full, drawn, partial = (codec.encode(pictures) for pictures in (strips.ends[:, 0], strips.ends[:, 1], strips.drawn[:, 0], partial))
    neighbours = none.roll(1, 0), full.roll(1, 0), drawn.roll(1, 0)
    made = [hidden_fade(none, full, neighbours), pushed_fade(partial, none, full), pushed_drawing(drawn, none, full)]
    hidden, pushed, drawing = (codec.decode(with_noise(latents, noise)) for latents in made)
    return numpy.stack([hidden, pushed], 1), drawing


def partly_faded(strips: Strips) -> torch.Tensor:
    """A fade of each strip in some regions, its first drawn picture elsewhere: [N, 3, 128, 128]."""
    none, full, drawn = (to_unit(pictures) for pictures in (strips.ends[:, 0], strips.ends[:, 1], strips.drawn[:, 0]))
    return mixes.faded_in_part(none, full, drawn, mixes.shares(len(strips), none.device, *mixes.PARTIAL))
