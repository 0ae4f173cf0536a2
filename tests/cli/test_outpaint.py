"""latentdial outpaint: a picture grows beyond its sides and stays as it is."""

import numpy
import pytest
from PIL import Image

FEW = ("--steps", "6", "--cfg", "3.5", "-q")
ASK = ("-p", "a castle by the lake", "--image", "photo.png", *FEW)


@pytest.fixture
def photo(latentdial, tmp_path):
    """photo.png, the model's own picture of a castle."""
    assert latentdial("generate", "-p", "a castle by the lake", "--seed", "3", *FEW, "-o", "photo.png").returncode == 0
    return numpy.asarray(Image.open(tmp_path / "photo.png"))


def test_what_is_new_stands_beside_the_picture(latentdial, photo, tmp_path):
    assert latentdial("outpaint", *ASK, "--extend-right", "32", "--extend-top", "24", "-o", "out.png").returncode == 0
    out = numpy.asarray(Image.open(tmp_path / "out.png"))
    assert out.shape == (152, 160, 3)
    assert (out[24 + 10 :, : 128 - 10] == photo[10:, : 128 - 10]).all()
    assert out[:24].std() > 3 and out[:, 128:].std() > 3


def test_a_picture_tells_how_it_was_extended(latentdial, photo, tmp_path):
    assert latentdial("outpaint", *ASK, "--extend-left", "32", "-o", "out.png").returncode == 0
    assert "Extend left: 32" in Image.open(tmp_path / "out.png").info["parameters"]
    assert latentdial("outpaint", "--again", "out.png", "--image", "photo.png", "-q", "-o", "again.png").returncode == 0
    assert (tmp_path / "out.png").read_bytes() == (tmp_path / "again.png").read_bytes()


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (("--extend-left", "8"), "--image: no picture is given; say which is to be extended"),
        (("--image", "photo.png"), "--extend-right: is 0, as are the other sides"),
        (("--image", "photo.png", "--extend-top", "5000"), "--extend-top"),
        (("--image", "photo.png", "--extend-top", "8", "--mask-fill", "noise"), "--mask-fill: no --mask says what is to be filled"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(latentdial, photo, ask, line):
    result = latentdial("outpaint", "-p", "a castle", *ask, *FEW)
    assert result.returncode == 2 and line in result.stderr and result.stderr.count("\n") == 1


def test_a_fit_extends_nothing(latentdial):
    result = latentdial("calibrate", "--style", "winter", "--extend-left", "8")
    assert result.returncode == 2 and "--extend-left" in result.stderr
