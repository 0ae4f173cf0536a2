"""No file is opened because another file names it: not from a picture's text, and from a plan only below its folder."""

import json
import os
import re

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

SMALL = ("--steps", "2", "--size", "64x64")
SETTINGS = {"prompt": "a dog", "steps": 2, "width": 64, "height": 64}
LABELS = {"--image": "Start image", "--to-image": "Interpolate to image", "--style-mask": "Style mask", "--dial": "Dial file", "--hires-with": "Hires upscaler"}


def picture(path, size=(64, 64), text=""):
    info = PngInfo()
    info.add_text("parameters", text)
    Image.linear_gradient("L").resize(size).convert("RGB").save(path, pnginfo=info)


@pytest.fixture
def untouched(tmp_path):
    """A pipe whose opening would be seen: nobody writes to it, so reading it waits, and a non-blocking look at it is an error line."""
    os.mkfifo(tmp_path / "secret.png")
    return tmp_path / "secret.png"


@pytest.mark.parametrize("flag", LABELS)
@pytest.mark.parametrize("where", ["{folder}/secret.png", "secret.png", "../{name}/secret.png"])
def test_a_pictures_text_opens_no_file(fails, untouched, tmp_path, flag, where):
    named = where.format(folder=tmp_path, name=tmp_path.name)
    picture(tmp_path / "dog.png", text=f"a dog\nSteps: 2, {LABELS[flag]}: {json.dumps(named)}, Model: scenes")
    line = fails("generate", "--again", "dog.png", "-o", "two.png")
    assert line == f"latentdial: --again: dog.png was made from other files, of which none is opened unasked; name {flag} (secret.png)"


def test_again_names_every_file_that_is_needed(latentdial, fails, tmp_path):
    text = "a dog\nSteps: 2, Style: sketch, Dial: 0.5, Dial file: sketch.json, Start image: a.png, Start image hash: 0123456789abcdef, Style mask hash: 9876543210abcdef"
    picture(tmp_path / "dog.png", text=text)
    line = fails("generate", "--again", "dog.png")
    assert line.endswith("name --image (a.png, 0123456789abcdef) and --style-mask (9876543210abcdef) and --dial (sketch.json)")
    picture(tmp_path / "a.png")
    line = fails("generate", "--again", "dog.png", "--image", "a.png")
    assert line.endswith("name --style-mask (9876543210abcdef) and --dial (sketch.json)")


@pytest.mark.parametrize("key", ["image", "to_image", "style_mask", "dial", "hires_with"])
@pytest.mark.parametrize("place", ["settings", "grid"])
@pytest.mark.parametrize("path", ["/etc/passwd", "../outside.png", "link.png", "links/outside.png", "no/../../such.png"])
def test_a_plan_names_files_of_its_folder_alone(fails, latentdial, tmp_path, key, place, path):
    (tmp_path / "plan").mkdir()
    picture(tmp_path / "outside.png")
    (tmp_path / "plan/link.png").symlink_to("../outside.png")
    (tmp_path / "plan/links").symlink_to("..")
    relative = path if path.startswith("/") else f"plan/{path}"
    section = {"settings": SETTINGS | {key: relative}} if place == "settings" else {"settings": SETTINGS, "grid": {key: ["plan/link", relative]}}
    (tmp_path / "plan/plan.json").write_text(json.dumps(section))
    line = fails("sweep", "plan/plan.json")
    assert line.startswith(f"latentdial: --allow-paths: the plan's {key} is {relative}, outside of the plan's folder"), line
    assert "--allow-paths" not in fails("sweep", "plan/plan.json", "--allow-paths", "--shard", "9/8")


def test_a_plan_that_is_trusted_names_any_file(latentdial, tmp_path):
    (tmp_path / "plans").mkdir()
    picture(tmp_path / "start.png")
    (tmp_path / "plans/plan.json").write_text(json.dumps({"settings": SETTINGS | {"image": "start.png"}}))
    assert latentdial("sweep", "plans/plan.json", "--out", "out").returncode == 2
    assert latentdial("sweep", "plans/plan.json", "--out", "out", "--allow-paths").returncode == 0
    assert latentdial("merge", "plans/plan.json", "--out", "out").returncode == 0, "which opens none of them"


def test_a_plan_takes_files_below_its_folder(latentdial, tmp_path):
    (tmp_path / "photos").mkdir()
    picture(tmp_path / "photos/start.png")
    (tmp_path / "same.png").symlink_to("photos/start.png")
    (tmp_path / "plan.json").write_text(json.dumps({"settings": SETTINGS, "grid": {"image": ["photos/start.png", "same.png", f"{tmp_path}/photos/start.png"]}}))
    assert latentdial("sweep", "plan.json", "--out", "out").returncode == 0


def test_a_shard_of_a_model_lies_beside_its_index(fails, tmp_path):
    (tmp_path / "model/unet").mkdir(parents=True)
    for name in ("/etc/passwd", "../../secret.safetensors", "..", ".", ""):
        (tmp_path / "model/unet/diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": name}}))
        (tmp_path / "model/unet/config.json").write_text('{"_class_name": "AutoencoderTiny"}')
        assert re.search("is not mapped to a file name|is a folder", fails("generate", "-p", "a dog", *SMALL, "--taesd", "model/unet"))
