"""The calibrated dial on a full-size model: the code path of any checkpoint, on random weights."""

import subprocess

import numpy
from PIL import Image

from random_models import make_model

PROMPT, STYLE = "temple hidden in the jungle", "Monet style"
GUIDANCE = "60"  # Random weights hardly hear words: at 7.5 both ends are so near that a step of rounding is all that half can differ by.
LEAST_SPREAD = 5  # Standard deviation of a channel: random weights draw noise, NaN draws nothing.


def read(file) -> numpy.ndarray:
    return numpy.asarray(Image.open(file).convert("RGB")).astype(float)


def test_the_dial_turns_at_full_size(build, models_folder, tmp_path):
    program = build / "bin" / "latentdial"
    common = ["-m", make_model(models_folder, "sd-v1-4"), "-p", PROMPT, "--cfg", GUIDANCE, "--steps", "4", "--size", "256x256", "--seed", "3", "-q"]
    subprocess.run([program, "generate", *common, "-o", tmp_path / "plain.png"], check=True)
    subprocess.run([program, "dial", *common, "--style", STYLE, "--at", "0:1:3", "-o", tmp_path / "strip"], check=True)
    none, half, full = (read(tmp_path / "strip" / f"frame-{i:03}.png") for i in range(3))
    assert numpy.array_equal(none, read(tmp_path / "plain.png"))
    assert numpy.abs(full - none).max() > 0 and numpy.abs(half - none).max() > 0
    assert numpy.abs(half - (none + full) / 2).max() > 1, "drawn: a mix of the ends would be right to half a step"
    for picture in (none, half, full):
        assert picture.std((0, 1)).min() > LEAST_SPREAD
