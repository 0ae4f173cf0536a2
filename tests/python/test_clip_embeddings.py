"""latentdial.Clip: pictures and texts in one space."""

import pathlib

import numpy
import pytest
from latentdial import Clip, InvalidInput
from PIL import Image

FOLDER = pathlib.Path(__file__).parents[1] / "golden/models/clip"


@pytest.fixture(scope="module")
def clip():
    return Clip(FOLDER, dtype="f32")


def test_it_says_what_it_is(clip):
    assert (clip.width, clip.image_size, clip.reads_texts) == (12, 16, True)
    assert repr(clip) == "<Clip of width 12>"


def test_pictures_of_every_form_have_one_embedding(clip, tmp_path):
    pixels = numpy.random.default_rng(1).integers(0, 256, (30, 20, 3), numpy.uint8)
    Image.fromarray(pixels).save(tmp_path / "small.png")
    embedded = [clip.embed_image(form) for form in (pixels, Image.fromarray(pixels), tmp_path / "small.png")]
    assert embedded[0].shape == (12,) and embedded[0].dtype == numpy.float32
    assert all((one == embedded[0]).all() for one in embedded)
    assert not numpy.allclose(clip.embed_image(255 - pixels), embedded[0])


def test_texts_are_told_apart(clip):
    assert clip.embed_text("a dog").shape == (12,)
    assert not numpy.allclose(clip.embed_text("a dog"), clip.embed_text("a cat"))


def test_what_of_a_text_does_not_fit_is_said(clip):
    assert clip.left_out("a dog") == "" and clip.left_out("dog " * 90 + "CAT").endswith("dog cat")


def test_what_cannot_be_read_is_said(clip, tmp_path):
    with pytest.raises(InvalidInput, match="config.json"):
        Clip(tmp_path)
    with pytest.raises(InvalidInput, match="f32 or bf16"):
        Clip(FOLDER, dtype="int8")
    with pytest.raises(InvalidInput, match="not of type str"):
        clip.embed_text(3)
