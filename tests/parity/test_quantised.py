"""Files of few bits a weight: what the engine loads equals torch's 8-bit floats and the gguf package's blocks bit for bit."""

import subprocess

import gguf
import numpy
import pytest
import torch
from programs import program
from safetensors.torch import save_file

# Of the package itself; the others are made of random bytes, since it cannot write them.
WRITTEN = ("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1")
SCALES_OF_BLOCKS = {"Q2_K": (80, 82), "Q3_K": (108,), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,)}  # Where a half stands.
ROWS, COLUMNS = 24, 512


def read(path, tmp_path) -> dict[str, numpy.ndarray]:
    """The tensors of a file as the engine loads them."""
    lines = subprocess.run([program("tensors"), path, tmp_path / "values"], check=True, capture_output=True, text=True).stdout.splitlines()
    values, at, tensors = numpy.fromfile(tmp_path / "values", numpy.uint32), 0, {}
    for line in lines:
        name, *extents = line.split()
        shape = [int(extent) for extent in extents]
        count = int(numpy.prod(shape))
        tensors[name], at = values[at : at + count].reshape(shape), at + count
    return tensors


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2])
def test_8_bit_floats(dtype, tmp_path):
    every = torch.arange(256, dtype=torch.uint8).view(dtype)
    finite = every[torch.isfinite(every.float())]
    weight, scale = torch.randn(64, 48).to(dtype), torch.tensor(0.0137)
    tensors = {"all": finite, "plain.weight": weight, "scaled.weight": weight.clone(), "scaled.scale_weight": scale, "scaled.scale_input": torch.ones(1)}
    save_file(tensors, tmp_path / "model.safetensors")
    loaded = read(tmp_path / "model.safetensors", tmp_path)
    for name, values in {"all": finite.float(), "plain.weight": weight.float(), "scaled.weight": weight.float() * scale}.items():
        assert (loaded[name] == values.numpy().view(numpy.uint32)).all(), name


def blocks(kind: str, random: numpy.random.Generator) -> numpy.ndarray:
    """Rows of a block type: of random numbers, or of random bytes with scales that are finite."""
    quantisation = gguf.GGMLQuantizationType[kind]
    if kind in WRITTEN:
        return gguf.quantize(random.normal(0, 0.05, (ROWS, COLUMNS)).astype(numpy.float32), quantisation)
    elements, size = gguf.GGML_QUANT_SIZES[quantisation]
    data = random.integers(0, 256, (ROWS * COLUMNS // elements, size), numpy.uint8)
    for at in SCALES_OF_BLOCKS[kind]:
        data[:, at : at + 2] = random.normal(0, 0.01, (len(data), 1)).astype(numpy.float16).view(numpy.uint8)
    return data.reshape(ROWS, -1)


def test_blocks(tmp_path):
    random = numpy.random.default_rng(3)
    writer, expected = gguf.GGUFWriter(tmp_path / "model.gguf", "sd1"), {}
    for kind in (*WRITTEN, *SCALES_OF_BLOCKS):
        data, quantisation = blocks(kind, random), gguf.GGMLQuantizationType[kind]
        writer.add_tensor(kind, data, raw_dtype=quantisation)
        expected[kind] = gguf.dequantize(data, quantisation)
    # A convolution is cut into rows of 256, and its own shape written beside.
    writer.add_tensor("conv", data, raw_dtype=quantisation)
    writer.add_array("comfy.gguf.orig_shape.conv", [16, 8, 96, 1])
    expected["conv"] = expected[kind].reshape(16, 8, 96, 1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    loaded = read(tmp_path / "model.gguf", tmp_path)
    assert loaded.keys() == expected.keys()
    for kind, values in expected.items():
        assert values.dtype == numpy.float32 and loaded[kind].shape == values.shape, kind
        assert (loaded[kind] == values.view(numpy.uint32)).all(), kind
