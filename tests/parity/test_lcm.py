"""LCM-LoRA at full size: a few steps of the consistency sampler with a LoRA give diffusers' latents and picture."""

import json
import subprocess

import numpy
import pytest
import torch
from diffusers import LCMScheduler, StableDiffusionPipeline
from PIL import Image
from programs import program
from random_models import make_model
from safetensors.torch import save_file
from test_lora import with_tokenizer
from test_stages import relative_error, to_nhwc

PROMPT, STEPS, SIZE, SEED = "a temple in the jungle", 4, 128, 3
SCALE, RANK, ALPHA = 0.75, 8, 4.0
LATENTS_BOUND = 1e-3  # max |Δ| / max |reference|
PICTURE_BOUND = 0.5 / 255 + 1e-3  # Rounding to eight bits, and a quarter of a step.
GUIDANCE = (1.0, 1.5)
# What LCM-LoRAs of SD 1 change: every linear layer and convolution of the blocks, and no text encoder.
TARGETS = (
    "to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2",
    "conv1", "conv2", "conv_shortcut", "time_emb_proj", "downsamplers.0.conv", "upsamplers.0.conv",
)  # fmt: skip


def lcm_lora(unet: torch.nn.Module) -> dict[str, torch.Tensor]:
    """A random LoRA under kohya's names, as the published one is; each product is a third as large as its layer."""
    generator = torch.Generator().manual_seed(1)
    tensors = {}
    for name, layer in unet.named_modules():
        if not name.endswith(TARGETS):
            continue
        kernel = layer.weight.shape[2:]
        down = torch.randn((RANK, layer.weight.shape[1], *kernel), generator=generator)
        up = torch.randn((layer.weight.shape[0], RANK, *(1 for _ in kernel)), generator=generator)
        size = 0.3 * float(layer.weight.std()) / (ALPHA / RANK * RANK**0.5)
        key = "lora_unet_" + name.replace(".", "_")
        tensors |= {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up * size, f"{key}.alpha": torch.tensor(ALPHA)}
    return tensors


@pytest.fixture(scope="module")
def pipe(models_folder, scenes, tmp_path_factory):
    """diffusers with the LoRA, and where the model and the LoRA lie."""
    folder = tmp_path_factory.mktemp("lcm")
    model = with_tokenizer(make_model(models_folder, "sd-v1-4"), scenes, folder / "model")
    pipe = StableDiffusionPipeline.from_pretrained(model, torch_dtype=torch.float32, safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    pipe.scheduler = LCMScheduler.from_config(pipe.scheduler.config)
    tensors = lcm_lora(pipe.unet)
    assert len(tensors) == 3 * 278, "down, up and alpha of every layer"
    save_file(tensors, folder / "lcm.safetensors")
    pipe.load_lora_weights(folder / "lcm.safetensors", adapter_name="lcm")
    pipe.set_adapters(["lcm"], [SCALE])
    return pipe, model, folder / "lcm.safetensors"


@pytest.fixture(scope="module")
def theirs(pipe) -> dict[float, torch.Tensor]:
    """diffusers' latents by guidance scale."""
    common = {"num_inference_steps": STEPS, "height": SIZE, "width": SIZE, "output_type": "latent"}
    return {scale: pipe[0](PROMPT, guidance_scale=scale, generator=torch.Generator().manual_seed(SEED), **common).images for scale in GUIDANCE}


def our_latents(pipe, model, lora, scale: float, guidance: float, folder) -> numpy.ndarray:
    text, negative = pipe.encode_prompt(PROMPT, "cpu", 1, True, negative_prompt="")
    text.numpy().tofile(folder / "text.f32")
    negative.numpy().tofile(folder / "negative.f32")
    shape = (1, SIZE // 8, SIZE // 8, 4)
    request = {"sampler": "lcm", "steps": STEPS, "guidance_scale": guidance, "seed": SEED, "latents": shape, "text_states": list(text.shape)}
    (folder / "request.json").write_text(json.dumps(request))
    subprocess.run([program("denoise"), model, lora, str(scale), folder], check=True)
    return numpy.fromfile(folder / "latents.f32", numpy.float32).reshape(shape)


@pytest.mark.parametrize("guidance", GUIDANCE)
def test_latents_and_picture_are_diffusers(build, pipe, theirs, tmp_path, guidance):
    pipe, model, lora = pipe
    latents = theirs[guidance]
    error = relative_error(our_latents(pipe, model, lora, SCALE, guidance, tmp_path), to_nhwc(latents))

    expected = pipe.image_processor.postprocess(pipe.vae.decode(latents / pipe.vae.config.scaling_factor).sample, output_type="np")[0]
    settings = ["--steps", STEPS, "--size", f"{SIZE}x{SIZE}", "--seed", SEED, "--sampler", "lcm", "--cfg", guidance, "--dtype", "f32"]
    command = [build / "bin" / "latentdial", "generate", "-m", model, "-p", PROMPT, *settings, "--lora", f"{lora}:{SCALE}", "-o", tmp_path / "made.png"]
    subprocess.run([*map(str, command), "-q"], check=True)
    difference = numpy.abs(numpy.asarray(Image.open(tmp_path / "made.png")).astype(float) / 255 - expected).max()

    print(f"\nguidance {guidance}: latents {error:.1e} of {LATENTS_BOUND}, picture {difference:.5f} of {PICTURE_BOUND:.5f}")
    assert error <= LATENTS_BOUND
    assert difference <= PICTURE_BOUND


def test_guidance_makes_a_difference(theirs):
    assert relative_error(theirs[1.5], theirs[1.0]) > 3 * LATENTS_BOUND


def test_the_bound_would_show_a_weaker_lora(pipe, theirs, tmp_path):
    pipe, model, lora = pipe
    weaker = our_latents(pipe, model, lora, 0.95 * SCALE, 1.0, tmp_path)
    error = relative_error(weaker, to_nhwc(theirs[1.0]))
    print(f"\nat 95 % of its scale: latents {error:.1e}")
    assert error > 3 * LATENTS_BOUND
