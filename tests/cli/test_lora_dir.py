"""LoRAs that prompts add: `<lora:NAME:SCALE>`, found in --lora-dir."""

import hashlib
import json
import pathlib

import pytest
from PIL import Image
from pictures import pixels

LORAS = pathlib.Path(__file__).parents[2] / "models/loras"
SMALL = ("--steps", "1", "--size", "64x64", "--seed", "3")


@pytest.fixture
def folder(tmp_path, lora):
    """The folder of LoRAs, which holds `l`."""
    (tmp_path / "loras").mkdir()
    (tmp_path / lora).rename(tmp_path / "loras" / lora)
    return "loras"


def test_it_is_the_picture_of_a_lora_that_was_loaded_with_the_model(latentdial, tmp_path, folder):
    assert latentdial("generate", "-p", "a cat<lora:l:0.5>", *SMALL, "--lora-dir", folder, "-o", "a.png").returncode == 0
    assert latentdial("generate", "-p", "a cat", *SMALL, "--lora", f"{folder}/l.safetensors:0.5", "-o", "b.png").returncode == 0
    assert latentdial("generate", "-p", "a cat", *SMALL, "-o", "c.png").returncode == 0
    assert (pixels(tmp_path / "a.png") == pixels(tmp_path / "b.png")).all()
    assert (pixels(tmp_path / "a.png") != pixels(tmp_path / "c.png")).any()
    again = latentdial("generate", "--again", "a.png", "--lora-dir", folder, "-o", "d.png")
    assert (again.returncode, again.stderr) == (0, "")
    assert (tmp_path / "d.png").read_bytes() == (tmp_path / "a.png").read_bytes()


def test_a_row_of_scales(latentdial, tmp_path, folder):
    prompts = ["a cat", "a cat<lora:l:0.3>", "a cat<lora:l:0.6>"]
    plan = [{"settings": {"steps": 1, "width": 64, "height": 64, "seed": 3}, "grid": {"prompt": prompts}}]
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    made = latentdial("sweep", "plan.json", "--lora-dir", folder, "--out", "out")
    assert made.returncode == 0, made.stderr
    pictures = [pixels(path) for path in sorted((tmp_path / "out").glob("*.png"))]
    assert len(pictures) == 3
    for i, one in enumerate(pictures):
        for other in pictures[:i]:
            assert (one != other).any()


def test_on_the_dial(latentdial, fails, tmp_path, folder):
    small = ("--steps", "2", "--size", "64x64", "--seed", "3")
    made = latentdial("dial", "-p", "a cat", "--style", "lora:l", "--at", "0:1:3", *small, "--lora-dir", folder, "-o", "strip")
    assert made.returncode == 0, made.stderr
    assert latentdial("generate", "-p", "a cat", *small, "-o", "plain.png").returncode == 0
    frames = [pixels(tmp_path / f"strip/frame-00{i}.png") for i in range(3)]
    assert (frames[0] == pixels(tmp_path / "plain.png")).all()
    assert abs(frames[2] - frames[0]).mean() > abs(frames[1] - frames[0]).mean() > 0
    again = latentdial("generate", "--again", "strip/frame-001.png", "--lora-dir", folder, "-o", "again.png")
    assert again.returncode == 0, again.stderr
    assert (pixels(tmp_path / "again.png") == frames[1]).all()
    by_file = latentdial("generate", "--again", "strip/frame-001.png", "--style", f"lora:{folder}/l.safetensors", "-o", "by-file.png")
    assert by_file.returncode == 0 and (pixels(tmp_path / "by-file.png") == frames[1]).all()
    assert "folder" not in Image.open(tmp_path / "by-file.png").info["parameters"]
    assert "--style: lora:l is looked for in a folder of LoRAs, but none was given by --lora-dir" in fails("generate", "--again", "strip/frame-001.png")
    read = latentdial("measure", "strip/frame-002.png", "--style", "lora:l", "--lora-dir", folder, "--evaluations", "2", "--json")
    assert read.returncode == 0 and "strength" in json.loads(read.stdout)
    assert "slerp turns words" in fails("dial", "-p", "a cat", "--style", "lora:l", "--method", "slerp", *small, "--lora-dir", folder)
    assert "calibrate is for words" in fails("calibrate", "--style", "lora:l", "--lora-dir", folder)


