"""Strips of pictures along a dial: found in folders by the settings in each PNG, made by the package, or faded as the bad example."""

import dataclasses
import pathlib
from collections.abc import Iterator

import numpy
from PIL import Image


class NoStrip(Exception):
    """There is nothing to judge; the text says why."""


@dataclasses.dataclass
class Strip:
    """Pictures uint8 [P, H, W, 3] at rising positions, the first 0 and the last 1."""

    method: str
    prompt: str
    style: str
    seed: int
    positions: numpy.ndarray
    pictures: numpy.ndarray

    @property
    def title(self) -> str:
        return f"{self.method}: {self.prompt} + {self.style}, seed {self.seed}"

    def floats(self) -> numpy.ndarray:
        return self.pictures.astype(numpy.float32) / 255


def faded(strip: Strip) -> Strip:
    """The mixes of a strip's own ends at its positions: what the figures must refuse."""
    ends, at = strip.floats()[[0, -1]], strip.positions[:, None, None, None]
    mixed = numpy.rint(((1 - at) * ends[0] + at * ends[1]) * 255).astype(numpy.uint8)
    return dataclasses.replace(strip, method=f"fade of {strip.method}", pictures=mixed)


def ordered(settings: dict, entries: list[tuple[float, numpy.ndarray]]) -> Strip | None:
    """A strip from pictures by position; None unless 0, 1 and something between are there, each once."""
    entries = sorted((entry for entry in entries if 0 <= entry[0] <= 1), key=lambda entry: entry[0])
    places = [position for position, _ in entries]
    if len(places) < 3 or places[0] != 0 or places[-1] != 1 or len(set(places)) < len(places):
        return None
    names = (settings["method"], settings["prompt"], settings["style"], settings["seed"])
    return Strip(*names, numpy.array(places), numpy.stack([pixels for _, pixels in entries]))


def settings_in(file: pathlib.Path) -> dict | None:
    """What a PNG says it was made with; None for pictures of no dial and for sheets, whose text is that of their first picture."""
    from latentdial import parse_parameters, read_parameters

    text = read_parameters(file)
    settings = parse_parameters(text) if "Steps:" in text else {}
    if not settings.get("style"):
        return None
    with Image.open(file) as image:
        return settings if image.size == (settings["width"], settings["height"]) else None


def found_strips(folders: list[pathlib.Path]) -> tuple[list[Strip], list[str]]:
    """Strips of all PNGs below the folders, told apart by folder and by every setting but the position; and a line on each set of
    pictures that is none."""
    groups: dict[tuple, tuple[dict, list]] = {}
    for file in sorted(file for folder in folders for file in folder.rglob("*.png")):
        settings = settings_in(file)
        if settings:
            key = (file.parent, *sorted((name, str(value)) for name, value in settings.items() if name != "position"))
            entries = groups.setdefault(key, (settings, []))[1]
            entries.append((settings["position"], numpy.array(Image.open(file).convert("RGB"))))
    strips, notices = [], []
    for key, (settings, entries) in groups.items():
        strip = ordered(settings, entries)
        if strip:
            strips.append(strip)
        else:
            notices.append(f"{key[0]}: “{settings['prompt']}” + “{settings['style']}” is left out; a strip has 0, 1 and positions between, each once")
    return strips, notices


def made_strips(
    pipe, prompts: list[str], styles: list[str], methods: list[str | None], seeds: list[int], at: str, out: pathlib.Path | None, **settings
) -> Iterator[Strip]:
    """Strips by the package, one at a time: every method (None: the engine's own), prompt, style and seed. `out`: a folder that keeps
    the pictures."""
    for method in methods:
        for prompt in prompts:
            for style in styles:
                for seed in seeds:
                    made = pipe.dial(prompt, style, at=at, method=method, seed=seed, **settings)
                    if out:
                        made.save(out / f"{made.settings[0]['method']}-{prompt}-{style}-{seed}".replace(" ", "_").replace("/", "_"))
                    pictures = [numpy.array(image) for image in made.images]
                    strip = ordered(made.settings[0], list(zip(made.positions, pictures)))
                    if strip is None:
                        raise NoStrip(f"--at {at} has no 0, no 1 or nothing between")
                    yield strip
