"""Known damage: what a dial that asks too much does to pictures, in a measured amount."""

import numpy
from PIL import Image, ImageFilter

SIZE = 128


def blurred(picture, amount, rng, other):
    """Gaussian blur up to a radius of 5 pixels."""
    image = Image.fromarray((picture * 255).astype(numpy.uint8))
    return numpy.asarray(image.filter(ImageFilter.GaussianBlur(5 * amount)), dtype=numpy.float32) / 255


def noisy(picture, amount, rng, other):
    """White noise of a standard deviation up to 0.35."""
    return picture + 0.35 * amount * rng.standard_normal(picture.shape)


def ghosted(picture, amount, rng, other):
    """Cross-faded with another scene, at most half and half."""
    return picture + 0.5 * amount * (other - picture)


def patched(picture, amount, rng, other):
    """Patches painted over, moved from elsewhere or taken from another scene, up to two thirds of the area."""
    result = picture.copy()
    for _ in range(round(16 * amount)):
        size = int(rng.integers(20, 44))
        y, x, from_y, from_x = rng.integers(0, SIZE - size, 4)
        target = result[y : y + size, x : x + size]
        kind = rng.integers(3)
        source = (target.mean((0, 1)), picture[from_y : from_y + size, from_x : from_x + size], other[y : y + size, x : x + size])[kind]
        target[:] = source
    return result


def warped(picture, amount, rng, other):
    """Every place moved along slow waves, by up to 10 pixels."""
    grid = numpy.arange(SIZE)
    phases, waves = rng.uniform(0, 2 * numpy.pi, 2), rng.uniform(12, 24, 2)
    rows = grid[:, None] + 10 * amount * numpy.sin(grid[None, :] / waves[0] * numpy.pi + phases[0])
    columns = grid[None, :] + 10 * amount * numpy.sin(grid[:, None] / waves[1] * numpy.pi + phases[1])
    return picture[numpy.clip(rows, 0, SIZE - 1).round().astype(int), numpy.clip(columns, 0, SIZE - 1).round().astype(int)]


def burnt(picture, amount, rng, other):
    """Contrast and saturation driven into clipping, as too much guidance does: up to four times each."""
    grey = picture.mean(-1, keepdims=True)
    saturated = grey + (picture - grey) * (1 + 3 * amount)
    return 0.5 + (saturated - 0.5) * (1 + 3 * amount)


KINDS = (blurred, noisy, ghosted, patched, warped, burnt)


def visible(picture: numpy.ndarray, result: numpy.ndarray, kind: int, amount: float) -> float:
    """How ruined it is, 0…1. Ghosts and patches hide where both scenes agree, so they count by what they changed: by how much, and how large a part."""
    change = abs(result - picture).mean(-1)
    if KINDS[kind] is ghosted:
        return min(1.0, float(change.mean()) / 0.16)
    if KINDS[kind] is patched:
        return min(1.0, float((change > 0.06).mean()) / 0.6)
    return amount


def damaged(picture: numpy.ndarray, other: numpy.ndarray, kind: int, amount: float, rng: numpy.random.Generator) -> tuple[numpy.ndarray, float]:
    """uint8 [128, 128, 3], damaged by `amount` from 0 (none) to 1 (ruined), and how much of it shows; `other` is the scene that ghosts come from."""
    whole, stranger = picture.astype(numpy.float32) / 255, other.astype(numpy.float32) / 255
    result = numpy.clip(KINDS[kind](whole, amount, rng, stranger), 0, 1)
    return (result * 255 + 0.5).astype(numpy.uint8), visible(whole, result, kind, amount)


def damaged_at_random(pictures: numpy.ndarray, seed: int, most: float = 1) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """Each of the pictures [N, 128, 128, 3] with up to `most` of one kind of damage: pictures, amounts that show [N] in 0…1, kinds [N]."""
    rng = numpy.random.default_rng([31, seed])
    asked, kinds = most * rng.random(len(pictures)), rng.integers(len(KINDS), size=len(pictures))
    others = rng.permutation(len(pictures))
    results = [damaged(pictures[i], pictures[others[i]], kinds[i], float(asked[i]), rng) for i in range(len(pictures))]
    return numpy.stack([picture for picture, _ in results]), numpy.array([amount for _, amount in results], numpy.float32), kinds
