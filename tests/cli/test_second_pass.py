"""latentdial generate --hires 2: the picture enlarged and drawn a second time."""

import json
import pathlib

import numpy
import pytest
from PIL import Image

NETWORKS = pathlib.Path(__file__).parents[1] / "golden/models/upscalers"
CASTLE = ("generate", "-p", "a castle by the lake, sunset", "--size", "64x64", "--steps", "4", "-q")


def text_of(path):
    return Image.open(path).info["parameters"]


@pytest.mark.parametrize(("enlarger", "named"), [("latent", "Latent"), ("lanczos", "Lanczos"), (str(NETWORKS / "compact.pth"), "compact")])
def test_it_is_larger_tells_how_and_is_made_again(latentdial, tmp_path, enlarger, named):
    asked = ("--hires", "1.5", "--hires-with", enlarger, "--hires-steps", "5")
    assert latentdial(*CASTLE, *asked, "-o", "large.png").returncode == 0
    assert Image.open(tmp_path / "large.png").size == (96, 96)
    text = text_of(tmp_path / "large.png")
    assert f"Hires upscale: 1.5, Hires upscaler: {named}, Hires steps: 5" in text
    assert "Denoising strength: 0.7" in text and "Size: 64x64" in text and str(NETWORKS) not in text
    named_again = ("--hires-with", enlarger) if named == "compact" else ()
    again = latentdial("generate", "--again", "large.png", *named_again, "-o", "again.png")
    assert (again.returncode, "notice" in again.stderr) == (0, False), again.stderr
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "large.png").read_bytes()


def test_it_is_made_again_without_its_second_pass(latentdial, fails, tmp_path):
    assert latentdial(*CASTLE, "-o", "once.png").returncode == 0
    asked = ("--hires", "1.5", "--hires-with", str(NETWORKS / "compact.pth"), "--hires-steps", "5", "--hires-strength", "0.4")
    assert latentdial(*CASTLE, *asked, "-o", "twice.png").returncode == 0
    again = latentdial("generate", "--again", "twice.png", "--hires", "1", "-o", "again.png")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "once.png").read_bytes()
    line = fails("generate", "--again", "twice.png", "--hires", "1", "--hires-strength", "0.5")
    assert "--hires-strength: no --hires says that the picture is drawn again" in line


def test_another_network_is_noticed(latentdial, fails, tmp_path):
    assert latentdial(*CASTLE, "--hires", "2", "--hires-with", str(NETWORKS / "compact.pth"), "-o", "large.png").returncode == 0
    assert "--hires-with (compact, " in fails("generate", "--again", "large.png")
    again = latentdial("generate", "--again", "large.png", "--hires-with", str(NETWORKS / "rrdb-x2.pth"), "-o", "again.png")
    assert again.returncode == 0 and "rrdb-x2.pth is not the hires_with that large.png was made from" in again.stderr


def test_threads_change_no_bit(latentdial, tmp_path):
    for threads in ("1", "2"):
        assert latentdial(*CASTLE, "--hires", "2", "--hires-with", str(NETWORKS / "compact.pth"), "--threads", threads, "-o", f"{threads}.png").returncode == 0
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "2.png").read_bytes()


def test_plans_and_strips_have_it(latentdial, tmp_path):
    settings = {"prompt": "a dog", "steps": 2, "width": 64, "height": 64}
    (tmp_path / "plan.json").write_text(json.dumps({"settings": settings, "grid": {"hires": [1, 2], "seed": [1, 2]}}))
    assert latentdial("sweep", "plan.json", "--out", "plan", "-q").returncode == 0
    assert sorted(Image.open(path).size for path in (tmp_path / "plan").glob("0*.png")) == [(64, 64)] * 2 + [(128, 128)] * 2
    assert latentdial("dial", *CASTLE[1:], "--style", "winter", "--at", "0:1:2", "--hires", "1.5", "--out", "strip").returncode == 0
    plain = latentdial(*CASTLE, "--hires", "1.5", "-o", "plain.png")
    frames = [numpy.asarray(Image.open(tmp_path / path)) for path in ("plain.png", "strip/frame-000.png", "strip/frame-001.png")]
    assert plain.returncode == 0 and (frames[0] == frames[1]).all() and (frames[1] != frames[2]).any()


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (("--hires", "5"), "--hires: 5 is out of range, use 1 to 4"),
        (("--hires", "0.5"), "--hires: 0.5 is out of range, use 1 to 4"),
        (("--hires", "nan"), '--hires: "nan" is not a number from 1 to 4'),
        (("--hires", "1.1"), "--hires: 1.1 times 64x64 is no larger, since sides are multiples of 8"),
        (("--hires-with", "lanczos"), "--hires-with: no --hires says that the picture is enlarged and drawn again"),
        (("--hires-strength", "0.5"), "--hires-strength: no --hires says that the picture is drawn again"),
        (("--hires-steps", "9"), "--hires-steps: no --hires says that the picture is drawn again"),
        (("--hires", "2", "--hires-strength", "1.5"), "--hires-strength: 1.5 is out of range, use 0 to 1"),
        (("--hires", "2", "--strength", "0.5"), "--strength: only a start image is noised by it; the second pass goes by --hires-strength"),
        (("--hires", "2", "--hires-with", "nearest"), "nearest: cannot be read"),
        (("--hires", "2", "--hires-with", "small.png"), "small.png"),
        (("--hires", "2", "--image", "small.png"), "--hires: a picture that starts from another, or is restored, is drawn once; leave --image out"),
        (("--hires", "2", "--image", "small.png", "--invert"), "--hires: a picture that starts from another"),
        (("--hires", "2", "--image", "small.png", "--mask", "small.png"), "--hires: a picture that starts from another"),
        (("--hires", "2", "--image", "small.png", "--restore", "colorize"), "--hires: a picture that starts from another"),
        (("--hires", "2", "--style", "winter", "--method", "anchored"), "--hires: --method anchored edits the finished picture, so it is drawn once"),
        (("--hires", "2", "--style", "winter", "--mask-words", "lake"), "--hires: the style of a picture that is drawn twice acts everywhere; leave --mask-words out"),
        (("--hires", "2", "--style", "winter", "--style-mask", "small.png"), "leave --style-mask out"),
        (("--hires", "2", "--sampler", "lcm", "--hires-steps", "900"), "--hires-steps: "),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(fails, tmp_path, ask, line):
    Image.new("RGB", (64, 64), "grey").save(tmp_path / "small.png")
    assert line in fails(*CASTLE[:-1], *ask, "-o", "large.png")
    assert not (tmp_path / "large.png").exists()


def test_the_larger_size_is_bounded(fails):
    assert "--hires: 2208x128 is too large for scenes" in fails("generate", "-p", "a dog", "--size", "1104x64", "--hires", "2")


def test_commands_that_start_from_a_picture_have_it_not(fails):
    for command in ("inpaint", "outpaint", "colorize", "upscale", "figures"):
        assert "--hires" in fails(command, "--hires", "2")
