"""An inpainting checkpoint: its U-Net is told the mask and the rest of the picture. The embedded model with a wider first layer is one."""

import json
import pathlib
import shutil
import struct

import numpy
import pytest
from PIL import Image
from pictures import pixels

SCENES = pathlib.Path(__file__).parents[2] / "models/scenes"
WEIGHTS = "unet/diffusion_pytorch_model.safetensors"
LATENTS, TOLD = 12, 13  # Channels: of latents; of the mask and of the latents of what is known.
FEW = ("--steps", "6", "--cfg", "3.5", "-q")
ASK = ("-p", "a castle in the desert", "--image", "photo.png", "--mask", "mask.png", *FEW)


def widened(folder: pathlib.Path, deviation: float) -> pathlib.Path:
    """The embedded model, which also looks at what it is told, by random weights of this deviation."""
    shutil.copytree(SCENES, folder, ignore=shutil.ignore_patterns("dials"))
    config = json.loads((folder / "unet/config.json").read_text())
    (folder / "unet/config.json").write_text(json.dumps(config | {"in_channels": LATENTS + TOLD}))
    data = (folder / WEIGHTS).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    entry = header.pop("conv_in.weight")
    begin, end = entry["data_offsets"]
    weight = numpy.frombuffer(body[begin:end], numpy.float16).reshape(entry["shape"])
    more = numpy.random.default_rng(4).normal(0, 1, (weight.shape[0], TOLD, 3, 3)) * deviation
    wide = numpy.concatenate([weight, more.astype(numpy.float16)], 1)
    header["conv_in.weight"] = {"dtype": "F16", "shape": wide.shape, "data_offsets": [len(body), len(body) + wide.nbytes]}
    # The old tensor's bytes must not lie between others: they go to one that nothing asks for.
    header["old"] = {"dtype": "F16", "shape": [weight.size], "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    (folder / WEIGHTS).write_bytes(struct.pack("<Q", len(text)) + text + body + wide.tobytes())
    return folder


@pytest.fixture(scope="module")
def deaf(tmp_path_factory):
    """Looks at nothing that it is told: what it draws, the embedded model draws."""
    return widened(tmp_path_factory.mktemp("deaf") / "model", 0)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return widened(tmp_path_factory.mktemp("told") / "model", 0.02)


@pytest.fixture
def photo(latentdial, tmp_path):
    """photo.png, another.png, and mask.png, white on the right half."""
    for name, seed in (("photo.png", "3"), ("another.png", "4")):
        assert latentdial("generate", "-p", "a castle by the lake", "--seed", seed, *FEW, "-o", name).returncode == 0
    mask = numpy.zeros((128, 128), numpy.uint8)
    mask[:, 64:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    return numpy.asarray(Image.open(tmp_path / "photo.png"))


def test_it_says_what_it_is(latentdial, model):
    for path, answer in ((model, True), (SCENES, False)):
        assert json.loads(latentdial("info", path, "--json").stdout)["inpainting"] is answer


def test_without_a_mask_it_draws_from_words(latentdial, deaf, tmp_path):
    for name, path in (("plain", SCENES), ("told", deaf)):
        assert latentdial("generate", "-m", path, "-p", "a dog", "--seed", "2", "--dtype", "f32", *FEW, "-o", f"{name}.png").returncode == 0
    assert abs(pixels(tmp_path / "plain.png") - pixels(tmp_path / "told.png")).max() <= 1


def test_the_rest_comes_back_bit_for_bit(latentdial, model, photo, tmp_path):
    assert latentdial("inpaint", "-m", model, *ASK, "-o", "out.png").returncode == 0
    out = pixels(tmp_path / "out.png")
    assert (out[:, :54] == photo[:, :54]).all() and abs(out[:, 74:] - photo[:, 74:]).mean() > 5


def test_what_it_draws_depends_on_the_rest_and_not_on_what_is_redrawn(latentdial, model, photo, tmp_path):
    """Drawn whole, nothing of what was there is left; what is told of the other half is all that counts."""
    another = pixels(tmp_path / "another.png")
    for name, half in (("left", numpy.s_[:, :64]), ("right", numpy.s_[:, 64:])):
        mixed = photo.astype(int).copy()
        mixed[half] = another[half]
        Image.fromarray(mixed.astype(numpy.uint8)).save(tmp_path / f"{name}-photo.png")
    made = {}
    for name in ("photo.png", "left-photo.png", "right-photo.png"):
        ask = ["--mask-blur", "0", *(name if word == "photo.png" else word for word in ASK)]
        assert latentdial("inpaint", "-m", model, *ask, "-o", "out.png").returncode == 0
        made[name] = pixels(tmp_path / "out.png")[:, 64:]
    assert (made["photo.png"] == made["right-photo.png"]).all()
    assert abs(made["photo.png"] - made["left-photo.png"]).mean() > 2


@pytest.mark.parametrize("more", [("--strength", "0.6"), ("--mask-blur", "8"), ("--only-masked",), ("--mask-fill", "noise", "--strength", "0.8")])
def test_every_way_of_redrawing_goes_with_it(latentdial, model, photo, tmp_path, more):
    for threads in ("1", "2"):
        assert latentdial("inpaint", "-m", model, *ASK, *more, "--threads", threads, "-o", f"{threads}.png").returncode == 0
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "2.png").read_bytes()
    assert (pixels(tmp_path / "1.png")[:, :40] == photo[:, :40]).all()


def test_the_dial_turns_its_part(latentdial, model, photo, tmp_path):
    assert latentdial("dial", "-m", model, *ASK, "--style", "winter", "--at", "0:1:3", "-o", "strip").returncode == 0
    frames = [pixels(path) for path in sorted((tmp_path / "strip").glob("*.png")) if Image.open(path).size == (128, 128)]
    assert len(frames) == 3 and all((frame[:, :54] == photo[:, :54]).all() for frame in frames)
    assert abs(frames[2][:, 74:] - frames[0][:, 74:]).mean() > 2


def test_it_extends_and_restores(latentdial, model, photo, tmp_path):
    assert latentdial("outpaint", "-m", model, "--image", "photo.png", "--extend-right", "32", "-p", "a castle", *FEW, "-o", "wide.png").returncode == 0
    assert pixels(tmp_path / "wide.png").shape == (128, 160, 3)
    assert latentdial("upscale", "-m", model, "--image", "photo.png", "--rounds", "1", *FEW, "-o", "large.png").returncode == 0
    assert pixels(tmp_path / "large.png").shape == (256, 256, 3)
