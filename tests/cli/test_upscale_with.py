"""latentdial upscale --with FILE: a picture enlarged by a network of its own, without the model."""

import pathlib

import numpy
import pytest
from PIL import Image

NETWORKS = pathlib.Path(__file__).parents[1] / "golden/models/upscalers"
RRDB, RRDB_X2, COMPACT = (str(NETWORKS / f"{name}.pth") for name in ("rrdb", "rrdb-x2", "compact"))


@pytest.fixture
def small(tmp_path):
    """An odd picture of three squares by two, with noise that the random networks do not know."""
    pixels = numpy.random.default_rng(3).integers(0, 256, (171, 331, 3), numpy.uint8)
    Image.fromarray(pixels).save(tmp_path / "small.png")
    return tmp_path


def size_of(path):
    return Image.open(path).size


def test_it_is_as_large_as_the_network_makes_it(latentdial, small):
    for network, by in ((RRDB, 4), (RRDB_X2, 2), (COMPACT, 2)):
        result = latentdial("upscale", "--image", "small.png", "--with", network, "-o", "large.png")
        assert (result.returncode, result.stdout) == (0, "large.png\n")
        assert size_of(small / "large.png") == (331 * by, 171 * by)


def test_by_is_another_size(latentdial, small):
    for network, by in ((RRDB, 3), (COMPACT, 3), (COMPACT, 4)):
        assert latentdial("upscale", "--image", "small.png", "--with", network, "--by", str(by), "-o", "large.png").returncode == 0
        assert size_of(small / "large.png") == (331 * by, 171 * by)


def test_threads_change_no_bit(latentdial, small):
    for threads in ("1", "2"):
        assert latentdial("upscale", "--image", "small.png", "--with", RRDB, "--threads", threads, "-o", f"{threads}.png").returncode == 0
    assert (small / "1.png").read_bytes() == (small / "2.png").read_bytes()


def test_the_picture_keeps_its_settings_and_tells_how_it_was_enlarged(latentdial, tmp_path):
    assert latentdial("generate", "-p", "a dog", "--steps", "2", "--seed", "1", "-q", "-o", "dog.png").returncode == 0
    assert latentdial("upscale", "--image", "dog.png", "--with", COMPACT, "-o", "large.png").returncode == 0
    before, after = (Image.open(tmp_path / name).info["parameters"] for name in ("dog.png", "large.png"))
    assert after == before + ", Postprocess upscale by: 2, Postprocess upscaler: compact"
    assert latentdial("generate", "--again", "large.png", "-q", "-o", "again.png").returncode == 0
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "dog.png").read_bytes()


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        ((), "--image: no picture is given; say which is to be enlarged"),
        (("--image", "small.png", "-p", "a dog"), "--prompt: a network enlarges without it; leave it out, or --with"),
        (("--image", "small.png", "--seed", "1"), "--seed: a network enlarges without it; leave it out, or --with"),
        (("--image", "small.png", "-m", "x"), "--model: a network enlarges without it; leave it out, or --with"),
        (("--image", "small.png", "--by", "17"), "--by: 17 is out of range, use 1 to 16"),
        (("--image", "small.png", "--by", "nan"), '--by: "nan" is not a whole number from 2 to 4'),
        (("--image", "small.png", "--dtype", "f8"), '--dtype: "f8" is unknown; use f32, bf16 or int8'),
    ],
)
def test_what_it_cannot_use_is_refused(latentdial, small, ask, line):
    result = latentdial("upscale", "--with", RRDB, *ask, "-o", "large.png")
    assert (result.returncode, result.stderr) == (2, f"latentdial: {line}\n")
    assert not (small / "large.png").exists()


def test_another_file_is_refused_in_one_line(latentdial, small):
    (small / "text.pth").write_text("no network")
    for file, words in (("text.pth", "text.pth"), ("missing.pth", "missing.pth"), ("small.png", "small.png"), (str(NETWORKS / "expected.safetensors"), "an RRDBNet (ESRGAN, Real-ESRGAN)")):
        result = latentdial("upscale", "--image", "small.png", "--with", file, "-o", "large.png")
        assert result.returncode == 2 and words in result.stderr and result.stderr.count("\n") == 1


def test_an_empty_name_counts_as_none(latentdial, small):
    result = latentdial("upscale", "--image", "small.png", "--with", "", "--steps", "1", "--rounds", "1")
    assert result.returncode == 0 and "notice: --with is empty and counts as not given" in result.stderr
