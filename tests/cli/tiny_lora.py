"""A LoRA of one layer, of rank 1."""

import json
import pathlib

import numpy


def write_lora(file: pathlib.Path, model: pathlib.Path) -> None:
    """One for the first attention to text of a diffusers folder's U-Net."""
    unet = (model / "unet" / "diffusion_pytorch_model.safetensors").read_bytes()
    header = json.loads(unet[8 : 8 + int.from_bytes(unet[:8], "little")])
    name, shape = next((key, value["shape"]) for key, value in header.items() if key.endswith("attn2.to_k.weight"))
    layer = "unet." + name[: -len("weight")]
    factors = {f"{layer}lora_A.weight": [1, shape[1]], f"{layer}lora_B.weight": [shape[0], 1]}
    offset, entries, data = 0, {}, b""
    for key, extents in factors.items():
        values = numpy.full(extents, 0.5, numpy.float32).tobytes()
        entries[key] = {"dtype": "F32", "shape": extents, "data_offsets": [offset, offset + len(values)]}
        offset, data = offset + len(values), data + values
    text = json.dumps(entries).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + data)
