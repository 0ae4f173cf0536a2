"""Flat-shaded scenes: a subject in a place, perhaps under a burning sky or an invasion."""

import numpy
from PIL import Image, ImageDraw

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
COLOURS = {
    "dog": ((170, 108, 56), (238, 228, 212), (236, 150, 60)),
    "cat": ((235, 145, 55), (60, 60, 68), (225, 225, 225)),
    "pyramid": ((214, 170, 96), (190, 140, 80)),
    "temple": ((235, 228, 210), (205, 195, 185)),
    "castle": ((170, 170, 180), (200, 180, 160)),
    "city": ((110, 125, 150), (150, 140, 135)),
    "house": ((235, 205, 120), (225, 225, 220), (190, 110, 90)),
    "tree": ((70, 170, 60), (200, 70, 50), (235, 165, 45)),
    "mountain": ((110, 115, 135), (130, 105, 95)),
    "boat": ((190, 60, 50), (60, 90, 160)),
    "car": ((210, 50, 45), (50, 100, 200), (240, 195, 50)),
    "flower": ((225, 60, 90), (245, 195, 40), (150, 90, 210)),
}


def shade(colour, factor):
    return tuple(int(max(0, min(255, c * factor))) for c in colour)


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


def dog(p, c):
    dark = shade(c, 0.7)
    p.line([(-0.42, 0.52), (-0.58, 0.78)], 0.07, c)
    for x, k in ((-0.33, dark), (-0.2, c), (0.16, dark), (0.28, c)):
        p.box(x - 0.05, 0, x + 0.05, 0.35, k)
    p.disc(-0.03, 0.45, 0.42, 0.19, c)
    p.poly([(0.18, 0.4), (0.45, 0.45), (0.5, 0.8), (0.25, 0.75)], c)
    p.disc(0.42, 0.83, 0.19, 0.16, c)
    p.disc(0.6, 0.77, 0.14, 0.09, c)
    p.disc(0.72, 0.79, 0.04, 0.035, (25, 20, 20))
    p.poly([(0.3, 0.95), (0.2, 0.62), (0.36, 0.7)], dark)
    p.disc(0.48, 0.87, 0.03, 0.035, (20, 20, 25))
    p.line([(0.27, 0.68), (0.5, 0.62)], 0.05, (200, 40, 40))


def cat(p, c):
    dark = shade(c, 0.75)
    p.line([(0.3, 0.1), (0.55, 0.2), (0.5, 0.5), (0.58, 0.62)], 0.09, dark)
    p.disc(0, 0.3, 0.33, 0.34, c)
    p.box(-0.17, 0, -0.05, 0.3, dark)
    p.box(0.05, 0, 0.17, 0.3, dark)
    p.poly([(-0.3, 0.8), (-0.27, 1.18), (-0.05, 0.95)], c)
    p.poly([(0.3, 0.8), (0.27, 1.18), (0.05, 0.95)], c)
    p.disc(0, 0.78, 0.31, 0.25, c)
    for x in (-0.12, 0.12):
        p.disc(x, 0.82, 0.06, 0.075, (150, 215, 90))
        p.disc(x, 0.82, 0.022, 0.07, (15, 20, 15))
    p.poly([(-0.04, 0.72), (0.04, 0.72), (0, 0.67)], (225, 120, 130))
    for y in (0.68, 0.62):
        p.line([(-0.1, 0.68), (-0.38, y + 0.04)], 0.012, shade(c, 0.4))
        p.line([(0.1, 0.68), (0.38, y + 0.04)], 0.012, shade(c, 0.4))


def pyramid(p, c):
    p.poly([(-0.75, 0), (0.2, 0), (0, 1.0)], c)
    p.poly([(0.2, 0), (0.75, 0), (0, 1.0)], shade(c, 0.6))
    for y in (0.2, 0.4, 0.6, 0.8):
        p.line([(-0.75 * (1 - y), y), (0.2 * (1 - y), y)], 0.015, shade(c, 0.8))
    p.poly([(-0.32, 0), (-0.12, 0), (-0.15, 0.2), (-0.28, 0.2)], shade(c, 0.3))


def temple(p, c):
    dark = shade(c, 0.6)
    p.box(-0.75, 0, 0.75, 0.08, shade(c, 0.8))
    p.box(-0.68, 0.08, 0.68, 0.15, c)
    p.box(-0.6, 0.15, 0.6, 0.65, dark)
    for x in numpy.linspace(-0.56, 0.56, 6):
        p.box(x - 0.055, 0.15, x + 0.055, 0.65, c)
    p.box(-0.68, 0.65, 0.68, 0.74, c)
    p.poly([(-0.72, 0.74), (0.72, 0.74), (0, 1.02)], shade(c, 0.88))
    p.poly([(-0.45, 0.78), (0.45, 0.78), (0, 0.95)], shade(c, 0.7))


