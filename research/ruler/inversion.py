"""Pictures that the model did not make: does inversion give them back, and does the dial move them? python -m research.ruler.inversion

Draws scenes that no training saw, inverts them, and prints how near the dial at 0 is to what the autoencoder alone gives back, how strong
each attribute is along the dial as scorer B reads it, and how often the scene was lost."""

import pathlib

import numpy
from PIL import Image

from research.ruler.content import distance, embed, load_content
from research.ruler.judge import content_budget
from research.ruler.pictures import sweep
from research.ruler.rendered import Codec, render_all, round_trip
from research.ruler.scorers import load_scorers, strengths
from research.ruler.workshop import Maker, Workshop, ruler_parser
from research.world.captions import WORDS, caption, plain_scene
from research.world.scene import ATTRIBUTES, Scene

STREAM = 71
POSITIONS = (0, 0.25, 0.5, 0.75, 1)
SEEDS_A_SCENE = 4  # Of the same words: how far pictures of one prompt differ.


def held_back(count: int) -> tuple[list[Scene], list[str]]:
    """Plain scenes and what they are called."""
    scenes, words = [], []
    for i in range(count):
        rng = numpy.random.default_rng([STREAM, i])
        scenes.append(plain_scene(rng))
        words.append(caption(scenes[-1], rng))
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


def budget_of(scenes: list[Scene], judge, codec: Codec) -> float:
    """Half the median content distance of scenes of the same words, as the autoencoder gives them back."""
    alike = [scene.at(seed=scene.seed // 2 + i) for scene in scenes for i in range(SEEDS_A_SCENE)]
    embeddings = embed(judge, round_trip(codec, render_all(alike)))
    return content_budget(embeddings.reshape(len(scenes), SEEDS_A_SCENE, -1))


def arguments():
    parser = ruler_parser(__doc__, "work", "program", "model")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/inversion"))
    parser.add_argument("--scenes", type=int, default=50, help="pictures to be given back")
    parser.add_argument("--strips", type=int, default=10, help="how many of them the dial moves, in every attribute")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--cfg", type=float, default=3.5)
    parser.add_argument("--strength", type=float, default=0.75)
    parser.add_argument("--sampler", default="ddim")
    parser.add_argument("--method", default="calibrated")
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    scenes, words = held_back(asked.scenes)
    files = write_pictures(scenes, asked.out / "scenes")
    common = {"invert": True, "steps": asked.steps, "sampler": asked.sampler, "guidance_scale": asked.cfg, "strength": asked.strength}
    own = [{**common, "image": str(file.resolve()), "prompt": text} for file, text in zip(files, words)]
    name = f"{asked.sampler}-{asked.steps}-{asked.cfg:g}-{asked.strength:g}-{asked.method}"

    def made(plan: list[dict], what: str) -> numpy.ndarray:
        return sweep(asked.program, plan, asked.out / f"{name}-{what}", ["-m", str(asked.model)]).pictures()

    given_back, coded = made([{"settings": s} for s in own], "zero"), made([{"settings": {**s, "strength": 0}} for s in own], "coded")
    psnr = decibels(given_back, coded)
    print(f"{name}: dial at 0 against the autoencoder alone, {len(files)} pictures: median {numpy.median(psnr):.1f} dB, worst {psnr.min():.1f} dB")
    grid = {"style": [WORDS[attribute] for attribute in ATTRIBUTES], "position": list(POSITIONS)}
    strips = made([{"settings": {**s, "method": asked.method}, "grid": grid} for s in own[: asked.strips]], "strips")
    report(Workshop(asked.work, asked.model / "vae", Maker(asked.program, asked.model)), scenes, strips, asked.strips)


def report(workshop: Workshop, scenes: list[Scene], strips: numpy.ndarray, count: int) -> None:
    """The table, of uint8 pictures [count × attributes × POSITIONS, 128, 128, 3]."""
    shape, codec = (count, len(ATTRIBUTES), len(POSITIONS)), Codec(workshop.autoencoder)
    judge, scorer = load_content(workshop, codec), load_scorers(workshop, codec)["B"]
    shown = strengths(scorer, strips).reshape(*shape, len(ATTRIBUTES))
    own = numpy.stack([shown[:, i, :, i] for i in range(len(ATTRIBUTES))], 1)
    embeddings = embed(judge, strips).reshape(*shape, -1)
    lost = distance(embeddings, embeddings[:, :, :1]) > budget_of(scenes[:20], judge, codec)
    print("| strength at | " + " | ".join(f"{p:g}" for p in POSITIONS) + " | scene lost at 1 |\n|---|" + "---|" * (len(POSITIONS) + 1))
    for i, attribute in enumerate(ATTRIBUTES):
        print(f"| {attribute} | " + " | ".join(f"{x:.2f}" for x in own[:, i].mean(0)) + f" | {lost[:, i, -1].mean():.0%} |")
    print("| **all** | " + " | ".join(f"{x:.2f}" for x in own.mean((0, 1))) + f" | {lost[..., -1].mean():.0%} |")
    print("scene lost at each position: " + ", ".join(f"{x:.0%}" for x in lost.mean((0, 1))))


if __name__ == "__main__":
    main()
