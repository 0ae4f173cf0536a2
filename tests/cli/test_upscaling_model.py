"""An upscaling checkpoint: its U-Net is told a small picture and how far that is noised. The golden one is small and random."""

import json
import pathlib
import shutil

import numpy
import pytest
from damaged_model import damaged
from PIL import Image
from pictures import pixels

GOLDEN = pathlib.Path(__file__).parents[1] / "golden/models/upscaling"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return shutil.copytree(GOLDEN, tmp_path_factory.mktemp("models") / "tiny-x4")


@pytest.fixture
def small(tmp_path):
    rng = numpy.random.default_rng(3)
    picture = rng.integers(0, 256, (22, 33, 3), numpy.uint8)
    Image.fromarray(picture).save(tmp_path / "small.png")
    return picture


def upscaled(latentdial, model, out, *more):
    """`more` flags and their values change those that it has anyway."""
    flags = {"--image": "small.png", "-p": "a dog", "--steps": "4", "--seed": "2"} | dict(zip(more[::2], more[1::2], strict=True))
    result = latentdial("upscale", "-m", model, *(word for flag in flags.items() for word in flag), "-q", "-o", out)
    assert result.returncode == 0, result.stderr
    return out


def test_it_says_what_it_is(latentdial, model):
    said = json.loads(latentdial("info", model, "--json").stdout)
    assert said["upscaling"]["by"] == 4 and said["upscaling"]["max_noise_level"] == 30 and said["guidance_scale"] == 9
    assert "latentdial upscale -m" in latentdial("info", model).stdout
    assert json.loads(latentdial("info", "--json").stdout)["upscaling"] is None


def test_the_picture_is_four_times_as_large(latentdial, model, small, tmp_path):
    """Of sides that are no whole latents, too."""
    upscaled(latentdial, model, "out.png")
    assert pixels(tmp_path / "out.png").shape == (88, 132, 3)
    assert "Restoration: upscale, Upscale by: 4, Noise level: 20" in Image.open(tmp_path / "out.png").info["parameters"]


def test_what_is_told_decides_the_picture(latentdial, model, small, tmp_path):
    plain = upscaled(latentdial, model, "plain.png")
    Image.fromarray(255 - small).save(tmp_path / "negative.png")
    others = {"level": ("--noise-level", "3"), "picture": ("--image", "negative.png"), "words": ("-p", "a temple"), "seed": ("--seed", "5")}
    for name, more in others.items():
        upscaled(latentdial, model, f"{name}.png", *more)
        assert (pixels(tmp_path / f"{name}.png") != pixels(tmp_path / plain)).mean() > 0.2, name
    upscaled(latentdial, model, "default.png", "--noise-level", "20", "--by", "4", "--cfg", "9")
    assert (tmp_path / "default.png").read_bytes() == (tmp_path / plain).read_bytes()


def test_threads_change_nothing_and_fewer_bits_little(latentdial, model, small, tmp_path):
    for name, more in {"one": ("--threads", "1"), "two": ("--threads", "2")}.items():
        upscaled(latentdial, model, f"{name}.png", "--dtype", "f32", *more)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    for dtype, most in (("bf16", 4), ("int8", 12)):
        upscaled(latentdial, model, f"{dtype}.png", "--dtype", dtype)
        assert abs(pixels(tmp_path / f"{dtype}.png") - pixels(tmp_path / "one.png")).mean() < most, dtype


@pytest.fixture
def with_own_side(model, tmp_path):
    """The model as if it had been trained at so many latents a side."""

    def make(side):
        folder = shutil.copytree(model, tmp_path / f"x4-{side}")
        config = json.loads((folder / "unet/config.json").read_text()) | {"sample_size": side}
        (folder / "unet/config.json").write_text(json.dumps(config))
        return folder

    return make


def smooth(side):
    y, x = numpy.mgrid[0:side, 0:side] / 40
    waves = [128 + 90 * numpy.sin(6 * x + shift) * numpy.cos(5 * y) for shift in (0, 1, 2)]
    return Image.fromarray(numpy.stack(waves, -1).astype(numpy.uint8))


def step_across(picture, lines):
    """Mean step from each of these rows and columns to the one before."""
    return numpy.mean([abs(picture[line] - picture[line - 1]).mean() + abs(picture[:, line] - picture[:, line - 1]).mean() for line in lines])


def test_a_large_picture_is_drawn_in_tiles_that_do_not_show(latentdial, with_own_side, tmp_path):
    smooth(40).save(tmp_path / "small.png")
    tiles, whole = with_own_side(16), with_own_side(64)
    upscaled(latentdial, tiles, "tiles.png")
    upscaled(latentdial, whole, "whole.png")
    upscaled(latentdial, whole, "other.png", "--seed", "3")
    one, all_at_once, other = (pixels(tmp_path / f"{name}.png") for name in ("tiles", "whole", "other"))
    difference = one - all_at_once
    assert 0 < abs(difference).mean() < 0.15 * abs(other - all_at_once).mean()
    edges = (48, 64, 96, 112)  # Of tiles of 64 pixels, of which each lies over a quarter of the next.
    others = [line for line in range(4, 160, 4) if line not in edges]
    assert step_across(one, edges) < 1.1 * step_across(one, others)
    assert step_across(difference, edges) < 1.3 * step_across(difference, others)


