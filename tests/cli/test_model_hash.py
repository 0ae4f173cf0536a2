"""A picture tells which weights made it, and is kept for no others."""

import json
import pathlib
import shutil
import struct

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

SCENES = pathlib.Path(__file__).resolve().parents[2] / "models" / "scenes"
SMALL = {"prompt": "a dog", "steps": 2, "width": 64, "height": 64}


@pytest.fixture
def retrain(tmp_path):
    """Changes a low bit of some weights of the model `scenes` in the test's folder."""
    shutil.copytree(SCENES, tmp_path / "scenes")

    def change():
        path = tmp_path / "scenes" / "vae" / "diffusion_pytorch_model.safetensors"
        content = bytearray(path.read_bytes())
        begin = 8 + struct.unpack("<Q", content[:8])[0]
        for i in range(begin, begin + 200_000, 2):
            content[i] ^= 1
        path.unlink()
        path.write_bytes(content)

    return change


def model_hash(latentdial, *path):
    return json.loads(latentdial("info", "--json", *path).stdout)["model_hash"]


def test_info_tells_the_weights_of_a_picture_and_of_a_model(latentdial, retrain, tmp_path):
    assert latentdial("generate", "-m", "scenes", "-p", "a dog", "--steps", "1", "--size", "64x64", "-o", "dog.png").returncode == 0
    original = model_hash(latentdial, "scenes")
    assert len(original) == 10 and original == model_hash(latentdial) == model_hash(latentdial, "dog.png")
    assert f"model_hash: {original}\n" in latentdial("info", "dog.png").stdout
    assert f", Model hash: {original}, Model: scenes, " in Image.open(tmp_path / "dog.png").text["parameters"]
    retrain()
    assert model_hash(latentdial, "scenes") != original


def test_a_sweep_does_not_keep_what_other_weights_made(latentdial, fails, retrain, tmp_path):
    (tmp_path / "plan.json").write_text(json.dumps({"settings": SMALL, "grid": {"seed": [1, 2]}}))
    sweep = ("sweep", "plan.json", "-m", "scenes", "--out", "out")
    assert latentdial(*sweep).returncode == 0
    assert latentdial(*sweep, "--resume").returncode == 0
    original = model_hash(latentdial, "scenes")
    retrain()
    line = fails(*sweep, "--resume")
    assert "out/00000-" in line and f"other weights made (model hash {original}, now {model_hash(latentdial, 'scenes')})" in line
    assert "use another folder or move it away" in line


def test_a_strip_does_not_keep_frames_that_other_weights_made(latentdial, fails, retrain):
    dial = ("dial", "-m", "scenes", "-p", "a dog", "--style", "sketch", "--method", "slerp", "--at", "0:1:2", "--steps", "2", "--size", "64x64")
    assert latentdial(*dial).returncode == 0
    retrain()
    assert "other weights made" in fails(*dial)


def test_pictures_of_older_versions_do_not_say_and_are_not_kept(latentdial, fails, tmp_path):
    (tmp_path / "plan.json").write_text(json.dumps({"settings": SMALL}))
    assert latentdial("sweep", "plan.json", "--out", "out").returncode == 0
    picture = next((tmp_path / "out").glob("*.png"))
    image, info = Image.open(picture), PngInfo()
    info.add_text("parameters", image.text["parameters"].replace(f"Model hash: {model_hash(latentdial)}, ", ""))
    image.save(picture, pnginfo=info)
    assert "does not say which weights made it" in fails("sweep", "plan.json", "--out", "out", "--resume")
    assert model_hash(latentdial, str(picture)) == ""
