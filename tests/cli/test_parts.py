"""Parts of a model that are given: a U-Net of GGUF blocks, a VAE, what is predicted."""

import json
import pathlib
import struct

import numpy
import pytest
from pictures import pixels

SCENES = pathlib.Path(__file__).parents[2] / "models/scenes"
UNET, VAE = (SCENES / part / "diffusion_pytorch_model.safetensors" for part in ("unet", "vae"))
ASK = ("generate", "-p", "a castle in the desert", "--seed", "3", "--steps", "2", "--dtype", "f32", "-q")
TYPES = {"F32": 0, "F16": 1, "Q8_0": 8}  # The format's numbers.


def read(path) -> dict[str, numpy.ndarray]:
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    header.pop("__metadata__", None)
    return {name: numpy.frombuffer(body[slice(*entry["data_offsets"])], numpy.float16).reshape(entry["shape"]) for name, entry in header.items()}


def write_safetensors(path, tensors: dict[str, numpy.ndarray]) -> None:
    header, body = {}, b""
    for name, tensor in tensors.items():
        header[name] = {"dtype": {"float32": "F32", "float16": "F16", "uint8": "F8_E5M2"}[tensor.dtype.name], "shape": tensor.shape}
        header[name]["data_offsets"] = [len(body), len(body) + tensor.nbytes]
        body += tensor.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def write_gguf(path, tensors: dict[str, tuple[str, numpy.ndarray, tuple]]) -> None:
    """Tensors as type, data and shape; one that was cut into rows of 256 has its own shape beside it, as city96's converter writes it."""
    text = lambda value: struct.pack("<Q", len(value)) + value.encode()  # noqa: E731
    facts, entries, body = [], b"", b""
    for name, (kind, data, shape) in tensors.items():
        stored = shape
        if kind == "Q8_0" and len(shape) == 4:
            stored = (numpy.prod(shape) // 256, 256)
            facts.append(text(f"comfy.gguf.orig_shape.{name}") + struct.pack(f"<IIQ{len(shape)}i", 9, 5, len(shape), *shape))
        entries += text(name) + struct.pack(f"<I{len(stored)}Q", len(stored), *reversed(stored)) + struct.pack("<IQ", TYPES[kind], len(body))
        body += data.tobytes() + bytes(-data.nbytes % 32)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(facts)) + b"".join(facts) + entries
    path.write_bytes(head + bytes(-len(head) % 32) + body)


def eight_bits(values: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Blocks of Q8_0, and the values that they stand for."""
    blocks = values.astype(numpy.float32).reshape(-1, 32)
    scale = (abs(blocks).max(1, keepdims=True) / 127).astype(numpy.float16)
    numbers = numpy.rint(blocks / numpy.maximum(scale.astype(numpy.float32), 1e-8)).clip(-127, 127).astype(numpy.int8)
    packed = numpy.concatenate([scale.view(numpy.uint8), numbers.view(numpy.uint8)], 1)
    return packed, (numbers.astype(numpy.float32) * scale.astype(numpy.float32)).reshape(values.shape)


def picture(latentdial, tmp_path, *arguments) -> numpy.ndarray:
    process = latentdial(*ASK, *arguments, "-o", "out.png")
    assert process.returncode == 0, process.stderr
    return pixels(tmp_path / "out.png")


def test_a_unet_of_blocks_is_the_same_numbers(latentdial, tmp_path):
    packed, plain = {}, {}
    for name, tensor in read(UNET).items():
        if tensor.ndim > 1 and tensor.size % 256 == 0:
            data, plain[name] = eight_bits(tensor)
            packed[name] = "Q8_0", data, tensor.shape
        else:
            plain[name] = tensor
            packed[name] = "F16", tensor, tensor.shape
    write_gguf(tmp_path / "unet.gguf", packed)
    write_safetensors(tmp_path / "unet.safetensors", plain)
    of_blocks = picture(latentdial, tmp_path, "--unet", "unet.gguf")
    assert (of_blocks == picture(latentdial, tmp_path, "--unet", "unet.safetensors")).all()
    assert (of_blocks != picture(latentdial, tmp_path)).any()


def test_a_scaled_unet_is_the_same_numbers(latentdial, tmp_path):
    scaled, plain = {"scaled_fp8": numpy.zeros(0, numpy.uint8)}, {}
    for name, tensor in read(UNET).items():
        plain[name] = scaled[name] = tensor
        if tensor.ndim == 2 and name.endswith(".weight"):
            bits = (tensor * numpy.float16(32)).view(numpy.uint16) >> 8
            scaled[name], scaled[name.removesuffix("weight") + "scale_weight"] = bits.astype(numpy.uint8), numpy.float32([1 / 32])
            plain[name] = (bits << 8).astype(numpy.uint16).view(numpy.float16).astype(numpy.float32) / 32
    write_safetensors(tmp_path / "scaled.safetensors", scaled)
    write_safetensors(tmp_path / "plain.safetensors", plain)
    assert (picture(latentdial, tmp_path, "--unet", "scaled.safetensors") == picture(latentdial, tmp_path, "--unet", "plain.safetensors")).all()


@pytest.mark.parametrize(("flag", "path"), [("--unet", UNET), ("--unet", SCENES), ("--vae", VAE), ("--vae", SCENES / "vae"), ("--prediction", "v_prediction")])
def test_the_same_part_is_the_same_picture(latentdial, tmp_path, flag, path):
    assert (picture(latentdial, tmp_path, flag, path) == picture(latentdial, tmp_path)).all()


def test_another_part_is_another_model(latentdial, tmp_path):
    vae = read(VAE)
    vae["decoder.conv_out.bias"] = vae["decoder.conv_out.bias"] + numpy.float16(0.5)
    write_safetensors(tmp_path / "vae.safetensors", vae)
    own = picture(latentdial, tmp_path)
    for part in (("--vae", "vae.safetensors"), ("--prediction", "epsilon")):
        assert (own != picture(latentdial, tmp_path, *part)).any()
        assert "was made by scenes" in latentdial("generate", "--again", "out.png", "-o", "again.png").stderr


def test_a_wrong_part_is_refused(fails, tmp_path):
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1 << 40, 0))
    assert "--unet: " in fails(*ASK, "--unet", VAE) and "--vae: " in fails(*ASK, "--vae", UNET)
    assert "claims 1099511627776 tensors" in fails(*ASK, "--unet", "broken.gguf")
    assert "missing.gguf" in fails(*ASK, "--unet", "missing.gguf")
    assert "use epsilon, v_prediction or sample" in fails(*ASK, "--prediction", "v")
    assert "a U-Net alone, for --unet" in fails(*ASK, "-m", UNET)
