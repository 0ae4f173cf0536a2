"""From a scene to its picture."""

import numpy
from PIL import Image, ImageDraw

from research.world import places, structure, weather
from research.world.canvas import FINE, SIDE, Pen, pixels_of, shade
from research.world.scene import Layout, Scene
from research.world.subjects import DRAW
from research.world.surface import apply_surfaces, draw_towers


def render(scene: Scene) -> numpy.ndarray:
    """The scene as uint8 [128, 128, 3]."""
    layout = Layout(scene)
    image, subject = draw(layout)
    pixels = apply_surfaces(pixels_of(image.reduce(FINE)), layout, pixels_of(subject.reduce(FINE)))
    return (numpy.clip(pixels, 0, 1) * 255 + 0.5).astype(numpy.uint8)


def draw(layout: Layout) -> tuple[Image.Image, Image.Image]:
    """The fine picture without its surface, and the subject's silhouette."""
    image = places.draw_sky(layout)
    pen = ImageDraw.Draw(image, "RGBA")
    places.draw_sun(pen, layout)
    places.draw_clouds(pen, layout)
    draw_towers(pen, layout)
    weather.draw_smoke(pen, layout)
    standing = places.draw_land(image, layout)
    weather.draw_snow_cover(pen, layout)
    weather.draw_cracks(pen, layout)
    weather.draw_fires(pen, layout)
    structure.draw_invasion(pen, layout)
    structure.draw_flowers(pen, layout, near=False)
    subject = draw_subject(image, layout)
    weather.draw_snow_caps(image, subject, standing, layout)
    structure.draw_climbers(image, subject, layout)
    structure.draw_flowers(pen, layout, near=True)
    weather.draw_rain(pen, layout)
    weather.draw_flakes(pen, layout)
    return image, subject


def draw_subject(image: Image.Image, layout: Layout) -> Image.Image:
    """With its shadow, and what ruin has left of it; returns its silhouette."""
    mask, unit = Image.new("L", image.size), layout.unit
    foot = [layout.x - 0.6 * unit, layout.ground - 0.05 * unit, layout.x + 0.6 * unit, layout.ground + 0.06 * unit]
    ImageDraw.Draw(image).ellipse(foot, fill=shade(places.ground_colour(layout), 0.62))
    pliant = 0.28 if layout.subject in ("tree", "flower") else 0
    lean = pliant * layout.wind * layout.strength("storm")
    leaves = 1 - 0.97 * layout.strength("winter") if layout.subject == "tree" else 1
    behind = image.copy() if layout.strength("ruins") > 0 else image
    DRAW[layout.subject](Pen(image, layout.x, layout.ground, unit, mask, layout.flip, lean, leaves), layout.colour)
    structure.ruin(image, behind, mask, layout)
    weather.draw_long_shadow(image, mask, layout)
    return mask
