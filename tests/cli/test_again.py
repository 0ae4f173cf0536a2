"""--again: the same picture, or one line that says why it would be another."""

import hashlib
import json
import pathlib

import pytest
from PIL import Image, PngImagePlugin

SCENES = pathlib.Path(__file__).resolve().parents[2] / "models" / "scenes"
SMALL = ("--steps", "1", "--size", "64x64")
THEIRS = "a cat\nNegative prompt: bad\nSteps: 1, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 64x64"


@pytest.fixture
def picture(tmp_path):
    """A picture that another program made, with its settings as text."""

    def make(text, name="theirs.png"):
        image = Image.new("RGB", (64, 64), "grey")
        if name.endswith(".png"):
            info = PngImagePlugin.PngInfo()
            info.add_text("parameters", text)
            image.save(tmp_path / name, pnginfo=info)
        else:
            exif = Image.Exif()
            exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + text.encode("utf-16-be")
            image.save(tmp_path / name, exif=exif)
        return name

    return make


def same(tmp_path, one, other):
    return (tmp_path / one).read_bytes() == (tmp_path / other).read_bytes()


def test_the_same_model_makes_the_same_picture(latentdial, tmp_path):
    assert latentdial("generate", "-p", "a cat", *SMALL, "-o", "a.png").returncode == 0
    again = latentdial("generate", "--again", "a.png", "-o", "b.png")
    assert (again.returncode, again.stderr) == (0, "")
    assert same(tmp_path, "a.png", "b.png")


def test_a_lora_that_is_not_there_is_asked_for(latentdial, fails, tmp_path, lora):
    assert latentdial("generate", "-p", "a cat", *SMALL, "--lora", lora, "-o", "a.png").returncode == 0
    for folder in ((), ("--lora-dir", ".")):  # Which adds nothing by itself.
        line = fails("generate", "--again", "a.png", *folder, "-o", "b.png")
        assert "a.png was made by scenes+l:1" in line and "--lora" in line
    assert not (tmp_path / "b.png").exists()
    again = latentdial("generate", "--again", "a.png", "--lora", lora, "-o", "b.png")
    assert again.returncode == 0 and same(tmp_path, "a.png", "b.png")
    other = latentdial("generate", "--again", "a.png", "-m", SCENES, "-o", "c.png")
    assert other.returncode == 0 and "made by scenes+l:1" in other.stderr and "now by scenes" in other.stderr


@pytest.mark.parametrize(
    "setting",
    ["Hires prompt: a dog", "Hires resize: 96x128", 'Lora hashes: "a: 1"', 'TI hashes: "a: 1"', "Variation seed strength: 0.3",
     "ENSD: 31337", 'ControlNet 0: "a, b"', "ADetailer model: face", "Tiling: True", "Masked content: fill", "Eta: 0.67"],
)
def test_what_is_not_here_and_decides_is_named(fails, picture, setting):
    line = fails("generate", "-m", SCENES, "--again", picture(f"{THEIRS}, {setting}"))
    assert setting.split(":")[0] in line and "not here" in line


@pytest.mark.parametrize("flags", [(), ("--clip-skip", "1")], ids=str)
def test_another_programs_clip_skip_is_taken_over(latentdial, tmp_path, picture, flags):
    theirs = picture(f"{THEIRS}, Clip skip: 2")
    assert latentdial("generate", "-m", SCENES, "--again", theirs, *flags, "-o", "a.png").returncode == 0
    assert ("Clip skip: 2" in Image.open(tmp_path / "a.png").text["parameters"]) == (flags == ())
    again = latentdial("generate", "-m", SCENES, "--again", "a.png", "-o", "b.png")
    assert again.returncode == 0 and same(tmp_path, "a.png", "b.png")


def test_a_refiner_must_be_given_again(fails, picture):
    line = fails("generate", "-m", SCENES, "--again", picture(f"{THEIRS}, Refiner: x [1234567890], Refiner switch at: 0.8"))
    assert "no refiner is loaded that could draw after the share 0.8; name one by --refiner" in line


