"""Words learnt by textual inversion on the embedded model: diffusers' pictures, from every form of the file."""

import subprocess

import numpy
import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from PIL import Image
from safetensors.torch import save_file
from test_pictures import psnr

PSNR_BOUND = 45.0  # dB
PROMPT = "a dog and a gizmo in the meadow"
SEED, STEPS = 3, 12
VECTORS = 3


@pytest.fixture(scope="module")
def learnt(scenes):
    """As large as the model's own embeddings."""
    pipe = StableDiffusionPipeline.from_pretrained(scenes, safety_checker=None, torch_dtype=torch.float32)
    table = pipe.text_encoder.get_input_embeddings().weight
    return torch.randn(VECTORS, table.shape[1], generator=torch.Generator().manual_seed(1)) * table.detach().std() * 3


@pytest.fixture(scope="module")
def expected(scenes, learnt):
    pipe = StableDiffusionPipeline.from_pretrained(scenes, safety_checker=None, torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config)
    pipe.load_textual_inversion({"gizmo": learnt}, token="gizmo")
    return numpy.asarray(pipe(PROMPT, num_inference_steps=STEPS, generator=torch.Generator("cpu").manual_seed(SEED)).images[0])


def write(form, folder, learnt):
    match form:
        case "a1111.pt":
            torch.save({"string_to_token": {"*": 265}, "string_to_param": {"*": torch.nn.Parameter(learnt)}, "name": "gizmo", "step": 9}, folder / "gizmo.pt")
            return folder / "gizmo.pt"
        case "a1111.safetensors":
            save_file({"emb_params": learnt}, folder / "Gizmo.safetensors")
            return folder / "Gizmo.safetensors"
        case "diffusers.bin":
            torch.save({"<anything>": learnt}, folder / "learned_embeds.bin")
            return f"gizmo={folder / 'learned_embeds.bin'}"


def generate(build, out, *flags) -> numpy.ndarray:
    command = [build / "bin" / "latentdial", "generate", "-p", PROMPT, "--cfg", "7.5", "--dtype", "f32", "--sampler", "ddim", "--steps", str(STEPS), "--seed", str(SEED)]
    subprocess.run([*command, "-q", "-o", out, *flags], check=True)
    return numpy.asarray(Image.open(out).convert("RGB"))


@pytest.mark.parametrize("form", ["a1111.pt", "a1111.safetensors", "diffusers.bin"])
def test_a_learnt_word_makes_diffusers_picture(build, tmp_path, learnt, expected, form):
    made = generate(build, tmp_path / "made.png", "--embedding", write(form, tmp_path, learnt))
    plain = generate(build, tmp_path / "plain.png")
    print(f"\n{form}: {psnr(made, expected):.1f} dB, without it {psnr(plain, expected):.1f} dB")
    assert psnr(made, expected) >= PSNR_BOUND > psnr(plain, expected)
