"""Stable Diffusion XL: two text encoders, a U-Net that is told a summary and sizes, and whole pictures, as diffusers has them."""

import shutil
import subprocess
import sys

import numpy
import pytest
import torch
from diffusers import StableDiffusionXLImg2ImgPipeline, StableDiffusionXLPipeline, UNet2DConditionModel
from PIL import Image
from safetensors.torch import save_file
from sdxl_models import NARROW_TEXT, NARROW_TEXT_2, NARROW_UNET, NARROW_VAE, PRUNED_UNET, make_sdxl
from test_pictures import ROOT, psnr
from test_stages import BF16_COSINE, F32_BOUND, cosine, read, relative_error, run_stages, run_unet, to_nhwc
from transformers import CLIPTextModel, CLIPTextModelWithProjection

PROMPT = "a temple in the jungle"
STEPS, SEED = 4, 3
LEAST = 45  # dB
SIZES = {"256x256": (32, 32), "152x104": (13, 19)}  # Latents, height first.


@pytest.fixture(scope="module")
def models(scenes, tmp_path_factory):
    texts, folder = (NARROW_TEXT, NARROW_TEXT_2), tmp_path_factory.mktemp("sdxl")
    return {name: make_sdxl(folder / name, scenes / "tokenizer", unet, texts, NARROW_VAE) for name, unet in (("whole", NARROW_UNET), ("pruned", PRUNED_UNET))}


@pytest.fixture(scope="module")
def model(models):
    return models["whole"]


def pipeline(model):
    pipe = StableDiffusionXLPipeline.from_pretrained(model, dtype=torch.float32, add_watermarker=False)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@pytest.fixture(scope="module")
def pipe(model):
    return pipeline(model)


def ours(build, model, out, *flags) -> numpy.ndarray:
    command = [build / "bin/latentdial", "generate", "-m", model, "-p", PROMPT, "--steps", STEPS, "--seed", SEED, "--dtype", "f32", "-q", "-o", out, *flags]
    subprocess.run([str(part) for part in command], check=True)
    return numpy.asarray(Image.open(out).convert("RGB"))


def theirs(pipe, **settings) -> numpy.ndarray:
    return numpy.asarray(pipe(PROMPT, num_inference_steps=STEPS, generator=torch.Generator().manual_seed(SEED), **settings).images[0])


def test_text_states_and_summary(build, model, tmp_path):
    ids = [641, 320, 192, 53, 518, 642]
    first, second = ids + [642] * 71, ids + [0] * 71
    one = CLIPTextModel.from_pretrained(model / "text_encoder")(torch.tensor([first]), output_hidden_states=True)
    two = CLIPTextModelWithProjection.from_pretrained(model / "text_encoder_2")(torch.tensor([second]), output_hidden_states=True)
    references = {"text": one.hidden_states[-2], "text_2": two.hidden_states[-2], "summary": two.text_embeds}
    run_stages(build, model, "f32", tmp_path, {"text": {"ids": first, "second_ids": second, "end": 5}}, {})
    errors = {name: relative_error(read(tmp_path, name, tuple(tensor.shape)), tensor.numpy()) for name, tensor in references.items()}
    print("\n" + ", ".join(f"{name}: relative error {error:.2e}" for name, error in errors.items()))
    assert max(errors.values()) <= F32_BOUND


def check_unet(build, model, folder, latents, numbers):
    """The U-Net of a model that is told a summary and numbers beside the text, in f32 and in bf16."""
    unet = UNet2DConditionModel.from_pretrained(model / "unet")
    states, summaries, numbers = torch.randn(2, 77, unet.config.cross_attention_dim), torch.randn(2, 160), torch.tensor(numbers, dtype=torch.float32)
    reference = to_nhwc(unet(latents, 500, states, added_cond_kwargs={"text_embeds": summaries, "time_ids": numbers}).sample)
    inputs = {"latents": to_nhwc(latents), "states": states.numpy(), "vectors": torch.cat([summaries, numbers], 1).numpy()}
    f32, bf16 = run_unet(build, model, folder, inputs, reference.shape, ("f32", "bf16"))
    error, similarity = relative_error(f32, reference), cosine(bf16, reference)
    print(f"\nU-Net on {tuple(latents.shape)}: f32 relative error {error:.2e}, cosine of bf16 {similarity:.6f}")
    assert error <= F32_BOUND
    assert similarity >= BF16_COSINE


@pytest.mark.parametrize("name", ["whole", "pruned"])
def test_unet(build, models, tmp_path, name):
    for height, width in SIZES.values():
        size = [8 * height, 8 * width]
        check_unet(build, models[name], tmp_path, torch.randn(2, 4, height, width), [[*size, 0, 0, *size], [64, 48, 4, 8, 32, 40]])


