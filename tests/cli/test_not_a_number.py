"""A weight that is not a number (exit code 2), or a stage that gives none (1): one line and no picture."""

import json
import pathlib
import shutil
import struct

import pytest

SCENES = pathlib.Path(__file__).resolve().parents[2] / "models" / "scenes"
FILES = {"unet": "diffusion_pytorch_model.safetensors", "vae": "diffusion_pytorch_model.safetensors", "text_encoder": "model.safetensors"}


@pytest.fixture
def model_with(tmp_path):
    """A copy of the embedded model with one value in all places of a tensor, or in its first alone, in f32."""

    def make(part, tensor, value, first_alone=False):
        folder = tmp_path / "model"
        shutil.copytree(SCENES, folder)
        path = folder / part / FILES[part]
        data = path.read_bytes()
        start = 8 + int.from_bytes(data[:8], "little")
        header, values = json.loads(data[8:start]), {}
        for name, entry in header.items():
            if name != "__metadata__":
                begin, end = entry["data_offsets"]
                values[name] = data[start + begin : start + end]
        name = tensor if tensor in values else tensor.removeprefix("text_model.")  # transformers 5 leaves it out.
        count = len(values[name]) // 2
        values[name] = struct.pack("<f", value) * (1 if first_alone else count) + bytes(4 * (count - 1) if first_alone else 0)
        header[name]["dtype"] = "F32"
        offset = 0
        for name, content in values.items():
            header[name]["data_offsets"] = [offset, offset + len(content)]
            offset += len(content)
        text = json.dumps(header).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(values.values()))
        return folder

    return make


def fails(latentdial, tmp_path, code, model, *flags):
    process = latentdial("generate", "-m", model, "-p", "a dog", "--steps", "2", "--size", "64x64", "-o", "o.png", *flags)
    assert process.returncode == code, process
    lines = [line for line in process.stderr.splitlines() if not line.startswith("notice: ")]
    assert len(lines) == 1, process.stderr
    assert not (tmp_path / "o.png").exists()
    return lines[0]


@pytest.mark.parametrize("dtype", ["f32", "bf16", "int8"])
@pytest.mark.parametrize("part, tensor", [("unet", "conv_in.weight"), ("unet", "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight"),
                                          ("vae", "decoder.conv_in.bias"), ("text_encoder", "text_model.final_layer_norm.weight")])
@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_weights(latentdial, tmp_path, model_with, part, tensor, value, dtype):
    line = fails(latentdial, tmp_path, 2, model_with(part, tensor, value, first_alone=True), "--dtype", dtype)
    assert f"{part}: not a number, or an infinite one, in its tensor '{tensor}'" in line


@pytest.mark.parametrize("part, tensor, said", [("unet", "conv_out.bias", "unet: not a number after timestep"),
                                                ("vae", "decoder.conv_out.weight", "vae: not a number after decoding"),
                                                ("text_encoder", "text_model.final_layer_norm.weight", "text_encoder: not a number after the prompt")])
def test_stages(latentdial, tmp_path, model_with, part, tensor, said):
    # A number that f32 holds, and its sums and multiples do not.
    assert said in fails(latentdial, tmp_path, 1, model_with(part, tensor, 3e38), "--dtype", "f32")
