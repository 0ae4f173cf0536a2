"""Renders of plain scenes that nobody trained on, and worse copies of them: pictures are float [H, W, 3] in 0…255."""

import dataclasses

import numpy

from research.world.captions import caption, plain_scene
from research.world.render import render
from research.world.scene import Scene

SIGMA = 2.0  # Of the Gaussian that blurs, in pixels.
BY = 4  # How many times smaller a small copy is.
FIRST = 900_000  # Of the held-back scenes.
SIDE = 128
BOX = (0.4, 0.6)  # Sides of a box that is lost, as shares of the picture's.
OTHER_SIDES = (72, 128)  # Of a picture of another size, in pixels.


@dataclasses.dataclass(frozen=True)
class Truth:
    """What is to be found again."""

    picture: numpy.ndarray
    prompt: str
    scene: Scene
    rng: numpy.random.Generator  # What is lost is drawn with it.


def truths(count: int, first: int = FIRST) -> list[Truth]:
    """Renders of 128×128, named in words."""
    found = []
    for i in range(count):
        rng = numpy.random.default_rng([41, first + i])
        scene = plain_scene(rng)
        found.append(Truth(render(scene).astype(float), caption(scene, rng), scene, rng))
    return found


def truths_of_other_sizes(count: int) -> list[Truth]:
    """Sides of four pixels' multiples: the middle of one render, and two renders beside each other, by turns."""
    plain = truths(2 * count, FIRST + 100_000)
    found = []
    for i, (one, other) in enumerate(zip(plain[::2], plain[1::2])):
        if i % 2:
            picture, prompt = numpy.concatenate([one.picture, other.picture], 1), f"{one.prompt} and {other.prompt}"
        else:
            high, wide = 4 * one.rng.integers(OTHER_SIDES[0] // 4, OTHER_SIDES[1] // 4, 2)
            top, left = (SIDE - high) // 2, (SIDE - wide) // 2
            picture, prompt = one.picture[top : top + high, left : left + wide], one.prompt
        found.append(dataclasses.replace(one, picture=picture, prompt=prompt))
    return found


def blurred(picture: numpy.ndarray, sigma: float = SIGMA) -> numpy.ndarray:
    """A Gaussian to three deviations, the edge repeated beyond it."""
    reach = int(numpy.ceil(3 * sigma))
    weights = numpy.exp(-0.5 * (numpy.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        padded = numpy.pad(picture, [(reach, reach) if a == axis else (0, 0) for a in range(3)], "edge")
        length = picture.shape[axis]
        picture = sum(w * padded.take(range(i, i + length), axis) for i, w in enumerate(weights))
    return picture


def smaller(picture: numpy.ndarray) -> numpy.ndarray:
    """The means of squares."""
    height, width, _ = picture.shape
    return picture.reshape(height // BY, BY, width // BY, BY, 3).mean((1, 3))


def brightness(picture: numpy.ndarray) -> numpy.ndarray:
    """[H, W], by Rec. 601."""
    return picture @ numpy.array([0.299, 0.587, 0.114])


def grey(picture: numpy.ndarray) -> numpy.ndarray:
    return numpy.repeat(brightness(picture).round()[..., None], 3, -1)


def half_mask(truth: Truth) -> numpy.ndarray:
    """[H, W], true where the picture is lost: one of its halves."""
    mask = numpy.zeros(truth.picture.shape[:2], bool)
    height, width = mask.shape
    side = truth.rng.integers(4)
    mask[(slice(height // 2), slice(height // 2, None), slice(None), slice(None))[side], (slice(None), slice(None), slice(width // 2), slice(width // 2, None))[side]] = True
    return mask


def box_mask(truth: Truth) -> numpy.ndarray:
    """[H, W], true within a box, wherever it lies."""
    mask = numpy.zeros(truth.picture.shape[:2], bool)
    sides = [round(truth.rng.uniform(*BOX) * length) for length in mask.shape]
    top, left = (int(truth.rng.integers(length - side + 1)) for length, side in zip(mask.shape, sides))
    mask[top : top + sides[0], left : left + sides[1]] = True
    return mask
