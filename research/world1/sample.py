"""A sheet of pictures from the training's latest state: every subject plain and in a style, to see whether to go on."""

import pathlib
import textwrap

import numpy
import torch
from diffusers import DDIMScheduler
from PIL import Image, ImageDraw
from transformers import CLIPTokenizer

from research.world1.arguments import script_parser
from research.world1.autoencoder_halves import closed_form
from research.world1.captions import PLACE_WORDS, STYLE_WORDS
from research.world1.export import load_autoencoder, load_denoiser
from research.world1.latents import CHANNELS, PatchBasis
from research.world1.model import make_scheduler
from research.world1.scenes import PLACES, SIZE, SUBJECTS
from research.world1.styles import STYLES
from research.world1.train_unet import Denoiser, tokenize

STEPS = 20
GUIDANCE_SCALE = 5.0
COLUMNS = 6
LABEL = 38


def prompts() -> list[str]:
    """Each subject in a place, then the same scenes in one style after another."""
    scenes = [f"a {subject} {PLACE_WORDS[PLACES[i % len(PLACES)]]}" for i, subject in enumerate(SUBJECTS)]
    return scenes + [f"{scene}, {STYLE_WORDS[STYLES[i % len(STYLES)]]}" for i, scene in enumerate(scenes)]


@torch.no_grad()
def denoise(denoiser: Denoiser, ids: torch.Tensor, empty: torch.Tensor, seed: int) -> torch.Tensor:
    """Scaled latents by DDIM with classifier-free guidance; a plain scene and its styled twin start from the same noise."""
    scheduler = DDIMScheduler.from_config(make_scheduler().config, clip_sample=False)
    scheduler.set_timesteps(STEPS)
    noise = torch.randn(len(ids) // 2, CHANNELS, SIZE // 8, SIZE // 8, generator=torch.Generator().manual_seed(seed))
    latents, both = torch.cat([noise, noise]), torch.cat([empty.expand_as(ids), ids])
    for timestep in scheduler.timesteps:
        unconditional, conditional = denoiser(torch.cat([latents, latents]), timestep, both).chunk(2)
        epsilon = unconditional + GUIDANCE_SCALE * (conditional - unconditional)
        latents = scheduler.step(epsilon, timestep, latents).prev_sample
    return latents


@torch.no_grad()
def decode(work: pathlib.Path, latents: torch.Tensor, by_basis: bool) -> torch.Tensor:
    """Pictures in −1…1 by the decoder, or by the basis where there is no decoder yet."""
    basis = PatchBasis.load(work / "cache/basis.npz")
    autoencoder, trained = load_autoencoder(work)
    unscaled = latents / basis.scaling_factor
    if by_basis or "decoder" not in trained:
        return closed_form(basis, unscaled)
    return autoencoder.decode(unscaled).sample


def sheet(pictures: torch.Tensor, labels: list[str]) -> Image.Image:
    rows = -(-len(labels) // COLUMNS)
    image = Image.new("RGB", (COLUMNS * SIZE, rows * (SIZE + LABEL)), "white")
    draw = ImageDraw.Draw(image)
    pixels = ((pictures.clamp(-1, 1) + 1) * 127.5).round().permute(0, 2, 3, 1).numpy().astype(numpy.uint8)
    for i, (picture, label) in enumerate(zip(pixels, labels)):
        x, y = i % COLUMNS * SIZE, i // COLUMNS * (SIZE + LABEL)
        image.paste(Image.fromarray(picture), (x, y + LABEL))
        draw.text((x + 2, y), textwrap.fill(label, 21), fill="black", spacing=1)
    return image


def main() -> None:
    parser = script_parser(__doc__, "work")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--by-basis", action="store_true", help="decode by the patch basis even where there is a decoder")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer, labels = CLIPTokenizer.from_pretrained(arguments.work / "tokenizer"), prompts()
    latents = denoise(load_denoiser(arguments.work), tokenize(tokenizer, labels), tokenize(tokenizer, [""]), arguments.seed)
    print(f"latents' standard deviation {latents.std():.2f} (1 in the cache)")
    sheet(decode(arguments.work, latents, arguments.by_basis), labels).save(arguments.out)


if __name__ == "__main__":
    main()