def test_a_picture_says_which_files_made_it(latentdial, fails, tmp_path, folder):
    file = tmp_path / "loras/l.safetensors"
    short = sha256_of_tensors(file)
    (tmp_path / "loras/wash.safetensors").write_bytes(file.read_bytes())
    small = {"steps": 1, "width": 64, "height": 64, "seed": 3}
    plan = [
        {"settings": small, "grid": {"prompt": ["a cat", "a cat<lora:l:0.3>"]}},
        {"settings": {**small, "prompt": "a cat", "loras": "wash", "style": "lora:l", "method": "guide"}, "grid": {"position": [1]}},
    ]
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    sweep = ("sweep", "plan.json", "--lora-dir", folder, "--out", "out")
    assert latentdial(*sweep).returncode == 0
    texts = [Image.open(path).info["parameters"] for path in sorted((tmp_path / "out").glob("*.png"))]
    assert ["Lora hashes" in text for text in texts] == [False, True, True]
    assert f'Lora hashes: "l: {short}", ' in texts[1] and f'Lora hashes: "wash: {short}, l: {short}", ' in texts[2]
    again = latentdial("generate", "--again", sorted((tmp_path / "out").glob("*.png"))[2], "--lora-dir", folder, "-o", "again.png")
    assert (again.returncode, again.stderr) == (0, "")
    assert latentdial(*sweep, "--resume").returncode == 0
    swapped = bytearray(file.read_bytes())
    swapped[-2:] = b"\0\0"
    file.write_bytes(swapped)
    line = fails(*sweep, "--resume")
    assert f"holds a picture that another LoRA file made (l: {short}, now l: {sha256_of_tensors(file)})" in line


def sha256_of_tensors(file):
    read = file.read_bytes()
    return hashlib.sha256(read[8 + int.from_bytes(read[:8], "little") :]).hexdigest()[:12]


def test_the_lora_that_comes_with_the_project(latentdial, tmp_path):
    (file,) = LORAS.iterdir()
    assert file.stat().st_size <= 2**20
    small = ("--steps", "8", "--sampler", "dpm++2m", "--cfg", "3.5", "--seed", "1001")
    made = latentdial("dial", "-p", "a castle by the lake", "--style", f"lora:{file.stem}", "--lora-dir", LORAS, "--at", "0:1:3", *small, "-o", "strip")
    assert made.returncode == 0, made.stderr
    assert latentdial("generate", "-p", "a castle by the lake", *small, "-o", "plain.png").returncode == 0
    none, half, full = (pixels(tmp_path / f"strip/frame-00{i}.png") for i in range(3))
    assert (none == pixels(tmp_path / "plain.png")).all()
    assert abs(full - none).mean() > abs(half - none).mean() > 8
    blue_over_red = [(sky[:64, :, 2] - sky[:64, :, 0]).mean() for sky in (none, half, full)]
    assert blue_over_red[0] > blue_over_red[1] > blue_over_red[2], "the sky burns"


def test_a_plans_lora_lies_in_its_folder(latentdial, fails, tmp_path, folder):
    settings = {"prompt": "a cat", "position": 1, "method": "guide", "steps": 1, "width": 64, "height": 64}
    (tmp_path / "plan.json").write_text(json.dumps([{"settings": {**settings, "style": "lora:/elsewhere/l.safetensors"}}]))
    assert "style is /elsewhere/l.safetensors, outside" in fails("sweep", "plan.json", "--out", "out")
    plan = [{"settings": {**settings, "style": f"lora:{folder}/l.safetensors"}, "grid": {"loras": ["", "l:0.5"]}}]
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    made = latentdial("sweep", "plan.json", "--lora-dir", folder, "--out", "out")
    assert made.returncode == 0, made.stderr
    one, other = (pixels(path) for path in sorted((tmp_path / "out").glob("*.png")))
    assert (one != other).any()


def test_what_is_not_there_is_refused(fails, tmp_path, folder):
    line = fails("generate", "-p", "a cat<lora:ink:0.5>", *SMALL, "--lora-dir", folder)
    assert line.endswith("--prompt: there is no <lora:ink>; the folder of LoRAs has l")
    assert "--lora-dir: nowhere is not a folder" in fails("generate", "-p", "a cat", *SMALL, "--lora-dir", "nowhere")
    assert "is not closed" in fails("generate", "-p", "a cat<lora:l", *SMALL, "--lora-dir", folder)
    (tmp_path / folder / "bad.safetensors").write_text("<html>")
    assert "--prompt: bad.safetensors: " in fails("generate", "-p", "a cat<lora:bad>", *SMALL, "--lora-dir", folder)


def test_a_dial_belongs_to_the_model_that_is_loaded(fails, folder):
    assert "<lora:…> adds a LoRA to single pictures" in fails("calibrate", "--style", "sketch", "-p", "a cat<lora:l>", "--lora-dir", folder)
