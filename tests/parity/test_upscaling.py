"""An upscaling checkpoint, whose U-Net is told a small picture and how far it is noised, draws as diffusers does, at full size."""

import json
import shutil
import subprocess
import sys

import numpy
import pytest
import torch
from diffusers import StableDiffusionUpscalePipeline
from PIL import Image
from programs import program
from random_models import UPSCALING_UNET, make_model, make_upscaling_model, save_text_encoder
from test_lora import with_tokenizer
from test_pictures import ROOT, psnr
from test_stages import F32_BOUND, describe, read, relative_error, run_stages, to_nhwc

PROMPT = "a temple in the jungle"
WIDTH, HEIGHT = 40, 28  # Of the small picture: whole latents, but odd ones at the deeper levels.
STEPS, SEED, LEVEL = 2, 3, 40
LARGEST_ERROR = 1e-3  # Of the latents, relative; at another noise level it must be more.
LEAST = 45  # dB


@pytest.fixture(scope="module")
def model(models_folder, scenes, tmp_path_factory):
    return with_tokenizer(make_model(models_folder, "sd-x4-upscaler"), scenes, tmp_path_factory.mktemp("upscaling") / "model")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures") / "small.png"
    rng = numpy.random.default_rng(2)
    Image.fromarray(rng.integers(0, 256, (7, 10, 3), numpy.uint8)).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC).save(path)
    return path


@pytest.fixture(scope="module")
def pipeline(model):
    pipeline = StableDiffusionUpscalePipeline.from_pretrained(model, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def ours(build, model, small, out, *flags):
    command = [build / "bin/latentdial", "upscale", "-m", model, "--image", small, "-p", PROMPT, "--steps", STEPS, "--seed", SEED, "-q", "-o", out, *flags]
    subprocess.run([str(part) for part in command], check=True)
    return numpy.asarray(Image.open(out).convert("RGB"))


def our_latents(model, small, folder, levels):
    """For each of these noise levels."""
    command = [program("latents"), model]
    for level in levels:
        settings = dict(prompt=PROMPT, image=str(small), restore="upscale", steps=STEPS, seed=SEED, noise_level=level)
        (folder / f"{level}.json").write_text(json.dumps(settings))
        command += [folder / f"{level}.json", folder / f"{level}.f32"]
    subprocess.run(command, check=True)
    return [read(folder, level, (1, HEIGHT, WIDTH, 4)) for level in levels]


def test_it_upscales_as_diffusers_does(build, model, pipeline, small, tmp_path):
    settings = dict(num_inference_steps=STEPS, noise_level=LEVEL, generator=torch.Generator().manual_seed(SEED))
    latents = pipeline(PROMPT, image=Image.open(small), output_type="latent", **settings).images
    decoded = pipeline.vae.decode(latents / pipeline.vae.config.scaling_factor).sample
    picture = numpy.asarray(pipeline.image_processor.postprocess(decoded)[0])
    error, other = (relative_error(made, to_nhwc(latents)) for made in our_latents(model, small, tmp_path, (LEVEL, LEVEL + 60)))
    quality = psnr(ours(build, model, small, tmp_path / "ours.png", "--noise-level", LEVEL, "--dtype", "f32"), picture)
    print(f"\nlatents: relative error {error:.1e}, {other:.1e} at another noise level; picture {quality:.1f} dB, deviation {picture.std():.0f} of 255")
    assert error <= LARGEST_ERROR < other
    assert quality >= LEAST


def test_its_unet(build, model, pipeline, tmp_path):
    """Two pictures of a batch, each with its own level."""
    latents, states, levels = torch.randn(2, 7, HEIGHT, WIDTH), torch.randn(2, 77, 1024), torch.tensor([20, 300])
    reference, exchanged = (to_nhwc(pipeline.unet(latents, 500, states, class_labels=classes).sample) for classes in (levels, levels.flip(0)))
    inputs = {"latents": to_nhwc(latents), "text_states": states.numpy(), "vectors": levels[:, None].float().numpy()}
    run_stages(build, model, "f32", tmp_path, {"unet": {"timestep": 500} | {name: describe(name, array) for name, array in inputs.items()}}, inputs)
    answer = read(tmp_path, "unet", reference.shape)
    error, other = relative_error(answer, reference), relative_error(answer, exchanged)
    print(f"\nU-Net: relative error {error:.1e}; to that with the levels exchanged {other:.1e}")
    assert error <= F32_BOUND < other


def test_a_single_file_upscales_the_same(build, scenes, small, tmp_path):
    """As stabilityai's x4-upscaler-ema.ckpt is laid out; of a small one, whose levels are as wide to the text as its are."""
    text = dict(hidden_size=128, intermediate_size=256, num_hidden_layers=2, num_attention_heads=2, hidden_act="gelu")
    unet = UPSCALING_UNET | dict(block_out_channels=(32, 64, 64, 128), cross_attention_dim=128)
    torch.manual_seed(15)
    (tmp_path / "text").mkdir()
    whole = make_upscaling_model(tmp_path / "whole", unet, save_text_encoder(tmp_path / "text", text))
    folder = with_tokenizer(whole, scenes, tmp_path / "model")
    (tmp_path / "single").mkdir()
    shutil.copytree(folder / "tokenizer", tmp_path / "single/tokenizer")
    file = tmp_path / "single/upscaler.ckpt"
    subprocess.run([sys.executable, ROOT / "tests/golden/weights/to_compvis.py", folder, file], check=True)
    one, other = (ours(build, path, small, tmp_path / "out.png") for path in (folder, file))
    assert one.std() > 5 and numpy.array_equal(one, other)
