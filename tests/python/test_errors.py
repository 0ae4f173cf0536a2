"""Bad input is one line of one family of exceptions, which names the keyword."""

import pathlib
import pickle

import numpy
import pytest
from PIL import Image
from small import SMALL

import latentdial
from latentdial.errors import from_engine

GREY = Image.new("RGB", (8, 8), "grey")
OTHER_TAESD = pathlib.Path(__file__).parents[1] / "golden" / "models" / "tiny-decoder"  # For latents of 4 channels.

BAD = [
    ({"stepz": 3}, "stepz: there is no such setting; did you mean steps?"),
    ({"prompt": 3}, "prompt: 3 is not of type str"),
    ({"prompt": []}, "prompt: the list is empty"),
    ({"prompt": "a\0b"}, "prompt: the text holds a NUL"),
    ({"prompt": "\ud800"}, "prompt: the text holds half of a surrogate pair"),
    ({"steps": 2.5}, "steps: 2.5 is not of type int"),
    ({"steps": True}, "steps: True is not of type int"),
    ({"steps": 0}, "steps: 0 is out of range, use 1 to 1000"),
    ({"steps": 2**40}, "steps: 1099511627776 is out of range"),
    ({"seed": -1}, "seed: -1 is out of range"),
    ({"seed": 2**64}, "seed: 18446744073709551616 is out of range"),
    ({"seed": 2**64 - 1, "num_images_per_prompt": 2}, "seed: 18446744073709551615 and 1 more"),
    ({"num_images_per_prompt": 0}, "num_images_per_prompt: 0 is out of range"),
    ({"steps": 2, "num_inference_steps": 3}, "num_inference_steps: steps is given already"),
    ({"guidance_scale": "7"}, "guidance_scale: '7' is not of type float"),
    ({"guidance_scale": float("nan")}, "guidance_scale: nan is out of range"),
    ({"guidance_scale": 10**400}, "guidance_scale: the number is too large"),
    ({"invert": 1}, "invert: 1 is not of type bool"),
    ({"generator": object()}, "generator: a torch generator is not supported; seed=N"),
    ({"width": 100, "height": 64}, "width: 100x64 is not a picture size"),
    ({"sampler": "dpm"}, 'sampler: "dpm" is unknown; use pndm'),
    ({"position": 1}, "position: the dial is at 1, but no style says"),
    ({"image": 5}, "image: int is not a picture"),
    ({"image": numpy.zeros((3, 8, 8), numpy.uint8)}, "image: an array of shape [3, 8, 8] is not a picture"),
    ({"image": numpy.full((8, 8, 3), 2.0)}, "image: an array of float64 holds brightness from 0 to 1"),
    ({"image": numpy.zeros((8, 8), numpy.int32)}, "image: an array of int32 is not a picture"),
    ({"image": "nowhere.png"}, "nowhere.png does not exist"),
    ({"mask": GREY}, "mask: no picture is given; say by image what is redrawn where it is white"),
    ({"redraw_words": "dog"}, "redraw_words: no picture is given; say by image where they are looked for"),
    ({"image": GREY, "mask": GREY, "mask_update": "ding", "sampler": "euler"}, "mask_update: ding's steps are DDIM's; use sampler ddim, not euler"),
    ({"image": GREY, "blur_kernel": GREY}, "blur_kernel: only restore deblur undoes a blur"),
    ({"image": GREY, "restore": "deblur", "blur_kernel": numpy.zeros((3, 3), numpy.uint8)}, "blur_kernel: the given picture is black everywhere"),
    ({"dial": 5, "style": "sketch"}, "dial: 5 is not of type str"),
]


@pytest.mark.parametrize("settings, line", BAD, ids=[line for _, line in BAD])
def test_bad_settings(pipe, settings, line):
    with pytest.raises(latentdial.InvalidInput) as caught:
        pipe(**{"prompt": "a dog", **settings})
    assert str(caught.value).startswith(line) and "\n" not in str(caught.value)
    assert isinstance(caught.value, ValueError) and isinstance(caught.value, latentdial.Error) and caught.value.code == "invalid_input"


