"""Models of few steps without guidance: every dial runs on them, and what guidance would do is not asked for."""

import json
import pathlib
import shutil

import pytest
from test_sdxl_model import METHODS, drawn, pixels

ROOT = pathlib.Path(__file__).parents[2]
TRAILING = {"_class_name": "EulerDiscreteScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "timestep_spacing": "trailing"}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """SDXL-Turbo's form and, with one text encoder, SD-Turbo's."""
    folder = tmp_path_factory.mktemp("models")
    made = {"sdxl": shutil.copytree(ROOT / "tests/golden/models/sdxl", folder / "sdxl"), "sd": shutil.copytree(ROOT / "models/scenes", folder / "sd")}
    for model in made.values():
        file = model / "scheduler/scheduler_config.json"
        file.write_text(json.dumps(TRAILING | {"prediction_type": json.loads(file.read_text()).get("prediction_type", "epsilon")}))
    return made


@pytest.fixture(autouse=True)
def folder(latentdial, tmp_path):
    latentdial.folder = tmp_path


@pytest.mark.parametrize("name", ["sd", "sdxl"])
def test_a_scale_of_nothing_is_no_guidance(latentdial, models, name):
    flags = ("--steps", "1", "--size", "64x64")
    none, one, other = (drawn(latentdial, models[name], f"{n}.png", *flags, "--cfg", scale) for n, scale in enumerate(("0", "1", "5")))
    assert (pixels(none) == pixels(one)).all() and (pixels(none) != pixels(other)).any()
    unheard = drawn(latentdial, models[name], "unheard.png", *flags, "--cfg", "0", "-n", "rain")
    assert (pixels(unheard) == pixels(none)).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("name", "steps"), [("sd", "1"), ("sdxl", "1"), ("sdxl", "4")])
def test_every_dial_turns_it(latentdial, models, tmp_path, name, method, steps):
    flags = ("--steps", steps, "--size", "64x64", "--cfg", "0", "--seed", "2", "--dtype", "f32")
    result = latentdial("dial", "-m", models[name], "-p", "a dog", "--style", "sunset", "--method", method, "--at", "0:1:2", *flags, "-o", "out")
    assert result.returncode == 0, result.stderr
    assert ("without guidance" in result.stderr) == (method in ("guide", "anchored")), result.stderr
    plain, styled = (pixels(tmp_path / "out" / f"frame-00{i}.png") for i in (0, 1))
    assert (plain == pixels(drawn(latentdial, models[name], "plain.png", *flags))).all()
    assert (plain != styled).any()
