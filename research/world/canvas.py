"""What everything is drawn with: colours, a pen in a subject's own units, and how elements come one after another."""

import numpy
from PIL import Image, ImageDraw

SIZE = 128
FINE = 3  # Drawn so much larger, then averaged: smooth edges.
SIDE = FINE * SIZE
SMALLEST = 1.0  # Fine pixels: what is smaller is not drawn, since Pillow would make a dot of nothing.

Colour = tuple[int, int, int]


def clamp(x: float) -> float:
    """Within 0…1."""
    return 0.0 if x < 0 else 1.0 if x > 1 else float(x)


def stage(strength: float, index: int, count: int, span: float = 0.35) -> float:
    """How far element `index` of `count` has grown (0…1): the first begins at strength 0, the last is whole at 1, each takes `span`."""
    start = (1 - span) * index / max(1, count - 1)
    return clamp((strength - start) / span)


def shade(colour: Colour, factor: float) -> Colour:
    """Darker below 1, lighter above."""
    return tuple(int(max(0, min(255, c * factor))) for c in colour)


def blend(one: Colour, other: Colour, share: float) -> Colour:
    """`share` (0…1) of the way from one colour to another."""
    return tuple(int(a + (b - a) * share + 0.5) for a, b in zip(one, other))


def image_of(pixels: numpy.ndarray) -> Image.Image:
    """float [H, W, 3] in 0…1 → a picture."""
    return Image.fromarray((pixels.clip(0, 1) * 255 + 0.5).astype(numpy.uint8))


def pixels_of(image: Image.Image) -> numpy.ndarray:
    """A picture of 0…255 → float32 in 0…1."""
    return numpy.asarray(image, dtype=numpy.float32) / 255


def box_blur(x: numpy.ndarray, radius: int) -> numpy.ndarray:
    """float32 [H, W, ...]: twice a box of 2·radius + 1, edges repeated; several times faster than Pillow's Gaussian."""
    for axis in (0, 1, 0, 1):
        x = running_mean(x, radius, axis)
    return x


def running_mean(x: numpy.ndarray, radius: int, axis: int) -> numpy.ndarray:
    """The mean of 2·radius + 1 neighbours along one axis."""
    width, length = 2 * radius + 1, x.shape[axis]
    padding = [(radius + 1, radius) if i == axis else (0, 0) for i in range(x.ndim)]
    total = numpy.pad(x, padding, mode="edge").cumsum(axis, dtype=numpy.float32)
    upper, lower = (numpy.take(total, numpy.arange(first, first + length), axis) for first in (width, 0))
    return (upper - lower) / width


class Pen:
    """Draws in unit coordinates of a subject: x right, y up, the ground at 0, about one unit wide.

    `mask` (L, or None) gets the silhouette; `flip` −1 mirrors; `lean` bends to the right, the more the higher; `leaves` 1…0 are left on trees."""

    def __init__(self, image: Image.Image, x: float, ground: float, unit: float, mask: Image.Image | None = None, flip: int = 1, lean: float = 0, leaves: float = 1):
        self.draw, self.x, self.ground, self.unit, self.flip, self.lean = ImageDraw.Draw(image), x, ground, unit, flip, lean
        self.leaves = leaves
        self.mask = ImageDraw.Draw(mask) if mask is not None else None

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Fine pixels of a point."""
        return self.x + (self.flip * x + self.lean * y * abs(y)) * self.unit, self.ground - y * self.unit

    def both(self, shape: str, where, colour: Colour, **options) -> None:
        """The same on the picture and on the mask."""
        getattr(self.draw, shape)(where, fill=colour, **options)
        if self.mask is not None:
            getattr(self.mask, shape)(where, fill=255, **options)

    def poly(self, points, colour: Colour) -> None:
        self.both("polygon", [self.at(*p) for p in points], colour)

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        self.poly([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour)

    def disc(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        if min(rx, ry) * self.unit < SMALLEST:
            return
        cx, cy = self.at(x, y)
        self.both("ellipse", [cx - rx * self.unit, cy - ry * self.unit, cx + rx * self.unit, cy + ry * self.unit], colour)

    def line(self, points, width: float, colour: Colour) -> None:
        self.both("line", [self.at(*p) for p in points], colour, width=max(1, round(width * self.unit)), joint="curve")
