"""Cyberpunk, futuristic, sunset's light, Monet, sketch and pixel art: what is done to the picture once everything stands."""

import functools
import math

import numpy
from PIL import Image, ImageDraw

from research.world.canvas import FINE, SIDE, SIZE, box_blur, clamp, image_of, pixels_of, shade, stage
from research.world.scene import Layout

Pixels = numpy.ndarray  # float32 [128, 128, 3] in 0…1.
NEON = ((255, 45, 200), (40, 235, 255), (255, 220, 60), (120, 90, 255))


def luminance(x: Pixels) -> numpy.ndarray:
    return 0.299 * x[..., 0] + 0.587 * x[..., 1] + 0.114 * x[..., 2]


def edges(x: Pixels) -> numpy.ndarray:
    """Colour gradient, about 0…1, one to two pixels wide."""
    g = numpy.zeros(x.shape[:2], dtype=numpy.float32)
    g[:, 1:] += numpy.abs(x[:, 1:] - x[:, :-1]).max(-1)
    g[1:] += numpy.abs(x[1:] - x[:-1]).max(-1)
    return numpy.clip(2.2 * g, 0, 1)


def layer() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Black, to draw light on."""
    image = Image.new("RGB", (SIDE, SIDE))
    return image, ImageDraw.Draw(image)


def reduced(image: Image.Image) -> Pixels:
    return pixels_of(image.reduce(FINE))


def ground_lines(draw: ImageDraw.ImageDraw, layout: Layout, strength: float, colours, width: int) -> None:
    """A grid on the ground in perspective: rays from the horizon that get longer, and rows that come one after another, nearest first."""
    horizon, depth = layout.horizon + 2, SIDE - layout.horizon
    for i in range(8):
        y, wide = horizon + depth * (0.03 + 0.97 * ((7 - i) / 7) ** 2), 0.5 * SIDE * stage(strength, i, 8, 0.3)
        if wide >= 2:
            draw.line([(SIDE / 2 - wide, y), (SIDE / 2 + wide, y)], fill=colours[0], width=width)
    for i, across in enumerate((0, -1, 1, -2, 2, -3, 3, -4, 4)):
        length = stage(strength, i, 9, 0.4)
        if length * depth >= 2:
            low = horizon + depth * length
            draw.line([(SIDE / 2 + across * 30, horizon), (SIDE / 2 + across * (30 + 90 * length), low)], fill=colours[1], width=width)


def draw_sign(draw: ImageDraw.ImageDraw, x: float, y: float, size: float, colour, strokes) -> None:
    """A board with a few bars of light; `size` is its height in fine pixels."""
    if size < 5:
        return
    w = 0.22 * size
    draw.rectangle([x - w, y - 0.5 * size, x + w, y + 0.5 * size], outline=colour, width=max(2, round(size / 14)))
    for k, stroke in enumerate(strokes):
        top = y - 0.36 * size + 0.24 * k * size
        draw.line([(x - 0.6 * w, top), (x - 0.6 * w + 1.2 * w * stroke, top)], fill=colour, width=max(2, round(size / 12)))


def cyberpunk(x: Pixels, s: float, layout: Layout, subject: numpy.ndarray) -> Pixels:
    """Night falls; neon climbs the outlines from the ground, signs light up one after another, a grid spreads on the ground."""
    rng = layout.random("neon")
    down = numpy.linspace(0, 1, SIZE, dtype=numpy.float32)[:, None]
    night = (0.05 + 0.3 * luminance(x)[..., None]) * numpy.float32([0.62, 0.36, 1.0]) + 0.1 * down[..., None] * numpy.float32([0.9, 0.05, 0.7])
    image, draw = layer()
    ground_lines(draw, layout, s, (NEON[0], NEON[1]), 3)
    light = reduced(image) * (1 - subject[..., None])
    image, draw = layer()
    for i, (across, up) in enumerate(((0.07, 0.34), (0.93, 0.3), (0.2, 0.2), (0.81, 0.46), (0.1, 0.52), (0.92, 0.55), (0.33, 0.12), (0.68, 0.14))):
        place = (across + rng.uniform(-0.03, 0.03)) * SIDE, (up + rng.uniform(-0.04, 0.04)) * SIDE
        draw_sign(draw, *place, 62 * rng.uniform(0.8, 1.15) * stage(s, i, 8, 0.4), NEON[rng.integers(4)], rng.uniform(0.4, 1, 4).tolist())
    light = numpy.maximum(light, reduced(image) * (1 - subject[..., None]))
    climbed = numpy.clip((down - 1) * SIZE / 4 + s * SIZE / 4 * 1.03, 0, 1)
    colour = numpy.float32([0.1, 0.95, 1.0]) + numpy.linspace(0, 1, SIZE, dtype=numpy.float32)[None, :, None] * numpy.float32([0.9, -0.8, -0.15])
    light = numpy.maximum(light, (edges(x) * climbed)[..., None] * colour)
    dark = x + (night - x) * clamp(1.1 * s)
    return numpy.clip(1 - (1 - dark) * (1 - numpy.clip(light + 0.9 * box_blur(light, 2), 0, 1)), 0, 1)


def draw_towers(draw: ImageDraw.ImageDraw, layout: Layout) -> None:
    """Behind the land: slender towers rise one after another, each with lights and a spire; pods fly between them."""
    rng, s = layout.random("towers"), layout.strength("futuristic")
    if s == 0:
        return
    for i, slot in enumerate((0.08, 0.9, 0.24, 0.76, 0.4, 0.62, 0.98, 0.16, 0.52, 0.84, 0.32, 0.69)):
        x, w, h = (slot + rng.uniform(-0.03, 0.03)) * SIDE, rng.uniform(12, 20), rng.uniform(0.24, 0.46) * SIDE * stage(s, i, 12, 0.45)
        base, top, colour = layout.horizon + 8, layout.horizon + 8 - h, shade((150, 186, 214), rng.uniform(0.7, 1.1))
        if h < 2:
            continue
        draw.polygon([(x - w, base), (x - 0.55 * w, top), (x + 0.55 * w, top), (x + w, base)], fill=colour)
        draw.polygon([(x - 0.12 * w, top), (x, top - 0.22 * h), (x + 0.12 * w, top)], fill=colour)
        draw.ellipse([x - 1.1 * w, top + 0.18 * h - 3, x + 1.1 * w, top + 0.18 * h + 3], fill=(90, 235, 255))
        draw.line([(x, top + 0.3 * h), (x, base)], fill=(120, 240, 255), width=2)
    for i in range(4):
        x, y, r = rng.uniform(0.1, 0.9) * SIDE, rng.uniform(0.08, 0.3) * SIDE, 13 * stage(s, i, 4, 0.5)
        if r >= 2:
            draw.line([(x - 3.2 * r, y), (x, y)], fill=(140, 245, 255), width=max(1, round(r / 4)))
            draw.ellipse([x - r, y - 0.42 * r, x + r, y + 0.42 * r], fill=(245, 250, 255))


def futuristic(x: Pixels, s: float, layout: Layout, subject: numpy.ndarray) -> Pixels:
    """A pale, cool light; seams of panels spread over the ground and up the subject."""
    cool = luminance(x)[..., None] * numpy.float32([0.85, 0.68, 0.56]) + numpy.float32([0.08, 0.3, 0.44])
    x = x + (0.35 * x + 0.65 * cool - x) * s
    image, draw = layer()
    ground_lines(draw, layout, s, ((255, 255, 255), (255, 255, 255)), 2)
    seams = reduced(image)[..., :1] * (1 - subject[..., None])
    x = x + (numpy.float32([0.85, 1.0, 1.0]) - x) * 0.8 * seams
    image, draw = layer()
    for i in range(9):
        if (wide := 0.5 * SIDE * stage(s, i, 9, 0.3)) >= 2:
            y = layout.ground - (0.06 + 0.125 * i) * layout.unit
            draw.line([(layout.x - wide, y), (layout.x + wide, y)], fill=(255, 255, 255), width=3)
            across = layout.x + (0.16 * (i - 4) - 0.05) * layout.unit
            draw.line([(across, layout.ground), (across, layout.ground - 2.2 * wide)], fill=(255, 255, 255), width=2)
    seams = reduced(image)[..., :1] * subject[..., None]
    return x + (numpy.float32([0.25, 0.9, 1.0]) - x) * 0.75 * seams


def sunset_light(x: Pixels, s: float, layout: Layout, subject: numpy.ndarray) -> Pixels:
    """Warm and low: land and subject redden, the farther from the sun the darker; the sky was drawn so."""
    rows = numpy.arange(SIZE, dtype=numpy.float32)[:, None]
    land = numpy.maximum(subject, numpy.clip(rows - layout.horizon / FINE + 1, 0, 1))
    away = numpy.abs(numpy.linspace(0, 1, SIZE, dtype=numpy.float32)[None] - layout.sun[0])
    tint = numpy.float32([1.0, 0.62, 0.5]) * (1 - 0.45 * away)[..., None]
    return x * (1 + (tint - 1) * (s * land)[..., None])


def sketch(x: Pixels, s: float, layout: Layout, subject: numpy.ndarray) -> Pixels:
    """Outlines get heavier, hatching spreads from the darkest parts, colour leaves."""
    light, e = luminance(x), edges(x)
    washed = light[..., None] + (x - light[..., None]) * (1 - s) ** 1.3
    paper = numpy.float32([0.965, 0.955, 0.92])
    washed = washed + (paper * (0.55 + 0.5 * light[..., None]) - washed) * s
    heavy = numpy.clip(e * 1.5 * min(1, 2.5 * s) + box_blur(e, 1) * 2.0 * max(0, s - 0.25), 0, 1)
    ink = 1 - 0.9 * heavy
    for i, pattern in enumerate(hatchings()):
        dark = numpy.clip((s * (0.74 - 0.16 * i) - light) * 8 + 0.5, 0, 1) * clamp(3 * s)
        ink = ink * (1 - 0.5 * dark * pattern)
    return numpy.clip(washed * ink[..., None], 0, 1)


@functools.cache
def hatchings() -> tuple[numpy.ndarray, ...]:
    """Three directions of pencil strokes [128, 128], 1 where the pencil went."""
    yy, xx = numpy.mgrid[0:SIZE, 0:SIZE].astype(numpy.float32)
    wobble = 0.8 * numpy.sin(yy / 9) + 0.6 * numpy.sin(xx / 13)
    waves = (xx + yy + wobble) / 5.0, (xx - yy + wobble) / 5.5, (0.35 * xx + yy + wobble) / 4.6
    return tuple(numpy.clip(1.6 * numpy.cos(2 * math.pi * wave) - 0.5, 0, 1) for wave in waves)


def pixel_art(x: Pixels, s: float, layout: Layout, subject: numpy.ndarray) -> Pixels:
    """Blocks from 1 to 8 pixels about the middle, and fewer colours."""
    size = 1 + 7 * s
    blocks = block_means(block_means(x, size, 0), size, 1)
    # The palette is looked up before the contrast is raised: else a whole sky would change its colour at once.
    fewer = blocks + (numpy.round(blocks * 5) / 5 - blocks) * s**1.5
    return numpy.clip((fewer - 0.5) * (1 + 0.12 * s) + 0.5, 0, 1)


def block_means(x: Pixels, size: float, axis: int) -> Pixels:
    """Means over blocks of `size` (any number ≥ 1) along one axis; every pixel has the colour of the block that its middle is in."""
    count = math.ceil(SIZE / size / 2)
    bounds = numpy.clip(SIZE / 2 + size * numpy.arange(-count, count + 1), 0, SIZE)
    total = numpy.concatenate([numpy.zeros_like(x.take([0], axis)), x.cumsum(axis, dtype=numpy.float64)], axis)
    below = numpy.minimum(bounds.astype(int), SIZE - 1)
    share = (bounds - below).reshape([-1 if i == axis else 1 for i in range(3)])
    at_bounds = total.take(below, axis) * (1 - share) + total.take(below + 1, axis) * share
    widths = numpy.maximum(numpy.diff(bounds), 1e-6).reshape(share[:-1].shape if axis == 0 else (1, -1, 1))
    means = numpy.diff(at_bounds, axis=axis) / widths
    mine = numpy.searchsorted(bounds, numpy.arange(SIZE) + 0.5, side="right") - 1
    return means.take(mine.clip(0, len(bounds) - 2), axis).astype(numpy.float32)


def monet(x: Pixels, s: float, layout: Layout, subject: numpy.ndarray) -> Pixels:
    """Dabs of paint cover the picture one after another, longer and longer, in paler and more varied colours."""
    rng = layout.random("dabs")
    pale = x + (numpy.float32([0.8, 0.79, 0.92]) * (0.45 + 0.65 * x) - x) * 0.6 * s
    canvas = image_of(x + (pale - x) * s).resize((2 * SIZE, 2 * SIZE), Image.Resampling.BILINEAR)
    draw, count = ImageDraw.Draw(canvas), 780
    columns, rows = numpy.divmod(rng.permutation(count) * 61 % count, 26)
    xs, ys = (columns + rng.random(count)) * SIZE / 30, (rows + rng.random(count)) * SIZE / 26
    inside = numpy.minimum(ys.astype(int), SIZE - 1), numpy.minimum(xs.astype(int), SIZE - 1)
    angles = 0.25 * numpy.sin(xs / 17) + rng.normal(0, 0.22, count) + numpy.where(subject[inside] > 0.5, 1.1, 0)
    order = numpy.clip((s - 0.6 * numpy.arange(count) / count) / 0.4, 0, 1)
    order = order * numpy.where(subject[inside] > 0.5, 0.62, 1)
    half, width = order * (4 + 6 * s) * rng.uniform(0.75, 1.25, count), order * (2.8 + 1 * s)
    colours = (pale[inside] + rng.normal(0, 0.04, (count, 3)) + rng.normal(0, 0.03, (count, 1))).clip(0, 1) * 255
    across, along = numpy.stack([-numpy.sin(angles), numpy.cos(angles)], 1), numpy.stack([numpy.cos(angles), numpy.sin(angles)], 1)
    middle = 2 * numpy.stack([xs, ys], 1)
    ends, sides = along * half[:, None], across * width[:, None]
    corners = [middle - ends, middle - 0.5 * ends - sides, middle + 0.5 * ends - sides, middle + ends, middle + 0.5 * ends + sides, middle - 0.5 * ends + sides]
    for polygon, colour, grown in zip(numpy.concatenate(corners, 1).tolist(), colours.astype(int).tolist(), half.tolist()):
        if grown > 0.8:
            draw.polygon(polygon, fill=tuple(colour))
    return pixels_of(canvas.reduce(2))


PASSES = {"sunset": sunset_light, "futuristic": futuristic, "cyberpunk": cyberpunk, "monet": monet, "sketch": sketch, "pixel art": pixel_art}


def apply_surfaces(x: Pixels, layout: Layout, subject: numpy.ndarray) -> Pixels:
    """Each surface attribute that is there, light first, technique last; `subject` [128, 128] in 0…1 is its silhouette."""
    for name, change in PASSES.items():
        if (strength := layout.strength(name)) > 0:
            x = change(x, strength, layout, subject)
    return x
