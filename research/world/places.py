"""Sky, sun, clouds, land and plants of the five places, at the strengths of what changes them."""

import numpy
from PIL import Image, ImageDraw

from research.world.canvas import SIDE, Colour, Pen, blend, clamp, shade, stage
from research.world.scene import Layout

SKIES = {
    "jungle": ((52, 112, 66), (96, 150, 92)),
    "desert": ((120, 180, 235), (250, 232, 190)),
    "meadow": ((95, 165, 240), (205, 230, 250)),
    "beach": ((80, 190, 235), (225, 245, 250)),
    "lake": ((140, 170, 225), (225, 225, 245)),
}
GROUNDS = {"jungle": (48, 96, 44), "desert": (226, 190, 120), "meadow": (110, 185, 75), "beach": (245, 222, 165), "lake": (70, 130, 190)}
PLACES = tuple(SKIES)
# Top and horizon of the sky when an attribute is there in full, and whether its front climbs from the horizon or falls from the top.
FULL_SKIES = {
    "winter": ((150, 170, 195), (225, 232, 242), "top"),
    "storm": ((42, 48, 62), (112, 122, 138), "top"),
    "sunset": ((74, 44, 112), (255, 150, 60), "horizon"),
    "doomsday": ((70, 14, 20), (238, 88, 30), "horizon"),
}
BARK = (95, 66, 42)
BLOSSOMS = ((250, 160, 195), (250, 215, 70), (240, 240, 250), (235, 80, 100), (170, 110, 225))


def front(strength: float, height: numpy.ndarray) -> numpy.ndarray:
    """How far what spreads from 0 to `height` 1 has come at each height: whole at the start from half strength on, everywhere at 1."""
    return numpy.clip(2 * strength - height, 0, 1)


def draw_sky(layout: Layout) -> Image.Image:
    """The picture's beginning: a gradient over all of it, each weather's colours spreading from where it comes."""
    down = numpy.clip(numpy.arange(SIDE) / layout.horizon, 0, 1)[:, None]
    top, low = (numpy.array(colour, dtype=float) for colour in SKIES[layout.place])
    sky = top + (low - top) * down
    for name, (full_top, full_low, start) in FULL_SKIES.items():
        if (strength := layout.strength(name)) > 0:
            share = front(strength, down if start == "top" else 1 - down)
            sky += (full_top + (numpy.array(full_low, dtype=float) - full_top) * down - sky) * share
    return Image.frombytes("RGB", (SIDE, SIDE), b"".join(row.tobytes() * SIDE for row in sky.clip(0, 255).astype(numpy.uint8)))


def draw_sun(draw: ImageDraw.ImageDraw, layout: Layout) -> None:
    """Towards sunset it sinks to the horizon, grows and reddens."""
    sunset = layout.strength("sunset")
    if layout.place == "jungle" and sunset == 0:
        return
    x, height = layout.sun
    y = height * SIDE + (layout.horizon - 8 - height * SIDE) * sunset
    radius = 21 * (1 + 0.9 * sunset)
    if sunset > 0:
        halo = radius * (1 + 0.5 * sunset)
        draw.ellipse([x * SIDE - halo, y - halo, x * SIDE + halo, y + halo], fill=(255, 190, 90, int(130 * clamp(4 * sunset))))
    draw.ellipse([x * SIDE - radius, y - radius, x * SIDE + radius, y + radius], fill=blend((255, 235, 150), (255, 105, 45), sunset))


def draw_cloud(draw: ImageDraw.ImageDraw, x: float, y: float, size: float, colour: Colour) -> None:
    """Four puffs on a flat base; `size` is the middle one's radius in fine pixels."""
    if size < 2:
        return
    for dx, dy, r in ((-1.35, 0.25, 0.7), (-0.5, -0.15, 0.9), (0.45, 0, 1.0), (1.4, 0.3, 0.65)):
        cx, cy, rx, ry = x + dx * size, y + dy * size, 1.1 * r * size, 0.75 * r * size
        draw.ellipse([cx - rx, cy - ry, cx + rx, cy + ry], fill=colour)


