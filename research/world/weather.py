"""Winter, storm, doomsday and the long shadows of sunset: what the weather lays over a scene."""

import math

import numpy
from PIL import Image, ImageChops, ImageDraw

from research.world.canvas import SIDE, blend, clamp, shade, stage
from research.world.scene import Layout

SNOW = (240, 245, 252)
ASH = (46, 40, 42)


def draw_snow_cover(draw: ImageDraw.ImageDraw, layout: Layout) -> None:
    """Patches of snow grow on the ground until they meet; the far ones are flat."""
    rng, winter = layout.random("snow"), layout.strength("winter")
    depth = SIDE - layout.horizon
    for i in rng.permutation(40).tolist() if winter > 0 else ():
        down, across, blue = (i // 8 + rng.uniform(0.1, 0.9)) / 5, (i % 8 + rng.random()) / 8, rng.uniform(0, 0.5)
        y, grown = layout.horizon + down * depth, stage(winter, i * 7 % 40, 40, 0.35)
        rx, ry = (36 + 26 * down) * grown, (8 + 13 * down) * grown
        if ry >= 1:
            top = max(layout.horizon, y - ry)
            draw.ellipse([across * SIDE - rx, top, across * SIDE + rx, y + ry], fill=blend(SNOW, (205, 216, 235), blue))


def draw_snow_caps(image: Image.Image, subject: Image.Image, plants: Image.Image, layout: Layout) -> None:
    """Snow on everything in these silhouettes that looks up, and a drift at the subject's foot; thicker the harder the winter."""
    winter = layout.strength("winter")
    height = round(19 * winter)
    if height == 0:
        return
    mask = ImageChops.lighter(subject, plants)
    cap = ImageChops.subtract(mask, shifted(mask, height))
    above = ImageChops.subtract(shifted(mask, -height // 3), mask)
    image.paste(SNOW, mask=ImageChops.lighter(cap, above))
    draw, half = ImageDraw.Draw(image), (0.4 + 0.2 * winter) * layout.unit
    drift = 30 * winter
    draw.ellipse([layout.x - half, layout.ground - drift, layout.x + half, layout.ground + 20 * winter + 4], fill=shade(SNOW, 0.97))


def shifted(mask: Image.Image, down: int) -> Image.Image:
    """The mask moved down (up below 0); what comes in is empty."""
    return mask.transform(mask.size, Image.Transform.AFFINE, (1, 0, 0, 0, 1, -down))


def draw_flakes(draw: ImageDraw.ImageDraw, layout: Layout) -> None:
    rng, winter = layout.random("flakes"), layout.strength("winter")
    for i in range(90 if winter > 0 else 0):
        x, y, r = rng.uniform(0, SIDE), rng.uniform(0, SIDE), rng.uniform(2, 4.2) * stage(winter, i, 90, 0.25)
        if r >= 1:
            draw.ellipse([x - r, y - r, x + r, y + r], fill=(252, 253, 255))


def draw_rain(draw: ImageDraw.ImageDraw, layout: Layout) -> None:
    """Streaks down the wind, longer and more; one flash when the storm is near its height."""
    rng, storm = layout.random("rain"), layout.strength("storm")
    flash, x, bends = stage(storm, 3, 4, 0.3), rng.uniform(0.2, 0.8) * SIDE, rng.uniform(-16, 16, 8)
    if flash > 0.05:
        draw_flash(draw, x, flash * layout.horizon, bends)
    for i in range(130 if storm > 0 else 0):
        x, y, grown = rng.uniform(-0.1, 1.1) * SIDE, rng.uniform(-0.05, 1) * SIDE, stage(storm, i, 130, 0.3)
        length = 40 * grown * (0.5 + 0.5 * storm)
        if length >= 2:
            draw.line([(x, y), (x + 0.4 * layout.wind * length, y + length)], fill=(205, 218, 235, 190), width=2)


def draw_flash(draw: ImageDraw.ImageDraw, x: float, length: float, bends: numpy.ndarray) -> None:
    """Lightning that has come down `length` fine pixels."""
    points = [(x + bends[:i].sum(), length * i / len(bends)) for i in range(len(bends) + 1)]
    draw.line(points, fill=(255, 250, 205), width=5, joint="curve")


def draw_flame(draw: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
    """Three tongues, each inside the last; `size` is its height in fine pixels."""
    for share, colour in ((1, (225, 70, 25)), (0.7, (255, 150, 40)), (0.4, (255, 230, 120))):
        h, w = size * share, 0.36 * size * share
        tongue = [(0, -1), (0.45, -0.55), (0.3, -0.5), (1, -0.2), (0.75, 0), (-0.75, 0), (-1, -0.25), (-0.5, -0.45), (-0.4, -0.75)]
        draw.polygon([(x + w * dx, y + h * dy) for dx, dy in tongue], fill=colour)


def fires(layout: Layout) -> list[tuple[float, float, float, float]]:
    """Foot x, y, full height and how far each fire has grown; the farthest first."""
    rng, doomsday = layout.random("fires"), layout.strength("doomsday")
    found = []
    for i, slot in enumerate((0.08, 0.9, 0.28, 0.72, 0.5, 0.16, 0.84, 0.38, 0.62) if doomsday > 0 else ()):
        x, down = (slot + rng.uniform(-0.05, 0.05)) * SIDE, rng.uniform(0.0, 0.12)
        found.append((x, layout.horizon + down * SIDE, (0.16 + 0.5 * down) * SIDE * rng.uniform(0.8, 1.2), stage(doomsday, i, 9, 0.4)))
    return sorted(found, key=lambda fire: fire[1])


def draw_smoke(draw: ImageDraw.ImageDraw, layout: Layout) -> None:
    """A column over each fire; the higher, the wider."""
    for x, y, height, grown in fires(layout)[::2]:
        for k in range(math.ceil(10 * grown)):
            r = (0.13 + 0.045 * k) * height * min(1.0, 10 * grown - k)
            cx, cy = x + layout.wind * 0.022 * k * k * height, y - height * (0.5 + 0.4 * k)
            if r >= 1:
                draw.ellipse([cx - r, cy - r, cx + r, cy + r], fill=shade(ASH, 1.1 - 0.03 * k))


def draw_fires(draw: ImageDraw.ImageDraw, layout: Layout) -> None:
    for x, y, height, grown in fires(layout):
        if grown * height >= 3:
            draw_flame(draw, x, y, height * grown)


def draw_cracks(draw: ImageDraw.ImageDraw, layout: Layout) -> None:
    """Glowing cracks run out from under the subject, one after another."""
    rng, doomsday = layout.random("cracks"), layout.strength("doomsday")
    for i, angle in enumerate((0.2, 2.9, 1.0, 2.1, 0.5, 2.6)):
        grown, bends = stage(doomsday, i, 6, 0.45), rng.uniform(-0.35, 0.35, 6)
        if grown == 0:
            continue
        length, points = 0.42 * SIDE * grown / 6, [(layout.x + 30 * math.cos(angle), layout.ground + 4)]
        for bend in bends.tolist():
            x, y = points[-1]
            points.append((x + length * math.cos(angle + bend), y + 0.6 * length * math.sin(angle + bend) + 1))
        draw.line(points, fill=(35, 22, 22), width=2 + round(6 * grown), joint="curve")
        draw.line(points, fill=(255, 120, 40), width=1 + round(2 * grown), joint="curve")


def draw_long_shadow(image: Image.Image, mask: Image.Image, layout: Layout) -> None:
    """The subject's outline laid on the ground, away from the sun; the lower the sun, the longer."""
    sunset = layout.strength("sunset")
    if sunset < 0.02:
        return
    length, away = 0.5 * sunset, -1.1 if layout.sun[0] > 0.5 else 1.1
    # Where a point of the shadow comes from: down by `length` of its height, aside by `away` of that.
    rows = (1, -away, away * layout.ground, 0, -1 / length, layout.ground * (1 + 1 / length))
    shadow = mask.transform(mask.size, Image.Transform.AFFINE, rows)
    darkness = Image.new("L", mask.size, round(150 * clamp(3 * sunset)))
    image.paste((38, 24, 44), mask=ImageChops.multiply(shadow, darkness))
