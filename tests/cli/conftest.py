import os
import pathlib
import subprocess

import pytest
from tiny_lora import write_lora

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
    write_lora(tmp_path / "l.safetensors", pathlib.Path(__file__).resolve().parents[2] / "models" / "scenes")
    return "l.safetensors"
