"""SDXL's refiner by itself, and as what draws the last of the steps of another model: as diffusers has them."""

import shutil
import subprocess
import sys

import numpy
import pytest
import torch
from diffusers import StableDiffusionXLImg2ImgPipeline
from PIL import Image
from sdxl_models import NARROW_REFINER_UNET, NARROW_TEXT, NARROW_TEXT_2, NARROW_UNET, NARROW_VAE, make_refiner, make_sdxl
from test_pictures import ROOT, psnr
from test_sdxl import LEAST, PROMPT, SEED, STEPS, check_unet, ours, pipeline


@pytest.fixture(scope="module")
def base(scenes, tmp_path_factory):
    return make_sdxl(tmp_path_factory.mktemp("base") / "base", scenes / "tokenizer", NARROW_UNET, (NARROW_TEXT, NARROW_TEXT_2), NARROW_VAE)


@pytest.fixture(scope="module")
def refiner(scenes, base, tmp_path_factory):
    """Of the base's latents."""
    folder = make_refiner(tmp_path_factory.mktemp("refiner") / "refiner", scenes / "tokenizer", NARROW_REFINER_UNET, NARROW_TEXT_2, NARROW_VAE)
    shutil.copytree(base / "vae", folder / "vae", dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def pipe(refiner):
    pipe = StableDiffusionXLImg2ImgPipeline.from_pretrained(refiner, dtype=torch.float32, add_watermarker=False)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def refined(pipe, **settings) -> numpy.ndarray:
    return numpy.asarray(pipe(PROMPT, num_inference_steps=STEPS, generator=torch.Generator().manual_seed(SEED), **settings).images[0])


def test_unet(build, refiner, tmp_path):
    check_unet(build, refiner, tmp_path, torch.randn(2, 4, 24, 19), [[192, 152, 0, 0, 6], [64, 48, 4, 8, 2.5]])


@pytest.mark.parametrize(
    ("flags", "settings"),
    [((), {}), (("-n", "sunset"), {"negative_prompt": "sunset"}), (("--clip-skip", 3, "--cfg", 1), {"clip_skip": 1, "guidance_scale": 1})],
)
def test_by_itself_it_draws_a_picture_over(build, refiner, pipe, tmp_path, flags, settings):
    start = Image.fromarray(numpy.random.default_rng(2).integers(0, 256, (8, 8, 3), numpy.uint8)).resize((256, 256), Image.Resampling.BICUBIC)
    start.save(tmp_path / "start.png")
    picture = refined(pipe, image=start, strength=0.75, **settings)
    quality = psnr(ours(build, refiner, tmp_path / "ours.png", "--image", tmp_path / "start.png", "--strength", 0.75, *flags), picture)
    other = psnr(refined(pipe, image=start, strength=0.75, aesthetic_score=2.5, negative_aesthetic_score=6, **settings), picture)
    print(f"\nalone, {flags}: {quality:.1f} dB; with its scores changed over {other:.1f} dB")
    assert quality >= LEAST and quality > other


@pytest.mark.parametrize(("flags", "share"), [((), 0.8), (("--refiner-switch", 0.5), 0.5)])
def test_it_draws_the_last_steps_of_another_model(build, base, refiner, pipe, tmp_path, flags, share):
    first = pipeline(base)
    generator = torch.Generator().manual_seed(SEED)
    latents = first(PROMPT, num_inference_steps=STEPS, generator=generator, denoising_end=share, output_type="latent").images
    picture = refined(pipe, image=latents, denoising_start=share)
    quality = psnr(ours(build, base, tmp_path / "ours.png", "--refiner", refiner, *flags), picture)
    alone = psnr(ours(build, base, tmp_path / "alone.png"), picture)
    print(f"\nfrom {share} on: {quality:.1f} dB, without it {alone:.1f} dB")
    assert quality >= LEAST and quality > alone + 10


def test_a_single_file_draws_the_same(build, base, scenes, tmp_path):
    """Its configs are told from its tensors: the middle's depth, the five numbers that it is told."""
    folder = make_refiner(tmp_path / "folder", scenes / "tokenizer", NARROW_REFINER_UNET | dict(sample_size=128), NARROW_TEXT_2, NARROW_VAE, torch.float16)
    (tmp_path / "single").mkdir()
    shutil.copytree(folder / "tokenizer_2", tmp_path / "single/tokenizer_2")
    file = tmp_path / "single/narrow.safetensors"
    subprocess.run([sys.executable, ROOT / "tests/golden/weights/to_compvis.py", folder, file], check=True)
    one, other = (ours(build, base, tmp_path / "out.png", "--size", "152x104", "--refiner", path) for path in (folder, file))
    assert one.std() > 5 and numpy.array_equal(one, other)
