"""latentdial inpaint: a part of a picture is redrawn, the rest comes back bit for bit."""

import json

import numpy
import pytest
from PIL import Image, ImageDraw
from pictures import pixels

FEW = ("--steps", "6", "--cfg", "3.5", "-q")
ASK = ("-p", "a castle in the desert", "--image", "photo.png", "--mask", "mask.png", *FEW)


@pytest.fixture
def photo(latentdial, tmp_path):
    """photo.png, the model's own picture of a castle, and mask.png, white on its right half."""
    assert latentdial("generate", "-p", "a castle by the lake", "--seed", "3", *FEW, "-o", "photo.png").returncode == 0
    mask = Image.new("L", (128, 128))
    ImageDraw.Draw(mask).rectangle((64, 0, 127, 127), fill=255)
    mask.save(tmp_path / "mask.png")
    return numpy.asarray(Image.open(tmp_path / "photo.png"))


def test_the_rest_comes_back_bit_for_bit(latentdial, photo, tmp_path):
    assert latentdial("inpaint", *ASK, "-o", "out.png").returncode == 0
    out = pixels(tmp_path / "out.png")
    assert (out[:, :54] == photo[:, :54]).all() and abs(out[:, 74:].astype(int) - photo[:, 74:]).mean() > 5


def test_without_blur_the_edge_is_sharp(latentdial, photo, tmp_path):
    assert latentdial("inpaint", *ASK, "--mask-blur", "0", "-o", "out.png").returncode == 0
    assert (pixels(tmp_path / "out.png")[:, :64] == photo[:, :64]).all()


def test_a_part_by_itself_leaves_the_picture_its_size(latentdial, photo, tmp_path):
    large = Image.open(tmp_path / "photo.png").resize((320, 200))
    large.save(tmp_path / "large.png")
    spot = Image.new("L", large.size)
    ImageDraw.Draw(spot).rectangle((200, 60, 239, 99), fill=255)
    spot.save(tmp_path / "spot.png")
    ask = ("-p", "a tree", "--image", "large.png", "--mask", "spot.png", "--only-masked", *FEW)
    assert latentdial("inpaint", *ask, "-o", "out.png").returncode == 0
    out, given = pixels(tmp_path / "out.png"), numpy.asarray(large).astype(int)
    outside = numpy.ones(out.shape[:2], bool)
    outside[50:110, 190:250] = False
    assert out.shape == given.shape and (out[outside] == given[outside]).all() and abs(out[60:100, 200:240] - given[60:100, 200:240]).mean() > 5
    assert "Inpaint area: Only masked" in Image.open(tmp_path / "out.png").info["parameters"]
    assert latentdial("inpaint", "--again", "out.png", "--image", "large.png", "--mask", "spot.png", "-q", "-o", "again.png").returncode == 0
    assert (pixels(tmp_path / "again.png") == out).all()


def test_strokes_on_an_empty_layer_are_a_mask(latentdial, photo, tmp_path):
    layer = Image.new("RGBA", (128, 128))
    ImageDraw.Draw(layer).rectangle((64, 0, 127, 127), fill=(255, 255, 255, 255))
    layer.save(tmp_path / "layer.png")
    pictures = []
    for mask in ("mask.png", "layer.png"):
        assert latentdial("inpaint", "-p", "a castle", "--image", "photo.png", "--mask", mask, *FEW, "-o", "out.png").returncode == 0
        pictures.append(pixels(tmp_path / "out.png"))
    assert (pictures[0] == pictures[1]).all()


def test_it_is_generate_at_full_strength(latentdial, photo, tmp_path):
    assert latentdial("inpaint", *ASK, "-o", "a.png").returncode == 0
    assert latentdial("generate", *ASK, "--strength", "1", "-o", "b.png").returncode == 0
    assert (pixels(tmp_path / "a.png") == pixels(tmp_path / "b.png")).all()


def test_a_picture_is_made_again_from_its_files(latentdial, fails, photo, tmp_path):
    assert latentdial("inpaint", *ASK, "--mask-blur", "2", "-o", "a.png").returncode == 0
    assert latentdial("inpaint", "--again", "a.png", "--image", "photo.png", "--mask", "mask.png", "-q", "-o", "b.png").returncode == 0
    assert (pixels(tmp_path / "a.png") == pixels(tmp_path / "b.png")).all()
    assert "--mask" in fails("inpaint", "--again", "a.png", "--image", "photo.png")


@pytest.fixture
def clear(latentdial, tmp_path):
    """clear.png, a castle as well as the model draws one."""
    ask = ("-p", "a castle by the lake", "--seed", "3", "--steps", "20", "--sampler", "dpm++2m", "-q", "-o", "clear.png")
    assert latentdial("generate", *ask).returncode == 0
    return numpy.asarray(Image.open(tmp_path / "clear.png"))


