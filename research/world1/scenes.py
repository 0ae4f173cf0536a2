"""Flat-shaded scenes: a subject in a place, perhaps under a burning sky or an invasion."""

import numpy
from PIL import Image, ImageDraw

from research.world.canvas import shade
from research.world.subjects import COLOURS, DRAW as SECOND_WORLD

SIZE = 128
SIDE = 2 * SIZE  # Drawn larger, then averaged down: smooth edges.
HORIZON = int(0.62 * SIDE)
SUBJECTS = ("dog", "cat", "pyramid", "temple", "castle", "city", "house", "tree", "mountain", "boat", "car", "flower")
PLACES = ("jungle", "desert", "meadow", "beach", "lake")
MODIFIERS = ("doomsday", "alien invasion")

SKIES = {
    "jungle": ((52, 112, 66), (70, 128, 74)),
    "desert": ((120, 180, 235), (250, 232, 190)),
    "meadow": ((95, 165, 240), (205, 230, 250)),
    "beach": ((80, 190, 235), (225, 245, 250)),
    "lake": ((140, 170, 225), (225, 225, 245)),
}
GROUNDS = {"jungle": (48, 96, 44), "desert": (226, 190, 120), "meadow": (110, 185, 75), "beach": (245, 222, 165), "lake": (70, 130, 190)}


