"""Alien invasion, ruins and bloom: what comes into a scene or falls off its subject."""

import math

from PIL import Image, ImageChops, ImageDraw

from research.world.canvas import SIDE, Colour, clamp, shade, stage
from research.world.places import BLOSSOMS
from research.world.scene import Layout

SAUCERS = ((0.14, 0.27, 1.0), (0.86, 0.24, 1.0), (0.36, 0.13, 0.75), (0.66, 0.11, 0.75), (0.5, 0.25, 0.55))  # x, y, size at full strength.
# x from the rear to the front, depth under the outline, radius, all in sizes of the subject: what tells it from others goes last.
BITES = ((0.05, 0.0, 0.17), (0.34, 0.0, 0.16), (0.92, 0.05, 0.15), (0.19, 0.04, 0.15), (0.56, 0.0, 0.13), (0.74, 0.0, 0.1), (0.45, 0.06, 0.1))


def draw_invasion(draw: ImageDraw.ImageDraw, layout: Layout) -> None:
    """Saucers come one after another, from small and high to large and low, and then let down their beams."""
    rng, invasion = layout.random("invasion"), layout.strength("alien invasion")
    for i, (x, y, size) in enumerate(SAUCERS):
        x, y, grown = (x + rng.uniform(-0.04, 0.04)) * SIDE, (y + rng.uniform(-0.03, 0.03)) * SIDE, stage(invasion, i, len(SAUCERS), 0.5)
        r, y = 58 * size * grown, y * (0.45 + 0.55 * grown)
        if r < 3:
            continue
        beam = clamp((grown - 0.3) / 0.7)
        if beam > 0:
            end = y + beam * (layout.horizon + 24 * size - y)
            wide = r * (0.3 + 0.5 * beam)
            draw.polygon([(x - 0.25 * r, y), (x + 0.25 * r, y), (x + wide, end), (x - wide, end)], fill=(160, 255, 140, 205))
            draw.ellipse([x - wide, end - 0.15 * wide, x + wide, end + 0.15 * wide], fill=(205, 255, 180, 235))
        draw_saucer(draw, x, y, r)


def draw_saucer(draw: ImageDraw.ImageDraw, x: float, y: float, r: float) -> None:
    """`r` is half its width in fine pixels."""
    draw.ellipse([x - 0.42 * r, y - 0.5 * r, x + 0.42 * r, y + 0.15 * r], fill=(185, 235, 245))
    draw.ellipse([x - r, y - 0.22 * r, x + r, y + 0.26 * r], fill=(112, 116, 134))
    draw.ellipse([x - 0.8 * r, y - 0.2 * r, x + 0.8 * r, y + 0.1 * r], fill=(150, 155, 172))
    for dx in (-0.62, 0, 0.62) if r > 14 else ():
        draw.ellipse([x + (dx - 0.08) * r, y + 0.03 * r, x + (dx + 0.08) * r, y + 0.17 * r], fill=(255, 225, 110))


def ragged(x: float, y: float, radius: float, radii) -> list[tuple[float, float]]:
    """A many-sided figure about a point; `radii` are shares of `radius`, one a corner."""
    turn = 2 * math.pi / len(radii)
    return [(x + radius * k * math.cos(i * turn), y + radius * k * math.sin(i * turn)) for i, k in enumerate(radii)]


