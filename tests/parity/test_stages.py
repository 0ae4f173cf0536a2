"""Each stage of the full-size models against diffusers and transformers, on the same inputs."""

import json
import subprocess

import numpy
import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from random_models import UNETS, make_model
from transformers import CLIPTextModel

F32_BOUND = 1e-3  # max |Δ| / max |reference|
BF16_COSINE = 0.999
INT8_COSINE = 0.998
# Latents, height first; a minute each, so that every model has its own.
SIZES = {"512x512": (64, 64), "520x392": (49, 65)}
SIZES_OF = {"sd-v1-4": ("512x512",), "sd-v2-1": ("520x392",), "vae": ("520x392",)}


@pytest.fixture(scope="module", params=sorted(UNETS))
def model(request, models_folder):
    return make_model(models_folder, request.param)


def to_nhwc(x: torch.Tensor) -> numpy.ndarray:
    return numpy.ascontiguousarray(x.permute(0, 2, 3, 1).numpy().astype(numpy.float32))


def run_stages(build, model, dtype, folder, request, tensors) -> None:
    for name, array in tensors.items():
        array.tofile(folder / f"{name}.f32")
    (folder / "request.json").write_text(json.dumps(request))
    subprocess.run([build / "bin" / "stages", model, dtype, folder], check=True)


def describe(name, array) -> dict:
    return {"file": f"{name}.f32", "shape": list(array.shape)}


def relative_error(ours: numpy.ndarray, reference: numpy.ndarray) -> float:
    return float(numpy.abs(ours - reference).max() / numpy.abs(reference).max())


def cosine(a: numpy.ndarray, b: numpy.ndarray) -> float:
    a, b = a.astype(numpy.float64).ravel(), b.astype(numpy.float64).ravel()
    return float(a @ b / (numpy.linalg.norm(a) * numpy.linalg.norm(b)))


def read(folder, stage, shape) -> numpy.ndarray:
    return numpy.fromfile(folder / f"{stage}.f32", numpy.float32).reshape(shape)


def test_text_states(build, model, tmp_path):
    ids = [49406, 320, 1929, 530, 518, 10297, 267, 8843] + [49407] * 69
    reference = CLIPTextModel.from_pretrained(model / "text_encoder")(torch.tensor([ids])).last_hidden_state.numpy()
    run_stages(build, model, "f32", tmp_path, {"text": {"ids": ids}}, {})
    error = relative_error(read(tmp_path, "text", reference.shape), reference)
    print(f"\n{model.name} text states: relative error {error:.2e}")
    assert error <= F32_BOUND


def run_unet(build, model, folder, inputs, shape, dtypes) -> list[numpy.ndarray]:
    """What the U-Net predicts at timestep 500 of "latents", "states" and, where it is told any, "vectors", in each of these number formats."""
    told = {{"states": "text_states"}.get(name, name): describe(name, array) for name, array in inputs.items()}
    made = []
    for dtype in dtypes:
        run_stages(build, model, dtype, folder, {"unet": {"timestep": 500, **told}}, inputs)
        made.append(read(folder, "unet", shape))
    return made


def test_unet(build, model, tmp_path):
    unet = UNet2DConditionModel.from_pretrained(model / "unet")
    states = torch.randn(2, 77, unet.config.cross_attention_dim)
    for size in SIZES_OF[model.name]:
        height, width = SIZES[size]
        latents = torch.randn(2, 4, height, width)
        reference = to_nhwc(unet(latents, 500, states).sample)
        inputs = {"latents": to_nhwc(latents), "states": states.numpy()}
        f32, bf16, int8 = run_unet(build, model, tmp_path, inputs, reference.shape, ("f32", "bf16", "int8"))
        error, similarity, int8_similarity = relative_error(f32, reference), cosine(bf16, reference), cosine(int8, reference)
        print(f"\n{model.name} U-Net {size}: f32 relative error {error:.2e}, cosine of bf16 {similarity:.6f}, of int8 {int8_similarity:.6f}")
        assert error <= F32_BOUND
        assert similarity >= BF16_COSINE
        assert int8_similarity >= INT8_COSINE


def test_autoencoder(build, models_folder, tmp_path):
    model = make_model(models_folder, "sd-v1-4")
    vae = AutoencoderKL.from_pretrained(model / "vae")
    for size in SIZES_OF["vae"]:
        height, width = SIZES[size]
        latents = torch.randn(1, 4, height, width) * vae.config.scaling_factor
        pixels = torch.rand(1, 3, 8 * height, 8 * width) * 2 - 1
        decoded = to_nhwc(vae.decode(latents / vae.config.scaling_factor).sample)
        encoded = to_nhwc(vae.encode(pixels).latent_dist.mean * vae.config.scaling_factor)
        inputs = {"latents": to_nhwc(latents), "pixels": to_nhwc(pixels)}
        request = {
            "decode": {"latents": describe("latents", inputs["latents"])},
            "encode": {"pixels": describe("pixels", inputs["pixels"])},
        }
        run_stages(build, model, "f32", tmp_path, request, inputs)
        decode_error = relative_error(read(tmp_path, "decode", decoded.shape), decoded)
        encode_error = relative_error(read(tmp_path, "encode", encoded.shape), encoded)
        print(f"\nVAE {size}: decode relative error {decode_error:.2e}, encode {encode_error:.2e}")
        assert decode_error <= F32_BOUND
        assert encode_error <= F32_BOUND
