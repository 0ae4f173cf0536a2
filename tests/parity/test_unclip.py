"""Stable unCLIP, whose U-Net is told what CLIP's image encoder sees in a picture, draws as diffusers does, at full size."""

import ctypes
import gc
import json
import subprocess

import numpy
import pytest
import torch
from diffusers import StableUnCLIPImg2ImgPipeline, UNet2DConditionModel
from latentdial import Clip
from PIL import Image
from programs import program
from test_clip import picture, processed
from test_pictures import psnr
from test_stages import BF16_COSINE, F32_BOUND, INT8_COSINE, cosine, read, relative_error, run_unet, to_nhwc
from transformers import CLIPImageProcessorPil, CLIPVisionModelWithProjection
from unclip_models import make_unclip

PROMPT = "a temple in the jungle"
WIDTH, HEIGHT = 200, 152  # Whole latents, but odd ones at the deeper levels.
STEPS, SEED, LEVEL = 2, 3, 200
LARGEST_ERROR = 1e-3  # Of the latents, relative.
LEAST = 45  # dB


def release() -> None:
    """Gives what nothing refers to any more back to the system, since ours comes after it."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


@pytest.fixture(scope="module")
def models(scenes, tmp_path_factory):
    return make_unclip(tmp_path_factory.mktemp("unclip"), scenes / "tokenizer")


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures") / "reference.png"
    picture(300, 220).save(path)
    return path


@pytest.mark.parametrize("vision", ["vit-l", "vit-h"])
def test_image_encoder(models, vision):
    folder, image = models / vision / "image_encoder", picture(500, 300)
    encoder = CLIPVisionModelWithProjection.from_pretrained(folder, dtype=torch.float32).eval()
    wanted, other = (encoder(processed(seen)).image_embeds[0].numpy() for seen in (image, image.rotate(90)))
    del encoder
    release()
    error = relative_error(Clip(folder, dtype="f32").embed_image(image), wanted)
    print(f"\n{vision}: relative error {error:.1e}, of another picture {relative_error(other, wanted):.1e}")
    assert error <= F32_BOUND < relative_error(other, wanted)


@pytest.mark.parametrize("vision", ["vit-l", "vit-h"])
def test_unet(build, models, tmp_path, vision):
    """Two pictures of a batch; one is told of a picture, the other of none."""
    unet = UNet2DConditionModel.from_pretrained(models / vision / "unet", dtype=torch.float32)
    latents, states = torch.randn(2, 4, HEIGHT // 8, WIDTH // 8), torch.randn(2, 77, 1024)
    told = torch.cat([torch.randn(1, unet.config.projection_class_embeddings_input_dim), torch.zeros(1, unet.config.projection_class_embeddings_input_dim)])
    wanted, exchanged = (to_nhwc(unet(latents, 500, states, class_labels=vectors).sample) for vectors in (told, told.flip(0)))
    del unet
    release()
    inputs = {"latents": to_nhwc(latents), "states": states.numpy(), "vectors": told.numpy()}
    f32, bf16, int8 = run_unet(build, models / vision, tmp_path, inputs, wanted.shape, ("f32", "bf16", "int8"))
    error, other = relative_error(f32, wanted), relative_error(f32, exchanged)
    print(f"\n{vision}: relative error {error:.1e}, exchanged {other:.1e}; cosine of bf16 {cosine(bf16, wanted):.6f}, of int8 {cosine(int8, wanted):.6f}")
    assert error <= F32_BOUND < other
    assert cosine(bf16, wanted) >= BF16_COSINE and cosine(int8, wanted) >= INT8_COSINE


def theirs(model, reference) -> tuple[numpy.ndarray, dict[str, numpy.ndarray]]:
    """diffusers' latents, and its pictures: as they should be, and where something is done wrong."""
    pipe = StableUnCLIPImg2ImgPipeline.from_pretrained(model, dtype=torch.float32, feature_extractor=CLIPImageProcessorPil())
    pipe.set_progress_bar_config(disable=True)
    settings = dict(num_inference_steps=STEPS, width=WIDTH, height=HEIGHT, output_type="latent")

    def drawn(level=LEVEL):
        return pipe(Image.open(reference), PROMPT, noise_level=level, generator=torch.Generator().manual_seed(SEED), **settings).images

    made = {"right": drawn(), "another level": drawn(level=LEVEL + 400)}
    pipe.image_normalizer.mean.zero_()
    pipe.image_normalizer.std.fill_(1)
    made["not normalised"] = drawn()
    pictures = {name: pipe.vae.decode(latents / pipe.vae.config.scaling_factor).sample for name, latents in made.items()}
    return to_nhwc(made["right"]), {name: numpy.asarray(pipe.image_processor.postprocess(pixels)[0]) for name, pixels in pictures.items()}


def test_a_picture(build, models, reference, tmp_path):
    latents, pictures = theirs(models / "vit-l", reference)
    release()
    flags = {"--steps": STEPS, "--seed": SEED, "--noise-level": LEVEL, "--size": f"{WIDTH}x{HEIGHT}", "--dtype": "f32"}
    command = [build / "bin/latentdial", "vary", "-m", models / "vit-l", "--image", reference, "-p", PROMPT, "-q", "-o", tmp_path / "ours.png"]
    subprocess.run([str(part) for part in (*command, *(word for flag in flags.items() for word in flag))], check=True)
    ours = numpy.asarray(Image.open(tmp_path / "ours.png").convert("RGB"))
    quality = {name: psnr(ours, picture) for name, picture in pictures.items()}
    settings = dict(prompt=PROMPT, reference=str(reference), steps=STEPS, seed=SEED, noise_level=LEVEL, width=WIDTH, height=HEIGHT)
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    subprocess.run([program("latents"), models / "vit-l", tmp_path / "settings.json", tmp_path / "ours.f32"], check=True)
    error = relative_error(read(tmp_path, "ours", latents.shape), latents)
    print(f"\nlatents: relative error {error:.1e}; pictures: {', '.join(f'{name} {value:.1f} dB' for name, value in quality.items())}")
    assert error <= LARGEST_ERROR
    assert quality.pop("right") >= LEAST > max(quality.values())
