"""Rows beside the methods, which no engine makes: the renderer's own strips are the ruler's noise, a cross-fade is what it must refuse."""

import pathlib

import numpy

from research.ruler.judge import Judges, Reference, reference_of
from research.ruler.pictures import Made, kept
from research.ruler.plan import CONTENTS, POSITIONS, SEEDS, Trial
from research.ruler.rendered import Codec, render_all, round_trip
from research.world.captions import PLACE_WORDS
from research.world.scene import ATTRIBUTES, Scene

RENDERER, RENDERED_FADE, FADE = "renderer", "renderer's ends cross-faded", "cross-fade of version 0.1"


def scene_of_content(content: str, seed: int) -> Scene:
    """The plain scene that "a SUBJECT PLACE" names."""
    for place, words in PLACE_WORDS.items():
        if content.endswith(f" {words}"):
            return Scene(content.removeprefix("a ").removesuffix(f" {words}"), place, {}, seed)
    raise ValueError(f'"{content}" names no place; use one of {", ".join(PLACE_WORDS.values())} at its end')


def rendered_strips(trial: Trial, codec: Codec) -> numpy.ndarray:
    """uint8 [contents, attributes, seeds, positions, 128, 128, 3], drawn at every strength and seen through the autoencoder."""
    scenes = [scene_of_content(content, seed).at(strengths={name: p}) for content in trial.contents for name in ATTRIBUTES for seed in trial.seeds for p in POSITIONS]
    pictures = round_trip(codec, render_all(scenes))
    return pictures.reshape(*trial.strips, len(POSITIONS), *pictures.shape[1:])


def cross_faded(none: numpy.ndarray, full: numpy.ndarray) -> numpy.ndarray:
    """The pixels of uint8 pictures [..., 128, 128, 3] mixed at every position: [..., positions, 128, 128, 3]."""
    none, full = none.astype(numpy.float32), full.astype(numpy.float32)
    return numpy.stack([(none + (full - none) * p + 0.5).astype(numpy.uint8) for p in POSITIONS], axis=-4)


def rendered_reference(judges: Judges, trial: Trial, codec: Codec, strips: numpy.ndarray) -> Reference:
    """What the renderer's own strips are measured against: its plain pictures and its full ones."""
    plain = round_trip(codec, render_all([scene_of_content(content, seed) for content in CONTENTS for seed in SEEDS]))
    plain = plain.reshape(len(CONTENTS), len(SEEDS), *plain.shape[1:])
    plain[: len(trial.contents), : len(trial.seeds)] = strips[:, 0, :, 0]
    every = plain.reshape(-1, *plain.shape[2:])
    return reference_of(judges, trial, every, strips[..., -1, :, :, :].reshape(-1, *strips.shape[-3:]))


def rows_of_renders(judges: Judges, trial: Trial, codec: Codec, folder: pathlib.Path) -> dict[str, tuple[Reference, Made]]:
    """The renderer's strips, and the cross-fades of their ends."""
    strips = rendered_strips(trial, codec)
    reference = rendered_reference(judges, trial, codec, strips)
    fades = cross_faded(strips[..., 0, :, :, :], strips[..., -1, :, :, :])
    rows = {RENDERER: strips, RENDERED_FADE: fades}
    return {name: (reference, kept(pictures.reshape(-1, *pictures.shape[-3:]), folder / f"rendered-{i}")) for i, (name, pictures) in enumerate(rows.items())}


def row_of_fades(trial: Trial, reference: Reference, folder: pathlib.Path) -> dict[str, tuple[Reference, Made]]:
    """The model's plain and styled pictures mixed, as version 0.1's dial mixes its ends."""
    plain = numpy.broadcast_to(reference.pictures[:, None], reference.styled_pictures.shape)
    strips = cross_faded(plain, reference.styled_pictures)
    return {FADE: (reference, kept(strips.reshape(-1, *strips.shape[-3:]), folder / "fades"))}
