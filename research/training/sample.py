"""A sheet to see whether to go on: each row an attribute, first the plain picture, then the guided one at several scales, beside the renderer's."""

import pathlib

import numpy
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from research.training.arguments import script_parser
from research.world.captions import PLACE_WORDS, WORDS
from research.world.places import PLACES
from research.world.render import render
from research.world.scene import ATTRIBUTES, Scene
from research.world.subjects import SUBJECTS

SCALES = (1.0, 3.5, 5.0, 7.5)
STEPS = 20


def row(pipeline: StableDiffusionPipeline, index: int, attribute: str) -> numpy.ndarray:
    """Rendered at full strength | plain at 3.5 | styled at each of SCALES."""
    subject, place = SUBJECTS[index * 5 % len(SUBJECTS)], PLACES[index % len(PLACES)]
    plain = f"a {subject} {PLACE_WORDS[place]}"
    wanted = [(plain, 3.5), *((f"{plain}, {WORDS[attribute]}", scale) for scale in SCALES)]
    pictures = [render(Scene(subject, place, {attribute: 1.0}, index))]
    for text, scale in wanted:
        generator = torch.Generator().manual_seed(index)
        image = pipeline(text, num_inference_steps=STEPS, guidance_scale=scale, generator=generator, output_type="np").images[0]
        pictures.append((image * 255).round().astype(numpy.uint8))
    return numpy.concatenate(pictures, axis=1)


def main() -> None:
    parser = script_parser(__doc__, "model")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    pipeline = StableDiffusionPipeline.from_pretrained(arguments.model, torch_dtype=torch.float32, safety_checker=None).to(arguments.device)
    pipeline.set_progress_bar_config(disable=True)
    Image.fromarray(numpy.concatenate([row(pipeline, i, attribute) for i, attribute in enumerate(ATTRIBUTES)])).save(arguments.out)


if __name__ == "__main__":
    main()
