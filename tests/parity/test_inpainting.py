"""An inpainting checkpoint, whose U-Net is told the mask and the rest of the picture, redraws as diffusers does, at full size."""

import json
import shutil
import subprocess
import sys

import numpy
import pytest
import torch
from diffusers import StableDiffusionInpaintPipeline
from PIL import Image
from test_lora import with_tokenizer
from test_pictures import ROOT, psnr

from random_models import make_model

PROMPT = "a temple in the jungle"
STEPS, SIZE, SEED = 4, 128, 3
REDRAWN = numpy.s_[32:104, 24:88]  # Whole latents, so that both see one mask.
LEAST = 65  # dB, within what is redrawn; beside another rest of the picture it must be less.


@pytest.fixture(scope="module")
def model(models_folder, scenes, tmp_path_factory):
    folder = with_tokenizer(make_model(models_folder, "sd-v1-5-inpainting"), scenes, tmp_path_factory.mktemp("inpainting") / "model")
    index = json.loads((folder / "model_index.json").read_text())
    index |= {"_class_name": "StableDiffusionInpaintPipeline", "_diffusers_version": "0.30.0"}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """photo.png and mask.png."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = numpy.random.default_rng(2)
    small = Image.fromarray(rng.integers(0, 256, (8, 8, 3), numpy.uint8))
    small.resize((SIZE, SIZE), Image.Resampling.BICUBIC).save(folder / "photo.png")
    mask = numpy.zeros((SIZE, SIZE), numpy.uint8)
    mask[REDRAWN] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    return folder


def ours(build, model, pictures, tmp_path, strength, photo="photo.png", seed=SEED):
    command = [build / "bin/latentdial", "inpaint", "--image", pictures / photo, "--mask", pictures / "mask.png", "-m", model, "-p", PROMPT]
    command += ["--mask-blur", "0", "--size", f"{SIZE}x{SIZE}", "--strength", str(strength), "--steps", str(STEPS), "--seed", str(seed), "--dtype", "f32", "-q", "-o", tmp_path / "ours.png"]
    subprocess.run([str(part) for part in command], check=True)
    return numpy.asarray(Image.open(tmp_path / "ours.png").convert("RGB"))


@pytest.fixture(scope="module")
def theirs(model, pictures):
    pipeline = StableDiffusionInpaintPipeline.from_pretrained(model, torch_dtype=torch.float32, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    made = {}
    for strength in (1, 0.6):
        generator = torch.Generator().manual_seed(SEED)
        photo, mask = (Image.open(pictures / name) for name in ("photo.png", "mask.png"))
        answer = pipeline(PROMPT, image=photo, mask_image=mask, height=SIZE, width=SIZE, strength=strength, num_inference_steps=STEPS, generator=generator)
        made[strength] = numpy.asarray(answer.images[0])
    return made


@pytest.mark.parametrize("strength", [1, 0.6])
def test_it_redraws_as_diffusers_does(build, model, pictures, theirs, tmp_path, strength):
    made, photo = ours(build, model, pictures, tmp_path, strength), numpy.asarray(Image.open(pictures / "photo.png"))
    quality = psnr(made[REDRAWN], theirs[strength][REDRAWN])
    Image.fromarray(photo[::-1]).save(pictures / "upside-down.png")
    other = psnr(ours(build, model, pictures, tmp_path, strength, "upside-down.png")[REDRAWN], theirs[strength][REDRAWN])
    contrast = theirs[strength][REDRAWN].std()
    print(f"\nstrength {strength}: {quality:.1f} dB; beside another rest of the picture {other:.1f} dB; deviation {contrast:.0f} of 255")
    assert quality >= LEAST > other
    outside = numpy.ones(photo.shape[:2], bool)
    outside[REDRAWN] = False
    assert numpy.array_equal(made[outside], photo[outside])


def test_a_single_file_redraws_the_same(build, model, pictures, tmp_path):
    folder = tmp_path / "single"
    folder.mkdir()
    shutil.copytree(model / "tokenizer", folder / "tokenizer")
    subprocess.run([sys.executable, ROOT / "tests/golden/weights/to_compvis.py", model, folder / "inpainting.safetensors"], check=True)
    one, other = (ours(build, path, pictures, tmp_path, 1) for path in (model, folder / "inpainting.safetensors"))
    assert numpy.array_equal(one, other)