def test_what_is_seen_at_once_is_drawn_whole(latentdial, with_own_side, tmp_path):
    smooth(24).save(tmp_path / "small.png")
    for side in (16, 64):
        upscaled(latentdial, with_own_side(side), f"{side}.png")
    assert (pixels(tmp_path / "16.png") == pixels(tmp_path / "64.png")).all()


def test_its_pictures_are_made_again(latentdial, model, small, tmp_path):
    upscaled(latentdial, model, "out.png", "--noise-level", "7")
    result = latentdial("upscale", "-m", model, "--again", "out.png", "--image", "small.png", "-q", "-o", "again.png")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out.png").read_bytes() == (tmp_path / "again.png").read_bytes()


def test_a_sweep_makes_several(latentdial, model, small, tmp_path):
    plan = {"settings": {"prompt": "a dog", "image": "small.png", "restore": "upscale", "steps": 2}, "grid": {"noise_level": [0, 30], "seed": [1, 2]}}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    result = latentdial("sweep", "plan.json", "-m", model, "--out", "out", "-q")
    assert result.returncode == 0, result.stderr
    assert len({path.read_bytes() for path in (tmp_path / "out").rglob("*.png") if Image.open(path).size == (132, 88)}) == 4


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (("generate", "-p", "a dog"), "--restore: tiny-x4 makes a picture 4 times as wide and high, and draws nothing else; use --restore upscale with an --image"),
        (("generate", "-p", "a dog", "--image", "small.png"), "--restore: tiny-x4 makes"),
        (("inpaint", "-p", "a dog", "--image", "small.png", "--mask", "small.png"), "tiny-x4 makes a picture 4 times"),
        (("outpaint", "-p", "a dog", "--image", "small.png", "--extend-left", "8"), "tiny-x4 makes a picture 4 times"),
        (("colorize", "--image", "small.png"), "tiny-x4 makes a picture 4 times"),
        (("deblur", "--image", "small.png", "--sigma", "2"), "tiny-x4 makes a picture 4 times"),
        (("dial", "-p", "a dog", "--style", "winter", "--at", "0:1:3"), "tiny-x4 makes a picture 4 times"),
        (("interpolate", "--from", "a dog", "--to", "a cat"), "tiny-x4 makes a picture 4 times"),
        (("calibrate", "--style", "winter"), "tiny-x4"),
        (("measure", "small.png", "--style", "winter"), "tiny-x4 upscales pictures and cannot read them"),
        (("upscale", "--image", "small.png", "--by", "2"), "--by: tiny-x4 enlarges 4 times, not 2; leave it out"),
        (("upscale", "--image", "small.png", "--rounds", "2"), "--rounds: tiny-x4 draws a picture once; leave it out"),
        (("upscale", "--image", "small.png", "--strength", "0.5"), "--strength: tiny-x4 draws from noise alone, so 0.5 has no meaning; leave it out"),
        (("upscale", "--image", "small.png", "--noise-level", "31"), "--noise-level: 31 is out of range for tiny-x4, use 0 to 30"),
        (("upscale", "--image", "small.png", "--size", "64x64"), "--size: the restored picture has 144x96; leave the size out"),
        (("generate", "-p", "a", "--image", "small.png", "--restore", "upscale", "--style", "winter"), "--style: a restored picture has no dial"),
        (("upscale",), "--image: no picture is given"),
        (("upscale", "--image", "huge.png"), "--image: the restored picture would have 4400x4000; at most 16 million pixels are"),
    ],
)
def test_what_it_is_not_for_is_refused_in_a_line(fails, model, small, tmp_path, ask, line):
    Image.new("RGB", (1100, 1000)).save(tmp_path / "huge.png")
    assert line in fails(*ask, "-m", model, "-q")


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (("upscale", "--image", "small.png", "--noise-level", "20"), "--noise-level: scenes is neither an upscaling nor an unCLIP model, which alone are told one; leave it out"),
        (("upscale", "--image", "small.png", "--noise-level", "nan"), "--noise-level"),
        (("upscale", "--image", "small.png", "--noise-level", "-1"), "--noise-level"),
        (("generate", "-p", "a", "--noise-level", "20"), "--noise-level: only --restore upscale enlarges"),
        (("upscale", "--image", "small.png", "--with", "x.pth", "--noise-level", "20"), "--noise-level: a network enlarges without it"),
    ],
)
def test_other_models_are_told_no_level(fails, small, ask, line):
    assert line in fails(*ask, "-q")


@pytest.mark.parametrize(
    ("file", "change", "line"),
    [
        ("model_index.json", lambda index: index.pop("low_res_scheduler"), "low_res_scheduler/"),
        ("model_index.json", lambda index: index.update(max_noise_level="many"), '"max_noise_level" is "many"'),
        ("unet/config.json", lambda config: config.update(num_class_embeds=None), "7 input and 4 output channels"),
        ("unet/config.json", lambda config: config.update(num_class_embeds=41), "class_embedding.weight"),
        ("unet/config.json", lambda config: config.update(class_embed_type="timestep"), "class_embed_type"),
        ("unet/config.json", lambda config: config.update(only_cross_attention=[True]), "only_cross_attention"),
        ("low_res_scheduler/scheduler_config.json", lambda config: config.update(num_train_timesteps=10), "noise levels go up to 30"),
    ],
)
def test_a_damaged_folder_is_refused_in_a_line(fails, model, small, tmp_path, file, change, line):
    folder = damaged(model, tmp_path / "damaged", file, change)
    assert line in fails("upscale", "-m", folder, "--image", "small.png", "-q")