def ruin(image: Image.Image, behind: Image.Image, mask: Image.Image, layout: Layout) -> None:
    """Bites out of the subject (in `mask`, which loses them too) from its top and sides, cracks below them, and rubble at its foot."""
    ruins, rng = layout.strength("ruins"), layout.random("ruins")
    if ruins == 0 or (box := mask.getbbox()) is None:
        return
    (left, top, right, bottom), lost = box, Image.new("L", mask.size)
    size, broken, hole = math.sqrt((right - left) * (bottom - top)), ImageDraw.Draw(image), ImageDraw.Draw(lost)
    edge = Image.new("L", mask.size)

    def across(x: float) -> float:
        return left + (x if layout.flip > 0 else 1 - x) * (right - left)

    def outline(x: float) -> float:
        column = mask.crop((int(x), 0, int(x) + 1, SIDE)).getbbox()
        return column[1] if column else bottom

    rim, cracks = ImageDraw.Draw(edge), []
    for i, (x, depth, r) in enumerate(BITES):
        x, grown = across(x + rng.uniform(-0.05, 0.05)), stage(ruins, i, len(BITES), 0.45)
        y = outline(x) + depth * size
        radii, bends = rng.uniform(0.65, 1.15, 11).tolist(), rng.uniform(-0.6, 0.6, 5).tolist()
        radius = r * size * grown
        if radius < 1:
            continue
        hole.polygon(ragged(x, y, radius, radii), fill=255)
        rim.polygon(ragged(x, y, radius + 2 + 3 * grown, radii), fill=255)
        points = [(x, y + 0.6 * radius)]
        for bend in bends:
            points.append((points[-1][0] + 0.3 * radius * bend, points[-1][1] + 0.36 * radius))
        cracks.append(points)
    image.paste(shade(layout.colour, 0.42), mask=ImageChops.multiply(edge, mask))
    crack_image = Image.new("L", mask.size)
    for points in cracks:
        ImageDraw.Draw(crack_image).line(points, fill=255, width=4)
    image.paste(shade(layout.colour, 0.35), mask=ImageChops.multiply(crack_image, mask))
    image.paste(behind, mask=ImageChops.multiply(lost, mask))
    mask.paste(0, mask=lost)
    draw_rubble(broken, layout, ruins, right - left)


def draw_rubble(draw: ImageDraw.ImageDraw, layout: Layout, ruins: float, width: float) -> None:
    rng = layout.random("rubble")
    for i in range(16):
        x, y, k = layout.x + rng.normal(0, 0.36) * width, layout.ground + rng.uniform(-4, 16), rng.uniform(0.5, 0.95)
        radii, radius = rng.uniform(0.6, 1.2, 6).tolist(), rng.uniform(8, 19) * stage(ruins, i, 16, 0.4)
        if radius >= 1.5:
            draw.polygon(ragged(x, y, radius, radii), fill=shade(layout.colour, k))


def draw_blossom(draw: ImageDraw.ImageDraw, x: float, y: float, size: float, colour: Colour, stem: float = 0) -> None:
    """Five petals about a heart; `size` is its radius in fine pixels, `stem` its height."""
    if size < 1.5:
        return
    if stem:
        draw.line([(x, y), (x, y - stem)], fill=(48, 120, 52), width=max(1, round(size / 3)))
    y, r = y - stem, 0.56 * size
    for k in range(5):
        cx, cy = x + 0.62 * size * math.sin(1.2566 * k), y - 0.62 * size * math.cos(1.2566 * k)
        draw.ellipse([cx - r, cy - r, cx + r, cy + r], fill=colour)
    r = 0.36 * size
    draw.ellipse([x - r, y - r, x + r, y + r], fill=(255, 225, 90) if colour != BLOSSOMS[1] else (200, 110, 40))


def draw_flowers(draw: ImageDraw.ImageDraw, layout: Layout, near: bool) -> None:
    """The flowers of the ground behind the subject's foot, or those in front of it."""
    rng, bloom = layout.random("bloom"), layout.strength("in bloom")
    flowers = []
    for i in range(64 if bloom > 0 else 0):
        down, x, colour = rng.uniform(0.03, 1), rng.uniform(0, SIDE), BLOSSOMS[rng.integers(len(BLOSSOMS))]
        flowers.append((layout.horizon + down * (SIDE - layout.horizon), x, colour, (6 + 7 * down) * stage(bloom, i, 64, 0.25)))
    for y, x, colour, size in sorted(flowers):
        if (y > layout.ground) == near:
            draw_blossom(draw, x, y, size, colour, 1.6 * size)


def draw_climbers(image: Image.Image, mask: Image.Image, layout: Layout) -> None:
    """Flowers on the subject itself."""
    rng, bloom = layout.random("climbers"), layout.strength("in bloom")
    if bloom == 0 or (box := mask.getbbox()) is None:
        return
    draw, grown = ImageDraw.Draw(image), 0
    for across, up in rng.random((60, 2)).tolist():
        x, y = box[0] + across * (box[2] - box[0]), box[3] - up**1.5 * (box[3] - box[1])
        if grown < 13 and mask.getpixel((min(x, SIDE - 1), min(max(y, 0), SIDE - 1))):
            draw_blossom(draw, x, y, 9.5 * stage(bloom, grown, 13, 0.3), BLOSSOMS[rng.integers(len(BLOSSOMS))])
            grown += 1
