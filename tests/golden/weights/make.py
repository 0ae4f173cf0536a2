"""Makes the small files beside it: PyTorch checkpoints, benign and hostile, and the names of two tiny models.

    python make.py        (needs torch, diffusers, transformers, safetensors, gguf)
"""

import argparse
import datetime
import io
import json
import os
import pathlib
import pickle
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter, OrderedDict, defaultdict
from pathlib import Path

import gguf
import numpy as np
import torch

HERE = Path(__file__).resolve().parent


def ramp(*shape: int, dtype=torch.float32) -> torch.Tensor:
    return (torch.arange(int(np.prod(shape)), dtype=torch.float32) / 4 - 1).reshape(shape).to(dtype)


def benign() -> dict:
    base = ramp(4, 6)
    tensors = OrderedDict(
        f32=ramp(2, 3), f16=ramp(5, dtype=torch.float16), bf16=ramp(2, 2, dtype=torch.bfloat16),
        i64=torch.arange(3), f64=torch.ones(2, dtype=torch.float64), scalar=torch.tensor(2.5), empty=torch.zeros(0, 3),
        rows=base[1:3], transposed=base.t(), parameter=torch.nn.Parameter(ramp(3)))
    return {"epoch": 3, "global_step": 10**12, "big": 1 << 80, "state_dict": tensors, "callbacks": {"best": np.float64(0.5)},
            "nested": [({"a": [1, (2.5, None, True)]},)], "shape": torch.Size([1, 2]), "seen": {1, 2}}


def containers() -> dict:
    """What lies beside weights: Python's, numpy's and PyTorch's containers, none of which needs to be run."""
    tensors = defaultdict(list, f64=torch.arange(3, dtype=torch.float64) / 4, subclass=torch.nn.Buffer(ramp(2)),
                          bools=torch.tensor([True]), complex=torch.zeros(1, dtype=torch.complex64))
    return {"state_dict": {"state_dict": tensors}, "global_step": np.int64(875000), "epoch": np.int32(-3), "level": np.uint8(200),
            "loss": np.float32(0.5), "author": "somebody", "done": True, "counts": Counter("aab"), "size": torch.Size([2, 3]),
            "dtype": torch.float16, "device": torch.device("cpu"), "modules": torch.nn.ModuleDict({"a": torch.nn.Linear(1, 1)}),
            "options": argparse.Namespace(lr=1e-4), "when": datetime.datetime(2023, 1, 2, tzinfo=datetime.timezone.utc),
            "path": pathlib.PurePosixPath("a/b"), "seen": {1}, "frozen": frozenset({2}), "range": range(3), "slice": slice(1, 2)}


def embedding(parameters) -> dict:
    return {"string_to_token": {"*": torch.tensor(265)}, "string_to_param": parameters, "name": "toy", "step": 3}


class Shell:
    def __reduce__(self):
        return os.system, ("touch /tmp/should-never-exist",)


class Eval:
    def __reduce__(self):
        return eval, ("1 + 1",)


class Storage:
    def __init__(self, kind, key, count):
        self.id = ("storage", kind, key, "cpu", count)


class Tensor:
    """A tensor as torch.save would describe it, saying whatever it is told to."""

    def __init__(self, storage, offset, shape, strides):
        self.arguments = (storage, offset, shape, strides, False, OrderedDict())

    def __reduce__(self):
        return torch._utils._rebuild_tensor_v2, self.arguments


class Writer(pickle.Pickler):
    def persistent_id(self, value):
        return value.id if isinstance(value, Storage) else None


def pickled(value) -> bytes:
    out = io.BytesIO()
    Writer(out, protocol=2).dump(value)
    return out.getvalue()


def archive(name: str, data_pkl: bytes, compression=zipfile.ZIP_STORED, **storages: bytes) -> None:
    with zipfile.ZipFile(HERE / name, "w", compression) as out:
        for entry, content in {"data.pkl": data_pkl, **{f"data/{k[1:]}": v for k, v in storages.items()}}.items():
            out.writestr(zipfile.ZipInfo(f"archive/{entry}"), content, compression)


def lie(name: str, storage: Storage, offset=0, shape=(2, 2), strides=(2, 1), **storages: bytes) -> None:
    archive(name, pickled({"weight": Tensor(storage, offset, shape, strides)}), **storages)


