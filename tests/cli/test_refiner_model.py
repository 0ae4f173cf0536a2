"""SDXL's refiner, by itself and as what draws the last of the steps. The golden models are small and random."""

import json
import pathlib
import shutil

import numpy
import pytest
from PIL import Image
from pictures import pixels
from test_sdxl_model import METHODS, changed, drawn, write_word
from tiny_lora import write_lora

GOLDEN = pathlib.Path(__file__).parents[1] / "golden/models"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return shutil.copytree(GOLDEN / "sdxl", tmp_path_factory.mktemp("models") / "tiny-sdxl")


@pytest.fixture(scope="module")
def refiner(tmp_path_factory):
    return shutil.copytree(GOLDEN / "refiner", tmp_path_factory.mktemp("models") / "tiny-refiner")


@pytest.fixture(autouse=True)
def folder(latentdial, tmp_path):
    latentdial.folder = tmp_path


def test_by_itself_it_is_a_model(latentdial, refiner, tmp_path):
    said = json.loads(latentdial("info", refiner, "--json").stdout)
    assert said["guidance_scale"] == 5 and said["size"] == "16x16" and said["unused_tensors"] == []
    plain = pixels(drawn(latentdial, refiner, "plain.png"))
    assert plain.std() > 5
    zeros = changed(refiner, tmp_path / "zeros", "model_index.json", force_zeros_for_empty_prompt=True)
    assert (pixels(drawn(latentdial, zeros, "zeros.png")) != plain).any()
    # The same words on both sides are told with two scores, so that guidance has something to go by.
    alike = [pixels(drawn(latentdial, refiner, "alike.png", "-n", "a dog", "--cfg", scale)) for scale in ("1", "9")]
    assert (alike[0] != alike[1]).any()


def test_it_draws_after_its_share_of_the_schedule(latentdial, model, refiner):
    plain = drawn(latentdial, model, "plain.png")
    pictures = {share: pixels(drawn(latentdial, model, f"{share}.png", "--refiner", refiner, "--refiner-switch", share)) for share in ("0", "0.4", "0.6", "0.8", "1")}
    assert (pictures["1"] == pixels(plain)).all()
    for one, other in (("1", "0.6"), ("0.6", "0.4"), ("0.4", "0")):
        assert (pictures[one] != pictures[other]).any(), one
    assert (pixels(drawn(latentdial, model, "own.png", "--refiner", refiner)) == pictures["0.8"]).all()
    assert (pixels(drawn(latentdial, refiner, "alone.png", "--vae", model)) == pictures["0"]).all(), "it draws all"


def test_its_autoencoder_is_not_read(latentdial, model, refiner, tmp_path):
    spoilt = shutil.copytree(refiner, tmp_path / "spoilt")
    (file,) = (spoilt / "vae").glob("*.safetensors")
    read = file.read_bytes()
    header = 8 + int.from_bytes(read[:8], "little")
    file.write_bytes(read[:header] + b"\xff" * (len(read) - header))  # NaN, whatever the type.
    pictures = [pixels(drawn(latentdial, model, f"{one.name}.png", "--refiner", one)) for one in (refiner, spoilt)]
    assert (pictures[0] == pictures[1]).all()


def test_the_picture_says_so(latentdial, fails, model, refiner):
    one = drawn(latentdial, model, "one.png", "--refiner", refiner, "--refiner-switch", "0.5")
    text = Image.open(one).text["parameters"]
    assert "Refiner switch at: 0.5" in text and "Refiner: tiny-refiner" in text
    assert "--refiner" in fails("generate", "-m", model, "--again", one, "-o", "again.png")
    again = latentdial("generate", "-m", model, "--refiner", refiner, "--dtype", "f32", "--again", one, "-o", "again.png")
    assert (again.returncode, again.stderr) == (0, ""), again.stderr
    assert one.read_bytes() == (latentdial.folder / "again.png").read_bytes()


