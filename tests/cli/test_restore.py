"""latentdial colorize, deblur, upscale: the picture that another is a worse copy of; what is known of it is kept."""

import numpy
import pytest
from PIL import Image, ImageFilter
from pictures import pixels

FEW = ("--steps", "8", "--cfg", "3.5", "--rounds", "2", "-q")
WORDS = ("-p", "a castle by the lake")


@pytest.fixture
def copies(latentdial, tmp_path):
    """grey.png, small.png and soft.png of the model's own picture, in whole and in a part of odd sides."""
    assert latentdial("generate", *WORDS, "--seed", "3", "--steps", "8", "-q", "-o", "photo.png").returncode == 0
    photo = Image.open(tmp_path / "photo.png").crop((0, 0, 102, 90))
    photo.convert("L").save(tmp_path / "grey.png")
    photo.resize((51, 45), Image.Resampling.BOX).save(tmp_path / "small.png")
    photo.filter(ImageFilter.GaussianBlur(1.5)).save(tmp_path / "soft.png")
    return tmp_path


def test_brightness_stays(latentdial, copies):
    assert latentdial("colorize", "--image", "grey.png", *WORDS, *FEW, "-o", "out.png").returncode == 0
    out = Image.open(copies / "out.png")
    assert out.size == (102, 90) and abs(numpy.asarray(out.convert("L")).astype(int) - pixels(copies / "grey.png")[..., 0]).max() <= 1
    assert numpy.ptp(numpy.asarray(out).astype(int), axis=2).mean() > 5, "it has colours"


@pytest.mark.parametrize("by", [2, 3])
def test_made_small_again_it_is_the_small_one(latentdial, copies, by):
    assert latentdial("upscale", "--image", "small.png", "--by", str(by), *WORDS, *FEW, "-o", "out.png").returncode == 0
    out = pixels(copies / "out.png")
    assert out.shape == (45 * by, 51 * by, 3)
    assert abs(out.reshape(45, by, 51, by, 3).mean((1, 3)) - pixels(copies / "small.png")).max() <= 1.5


def test_it_is_sharper_and_blurs_to_the_same(latentdial, copies):
    for blur in (("--sigma", "1.5"), ("--motion", "4,30")):
        assert latentdial("deblur", "--image", "soft.png", *blur, *WORDS, *FEW, "-o", "out.png").returncode == 0
        assert numpy.diff(pixels(copies / "out.png"), axis=1).std() > 1.1 * numpy.diff(pixels(copies / "soft.png"), axis=1).std()


def test_the_blurs_kernel_is_a_picture(latentdial, copies):
    """Of the Gaussian that soft.png was blurred by, and of one that it was not."""
    reach = numpy.arange(-5, 6)
    for sigma, name in ((1.5, "own.png"), (0.4, "other.png")):
        weights = numpy.exp(-0.5 * (reach / sigma) ** 2)
        Image.fromarray((255 * weights[:, None] * weights).round().astype(numpy.uint8)).save(copies / name)
        assert latentdial("deblur", "--image", "soft.png", "--kernel", name, *WORDS, *FEW, "-o", f"by-{name}").returncode == 0
    assert latentdial("deblur", "--image", "soft.png", "--sigma", "1.5", *WORDS, *FEW, "-o", "by-sigma.png").returncode == 0
    own, other, sigma = (pixels(copies / f"by-{name}.png") for name in ("own", "other", "sigma"))
    assert abs(own - sigma).mean() < 0.5 * abs(other - sigma).mean(), "the kernel is the Gaussian's"
    made = Image.open(copies / "by-own.png").info["parameters"]
    assert "Blur kernel: own.png" in made and "Blur kernel hash: " in made
    again = ("generate", "--again", "by-own.png", "--image", "soft.png", "-q", "-o", "again.png")
    refused = latentdial(*again)
    assert refused.returncode == 2 and "--kernel (own.png" in refused.stderr
    assert latentdial(*again, "--kernel", "own.png").returncode == 0
    assert (copies / "by-own.png").read_bytes() == (copies / "again.png").read_bytes()


def test_a_picture_tells_how_it_was_restored(latentdial, copies):
    assert latentdial("upscale", "--image", "small.png", "--by", "3", *WORDS, *FEW, "-o", "out.png").returncode == 0
    assert "Restoration: upscale, Upscale by: 3, Restoration rounds: 2" in Image.open(copies / "out.png").info["parameters"]
    for command in ("upscale", "generate"):
        assert latentdial(command, "--again", "out.png", "--image", "small.png", "-q", "-o", "again.png").returncode == 0
        assert (copies / "out.png").read_bytes() == (copies / "again.png").read_bytes()


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (("colorize",), "--image: no picture is given; say which is to be restored"),
        (("deblur", "--image", "soft.png"), "--sigma: say by it, by --motion or by --kernel how the picture was blurred"),
        (("deblur", "--image", "soft.png", "--sigma", "2", "--kernel", "grey.png"), "--sigma: say by it, by --motion or by --kernel"),
        (("deblur", "--image", "soft.png", "--kernel", "none.png"), "none.png does not exist"),
        (("deblur", "--image", "soft.png", "--kernel", "grey.png"), "--kernel: grey.png is 102x90; the kernel of a blur has sides of at most 65"),
        (("deblur", "--image", "soft.png", "--kernel", "black.png"), "--kernel: black.png is black everywhere"),
        (("deblur", "--image", "soft.png", "--kernel", "small.png"), "--kernel: small.png is coloured"),
        (("generate", "-p", "a", "--image", "grey.png", "--kernel", "black.png"), "--kernel: only --restore deblur undoes a blur"),
        (("deblur", "--image", "soft.png", "--motion", "9"), '--motion: "9" is not LENGTH,ANGLE'),
        (("deblur", "--image", "soft.png", "--motion", "9,nan"), "--motion"),
        (("deblur", "--image", "soft.png", "--sigma", "nan"), "--sigma"),
        (("upscale", "--image", "small.png", "--by", "5"), "--by"),
        (("upscale", "--image", "small.png", "--size", "64x64"), "the restored picture has 112x96; leave the size out"),
        (("generate", "-p", "a", "--image", "grey.png", "--restore", "repair"), "--restore"),
        (("generate", "-p", "a", "--image", "grey.png", "--restore", "colorize", "--style", "winter"), "--style: a restored picture has no dial"),
        (("generate", "-p", "a", "--image", "grey.png", "--restore", "colorize", "--strength", "0.4"), "--strength: colours are drawn from noise alone"),
        (("generate", "-p", "a", "--by", "3"), "--by: only --restore upscale enlarges"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(latentdial, copies, ask, line):
    Image.new("L", (3, 3)).save(copies / "black.png")
    result = latentdial(*ask, "-q")
    assert result.returncode == 2 and line in result.stderr and result.stderr.count("\n") == 1
