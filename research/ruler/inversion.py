"""Pictures that the model did not make: does inversion give them back, and does the dial move them? python -m research.ruler.inversion

Draws scenes that no training saw, inverts them, and prints how near the dial at 0 is to what the autoencoder alone gives back, how strong
each style is along the dial as scorer B reads it, and how often the scene was lost."""

import dataclasses
import pathlib

import numpy
from PIL import Image

from research.ruler.content import distance, embed, load_content
from research.ruler.judge import content_budget
from research.ruler.pictures import sweep
from research.ruler.rendered import render_all, round_trip
from research.ruler.scorers import load_scorers, strengths
from research.world1.arguments import script_parser
from research.world1.captions import STYLE_WORDS, Scene, caption, random_scene
from research.world1.styles import STYLES

STREAM = 31
POSITIONS = (0, 0.25, 0.5, 0.75, 1)
SEEDS_A_SCENE = 4  # Of the same words: how far pictures of one prompt differ.


def held_back(count: int) -> tuple[list[Scene], list[str]]:
    """Plain scenes and what they are called."""
    scenes, words = [], []
    for i in range(count):
        rng = numpy.random.default_rng([STREAM, i])
        scene = dataclasses.replace(random_scene(rng), style=None, strength=0.0)
        scenes.append(scene)
        words.append(caption(scene, rng))
    return scenes, words


def write_pictures(scenes: list[Scene], folder: pathlib.Path) -> list[pathlib.Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{i:03}.png" for i in range(len(scenes))]
    for file, picture in zip(files, render_all(scenes)):
        Image.fromarray(picture).save(file)
    return files


def decibels(one: numpy.ndarray, other: numpy.ndarray) -> numpy.ndarray:
    """PSNR of each of uint8 pictures [N, H, W, 3], 99 where they are equal."""
    error = ((one.astype(float) - other) ** 2).mean((1, 2, 3))
    return 10 * numpy.log10(255**2 / numpy.maximum(error, 255**2 / 10**9.9))


def budget_of(scenes: list[Scene], judge, autoencoder: pathlib.Path) -> float:
    """Half the median content distance of scenes of the same words, as the autoencoder gives them back."""
    alike = [dataclasses.replace(scene, seed=scene.seed // 2 + i) for scene in scenes for i in range(SEEDS_A_SCENE)]
    embeddings = embed(judge, round_trip(autoencoder, render_all(alike)))
    return content_budget(embeddings.reshape(len(scenes), SEEDS_A_SCENE, -1))


def main() -> None:
    parser = script_parser(__doc__, "work", "program", "model")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/inversion"))
    parser.add_argument("--scenes", type=int, default=50, help="pictures to be given back")
    parser.add_argument("--strips", type=int, default=10, help="how many of them the dial moves, in all six styles")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--cfg", type=float, default=3.5)
    parser.add_argument("--strength", type=float, default=0.75)
    parser.add_argument("--sampler", default="ddim")
    parser.add_argument("--method", default="calibrated")
    arguments = parser.parse_args()

    scenes, words = held_back(arguments.scenes)
    files = write_pictures(scenes, arguments.out / "scenes")
    common = {"invert": True, "steps": arguments.steps, "sampler": arguments.sampler, "guidance_scale": arguments.cfg}
    common["strength"] = arguments.strength
    own = [{**common, "image": str(file.resolve()), "prompt": text} for file, text in zip(files, words)]
    name = f"{arguments.sampler}-{arguments.steps}-{arguments.cfg:g}-{arguments.strength:g}-{arguments.method}"
    options = ["-m", str(arguments.model)]

    given_back = sweep(arguments.program, [{"settings": s} for s in own], arguments.out / f"{name}-zero", options).pictures()
    coded = sweep(arguments.program, [{"settings": {**s, "strength": 0}} for s in own], arguments.out / f"{name}-coded", options).pictures()
    psnr = decibels(given_back, coded)
    print(f"{name}: dial at 0 against the autoencoder alone, {len(files)} pictures: median {numpy.median(psnr):.1f} dB, worst {psnr.min():.1f} dB")

    grid = {"style": list(STYLE_WORDS.values()), "position": list(POSITIONS)}
    plan = [{"settings": {**s, "method": arguments.method}, "grid": grid} for s in own[: arguments.strips]]
    strips = sweep(arguments.program, plan, arguments.out / f"{name}-strips", options).pictures()
    shape = (arguments.strips, len(STYLES), len(POSITIONS))
    judge, scorer = load_content(arguments.work, arguments.program, arguments.model), load_scorers(arguments.work)["B"]
    shown = strengths(scorer, strips).reshape(*shape, len(STYLES))
    embeddings = embed(judge, strips).reshape(*shape, -1)
    lost = distance(embeddings, embeddings[:, :, :1]) > budget_of(scenes[:20], judge, arguments.model / "vae")
    print("| strength at | " + " | ".join(f"{p:g}" for p in POSITIONS) + " | scene lost at 1 |\n|---|" + "---|" * (len(POSITIONS) + 1))
    for i, style in enumerate(STYLES):
        row = " | ".join(f"{x:.2f}" for x in shown[:, i, :, i].mean(0))
        print(f"| {STYLE_WORDS[style]} | {row} | {lost[:, i, -1].mean():.0%} |")
    own_style = numpy.stack([shown[:, i, :, i] for i in range(len(STYLES))], 1)
    print("| **all** | " + " | ".join(f"{x:.2f}" for x in own_style.mean((0, 1))) + f" | {lost[..., -1].mean():.0%} |")
    print("scene lost at each position: " + ", ".join(f"{x:.0%}" for x in lost.mean((0, 1))))


if __name__ == "__main__":
    main()