@pytest.mark.parametrize(
    ("flags", "settings"),
    [
        (("--size", "152x104", "--cfg", 3), {"width": 152, "height": 104, "guidance_scale": 3}),
        (("-n", "sunset"), {"negative_prompt": "sunset"}),
        (("--cfg", 1), {"guidance_scale": 1}),
        (("--clip-skip", 4), {"clip_skip": 2}),
    ],
)
def test_whole_pictures(build, model, pipe, tmp_path, flags, settings):
    """Without a negative prompt zeros stand for its states."""
    picture = theirs(pipe, **settings)
    quality = psnr(ours(build, model, tmp_path / "ours.png", *flags), picture)
    print(f"\n{flags}: {quality:.1f} dB, deviation {picture.std():.0f} of 255")
    assert quality >= LEAST


def test_the_sizes_that_are_told_are_the_pictures_own(build, model, pipe, tmp_path):
    picture = ours(build, model, tmp_path / "ours.png")
    own, other = psnr(picture, theirs(pipe)), psnr(picture, theirs(pipe, original_size=(64, 2048)))
    print(f"\nof its own sizes {own:.1f} dB, of others {other:.1f} dB")
    assert own >= LEAST and own > other + 20


def test_a_pruned_models_picture(build, models, tmp_path):
    quality = psnr(ours(build, models["pruned"], tmp_path / "ours.png"), theirs(pipeline(models["pruned"])))
    print(f"\npruned: {quality:.1f} dB")
    assert quality >= LEAST


def test_a_start_picture(build, model, pipe, tmp_path):
    start = Image.fromarray(numpy.random.default_rng(2).integers(0, 256, (8, 8, 3), numpy.uint8)).resize((256, 256), Image.Resampling.BICUBIC)
    start.save(tmp_path / "start.png")
    image_pipe = StableDiffusionXLImg2ImgPipeline(**pipe.components)
    image_pipe.set_progress_bar_config(disable=True)
    picture = theirs(image_pipe, image=start, strength=0.75)
    quality = psnr(ours(build, model, tmp_path / "ours.png", "--image", tmp_path / "start.png", "--strength", 0.75, "--cfg", 5), picture)
    print(f"\nstart picture: {quality:.1f} dB, deviation {picture.std():.0f} of 255")
    assert quality >= LEAST


def test_a_learnt_word(build, model, tmp_path):
    """Its vectors are of both text encoders, in one file. Here the end token says where a text is summed up, as in A1111; diffusers
    takes the highest id, which a learnt vector has."""
    vectors = {key: 0.1 * torch.randn(3, width) for key, width in (("clip_l", 64), ("clip_g", 128))}
    save_file(vectors, tmp_path / "temple.safetensors")
    pipe = pipeline(model)
    for key, encoder, tokenizer in (("clip_l", pipe.text_encoder, pipe.tokenizer), ("clip_g", pipe.text_encoder_2, pipe.tokenizer_2)):
        pipe.load_textual_inversion({"temple": vectors[key]}, token="temple", text_encoder=encoder, tokenizer=tokenizer)
    pipe.text_encoder_2.text_model.eos_token_id = pipe.tokenizer_2.eos_token_id
    picture = theirs(pipe)
    quality = psnr(ours(build, model, tmp_path / "ours.png", "--embedding", tmp_path / "temple.safetensors"), picture)
    without = psnr(ours(build, model, tmp_path / "plain.png"), picture)
    print(f"\nlearnt word: {quality:.1f} dB, without it {without:.1f} dB")
    assert quality >= LEAST > without


@pytest.mark.parametrize("unet", [NARROW_UNET, PRUNED_UNET], ids=["whole", "pruned"])
def test_a_single_file_draws_the_same(build, scenes, tmp_path, unet):
    """Its configs are told from its tensors, so the heads are of 64 channels and sizes take 256 numbers, as published."""
    texts = NARROW_TEXT, NARROW_TEXT_2
    folder = make_sdxl(tmp_path / "folder", scenes / "tokenizer", unet | dict(sample_size=128), texts, NARROW_VAE, torch.float16)
    (tmp_path / "single").mkdir()
    for part in ("tokenizer", "tokenizer_2"):
        shutil.copytree(folder / part, tmp_path / "single" / part)
    file = tmp_path / "single/narrow.safetensors"
    subprocess.run([sys.executable, ROOT / "tests/golden/weights/to_compvis.py", folder, file], check=True)
    one, other = (ours(build, path, tmp_path / "out.png", "--size", "152x104") for path in (folder, file))
    assert one.std() > 5 and numpy.array_equal(one, other)
    said = subprocess.run([build / "bin/latentdial", "info", file], check=True, capture_output=True, text=True).stdout
    assert "1024x1024" in said