@pytest.mark.parametrize("method", METHODS)
def test_every_dial_turns_both(latentdial, model, refiner, tmp_path, method):
    pair = ("-m", model, "--refiner", refiner, "--refiner-switch", "0.4")
    result = latentdial("dial", *pair, "-p", "a dog", "--style", "sunset", "--method", method, "--at", "0:1:2", "--steps", "4", "--seed", "2", "--dtype", "f32", "-q", "-o", "out")
    assert result.returncode == 0, result.stderr
    plain, styled = (pixels(tmp_path / "out" / f"frame-00{i}.png") for i in (0, 1))
    assert (plain == pixels(drawn(latentdial, *pair[1:2], "plain.png", *pair[2:]))).all()
    assert (plain != styled).any()


@pytest.mark.parametrize(
    "flags",
    [("--sampler", "heun"), ("--reuse", "2"), ("--hires", "2", "--hires-steps", "4"), ("-p", "[a dog:a cat:0.5] AND a lake"), ("--image", "start.png", "--strength", "0.9")],
    ids=str,
)
def test_whatever_else_is_asked_for(latentdial, model, refiner, flags):
    drawn(latentdial, model, "start.png")
    one, two = (drawn(latentdial, model, f"{n}.png", "--refiner", refiner, "--refiner-switch", "0.4", "--threads", n, *flags) for n in ("1", "2"))
    assert one.read_bytes() == two.read_bytes()
    assert (pixels(one) != pixels(drawn(latentdial, model, "plain.png", *flags))).any()


def test_a_lora_on_the_dial_is_the_models_alone(latentdial, model, refiner, tmp_path):
    write_lora(tmp_path / "ink.safetensors", model)

    def turned(share, position):
        flags = ("--refiner", refiner, "--refiner-switch", share, "--style", "lora:ink.safetensors:4", "--at", f"{position}:{position}:1")
        result = latentdial("dial", "-m", model, "-p", "a dog", *flags, "--steps", "4", "--seed", "2", "--dtype", "f32", "-q", "-o", f"out{share}{position}")
        assert result.returncode == 0, result.stderr
        return pixels(tmp_path / f"out{share}{position}" / "frame-000.png")

    assert (turned("0", 0) == turned("0", 1)).all(), "the refiner draws all, without it"
    assert (turned("0.6", 0) != turned("0.6", 1)).any(), "it goes on from what was drawn with it"
    assert (turned("0.6", 1) != turned("1", 1)).any()


def test_it_knows_learnt_words(latentdial, model, refiner, tmp_path):
    numbers = numpy.random.default_rng(1).normal(size=(1, 24)).astype(numpy.float32)
    flags = ("-p", "a gizmo", "--refiner", refiner, "--refiner-switch", "0")
    words = [write_word(tmp_path / f"gizmo{sign}.safetensors", clip_l=numbers[:, :16].copy(), clip_g=sign * numbers) for sign in (1, -1)]
    one, other = (pixels(drawn(latentdial, model, "a.png", *flags, "--embedding", f"gizmo={word}")) for word in words)
    assert (one != other).any()


def test_an_inverted_picture_comes_out_all_the_same(latentdial, model, refiner):
    start = drawn(latentdial, model, "start.png")
    flags = ("-m", model, "--image", start, "--invert", "--strength", "1", "--sampler", "ddim", "--steps", "4", "--dtype", "f32", "-q")
    for name, more in (("plain.png", ()), ("refined.png", ("--refiner", refiner, "--refiner-switch", "0.4"))):
        assert latentdial("generate", *flags, *more, "-o", name).returncode == 0
    plain, refined = (pixels(latentdial.folder / name) for name in ("plain.png", "refined.png"))
    assert numpy.abs(plain - refined).max() <= 1


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (("--refiner-switch", "0.5"), "--refiner-switch: no refiner is loaded that could draw after the share 0.5; name one by --refiner"),
        (("--refiner", "nowhere"), "--refiner: nowhere: no such file or folder"),
        *((("--refiner", GOLDEN / other), "--refiner: neither an inpainting model nor an upscaler nor an unCLIP model goes with one") for other in ("upscaling", "unclip")),
        (("--refiner", "scenes"), "--refiner: "),
    ],
    ids=str,
)
def test_what_cannot_be_one_is_refused(fails, model, tmp_path, flags, line):
    (tmp_path / "scenes").symlink_to(GOLDEN.parents[2] / "models/scenes")
    assert fails("generate", "-m", model, *flags, "-p", "a dog", "-q").startswith(f"latentdial: {line}")
