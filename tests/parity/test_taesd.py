"""TAESD's decoder at full size against diffusers' AutoencoderTiny, in every form it is stored in."""

import pytest
import torch
from diffusers import AutoencoderTiny
from test_stages import BF16_COSINE, F32_BOUND, SIZES, cosine, describe, read, relative_error, run_stages, to_nhwc


@pytest.fixture(scope="module")
def tiny():
    torch.manual_seed(21)
    return AutoencoderTiny()


@pytest.fixture(scope="module")
def stored(tiny, tmp_path_factory):
    """The paths of the same decoder as a folder, with diffusers' keys, and with the original's."""
    folder = tmp_path_factory.mktemp("taesd")
    tiny.save_pretrained(folder)
    numbered = (key.split(".", 1) for key in tiny.decoder.layers.state_dict())
    original = {f"{int(number) + 1}.{rest}": tiny.decoder.layers.state_dict()[f"{number}.{rest}"] for number, rest in numbered}
    torch.save(original, folder / "taesd_decoder.pth")
    return {"folder": folder, "diffusers' keys": folder / "diffusion_pytorch_model.safetensors", "the original's keys": folder / "taesd_decoder.pth"}


def test_taesd(build, scenes, tiny, stored, tmp_path):
    for size, (height, width) in SIZES.items():
        latents = torch.randn(1, 4, height, width)
        reference = to_nhwc(tiny.decode(latents).sample)
        inputs = {"latents": to_nhwc(latents)}

        def decoded(path, dtype):
            request = {"taesd": {"path": str(path), "latents": describe("latents", inputs["latents"])}}
            run_stages(build, scenes, dtype, tmp_path, request, inputs)
            return read(tmp_path, "taesd", reference.shape)

        # From black on: random weights leave most of the picture near it, and -1 would hide a difference.
        errors = {form: relative_error(decoded(path, "f32") + 1, reference + 1) for form, path in stored.items()}
        similarity = cosine(decoded(stored["folder"], "bf16") + 1, reference + 1)
        print(f"\nTAESD {size}: f32 relative error {max(errors.values()):.2e} in {len(errors)} forms, cosine of bf16 {similarity:.6f}")
        assert all(error <= F32_BOUND for error in errors.values()), errors
        assert similarity >= BF16_COSINE
