"""What is to be restored, by whom, and how each is judged: rows of pictures for each task."""

import dataclasses
from collections.abc import Callable

import numpy
from PIL import Image

from research.restoration import rivals
from research.restoration.copies import BY, SIDE, SIGMA, Truth, blurred, box_mask, brightness, grey, half_mask, smaller
from research.restoration.program import SETTINGS, Program
from research.restoration.rulers import chroma_error, decibels, sharpness

Measure = Callable[[numpy.ndarray, numpy.ndarray], float]
LCM = {"sampler": "lcm", "steps": 8, "guidance_scale": 1.5}  # Four steps a round, for models that were distilled to few.


@dataclasses.dataclass(frozen=True)
class Task:
    """`rows`: for each way, a picture for each truth. `kept`: how far our pictures are from what is known, in levels of 255."""

    name: str
    measures: dict[str, Measure]
    rows: dict[str, list[numpy.ndarray]]
    kept: float


def enlarging(program: Program, truths: list[Truth]) -> Task:
    copies = [smaller(truth.picture).round() for truth in truths]
    settings = {"restore": "upscale", "upscale_by": BY, "strength": 0.5}
    rows = {
        "bicubic": [rivals.resized(copy, Image.Resampling.BICUBIC) for copy in copies],
        "Lanczos": [rivals.resized(copy, Image.Resampling.LANCZOS) for copy in copies],
        "ours": program.make(prompts_of(truths), settings, copies),
        "ours, no words": program.make([""] * len(truths), settings, copies),
        "ours, LCM": program.make(prompts_of(truths), settings | LCM, copies),
    }
    kept = max(abs(smaller(picture) - copy).max() for picture, copy in zip(rows["ours"], copies))
    return Task(f"×{BY}", {"dB": decibels, "sharpness": sharpness}, rows, kept)


def sharpening(program: Program, truths: list[Truth]) -> Task:
    copies = [blurred(truth.picture).round() for truth in truths]
    settings = {"restore": "deblur", "blur_sigma": SIGMA, "strength": 0.5}
    rows = {
        "blurred": copies,
        "Wiener": [rivals.wiener(copy) for copy in copies],
        "Richardson–Lucy": [rivals.richardson_lucy(copy) for copy in copies],
        "ours": program.make(prompts_of(truths), settings, copies),
        "ours, no words": program.make([""] * len(truths), settings, copies),
    }
    kept = max(((blurred(picture) - copy) ** 2).mean() ** 0.5 for picture, copy in zip(rows["ours"], copies))
    return Task(f"deblur, σ = {SIGMA:g}", {"dB": decibels, "sharpness": sharpness}, rows, kept)


def colouring(program: Program, truths: list[Truth]) -> Task:
    copies = [grey(truth.picture) for truth in truths]
    rows = {
        "grey": copies,
        "mean colour": [copy + (truth.picture - brightness(truth.picture)[..., None]).mean((0, 1)) for copy, truth in zip(copies, truths)],
        "ours": program.make(prompts_of(truths), {"restore": "colorize"}, copies),
        "ours, no words": program.make([""] * len(truths), {"restore": "colorize"}, copies),
    }
    kept = max(abs(brightness(picture).round() - copy[..., 0]).max() for picture, copy in zip(rows["ours"], copies))
    return Task("colorize", {"ab error": chroma_error, "dB": decibels}, rows, kept)


def filling(program: Program, truths: list[Truth], mask_of: Callable[[Truth], numpy.ndarray], measures: dict[str, Measure]) -> Task:
    """What is lost is black in the copy, so that nobody can see it."""
    masks = [mask_of(truth) for truth in truths]
    copies = [truth.picture * ~mask[..., None] for truth, mask in zip(truths, masks)]
    prompts = prompts_of(truths)
    strangers = program.draw(prompts, [mask.shape for mask in masks])
    whole = {"strength": 1} if all(mask.shape == (SIDE, SIDE) for mask in masks) else {"strength": 1, "only_masked": True}  # Keeps any size.
    twice = {"mask_update": "ding", "steps": SETTINGS["steps"] // 2}
    rows = {
        "Telea": [rivals.filled(copy, mask, rivals.TELEA) for copy, mask in zip(copies, masks)],
        "Navier–Stokes": [rivals.filled(copy, mask, rivals.NAVIER_STOKES) for copy, mask in zip(copies, masks)],
        "another picture beneath": [numpy.where(mask[..., None], picture, copy) for picture, copy, mask in zip(strangers, copies, masks)],
        "ours": program.make(prompts, whole, copies, masks),
        "ours, DDIM": program.make(prompts, whole | {"sampler": "ddim"}, copies, masks),
        "ours, DING": program.make(prompts, whole | {"sampler": "ddim"} | twice, copies, masks),
    }
    beyond = [~rivals.grown(mask) for mask in masks]
    kept = max(abs(picture - copy)[rest].max() for picture, copy, rest in zip(rows["ours"], copies, beyond) if rest.any())
    return Task(f"inpainting, {mask_of.__name__.removesuffix('_mask')}", measures, rows, kept)


def prompts_of(truths: list[Truth]) -> list[str]:
    return [truth.prompt for truth in truths]


def tasks(program: Program, lost: dict[str, Measure]) -> dict[str, Callable[[list[Truth]], Task]]:
    """By their names on the command line; `lost` measures parts that are filled again."""
    return {
        "upscale": lambda truths: enlarging(program, truths),
        "deblur": lambda truths: sharpening(program, truths),
        "colorize": lambda truths: colouring(program, truths),
        "half": lambda truths: filling(program, truths, half_mask, lost),
        "box": lambda truths: filling(program, truths, box_mask, lost),
    }