def draw_clouds(draw: ImageDraw.ImageDraw, layout: Layout) -> None:
    """One or two fair ones; a storm brings more, larger and darker."""
    storm, rng = layout.strength("storm"), layout.random("clouds")
    if layout.place != "jungle":
        colour = blend(blend((250, 250, 252), (255, 150, 110), 0.8 * layout.strength("sunset")), (70, 74, 88), clamp(1.4 * storm))
        colour = blend(colour, (88, 30, 30), layout.strength("doomsday"))
        for x, y, size in layout.clouds:
            draw_cloud(draw, x * SIDE, y * SIDE, size * (1 + 0.5 * storm), colour)
    for i in range(7 if storm > 0 else 0):
        x, y, size = (i * 3 % 7 + rng.uniform(0.1, 0.9)) / 7, rng.uniform(0.02, 0.2), rng.uniform(28, 40)
        grown = stage(storm, i, 7, 0.4)
        if i == 1:  # This one comes before the sun from the side.
            x, y = layout.sun[0] + 0.3 * (1 - grown) * (1 if layout.sun[0] > 0.5 else -1), layout.sun[1]
        draw_cloud(draw, x * SIDE, y * SIDE, size * grown, shade((82, 87, 102), rng.uniform(0.75, 1.0)))


def draw_tree(pen: Pen, kind: str, colour: Colour, blossoms: float = 0) -> None:
    """A background plant one unit high."""
    if kind == "cactus":
        pen.line([(0, 0), (0, 0.95)], 0.2, colour)
        pen.line([(0, 0.4), (0.28, 0.42), (0.28, 0.75)], 0.14, colour)
        pen.line([(0, 0.3), (-0.26, 0.32), (-0.26, 0.6)], 0.14, colour)
    elif kind == "palm":
        pen.line([(0, 0), (0.03, 0.3), (0.08, 0.6), (0.16, 0.82)], 0.07, (120, 88, 54))
        for dx, dy in ((-0.42, -0.1), (-0.3, 0.14), (0.05, 0.2), (0.36, 0.12), (0.45, -0.12)):
            length = 0.4 + 0.6 * pen.leaves
            pen.poly([(0.16, 0.76), (0.16 + dx * 0.5 * length, 0.9 + dy * length), (0.16 + dx * length, 0.82 + dy * 1.3 * length), (0.16 + dx * 0.45, 0.8 + dy * 0.5)], colour)
    elif kind == "conifer":
        pen.line([(0, 0), (0, 0.9)], 0.07, BARK)
        for y, w in ((0.15, 0.34), (0.4, 0.27), (0.62, 0.2)):
            pen.poly([(-w * pen.leaves, y), (w * pen.leaves, y), (0, y + 0.42)], shade(colour, 0.8 + 0.3 * y))
    else:
        pen.line([(0, 0), (0, 0.8)], 0.09, BARK)
        pen.line([(0, 0.35), (-0.24, 0.78)], 0.05, BARK)
        pen.line([(0, 0.42), (0.25, 0.82)], 0.05, BARK)
        for x, y, r in ((-0.2, 0.62, 0.22), (0.2, 0.62, 0.22), (0, 0.82, 0.24)):
            pen.disc(x, y, r * pen.leaves, r * pen.leaves, colour)
    for i, (x, y) in enumerate(((-0.2, 0.6), (0.12, 0.85), (0.24, 0.58), (-0.08, 0.78), (0.02, 0.55))):
        size = 0.085 * stage(blossoms, i, 5)
        pen.disc(x, y, size, size, BLOSSOMS[i])


def draw_plants(image: Image.Image, layout: Layout, standing: Image.Image) -> None:
    """Each bends in a storm, loses its leaves in winter and burns in no time when doomsday comes."""
    leaves = 1 - max(0.97 * layout.strength("winter"), 0.8 * layout.strength("doomsday"))
    for plant in layout.plants:
        lean = 0.75 * layout.strength("storm") * layout.wind
        pen = Pen(image, plant.x * SIDE, layout.horizon + plant.down * SIDE, plant.height * SIDE, standing, plant.flip, lean, leaves)
        draw_tree(pen, plant.kind, plant.colour, layout.strength("in bloom"))