@pytest.mark.parametrize(
    "call, line",
    [
        (lambda pipe: pipe.dial("a dog", "", at=1), "style: no style is given"),
        (lambda pipe: pipe.dial("a dog", "sketch", at=9), "position: 9 is out of range, use -4 to 4"),
        (lambda pipe: pipe.dial("a dog", "sketch", at=[]), "at: no position is given"),
        (lambda pipe: pipe.dial("a dog", "sketch", at=["0"]), "at: '0' is not of type float"),
        (lambda pipe: pipe.dial("a dog", "sketch", at="q"), 'at: "q" is neither a number nor A:B:N'),
        (lambda pipe: pipe.dial("a dog", "sketch", position=1), "position: it is set by at"),
        (lambda pipe: pipe.interpolate("a dog"), "to_prompt: no other end is given"),
        (lambda pipe: pipe.calibrate(""), "style: no style is given"),
        (lambda pipe: pipe.calibrate("sketch", seeds=[]), "seeds: 0 are out of range, use 1 to 100"),
        (lambda pipe: pipe.calibrate("sketch", seeds=[-1]), "seeds: -1 is out of range"),
        (lambda pipe: pipe.calibrate("sketch", prompts=[]), "prompts: none is given"),
        (lambda pipe: pipe.calibrate("sketch", prompts=[3]), "prompts: 3 is not of type str"),
        (lambda pipe: pipe.calibrate("sketch", steps=0), "steps: 0 is out of range"),
        (lambda pipe: pipe.calibrate("sketch", prompt="a dog"), "prompt: it is set by prompts"),
        (lambda pipe: pipe.calibrate("sketch", method="slerp"), "method: it is set by calibrate"),
        (lambda pipe: pipe.measure([GREY], ""), "style: no style is given"),
        (lambda pipe: pipe.measure([GREY], "sketch", evaluations=3), "evaluations: 3 is out of range"),
        (lambda pipe: pipe.measure([GREY], "sketch", evaluations="3"), "evaluations: '3' is not of type int"),
        (lambda pipe: pipe.measure(["nowhere.png"], "sketch"), "nowhere.png does not exist"),
        (lambda pipe: latentdial.Pipeline.from_pretrained("nowhere"), "nowhere: no such file or folder"),
        (lambda pipe: latentdial.Pipeline.from_pretrained(""), "model: the path is empty"),
        (lambda pipe: pipe("a dog", preview_every=0), "preview_every: 0 is out of range"),
        (lambda pipe: latentdial.Pipeline.from_pretrained(taesd=OTHER_TAESD), "taesd: "),
        (lambda pipe: latentdial.Pipeline.from_pretrained(dtype="f16"), 'dtype: "f16" is unknown'),
        (lambda pipe: latentdial.Pipeline.from_pretrained(threads=2.0), "threads: 2.0 is not of type int"),
        (lambda pipe: latentdial.read_parameters("nowhere.png"), "nowhere.png does not exist"),
        (lambda pipe: latentdial.parse_parameters("x\nSteps: q"), 'parameters: "Steps: q" is not a number'),
    ],
)
def test_bad_calls(pipe, call, line):
    with pytest.raises(latentdial.InvalidInput) as caught:
        call(pipe)
    assert str(caught.value).startswith(line)


def test_a_failed_write_is_an_os_error(pipe, tmp_path):
    with pytest.raises(OSError) as caught:
        latentdial.save(GREY, tmp_path / "nowhere" / "a.png")
    assert isinstance(caught.value, latentdial.IOFailure) and caught.value.code == "io" and "a.png" in str(caught.value)


def test_what_the_user_should_know_comes_as_notices(pipe):
    strip = pipe.dial("a dog", "in the", at=[0.5, 1], **SMALL)
    assert len(strip.notices) == 1 and 'shows nothing of "in the"' in strip.notices[0] and "Monet style" in strip.notices[0]


SAME_ON_EVERY_FACE = [
    ({"guidance_scale": 120}, "guidance_scale", "guidance_scale: 120 is out of range, use 0 to 100"),
    ({"guidance_start": 0.7, "guidance_end": 0.6}, "guidance_start", "guidance_start: 0.7 is behind guidance_end, 0.6; guidance would never be on"),
    ({"invert": True}, "invert", "invert: no picture is given; say which by image"),
    ({"strength": 2}, "strength", "strength: 2 is out of range, use 0 to 1"),
    ({"sampler": "magic"}, "sampler", 'sampler: "magic" is unknown; use pndm'),
    ({"width": 64, "height": 63}, "height", "height: 64x63 is not a picture size"),
    ({"negative_prompt": "(a:1000)"}, "negative_prompt", "negative_prompt: emphasis makes a weight of 1000"),
    ({"image": "no\n.png"}, None, "no\\x0a.png does not exist"),
]


@pytest.mark.parametrize("settings, field, line", SAME_ON_EVERY_FACE, ids=[str(settings) for settings, _, _ in SAME_ON_EVERY_FACE])
def test_the_field_is_named_by_its_keyword(pipe, settings, field, line):
    with pytest.raises(latentdial.InvalidInput) as caught:
        pipe("a dog", **settings)
    assert str(caught.value).startswith(line) and caught.value.field == field


def test_an_error_keeps_its_field_when_it_travels():
    for error in (latentdial.InvalidInput("2 is odd", "evaluations"), latentdial.IOFailure("disk full"), from_engine("io", "path: full", "path")):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error) and str(again) == str(error) and again.field == error.field and again.code == error.code


@pytest.mark.parametrize("text", ["@(guidance_scale)", "@(steps" * 20_000, "\x1b[2J\n@(nonsense)", "猫" * 50_000])
def test_a_prompt_with_marks_stays_one_line(pipe, text):
    for settings in ({"sampler": text}, {"image": text}, {"method": text, "style": "sketch"}):
        with pytest.raises(latentdial.InvalidInput) as caught:
            pipe("a dog", **settings)
        assert str(caught.value).isprintable() and len(str(caught.value).encode()) <= 8192