class Pen:
    """Draws in unit coordinates of a subject: x right, y up, the ground at 0, about one unit wide."""

    def __init__(self, draw, x, ground, unit):
        self.draw, self.x, self.ground, self.unit = draw, x, ground, unit

    def at(self, x, y):
        return (self.x + x * self.unit, self.ground - y * self.unit)

    def poly(self, points, colour):
        self.draw.polygon([self.at(*p) for p in points], fill=colour)

    def box(self, x0, y0, x1, y1, colour):
        self.poly([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour)

    def disc(self, x, y, rx, ry, colour):
        cx, cy = self.at(x, y)
        self.draw.ellipse([cx - rx * self.unit, cy - ry * self.unit, cx + rx * self.unit, cy + ry * self.unit], fill=colour)

    def line(self, points, width, colour):
        self.draw.line([self.at(*p) for p in points], fill=colour, width=max(1, int(width * self.unit)), joint="curve")


def tree(p, c):
    p.poly([(-0.1, 0), (0.1, 0), (0.06, 0.5), (-0.06, 0.5)], (105, 70, 40))
    for x, y, r, k in ((-0.27, 0.6, 0.26, 0.8), (0.27, 0.6, 0.26, 0.85), (0, 0.55, 0.28, 0.9), (-0.14, 0.85, 0.26, 0.95), (0.16, 0.85, 0.25, 1.05)):
        p.disc(x, y, r, r, shade(c, k))


DRAW = SECOND_WORLD | {"tree": tree}


def draw_sky(draw, place, modifiers, rng):
    """Sky with sun and clouds, a burning one for doomsday."""
    top, low = ((95, 15, 20), (255, 130, 40)) if "doomsday" in modifiers else SKIES[place]
    for y in range(HORIZON + 1):
        k = y / HORIZON
        draw.line([(0, y), (SIDE, y)], fill=tuple(int(a + (b - a) * k) for a, b in zip(top, low)))
    if "doomsday" in modifiers:
        for x in (0.1, 0.5, 0.9):
            x, y, r = (x + rng.uniform(-0.1, 0.1)) * SIDE, rng.uniform(0, 0.12) * SIDE, rng.uniform(22, 32)
            draw.ellipse([x - 2 * r, y - r * 0.6, x + 2 * r, y + r * 0.6], fill=(62, 20, 24))
        for x in range(0, SIDE + 1, 32):
            height = rng.uniform(30, 56)
            draw.polygon([(x - 18, HORIZON), (x + rng.uniform(-6, 6), HORIZON - height), (x + 18, HORIZON)], fill=(255, 195, 60))
    elif place != "jungle":
        x, y = (0.14 if rng.random() < 0.5 else 0.86) * SIDE, 0.13 * SIDE
        draw.ellipse([x - 15, y - 15, x + 15, y + 15], fill=(255, 235, 150))
        x, y = rng.uniform(0.3, 0.7) * SIDE, rng.uniform(0.07, 0.13) * SIDE
        for dx, r in ((-16, 9), (0, 13), (17, 9)):
            draw.ellipse([x + dx - r * 1.3, y - r * 0.8, x + dx + r * 1.3, y + r * 0.8], fill=(250, 250, 252))


def draw_land(draw, place, modifiers, rng):
    """What makes the place: ground, water, hills or trees, all in calm colours so that the subject stands out."""
    ground = shade(GROUNDS[place], 0.6 if "doomsday" in modifiers else 1)
    if place == "jungle":
        for x in (10, 52, 196, 238):
            draw.rectangle([x - 5, 0.1 * SIDE, x + 5, HORIZON], fill=(66, 56, 38))
        for x in range(0, SIDE + 1, 32):
            y, r = rng.uniform(-6, 20), rng.uniform(26, 38)
            draw.ellipse([x - r, y - r, x + r, y + r], fill=shade((36, 108, 48), rng.uniform(0.8, 1.15)))
    if place == "meadow":
        draw.ellipse([-60, HORIZON - 30, SIDE * 0.6, HORIZON + 70], fill=shade(ground, 0.88))
        draw.ellipse([SIDE * 0.4, HORIZON - 22, SIDE + 80, HORIZON + 70], fill=shade(ground, 0.94))
    if place == "desert":
        draw.polygon([(0, HORIZON), (SIDE * 0.3, HORIZON - 22), (SIDE * 0.62, HORIZON)], fill=shade(ground, 0.9))
    draw.rectangle([0, HORIZON, SIDE, SIDE], fill=ground)
    if place == "beach":
        draw.rectangle([0, HORIZON, SIDE, HORIZON + 26], fill=(55, 160, 200))
        draw.rectangle([0, HORIZON + 26, SIDE, HORIZON + 31], fill=(245, 250, 250))
    if place == "lake":
        hills = [(0, 0), (0.25, 16), (0.55, 5), (0.8, 18), (1, 0)]
        draw.polygon([(SIDE * x, HORIZON - y) for x, y in hills], fill=(85, 130, 100))
        for y in (0.7, 0.8, 0.95):
            x = rng.uniform(0, 0.5) * SIDE
            draw.line([(x, y * SIDE), (x + 0.35 * SIDE, y * SIDE)], fill=(105, 160, 212), width=4)


def draw_invasion(draw, rng):
    """Two saucers, each with a beam down to the ground."""
    for x in (0.17, 0.83):
        cx, cy = (x + rng.uniform(-0.03, 0.03)) * SIDE, (0.17 + rng.uniform(-0.03, 0.03)) * SIDE
        draw.polygon([(cx - 8, cy), (cx + 8, cy), (cx + 26, HORIZON + 10), (cx - 26, HORIZON + 10)], fill=(170, 255, 150))
        draw.ellipse([cx - 13, cy - 18, cx + 13, cy + 4], fill=(190, 230, 240))
        draw.ellipse([cx - 34, cy - 8, cx + 34, cy + 10], fill=(120, 125, 140))


def draw_scene(subject, place, modifiers=(), seed=0):
    """An unstyled scene, float32 [128, 128, 3] in 0…1."""
    rng = numpy.random.default_rng(seed)
    image = Image.new("RGB", (SIDE, SIDE))
    draw = ImageDraw.Draw(image)
    draw_sky(draw, place, modifiers, rng)
    draw_land(draw, place, modifiers, rng)
    if "alien invasion" in modifiers:
        draw_invasion(draw, rng)
    # Subjects stay within two pixels of their place: what moves more takes hours longer to learn.
    unit = SIDE * 0.6 * rng.uniform(0.985, 1.015)
    x, ground = SIDE * (0.5 + rng.uniform(-0.012, 0.012)), SIDE * (0.87 + rng.uniform(-0.006, 0.006))
    colour = COLOURS[subject][rng.integers(len(COLOURS[subject]))]
    draw.ellipse([x - 0.6 * unit, ground - 0.05 * unit, x + 0.6 * unit, ground + 0.06 * unit], fill=shade(GROUNDS[place], 0.6))
    DRAW[subject](Pen(draw, x, ground, unit), colour)
    image = image.resize((SIZE, SIZE), Image.BOX)
    return numpy.asarray(image, dtype=numpy.float32) / 255
