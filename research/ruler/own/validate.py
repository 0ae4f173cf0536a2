"""The figures judged first, on drawn strips and their cross-fades: how surely does each tell one from the other?"""

import numpy

from research.ruler.own.denoiser import Denoiser, against_ends
from research.ruler.own.figures import OF_PIXELS, pixel_figures
from research.ruler.own.pixels import OUTLINE, brightness, crests, slopes
from research.ruler.own.strips import Strip, faded
from research.world.captions import PLACE_WORDS, WORDS, plain_scene
from research.world.render import render
from research.world.scene import ATTRIBUTES, SURFACES, Scene

STREAM = 31  # Of scenes that no constant here was chosen on.
POSITIONS = numpy.array([0, 0.2, 0.4, 0.6, 0.8, 1])
FIRST_R = "R, first form"
LIMITS = {"C, drawn": 0.9, "R, drawn": 0.9}  # Above it a position is called a mix.


def drawn(scene: Scene, attribute: str) -> Strip:
    """The renderer's own strip."""
    pictures = numpy.stack([render(scene.at(strengths={attribute: float(p)})) for p in POSITIONS])
    return Strip("drawn", f"a {scene.subject} {PLACE_WORDS[scene.place]}", WORDS[attribute], scene.seed, POSITIONS, pictures)


def scenes(count: int) -> list[Scene]:
    rng = numpy.random.default_rng(STREAM)
    return [plain_scene(rng) for _ in range(count)]


def outlines_by_the_longer_end(strip: Strip) -> numpy.ndarray:
    """R as it was first written: all outlines at half of OUTLINE by the longer of the ends' at OUTLINE, [P]. It lost: a drawn picture,
    too, has many outlines between half and whole."""
    found = [slopes(brightness(picture)) for picture in strip.floats()]
    strong = [int((crests(slope) & (numpy.hypot(*slope) >= OUTLINE)).sum()) for slope in (found[0], found[-1])]
    return numpy.array([(crests(slope) & (numpy.hypot(*slope) >= OUTLINE / 2)).sum() for slope in found]) / max(*strong, 1)


def round_trip(denoiser: Denoiser, strip: Strip) -> tuple[Strip, numpy.ndarray]:
    """The strip as the autoencoder shows it, and its latents."""
    latents = denoiser.latents(strip.pictures)
    pictures = numpy.stack([denoiser.pipe.decode(each[None]) for each in latents])
    return Strip(strip.method, strip.prompt, strip.style, strip.seed, strip.positions, pictures), latents


def auc(bad: list[float], good: list[float]) -> float:
    """How often a bad one's figure is above a good one's, ties half: 1 tells them apart for certain, 0.5 not at all. NaN left out."""
    bad, good = (numpy.array(values)[~numpy.isnan(values)] for values in (bad, good))
    if not bad.size or not good.size:
        return float("nan")
    return float((bad[:, None] > good).mean() + (bad[:, None] == good).mean() / 2)


def readings(strip: Strip, denoiser: Denoiser | None) -> dict[str, list[float]]:
    """Figures of the inner positions: of the strip as it is, and with a denoiser as decoded, the doubt too."""
    figures = {f"{name}, drawn": values for name, values in {**pixel_figures(strip), FIRST_R: outlines_by_the_longer_end(strip)}.items()}
    if denoiser:
        decoded, latents = round_trip(denoiser, strip)
        figures |= {f"{name}, decoded": values for name, values in pixel_figures(decoded).items()}
        figures["doubt, decoded"] = against_ends(denoiser.doubts(latents, strip.prompt))
    return {name: values[1:-1].tolist() for name, values in figures.items()}


def collected(strips: list[Strip], denoiser: Denoiser | None) -> dict[str, list[float]]:
    several = [readings(strip, denoiser) for strip in strips]
    return {name: [value for one in several for value in one[name]] for name in several[0]}


def validate(denoiser: Denoiser | None, count: int, attributes: tuple[str, ...] = ATTRIBUTES) -> dict[str, dict[str, tuple[list, list]]]:
    """By attribute and figure, what fades and drawn strips of `count` scenes have at the positions 0.2 to 0.8."""
    made = {}
    for attribute in attributes:
        good = [drawn(scene, attribute) for scene in scenes(count)]
        right, wrong = collected(good, denoiser), collected([faded(strip) for strip in good], denoiser)
        made[attribute] = {name: (wrong[name], right[name]) for name in right}
    return made


def of_kind(made: dict, kind: str) -> list[dict]:
    """The rows of surface or structural attributes."""
    return [row for attribute, row in made.items() if (attribute in SURFACES) == (kind == "surface")]


def markdown(lines: list[list[str]]) -> str:
    """A table whose first line is its head."""
    rule = ["---"] * len(lines[0])
    return "\n".join("| " + " | ".join(line) + " |" for line in [lines[0], rule, *lines[1:]])


def validation_table(made: dict) -> str:
    """The AUC of each figure by attribute, the means over surface and structure last."""
    names = [*(f"{figure}, {kind}" for figure in OF_PIXELS for kind in ("drawn", "decoded")), "doubt, decoded", f"{FIRST_R}, drawn"]
    names = [name for name in names if name in next(iter(made.values()))]
    lines = [["AUC", *names]]
    lines += [[attribute, *(f"{auc(*row[name]):.2f}" for name in names)] for attribute, row in made.items()]
    for kind in ("surface", "structure"):
        if rows := of_kind(made, kind):
            lines.append([f"**{kind}**", *(f"{numpy.nanmean([auc(*row[name]) for row in rows]):.2f}" for name in names)])
    return markdown(lines)


def limits_table(made: dict) -> str:
    """How many fades and how many drawn positions pass LIMITS, of those that have a figure."""
    lines = [["called a mix", "fades", "drawn, surface", "drawn, structure", "without a figure"]]
    for name, limit in LIMITS.items():
        for shown in (name, f"{name.split(',')[0]}, decoded"):
            if shown in next(iter(made.values())):
                fades = numpy.array([value for row in made.values() for value in row[shown][0]])
                right = [numpy.array([value for row in of_kind(made, kind) for value in row[shown][1]]) for kind in ("surface", "structure")]
                shares = [f"{(values[~numpy.isnan(values)] > limit).mean():.1%}" for values in (fades, *right)]
                lines.append([f"{shown}, above {limit:g}", *shares, f"{numpy.isnan(numpy.concatenate([fades, *right])).mean():.1%}"])
    return markdown(lines)
