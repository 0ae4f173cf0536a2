"""A LoRA on the dial, judged beside the words that it stands for: python -m research.ruler.lora

Both dials are the same method on the same contents and seeds. Full strength is what either shows without a dial: the words in the prompt, or
the LoRA added to the model."""

import argparse
import dataclasses
import pathlib

import numpy
import torch

from research.ruler.content import load_content
from research.ruler.figures import exact_zeros, group_figures, response_curves
from research.ruler.ghosts import load_ghosts
from research.ruler.judge import Judges, Side, content_budget, own_attribute, read_side
from research.ruler.pictures import sweep, without_dials
from research.ruler.plan import COMMON, CONTENTS, POSITIONS, SEEDS, plain_plan, styled
from research.ruler.rendered import Codec
from research.ruler.scorers import load_scorers
from research.ruler.tables import KIND_COLUMNS, kind_cells, markdown
from research.ruler.workshop import Maker, Workshop, ruler_parser
from research.world.captions import WORDS
from research.world.scene import ATTRIBUTES


def parse() -> argparse.Namespace:
    parser = ruler_parser(__doc__, "program", "model", "work")
    parser.add_argument("--lora", type=pathlib.Path, default=pathlib.Path("models/loras/doomsday.safetensors"), help="named by its attribute")
    parser.add_argument("--method", default="calibrated")
    parser.add_argument("--contents", type=int, default=len(CONTENTS), help="only the first of them")
    parser.add_argument("--seeds", type=int, default=1, help="only the first of them")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/ruler-lora"))
    asked = parser.parse_args()
    asked.attribute = asked.lora.stem.replace("-", " ")
    if asked.attribute not in ATTRIBUTES:
        parser.error(f'--lora: "{asked.attribute}" is none of {", ".join(ATTRIBUTES)}')
    return asked


@dataclasses.dataclass
class Row:
    """One dial: how its full strength is asked for without one, and its style."""

    name: str
    full: list[dict]
    style: str


def rows(asked: argparse.Namespace, contents: tuple[str, ...]) -> list[Row]:
    in_words = [{"prompt": styled(content, asked.attribute)} for content in contents]
    added = [{"prompt": content, "loras": asked.lora.stem} for content in contents]
    return [Row("words", in_words, WORDS[asked.attribute]), Row("LoRA", added, f"lora:{asked.lora.stem}")]


def make(asked: argparse.Namespace, name: str, sections: list[dict], grid: dict) -> numpy.ndarray:
    """uint8 [sections, seeds, positions, 128, 128, 3]; without "position" in the grid [sections, seeds, 1, ...]."""
    plan = [{"settings": {**COMMON, **settings}, "grid": grid} for settings in sections]
    options = ["-m", str(without_dials(asked.model, asked.out / "model")), "--lora-dir", str(asked.lora.parent)]
    pictures = sweep(asked.program, plan, asked.out / name, options).pictures()
    return pictures.reshape(len(sections), len(grid["seed"]), -1, *pictures.shape[1:])


def judged(asked: argparse.Namespace, judges: Judges, row: Row, contents: tuple[str, ...], budget: float) -> tuple[Side, numpy.ndarray, numpy.ndarray]:
    """The strips as they were read, their pictures [contents, 1, seeds, positions, ...], and how strong the attribute is at full strength as B
    reads it [contents, 1, seeds]."""
    seeds, own = list(SEEDS[: asked.seeds]), (asked.attribute,)
    full = judges.read(make(asked, f"{row.name}-full", row.full, {"seed": seeds}).reshape(-1, 128, 128, 3)).shaped(len(contents), 1, len(seeds))
    turned = [{"prompt": content, "style": row.style, "method": asked.method} for content in contents]
    strips = make(asked, f"{row.name}-{asked.method}", turned, {"seed": seeds, "position": list(POSITIONS)})[:, None]
    a, b = own_attribute(full.a, own), own_attribute(full.b, own)
    return read_side(judges, strips, a, b, budget, own), strips, b


def main() -> None:
    asked = parse()
    contents = CONTENTS[: asked.contents]
    workshop = Workshop(asked.work, asked.model / "vae", Maker(asked.program, asked.model))
    codec = Codec(workshop.autoencoder)
    judges = Judges(load_scorers(workshop, codec), load_content(workshop, codec), load_ghosts(workshop, codec), noise=0)
    plain = make(asked, "plain", [section["settings"] for section in plain_plan()], {"seed": list(SEEDS)})[:, :, 0]
    budget = content_budget(judges.read(plain.reshape(-1, *plain.shape[2:])).shaped(len(CONTENTS), len(SEEDS)).embeddings)
    table, curves = [], []
    for row in rows(asked, contents):
        side, strips, full = judged(asked, judges, row, contents, budget)
        figures = group_figures(side, judges.noise)
        zeros = exact_zeros(strips[:, :, :, 0], plain[: len(contents), : asked.seeds])
        table.append([row.name, *kind_cells(figures), f"{figures['largest step']['median']:.1f}", f"{zeros:.0%}", f"{full.mean():.2f}"])
        curves.append([row.name, *(f"{value:.2f}" for value in response_curves(side)[0]["mean"])])
    print(markdown((asked.attribute, *KIND_COLUMNS, "largest / mean step", "zero exact", "strength shown in full"), table), end="\n\n")
    print(markdown(("mean response at", *(f"{p:g}" for p in POSITIONS)), curves))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
