"""latentdial.Upscaler: pictures enlarged by a network of its own."""

import pathlib

import numpy
import pytest
from latentdial import Cancelled, InvalidInput, Upscaler
from PIL import Image

NETWORK = pathlib.Path(__file__).parents[1] / "golden/models/upscalers/rrdb.pth"


@pytest.fixture(scope="module")
def upscaler():
    return Upscaler(NETWORK)


def picture(width, height):
    return numpy.random.default_rng(1).integers(0, 256, (height, width, 3), numpy.uint8)


def test_it_says_what_it_is(upscaler):
    assert (upscaler.name, upscaler.kind, upscaler.scale) == ("rrdb", "RRDBNet x4", 4)
    assert repr(upscaler) == "<Upscaler rrdb: RRDBNet x4>"


def test_pictures_of_every_form_come_back_larger(upscaler, tmp_path):
    pixels = picture(20, 12)
    Image.fromarray(pixels).save(tmp_path / "small.png")
    made = [upscaler(form) for form in (pixels, Image.fromarray(pixels), tmp_path / "small.png")]
    assert all(one.size == (80, 48) and one.tobytes() == made[0].tobytes() for one in made)
    assert upscaler(pixels, 2).size == (40, 24) and upscaler(pixels, 2.5).size == (50, 30) and upscaler(pixels, by=5).size == (100, 60)


def test_a_callback_follows_the_squares_and_stops_them(upscaler):
    seen = []
    upscaler(picture(330, 20), callback=lambda progress: seen.append((progress.step, progress.steps)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    with pytest.raises(Cancelled):
        upscaler(picture(330, 20), callback=lambda _: False)


def test_what_cannot_be_is_refused(upscaler, tmp_path):
    small = picture(4, 4)
    for by in (0, 17, 0.5, float("nan"), float("inf"), "2", True):
        with pytest.raises(InvalidInput, match="by"):
            upscaler(small, by)
    with pytest.raises(InvalidInput, match="image"):
        upscaler(picture(5000, 2))
    with pytest.raises(InvalidInput, match="missing"):
        Upscaler(tmp_path / "missing.pth")
    with pytest.raises(InvalidInput, match="threads"):
        Upscaler(NETWORK, threads=-1)
    with pytest.raises(InvalidInput, match="dtype"):
        Upscaler(NETWORK, dtype="f8")