def checkpoints() -> None:
    torch.save(benign(), HERE / "benign.ckpt")
    torch.save(benign(), HERE / "protocol4.ckpt", pickle_protocol=4)
    torch.save(dict(benign()["state_dict"]), HERE / "plain.bin")
    torch.save({"state_dict": {"w": ramp(2)}}, HERE / "old.ckpt", _use_new_zipfile_serialization=False)
    for protocol in (2, 4):
        torch.save(containers(), HERE / f"containers{protocol}.ckpt", pickle_protocol=protocol)
    torch.save(embedding(torch.nn.ParameterDict({"*": torch.nn.Parameter(ramp(2, 4))})), HERE / "parameter_dict.pt")
    torch.save({"state_dict": {"w": ramp(2)}, "extra": Shell()}, HERE / "runs_system.ckpt")
    torch.save({"state_dict": {"w": Eval()}}, HERE / "runs_eval.ckpt")

    floats, eight = torch.FloatStorage, np.arange(8, dtype=np.float32).tobytes()
    archive("compressed.ckpt", pickled({"weight": Tensor(Storage(floats, "0", 8), 2, (2, 3), (3, 1))}),
            zipfile.ZIP_DEFLATED, _0=eight)
    archive("bomb.ckpt", pickled({"weight": Tensor(Storage(floats, "0", 1 << 21), 0, (1 << 21,), (1,))}),
            zipfile.ZIP_DEFLATED, _0=bytes(1 << 23))
    lie("storage_missing.ckpt", Storage(floats, "1", 8), _0=eight)
    lie("storage_short.ckpt", Storage(floats, "0", 9), _0=eight)
    lie("offset_past_end.ckpt", Storage(floats, "0", 8), offset=5, _0=eight)
    lie("negative_offset.ckpt", Storage(floats, "0", 8), offset=-4, _0=eight)
    lie("stride_past_end.ckpt", Storage(floats, "0", 8), strides=(7, 1), _0=eight)
    lie("stride_zero.ckpt", Storage(floats, "0", 8), shape=(1 << 40, 2), strides=(0, 1), _0=eight)
    lie("overflow.ckpt", Storage(floats, "0", 8), shape=(1 << 62, 1 << 62), _0=eight)
    unknown = pickled({"weight": Tensor(Storage(torch.ComplexFloatStorage, "0", 4), 0, (2, 2), (2, 1))})
    archive("unknown_storage.ckpt", unknown.replace(b"ComplexFloatStorage", b"SomebodysStorage"), _0=eight)
    # A dictionary that sets the same name twice, which Python itself cannot hold.
    weight = Tensor(Storage(floats, "0", 8), 0, (2, 2), (2, 1))
    twice = pickled([("weight", weight), ("weight", weight)])
    archive("twice.ckpt", b"\x80\x02}(" + pickled_items(weight) * 2 + b"u.", _0=eight)
    archive("not_a_dict.ckpt", twice, _0=eight)
    archive("recursive.ckpt", b"\x80\x02" + b"]" + b"\x85" * 100000 + b".", _0=eight)
    archive("unknown_opcode.ckpt", b"\x80\x02(ios\nsystem\n.", _0=eight)
    archive("empty_stack.ckpt", b"\x80\x02u.", _0=eight)
    with zipfile.ZipFile(HERE / "no_pickle.ckpt", "w") as out:
        out.writestr("readme.txt", "a zip, but not from torch.save")


def pickled_items(tensor: Tensor) -> bytes:
    """The opcodes for one ("weight", tensor) pair, without the pickle's frame."""
    return b"X\x06\x00\x00\x00weight" + pickled(tensor)[2:-1]


def blocks() -> None:
    """blocks.gguf: a row of 256 values in each type of blocks; blocks.f32: what the gguf package makes of them, in the order of their names."""
    places_of_halves = {"Q4_0": (0,), "Q4_1": (0, 2), "Q5_0": (0,), "Q5_1": (0, 2), "Q8_0": (0,), "Q2_K": (80, 82), "Q3_K": (108,)}
    places_of_halves |= {"Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,)}
    random = np.random.default_rng(5)
    writer, values = gguf.GGUFWriter(HERE / "blocks.gguf", "sd1"), {}
    for kind, places in places_of_halves.items():
        quantisation = gguf.GGMLQuantizationType[kind]
        elements, size = gguf.GGML_QUANT_SIZES[quantisation]
        data = random.integers(0, 256, (256 // elements, size), np.uint8)
        for place in places:
            data[:, place : place + 2] = random.normal(0, 0.01, (len(data), 1)).astype(np.float16).view(np.uint8)
        writer.add_tensor(kind, data.reshape(1, -1), raw_dtype=quantisation)
        values[kind] = gguf.dequantize(data, quantisation)
    writer.add_array("comfy.gguf.orig_shape.Q8_0", [4, 8, 8])
    writer.add_string("modelspec.prediction_type", "v")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    (HERE / "blocks.f32").write_bytes(b"".join(values[kind].tobytes() for kind in sorted(values)))


def names() -> None:
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    def save(folder: Path, channels, layers, attention, width, heads, linear, vae_channels, vae_layers, act):
        down = ["CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attention]
        up = ["CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attention)]
        UNet2DConditionModel(block_out_channels=channels, layers_per_block=layers, down_block_types=down, up_block_types=up,
                             cross_attention_dim=width, attention_head_dim=heads,
                             use_linear_projection=linear).save_pretrained(folder / "unet")
        n = len(vae_channels)
        AutoencoderKL(block_out_channels=vae_channels, layers_per_block=vae_layers, latent_channels=4,
                      down_block_types=["DownEncoderBlock2D"] * n,
                      up_block_types=["UpDecoderBlock2D"] * n).save_pretrained(folder / "vae")
        CLIPTextModel(CLIPTextConfig(hidden_size=width, intermediate_size=2 * width, num_hidden_layers=2, vocab_size=100,
                                     num_attention_heads=width // 64, bos_token_id=98, eos_token_id=99, pad_token_id=0,
                                     hidden_act=act)).save_pretrained(folder / "text_encoder")

    with tempfile.TemporaryDirectory() as temporary:
        for name, geometry in {
            "sd1": ((32, 64, 32), 2, (True, True, False), 64, 8, False, (32, 64), 2, "quick_gelu"),
            "sd2": ((64, 128), 1, (True, False), 128, (1, 2), True, (32, 32, 64), 1, "gelu"),
        }.items():
            folder = Path(temporary) / name
            save(folder, *geometry)
            subprocess.run([sys.executable, HERE / "to_compvis.py", folder, "--names", HERE / f"{name}_names.json"],
                           check=True)
            configs = {part: json.loads((folder / part / "config.json").read_text())
                       for part in ("unet", "vae", "text_encoder")}
            (HERE / f"{name}_configs.json").write_text(json.dumps(configs, indent=1) + "\n")


if __name__ == "__main__":
    torch.manual_seed(0)
    checkpoints()
    blocks()
    names()
