"""A LoRA merged at load gives the pictures of diffusers with the same LoRA, at full size."""

import json
import subprocess

import numpy
import pytest
import torch
from diffusers import StableDiffusionPipeline
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from peft.utils import get_peft_model_state_dict
from PIL import Image
from safetensors.torch import load_file, save_file

from random_models import make_model

PROMPT = "a temple in the jungle"
STEPS, SIZE, SEED = 3, 128, 3
LARGEST_DIFFERENCE = 1e-3  # Of 1: a quarter of a step of eight bits, so half a step at most after rounding.
TARGETS = ["to_q", "to_k", "to_v", "to_out.0", "proj_in", "conv1", "time_emb_proj", "conv_in"]
TEXT_TARGETS = ["q_proj", "v_proj", "fc1"]


def add_adapters(pipeline) -> None:
    """Random ones of rank 4 and alpha 2 on linear layers and convolutions of both networks."""
    inject_adapter_in_model(LoraConfig(r=4, lora_alpha=2, target_modules=TARGETS), pipeline.unet)
    inject_adapter_in_model(LoraConfig(r=4, lora_alpha=2, target_modules=TEXT_TARGETS), pipeline.text_encoder)
    generator = torch.Generator().manual_seed(1)
    for model in (pipeline.unet, pipeline.text_encoder):
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.05)


def as_kohya(tensors: dict) -> dict:
    """The same tensors under the names of kohya's scripts, alpha as a tensor of its own."""
    renamed = {}
    for key, tensor in tensors.items():
        component, module = key.split(".", 1)
        module, part = module.rsplit(".lora_", 1)
        layer = ("lora_unet_" if component == "unet" else "lora_te_") + module.replace(".", "_")
        renamed[f"{layer}.lora_{'down' if part.startswith('A') else 'up'}.weight"] = tensor
        renamed[f"{layer}.alpha"] = torch.tensor(2.0)
    return renamed


def with_tokenizer(full_size, scenes, folder):
    """The full-size model with the embedded model's small tokenizer, whose ids it has too."""
    folder.mkdir()
    for part in full_size.iterdir():
        if part.is_dir():
            (folder / part.name).symlink_to(part)
    (folder / "tokenizer").symlink_to(scenes / "tokenizer")
    index = json.loads((full_size / "model_index.json").read_text()) | {"tokenizer": ["transformers", "CLIPTokenizer"]}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


@pytest.fixture(scope="module")
def lora(models_folder, scenes, tmp_path_factory):
    """The model, its LoRA in both forms, and diffusers' picture with it at half strength."""
    folder = tmp_path_factory.mktemp("lora")
    model = with_tokenizer(make_model(models_folder, "sd-v1-4"), scenes, folder / "model")
    pipeline = StableDiffusionPipeline.from_pretrained(model, torch_dtype=torch.float32, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    add_adapters(pipeline)
    tensors = {f"unet.{k}": v for k, v in get_peft_model_state_dict(pipeline.unet).items()}
    tensors |= {f"text_encoder.{k}": v for k, v in get_peft_model_state_dict(pipeline.text_encoder).items()}
    tensors = {key: value.contiguous().clone() for key, value in tensors.items()}
    metadata = {"lora_adapter_metadata": '{"unet.lora_alpha": 2, "unet.r": 4, "text_encoder.lora_alpha": 2, "text_encoder.r": 4}'}
    save_file(tensors, folder / "peft.safetensors", metadata)
    save_file(as_kohya(load_file(folder / "peft.safetensors")), folder / "kohya.safetensors")
    for model_part in (pipeline.unet, pipeline.text_encoder):
        for layer in model_part.modules():
            if isinstance(layer, LoraLayer):
                layer.scale_layer(0.5)
    picture = pipeline(
        PROMPT, num_inference_steps=STEPS, guidance_scale=7.5, height=SIZE, width=SIZE, generator=torch.Generator().manual_seed(SEED), output_type="np"
    )
    return model, folder, picture.images[0]


def generate(build, model, out, *more) -> numpy.ndarray:
    arguments = ["-m", model, "-p", PROMPT, "--steps", str(STEPS), "--size", f"{SIZE}x{SIZE}", "--seed", str(SEED), "--dtype", "f32", "-o", out]
    subprocess.run([build / "bin" / "latentdial", "generate", *arguments, *more], check=True, capture_output=True)
    return numpy.asarray(Image.open(out)).astype(float) / 255


@pytest.mark.parametrize("form", ["peft", "kohya"])
def test_the_picture_is_diffusers(build, lora, tmp_path, form):
    model, folder, expected = lora
    made = generate(build, model, tmp_path / "made.png", "--lora", f"{folder / form}.safetensors:0.5")
    plain = generate(build, model, tmp_path / "plain.png")
    difference = numpy.abs(made - expected).max()
    print(f"\n{form}: largest difference {difference:.5f}, from the picture without it {numpy.abs(plain - expected).max():.3f}")
    assert difference <= 0.5 / 255 + LARGEST_DIFFERENCE
    assert numpy.abs(plain - expected).max() > 0.02
