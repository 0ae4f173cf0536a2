"""Tiny models that differ, made of the golden one that is whole: two text encoders, their tokenizers, a U-Net, an autoencoder."""

import json
import pathlib
import shutil

import numpy

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "models" / "sdxl"


def retrained(folder: pathlib.Path, seed: int) -> pathlib.Path:
    """A copy of it in `folder`, the U-Net's weights a little off."""
    shutil.copytree(GOLDEN, folder, ignore=shutil.ignore_patterns("expected.safetensors"))
    retrain(folder / "unet" / "diffusion_pytorch_model.safetensors", seed)
    return folder


def retrain(file: pathlib.Path, seed: int) -> None:
    """Puts the weights of a file a little off."""
    data = file.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    assert {tensor["dtype"] for name, tensor in json.loads(data[8:begin]).items() if name != "__metadata__"} == {"F16"}
    weights = numpy.frombuffer(data[begin:], "<f2")
    noise = numpy.random.default_rng(seed).normal(1, 0.2, weights.size)
    file.write_bytes(data[:begin] + (weights * noise).astype("<f2").tobytes())


def memory_in_f32(folder: pathlib.Path) -> float:
    """MiB that the weights take, and a little more: those of the files are half as wide."""
    return 2 * sum(file.stat().st_size for file in folder.rglob("*.safetensors")) / 2**20
