"""The peer `sega` against its authors' formula as diffusers runs it, whole pictures on the embedded model."""

import subprocess

import numpy
import pytest
import torch
from diffusers import DDIMScheduler, SemanticStableDiffusionPipeline
from PIL import Image

PSNR_BOUND = 45.0  # dB
PROMPT, STYLE, STEPS, SEED = "a dog in the meadow", "sunset", 25, 3
# Our preset at position 1; warm-up is a share of the steps: 1 of these 25.
PRESET = {
    "edit_warmup_steps": 1,
    "edit_cooldown_steps": None,
    "edit_threshold": 0.92,
    "edit_momentum_scale": 0.1,
    "edit_mom_beta": 0.4,
}


@pytest.fixture(scope="module")
def pipe(scenes):
    pipe = SemanticStableDiffusionPipeline.from_pretrained(scenes, safety_checker=None, torch_dtype=torch.float32)
    pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@pytest.mark.parametrize("position", [0.5, 1.0, -1.0])
def test_sega_makes_diffusers_picture(build, pipe, tmp_path, position):
    options = ["--dtype", "f32", "--steps", STEPS, "--seed", SEED, "--sampler", "ddim", "--cfg", 4, "-q", "-o", tmp_path]
    subprocess.run([build / "bin" / "latentdial", "dial", "-p", PROMPT, "--style", STYLE, "--method", "sega", "--at", str(position), *map(str, options)], check=True)
    ours = numpy.asarray(Image.open(tmp_path / "frame-000.png").convert("RGB"))
    theirs = pipe(
        PROMPT,
        num_inference_steps=STEPS,
        guidance_scale=4,
        generator=torch.Generator("cpu").manual_seed(SEED),
        editing_prompt=[STYLE],
        reverse_editing_direction=position < 0,
        edit_guidance_scale=8 * abs(position),
        **PRESET,
    ).images[0]
    error = numpy.mean((ours.astype(float) - numpy.asarray(theirs).astype(float)) ** 2)
    quality = float("inf") if error == 0 else 10 * numpy.log10(255**2 / error)
    print(f"\nsega at {position}: {quality:.1f} dB")
    assert quality >= PSNR_BOUND