def test_the_loras_of_anothers_prompt_are_found_by_their_hashes(latentdial, fails, tmp_path, picture, lora):
    (tmp_path / "loras").mkdir()
    file = (tmp_path / lora).rename(tmp_path / "loras" / "mine.safetensors").read_bytes()
    tensors = file[8 + int.from_bytes(file[:8], "little") :]
    short = hashlib.sha256(tensors).hexdigest()[:12]  # As A1111 has it.
    theirs, where = THEIRS.replace("a cat", "a cat <lora:ink:0.5>"), ("-m", SCENES, "--lora-dir", "loras")
    assert latentdial("generate", *where, "-p", "a cat <lora:mine:0.5>", "-n", "bad", "--steps", "1", "--sampler", "euler_a", "--cfg", "7", "--seed", "5", "--size", "64x64", "-o", "a.png").returncode == 0
    renamed = latentdial("generate", *where, "--again", picture(f'{theirs}, Lora hashes: "ink: {short}"'), "-o", "b.png")
    assert renamed.returncode == 0 and "the LoRA 'ink' is 'mine' here, by its hash" in renamed.stderr
    assert same(tmp_path, "a.png", "b.png")
    named = theirs.replace("ink", "mine")
    found = latentdial("generate", *where, "--again", picture(f'{named}, Lora hashes: "mine: {short}"'), "-o", "c.png")
    assert found.returncode == 0 and "hash" not in found.stderr and same(tmp_path, "a.png", "c.png")
    other = latentdial("generate", *where, "--again", picture(f'{named}, Lora hashes: "mine: 0123456789ab"'), "-o", "d.png")
    assert other.returncode == 0 and "the LoRA 'mine' here is another file than the one of then ('0123456789ab')" in other.stderr
    assert "there is no <lora:ink>" in fails("generate", *where, "--again", picture(f'{theirs}, Lora hashes: "ink: 0123456789ab"'))
    assert "not here (Lora hashes: mine: " in fails("generate", *where, "--again", picture(f'{named}, Lora hashes: "mine: {short}, wash: {short}"')), "which the prompt does not add"


def test_a_mask_must_be_given_again(fails, picture):
    assert "--mask" in fails("generate", "-m", SCENES, "--again", picture(f"{THEIRS}, Mask blur: 4"))


@pytest.mark.parametrize(
    "setting", ["Hashes: {}", "Variation seed strength: 0", "ENSD: 0", "Tiling: False", "VAE: x", "Template: y", "Seed resize: "]
)
def test_what_is_not_here_and_harmless_is_noticed(latentdial, picture, setting):
    again = latentdial("generate", "-m", SCENES, "--again", picture(f"{THEIRS}, Model: v1-5, Model hash: 6ce0161689, {setting}"), "-o", "b.png")
    assert again.returncode == 0, again
    assert "not taken over: " + setting.split(":")[0] in again.stderr
    assert "made by v1-5 (6ce0161689)" in again.stderr


def test_another_programs_model_is_asked_for(fails, picture):
    line = fails("generate", "--again", picture(THEIRS + ", Model hash: 6ce0161689, Model: v1-5-pruned-emaonly"))
    assert "v1-5-pruned-emaonly (6ce0161689)" in line and "--model" in line


def test_another_programs_start_picture_is_asked_for(latentdial, fails, picture):
    name = picture(THEIRS + ", Denoising strength: 0.75")
    assert "--image" in fails("generate", "-m", SCENES, "--again", name)
    assert latentdial("generate", "-m", SCENES, "--again", name, "--image", name, "-o", "b.png").returncode == 0


def test_another_programs_second_pass_is_taken_over(latentdial, fails, tmp_path, picture):
    twice = picture(THEIRS + ", Denoising strength: 0.5, Hires upscale: 1.5, Hires steps: 2, Hires upscaler: Latent")
    assert latentdial("generate", "-m", SCENES, "--again", twice, "-o", "b.png").returncode == 0
    made = Image.open(tmp_path / "b.png")
    assert made.size == (96, 96) and "Hires upscale: 1.5, Hires upscaler: Latent, Hires steps: 2" in made.info["parameters"]
    filling = picture(THEIRS + ", Denoising strength: 0.5, Hires resize: 96x0, Hires steps: 2, Hires upscaler: Latent", "filling.png")
    assert latentdial("generate", "-m", SCENES, "--again", filling, "-o", "c.png").returncode == 0
    assert same(tmp_path, "b.png", "c.png")
    by_network = picture(THEIRS + ", Denoising strength: 0.5, Hires upscale: 2, Hires upscaler: R-ESRGAN 4x+", "network.png")
    assert "--hires-with (R-ESRGAN 4x+)" in fails("generate", "-m", SCENES, "--again", by_network)


@pytest.mark.parametrize("name", ["theirs.jpg", "theirs.webp", "theirs.png"])
def test_settings_of_every_format_are_read(latentdial, picture, name):
    described = json.loads(latentdial("info", picture(THEIRS + ', Hashes: {"a": "b"}', name), "--json").stdout)
    assert (described["settings"]["prompt"], described["settings"]["seed"]) == ("a cat", 5)
    assert described["not_read"] == {"Hashes": '{"a": "b"}'}
    assert latentdial("generate", "-m", SCENES, "--again", name, "-o", "b.png").returncode == 0


def test_a_picture_without_settings_is_named_so(fails, tmp_path):
    for name in ("plain.jpg", "plain.webp", "plain.png"):
        Image.new("RGB", (64, 64)).save(tmp_path / name)
        assert f"{name} holds no settings" in fails("generate", "--again", name)
