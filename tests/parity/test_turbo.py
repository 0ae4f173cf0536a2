"""Turbo and Lightning kinds: few trailing steps of Euler without guidance, as diffusers draws them with guidance_scale=0.0."""

import json
import shutil
import subprocess

import numpy
import pytest
import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel
from PIL import Image
from random_models import _jitter, save_text_encoder
from sdxl_models import NARROW_TEXT, NARROW_TEXT_2, NARROW_UNET, NARROW_VAE, SCHEDULER, make_sdxl
from test_pictures import psnr
from test_sdxl import LEAST, PROMPT, SEED

TRAILING = SCHEDULER | dict(timestep_spacing="trailing")
# SD 2's blocks, a fifth as wide.
UNET = dict(sample_size=32, block_out_channels=(64, 128, 256, 256), cross_attention_dim=64, attention_head_dim=[1, 2, 4, 4], use_linear_projection=True)
TEXT = dict(hidden_size=64, intermediate_size=256, num_hidden_layers=3, num_attention_heads=1, hidden_act="gelu")


def make_sd_turbo(path, tokenizer):
    torch.manual_seed(17)
    _jitter(UNet2DConditionModel(**UNET)).save_pretrained(path / "unet")
    _jitter(AutoencoderKL(**NARROW_VAE)).save_pretrained(path / "vae")
    save_text_encoder(path, TEXT)
    shutil.copytree(tokenizer, path / "tokenizer")
    index = {"_class_name": "StableDiffusionPipeline", "text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"]}
    index |= {"unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"], "scheduler": ["diffusers", "EulerDiscreteScheduler"]}
    (path / "model_index.json").write_text(json.dumps(index))
    return path


@pytest.fixture(scope="module")
def models(scenes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("turbo")
    sdxl = make_sdxl(folder / "sdxl-turbo", scenes / "tokenizer", NARROW_UNET, (NARROW_TEXT, NARROW_TEXT_2), NARROW_VAE)
    sd = make_sd_turbo(folder / "sd-turbo", scenes / "tokenizer")
    for model in (sd, sdxl):
        EulerDiscreteScheduler(**TRAILING).save_pretrained(model / "scheduler")
    return {"sd": (sd, StableDiffusionPipeline), "sdxl": (sdxl, StableDiffusionXLPipeline)}


def ours(build, model, out, steps, guidance) -> numpy.ndarray:
    command = [build / "bin/latentdial", "generate", "-m", model, "-p", PROMPT, "--steps", steps, "--seed", SEED, "--cfg", guidance, "--dtype", "f32", "-q", "-o", out]
    subprocess.run([str(part) for part in command], check=True)
    return numpy.asarray(Image.open(out).convert("RGB"))


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("name", ["sd", "sdxl"])
def test_without_guidance_it_draws_diffusers_picture(build, models, tmp_path, name, steps):
    model, kind = models[name]
    pipe = kind.from_pretrained(model, dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(SEED)
    picture = numpy.asarray(pipe(PROMPT, num_inference_steps=steps, guidance_scale=0.0, generator=generator).images[0])
    quality = psnr(ours(build, model, tmp_path / "ours.png", steps, 0), picture)
    guided = psnr(ours(build, model, tmp_path / "guided.png", steps, 5), picture)
    print(f"\n{name}-turbo, {steps} steps: {quality:.1f} dB; with guidance {guided:.1f} dB; deviation {picture.std():.0f} of 255")
    assert quality >= LEAST > guided