def castle(p, c):
    p.box(-0.5, 0, 0.5, 0.5, c)
    for x in numpy.linspace(-0.42, 0.42, 6):
        p.box(x - 0.045, 0.5, x + 0.045, 0.58, c)
    for x, h in ((-0.55, 0.75), (0.55, 0.75), (0, 0.88)):
        p.box(x - 0.14, 0, x + 0.14, h, shade(c, 0.85))
        p.poly([(x - 0.2, h), (x + 0.2, h), (x, h + 0.33)], (180, 50, 60))
        p.box(x - 0.035, h - 0.25, x + 0.035, h - 0.1, (50, 45, 60))
    p.box(-0.09, 0, 0.09, 0.2, (80, 50, 30))
    p.disc(0, 0.2, 0.09, 0.09, (80, 50, 30))


def city(p, c):
    for x, w, h, k in ((-0.62, 0.2, 0.55, 0.8), (-0.4, 0.22, 0.85, 1.0), (-0.16, 0.2, 0.65, 0.7), (0.07, 0.22, 1.08, 0.9), (0.31, 0.2, 0.75, 1.05), (0.53, 0.22, 0.5, 0.75)):
        p.box(x, 0, x + w, h, shade(c, k))
        for y in numpy.arange(0.08, h - 0.06, 0.13):
            for dx in (0.04, 0.12):
                p.box(x + dx, y, x + dx + 0.05, y + 0.06, (250, 230, 140))


def house(p, c):
    p.box(-0.5, 0, 0.5, 0.5, c)
    p.box(0.25, 0.6, 0.38, 1.0, (140, 80, 65))
    p.poly([(-0.62, 0.5), (0.62, 0.5), (0, 0.98)], (165, 60, 45))
    p.box(-0.08, 0, 0.1, 0.32, (110, 65, 35))
    for x in (-0.38, 0.2):
        p.box(x, 0.2, x + 0.2, 0.38, (150, 210, 245))
        p.line([(x + 0.1, 0.2), (x + 0.1, 0.38)], 0.02, (250, 250, 250))


def tree(p, c):
    p.poly([(-0.1, 0), (0.1, 0), (0.06, 0.5), (-0.06, 0.5)], (105, 70, 40))
    for x, y, r, k in ((-0.27, 0.6, 0.26, 0.8), (0.27, 0.6, 0.26, 0.85), (0, 0.55, 0.28, 0.9), (-0.14, 0.85, 0.26, 0.95), (0.16, 0.85, 0.25, 1.05)):
        p.disc(x, y, r, r, shade(c, k))


def mountain(p, c):
    p.poly([(0.05, 0), (0.85, 0), (0.42, 0.72)], shade(c, 0.8))
    p.poly([(-0.85, 0), (0.45, 0), (-0.2, 1.1)], c)
    p.poly([(-0.2, 1.1), (0.45, 0), (0.05, 0), (-0.1, 0.6)], shade(c, 0.72))
    p.poly([(-0.2, 1.1), (-0.38, 0.8), (-0.26, 0.84), (-0.2, 0.74), (-0.1, 0.82), (-0.02, 0.8)], (245, 248, 252))


def boat(p, c):
    p.line([(0, 0.2), (0, 1.1)], 0.04, (110, 75, 45))
    p.poly([(0.04, 0.32), (0.04, 1.08), (0.52, 0.35)], (250, 245, 230))
    p.poly([(-0.04, 0.35), (-0.04, 0.95), (-0.42, 0.38)], (235, 225, 205))
    p.poly([(-0.65, 0.27), (0.65, 0.27), (0.45, 0), (-0.45, 0)], c)
    p.box(-0.6, 0.22, 0.6, 0.27, shade(c, 0.6))


def car(p, c):
    p.poly([(-0.4, 0.35), (0.4, 0.35), (0.22, 0.62), (-0.25, 0.62)], c)
    p.poly([(-0.3, 0.37), (-0.02, 0.37), (-0.02, 0.57), (-0.2, 0.57)], (175, 220, 245))
    p.poly([(0.04, 0.37), (0.3, 0.37), (0.18, 0.57), (0.04, 0.57)], (175, 220, 245))
    p.box(-0.72, 0.12, 0.72, 0.37, c)
    p.box(-0.72, 0.12, 0.72, 0.19, shade(c, 0.7))
    p.box(0.64, 0.25, 0.72, 0.33, (255, 245, 170))
    for x in (-0.42, 0.42):
        p.disc(x, 0.13, 0.15, 0.15, (30, 30, 35))
        p.disc(x, 0.13, 0.07, 0.07, (190, 190, 195))


def flower(p, c):
    p.line([(0, 0), (0.02, 0.6)], 0.06, (60, 140, 55))
    p.poly([(0, 0.12), (0.36, 0.3), (0.1, 0.32)], (75, 160, 65))
    p.poly([(0, 0.2), (-0.34, 0.4), (-0.08, 0.38)], (75, 160, 65))
    for k in range(7):
        a = 2 * numpy.pi * k / 7
        p.disc(0.27 * numpy.sin(a), 0.8 + 0.27 * numpy.cos(a), 0.15, 0.15, shade(c, 0.88 + 0.12 * (k % 2)))
    p.disc(0, 0.8, 0.16, 0.16, (120, 75, 35) if c[0] > 200 and c[1] > 150 else (250, 215, 70))


DRAW = {name: globals()[name] for name in SUBJECTS}


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
