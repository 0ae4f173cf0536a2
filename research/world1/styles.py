"""Six styles with a continuous strength in 0…1, each a function of the finished scene."""

import numpy
from PIL import Image, ImageDraw, ImageFilter

STYLES = ("monet", "cyberpunk", "futuristic", "sketch", "pixel art", "sunset")


def luminance(x):
    return x @ numpy.array([0.299, 0.587, 0.114], dtype=numpy.float32)


def blur(x, radius):
    image = Image.fromarray((numpy.clip(x, 0, 1) * 255).astype(numpy.uint8))
    return numpy.asarray(image.filter(ImageFilter.GaussianBlur(radius)), dtype=numpy.float32) / 255


def edges(x):
    """Colour gradient magnitude, about 0…1, two pixels wide."""
    g = numpy.zeros(x.shape[:2], dtype=numpy.float32)
    g[:, 1:] += numpy.abs(x[:, 1:] - x[:, :-1]).max(-1)
    g[1:, :] += numpy.abs(x[1:, :] - x[:-1, :]).max(-1)
    return numpy.clip(blur(numpy.clip(g * 2.2, 0, 1), 0.7) * 1.8, 0, 1)


def mix(a, b, k):
    return a + (b - a) * k


def monet(x, s, rng):
    """Dabs over a softened, paler scene: strong enough to read as paint, soft enough that the subject stays."""
    pastel = mix(blur(x, 1.0), numpy.float32([0.82, 0.8, 0.9]), 0.34)
    canvas = Image.fromarray((pastel * 255).astype(numpy.uint8))
    draw = ImageDraw.Draw(canvas)
    for _ in range(420):
        px, py = rng.integers(0, 128, 2)
        colour = numpy.clip(pastel[py, px] + rng.normal(0, 0.045, 3), 0, 1) * 255
        w, h = rng.uniform(2.5, 4.5), rng.uniform(1.2, 2.0)
        draw.ellipse([px - w, py - h, px + w, py + h], fill=tuple(int(c) for c in colour))
    dabs = blur(numpy.asarray(canvas, dtype=numpy.float32) / 255, 0.7)
    return mix(x, mix(pastel, dabs, 0.75), s)


def cyberpunk(x, s, rng):
    ramp = numpy.linspace(0, 1, 128, dtype=numpy.float32)
    floor = mix(numpy.float32([0.07, 0.03, 0.16]), numpy.float32([0.32, 0.03, 0.3]), ramp[:, None, None])
    dark = floor + 0.22 * luminance(x)[..., None] * numpy.float32([0.6, 0.3, 1.0])
    neon = mix(numpy.float32([0.1, 0.95, 1.0]), numpy.float32([1.0, 0.15, 0.85]), ramp[None, :, None])
    e = edges(x)[..., None]
    full = dark + neon * (0.9 * e + 0.6 * blur(e[..., 0], 3)[..., None])
    return mix(x, numpy.clip(full, 0, 1), s)


def futuristic(x, s, rng):
    light = luminance(x)[..., None]
    pale = mix(numpy.float32([0.45, 0.62, 0.74]), numpy.float32([0.95, 0.99, 1.0]), light)
    e = edges(x)[..., None]
    full = pale - e * numpy.float32([0.85, 0.45, 0.08]) + 0.25 * blur(e[..., 0], 3)[..., None] * numpy.float32([-0.6, 0.1, 0.5])
    for x0 in (8, 30, 98, 116):
        height = int((30 + 26 * ((x0 * 7) % 5) / 4) * s)
        column = slice(x0 - 4, x0 + 4)
        tower = slice(80 - height, 80)
        keep = numpy.clip(1.2 - 3 * e[tower, column], 0, 1) * 0.55
        full[tower, column] = mix(full[tower, column], numpy.float32([0.35, 0.85, 1.0]), keep)
    return mix(x, numpy.clip(full, 0, 1), s)


def sketch(x, s, rng):
    light = luminance(x)
    paper = numpy.float32([0.95, 0.94, 0.9])
    shading = numpy.clip(0.62 + 0.5 * blur(light, 1.5), 0, 1)
    ink = 1 - 0.95 * numpy.clip(edges(x) * 1.25, 0, 1)
    return mix(x, paper * (shading * ink)[..., None], s)


def pixel_art(x, s, rng):
    blocks = x.reshape(16, 8, 16, 8, 3).mean((1, 3))
    blocks = numpy.round(numpy.clip((blocks - 0.5) * 1.25 + 0.5, 0, 1) * 3.5) / 3.5
    return mix(x, numpy.clip(blocks.repeat(8, 0).repeat(8, 1), 0, 1), s)


def sunset(x, s, rng):
    rows = numpy.linspace(0, 1, 128, dtype=numpy.float32)[:, None, None]
    warm = x * mix(numpy.float32([0.8, 0.42, 0.5]), numpy.float32([0.95, 0.5, 0.22]), rows) + numpy.float32([0.06, 0.0, 0.05])
    yy, xx = numpy.mgrid[0:128, 0:128].astype(numpy.float32)
    d = numpy.hypot(xx - 96, yy - 62)[..., None]
    sun = numpy.exp(-((d / 26) ** 2)) * 0.75 + (d < 11) * 0.5
    full = warm + sun * numpy.float32([1.0, 0.65, 0.25])
    return mix(x, numpy.clip(full, 0, 1), s)


APPLY = {"monet": monet, "cyberpunk": cyberpunk, "futuristic": futuristic, "sketch": sketch, "pixel art": pixel_art, "sunset": sunset}


def apply_style(x, style, strength, seed):
    """The scene x [128, 128, 3] in 0…1 with `style` (None for none) at `strength` 0…1."""
    if style is None or strength == 0:
        return x
    return APPLY[style](x, numpy.float32(strength), numpy.random.default_rng(seed + 1))
