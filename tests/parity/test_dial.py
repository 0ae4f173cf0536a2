"""The calibrated dial on a full-size model: the code path of any checkpoint, on random weights."""

import json
import subprocess

import numpy
from PIL import Image

from random_models import make_model

PROMPT, STYLE = "temple hidden in the jungle", "Monet style"
LEAST_SPREAD = 5  # Standard deviation of a channel: random weights draw noise, NaN draws nothing.


def read(file) -> numpy.ndarray:
    return numpy.asarray(Image.open(file).convert("RGB")).astype(float)


def test_the_dial_turns_at_full_size(build, models_folder, tmp_path):
    program = build / "bin" / "latentdial"
    common = ["-m", make_model(models_folder, "sd-v1-4"), "-p", PROMPT, "--steps", "5", "--size", "256x256", "--seed", "3", "-q"]
    subprocess.run([program, "generate", *common, "-o", tmp_path / "plain.png"], check=True)
    subprocess.run([program, "dial", *common, "--style", STYLE, "--at", "0:1:3", "-o", tmp_path / "strip"], check=True)
    none, half, full = (read(tmp_path / "strip" / f"frame-{i:03}.png") for i in range(3))
    assert numpy.array_equal(none, read(tmp_path / "plain.png"))
    assert numpy.abs(half - (none + full) / 2).max() <= 0.5
    assert numpy.abs(full - none).max() > 0
    for picture in (none, full):
        assert picture.std((0, 1)).min() > LEAST_SPREAD


def test_an_edit_begins_with_colours_and_outlines_at_full_size(build, models_folder, tmp_path):
    common = ["-m", make_model(models_folder, "sd-v1-4"), "-p", PROMPT, "--steps", "5", "--size", "256x256", "--seed", "3", "-q"]
    model = json.loads(subprocess.run([build / "bin" / "latentdial", "info", "--json", common[1]], check=True, capture_output=True).stdout)
    side = {"start": 0.6, "passes": 1, "guidance": 1, "points": [[0, 0], [1, 1]], "end": 1, "reason": ""}
    weaken = {**side, "points": [[0, 0]], "end": 0}
    dial = {"latentdial_dial": 7, "style": STYLE, "model": model["model"], "fingerprint": model["fingerprint"], "guidance_scale": 7.5}
    for name, more in (("without", {}), ("with", {"colours": "0.3,0,0,0.5,0.2,60,0,0.3,0,0.5,0.2,40,0,0,0.3,0.5,0.2,90"})):
        (tmp_path / "dial.json").write_text(json.dumps({**dial, "strengthen": {**side, **more}, "weaken": weaken}))
        turned = ["--style", STYLE, "--dial", tmp_path / "dial.json", "--at", "1"]
        subprocess.run([build / "bin" / "latentdial", "generate", *common, *turned, "-o", tmp_path / f"{name}.png"], check=True)
    first = read(tmp_path / "with.png")
    assert first.std((0, 1)).min() > LEAST_SPREAD
    assert numpy.abs(first - read(tmp_path / "without.png")).mean() > 1
