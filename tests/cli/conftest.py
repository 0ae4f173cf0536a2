import json
import os
import pathlib
import subprocess

import numpy
import pytest

PROGRAM = os.environ.get("LATENTDIAL_BIN", "build/release/bin/latentdial")


@pytest.fixture(scope="session")
def latentdial_program():
    return pathlib.Path(PROGRAM).resolve()


@pytest.fixture
def latentdial(latentdial_program, tmp_path):
    """Runs the program in an empty folder; returns the finished process with text output."""
    program = latentdial_program

    def run(*arguments, timeout=300, **options):
        return subprocess.run([program, *arguments], cwd=tmp_path, capture_output=True, timeout=timeout, encoding="utf-8", errors="replace", **options)

    run.program = program
    return run


@pytest.fixture
def fails(latentdial):
    """Runs the program, demands exit code 2 and exactly one line on stderr, and returns that line."""

    def run(*arguments, **options):
        process = latentdial(*arguments, **options)
        lines = [line for line in process.stderr.splitlines() if not line.startswith("notice: ")]
        assert process.returncode == 2, process
        assert len(lines) == 1, process.stderr
        assert process.stdout == ""
        return lines[0]

    return run


@pytest.fixture
def lora(tmp_path):
    """A LoRA of one layer of the embedded model, of rank 1."""
    scenes = pathlib.Path(__file__).resolve().parents[2] / "models" / "scenes"
    unet = (scenes / "unet" / "diffusion_pytorch_model.safetensors").read_bytes()
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
    (tmp_path / "l.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)
    return "l.safetensors"