def ground_colour(layout: Layout) -> Colour:
    return blend(blend(GROUNDS[layout.place], (58, 40, 36), 0.55 * layout.strength("doomsday")), (62, 72, 84), 0.4 * layout.strength("storm"))


def draw_hills(draw: ImageDraw.ImageDraw, layout: Layout, ground: Colour) -> None:
    """What rises over the horizon."""
    horizon, (a, b) = layout.horizon, layout.hills
    if layout.place == "jungle":
        draw.rectangle([0, horizon - 12, SIDE, horizon], fill=shade(ground, 0.8))
    if layout.place == "meadow":
        draw.ellipse([-90, horizon - 30 - 25 * a, SIDE * 0.6, horizon + 105], fill=shade(ground, 0.84))
        draw.ellipse([SIDE * 0.4, horizon - 22 - 25 * b, SIDE + 120, horizon + 105], fill=shade(ground, 0.92))
    if layout.place == "desert":
        draw.polygon([(-20, horizon), (SIDE * (0.2 + 0.2 * a), horizon - 22 - 22 * b), (SIDE * 0.66, horizon)], fill=shade(ground, 0.9))
        draw.polygon([(SIDE * 0.5, horizon), (SIDE * (0.72 + 0.2 * b), horizon - 14 - 20 * a), (SIDE + 30, horizon)], fill=shade(ground, 0.95))
    if layout.place == "lake":
        hills = [(0, 0), (0.25, 20 + 20 * a), (0.55, 8), (0.8, 20 + 25 * b), (1, 0)]
        draw.polygon([(SIDE * x, horizon - y) for x, y in hills], fill=blend((85, 130, 100), (58, 40, 36), 0.5 * layout.strength("doomsday")))


def draw_land(image: Image.Image, layout: Layout) -> Image.Image:
    """Ground, water, hills and plants, in calm colours so that the subject stands out; returns the plants' silhouettes."""
    draw, ground, horizon = ImageDraw.Draw(image), ground_colour(layout), layout.horizon
    draw_hills(draw, layout, ground)
    draw.rectangle([0, horizon, SIDE, SIDE], fill=ground)
    if layout.place == "beach":
        sea = blend((55, 160, 200), (74, 92, 108), 0.7 * layout.strength("storm"))
        draw.rectangle([0, horizon, SIDE, horizon + 36], fill=sea)
        draw.rectangle([0, horizon + 36, SIDE, horizon + 43], fill=(245, 250, 250))
    if layout.place == "lake":
        for x, y in layout.ripples:
            draw.line([(x * SIDE, y * SIDE), ((x + 0.3) * SIDE, y * SIDE)], fill=shade(ground, 1.3), width=5)
    standing = Image.new("L", image.size)
    draw_plants(image, layout, standing)
    if layout.place == "jungle":
        draw_canopy(draw, layout)
    return standing


def draw_canopy(draw: ImageDraw.ImageDraw, layout: Layout) -> None:
    """Trunks at the sides and leaves overhead, which winter thins."""
    rng, thin = layout.random("canopy"), 1 - 0.75 * layout.strength("winter")
    for x in (0.05, 0.2, 0.8, 0.94):
        x, width = (x + rng.uniform(-0.03, 0.03)) * SIDE, rng.uniform(6, 10)
        draw.rectangle([x - width, 0, x + width, layout.horizon + 6], fill=(66, 56, 38))
    for i in range(11):
        x, y, r, k = i * SIDE / 10, rng.uniform(-14, 26), rng.uniform(34, 50) * thin, rng.uniform(0.8, 1.2)
        draw.ellipse([x - r, y - r, x + r, y + r], fill=shade((36, 108, 48), k))