def test_words_say_what_is_redrawn(latentdial, clear, tmp_path):
    ask = ("-p", "a mountain by the lake", "--image", "clear.png", "--redraw", "castle", *FEW)
    assert latentdial("inpaint", *ask, "-o", "out.png").returncode == 0
    out = pixels(tmp_path / "out.png")
    assert 0.05 < (out != clear).any(2).mean() < 0.8, "a part of it, and no more"
    assert "Redrawn words: castle" in Image.open(tmp_path / "out.png").info["parameters"]
    assert latentdial("inpaint", "--again", "out.png", "--image", "clear.png", "-q", "-o", "again.png").returncode == 0
    assert (pixels(tmp_path / "again.png") == out).all()
    settings = {"prompt": "a mountain by the lake", "image": "clear.png", "redraw_words": "castle", "steps": 6, "strength": 1, "guidance_scale": 3.5}
    (tmp_path / "plan.json").write_text(json.dumps({"settings": settings}))
    assert latentdial("sweep", "plan.json", "-q", "-o", "sweep").returncode == 0
    assert any((pixels(path) == out).all() for path in (tmp_path / "sweep").glob("0*.png"))


def test_words_that_it_does_not_show_are_said(fails, clear):
    said = fails("inpaint", "-p", "a cat", "--image", "clear.png", "--redraw", "dog")
    assert '--redraw: clear.png does not show "dog"; name what it shows, or say by --mask what is redrawn' in said


def test_the_dial_turns_the_part(latentdial, photo, tmp_path):
    assert latentdial("dial", *ASK, "--strength", "1", "--style", "cyberpunk", "--at", "0:1:3", "-o", "strip").returncode == 0
    frames = [pixels(path) for path in sorted((tmp_path / "strip").glob("frame-*.png"))]
    assert len(frames) == 3 and all((frame[:, :54] == photo[:, :54]).all() for frame in frames)
    assert (frames[0] != frames[2]).any() and (frames[1] != frames[2]).any()


def test_a_plan_names_masks(latentdial, photo, tmp_path):
    settings = {"prompt": "a castle", "image": "photo.png", "mask": "mask.png", "steps": 4, "strength": 1}
    plan = {"settings": settings, "grid": {"seed": [1, 2]}}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    assert latentdial("sweep", "plan.json", "-q", "-o", "sweep").returncode == 0
    pictures = [pixels(path) for path in (tmp_path / "sweep").glob("*.png") if "sheet" not in path.name]
    assert len(pictures) >= 2 and all((picture[:, :54] == photo[:, :54]).all() for picture in pictures if picture.shape == photo.shape)


@pytest.mark.parametrize("arguments, said", [
    (("-p", "a dog"), "--image: no picture is given"),
    (("-p", "a dog", "--image", "photo.png"), "--mask: no picture is given; say by one what is redrawn, where it is white, or by --redraw in words"),
    (("-p", "a dog", "--redraw", "castle"), "--image: no picture is given"),
    (("-p", "a dog", "--image", "photo.png", "--redraw", "castle", "--mask", "mask.png"), "--redraw: --mask says already what is redrawn"),
    (("-p", "a dog", "--image", "photo.png", "--redraw", "castle", "--only-masked"), "--only-masked"),
    (("-p", "a dog", "--image", "photo.png", "--mask-words", "castle", "--redraw", "castle"), "--mask-words: no --style acts there"),
    (("-p", "a dog", "--image", "photo.png", "--mask", "none.png"), "none.png"),
    (("-p", "a dog", "--image", "photo.png", "--mask", "text.png"), "text.png"),
    (("-p", "a dog", "--image", "photo.png", "--mask", "black.png"), "black.png is black everywhere"),
    (("-p", "a dog", "--image", "photo.png", "--mask", "mask.png", "--mask-blur", "-1"), "--mask-blur"),
    (("-p", "a dog", "--image", "photo.png", "--mask", "mask.png", "--mask-blur", "nan"), "--mask-blur"),
    (("-p", "a dog", "--image", "photo.png", "--mask", "mask.png", "--mask-fill", "red"), "--mask-fill: \"red\" is unknown"),
    (("-p", "a dog", "--image", "photo.png", "--mask", "mask.png", "--strength", "2"), "--strength"),
    (("-p", "a dog", "--image", "photo.png", "--mask", "mask.png", "--only-masked", "--mask-padding", "-1"), "--mask-padding"),
    (("-p", "a dog", "--image", "photo.png", "--mask", "hole.png"), "hole.png is a picture with transparent parts"),
])
def test_what_cannot_be_redrawn_is_refused(fails, photo, tmp_path, arguments, said):
    Image.new("L", (128, 128)).save(tmp_path / "black.png")
    (tmp_path / "text.png").write_text("no picture")
    hole = Image.open(tmp_path / "photo.png").convert("RGBA")
    hole.putalpha(Image.open(tmp_path / "mask.png"))
    hole.save(tmp_path / "hole.png")
    assert said in fails("inpaint", *arguments)


def test_a_mask_needs_a_picture(fails, photo):
    assert "--image" in fails("generate", "-p", "a dog", "--mask", "mask.png")
    assert "--mask" in fails("generate", "-p", "a dog", "--image", "photo.png", "--mask-fill", "noise")
    assert "--mask" in fails("generate", "-p", "a dog", "--image", "photo.png", "--only-masked")
