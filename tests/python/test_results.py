"""What a call gives back, in a notebook, in a folder and in another process."""

import io
import math
import pickle
import random

import numpy
import pytest
from PIL import Image
from small import SMALL

import latentdial


@pytest.fixture(scope="module")
def strip(pipe):
    return pipe.dial("a castle", "sketch", at=[0, 0.5, 1], **SMALL)


def same(a, b):
    return numpy.array_equal(numpy.asarray(a), numpy.asarray(b))


def test_a_saved_picture_keeps_its_settings(strip, program, tmp_path):
    strip.images[1].save(tmp_path / "half.png")
    assert latentdial.read_parameters(tmp_path / "half.png") == strip.parameters[1]
    program("generate", "--again", "half.png", "-o", "again.png")
    assert same(Image.open(tmp_path / "again.png"), strip.images[1])


@pytest.mark.parametrize("prompt", ["a dog, 水彩", "a \"dog\"\nin two lines", "naïve"])
def test_any_prompt_is_kept(pipe, tmp_path, prompt):
    image = pipe(prompt, **SMALL).images[0]
    image.save(tmp_path / "a.png")
    assert latentdial.parse_parameters(latentdial.read_parameters(tmp_path / "a.png"))["prompt"] == prompt


def test_other_formats_and_other_texts_are_pils(strip, tmp_path):
    strip.images[0].save(tmp_path / "a.jpg", quality=90)
    assert Image.open(tmp_path / "a.jpg").format == "JPEG"
    buffer = io.BytesIO()
    strip.images[0].save(buffer, "PNG")
    assert Image.open(buffer).text["parameters"] == strip.parameters[0]
    strip.images[0].save(tmp_path / "bare.png", pnginfo=None)
    assert latentdial.read_parameters(tmp_path / "bare.png") == ""
    assert same(strip.images[0].resize((64, 64)), strip.images[0].resize((64, 64)))


def test_a_strip_is_saved_as_the_program_does(strip, tmp_path):
    paths = strip.save(tmp_path / "deep" / "strip")
    assert [path.name for path in paths] == ["frame-000.png", "frame-001.png", "frame-002.png"]
    assert [latentdial.read_parameters(path) for path in paths] == strip.parameters
    assert Image.open(tmp_path / "deep" / "strip" / "strip.png").size == strip.sheet().size
    with pytest.raises(OSError):
        (tmp_path / "file").write_text("")
        strip.save(tmp_path / "file")


def test_a_result_is_a_sequence_of_its_pictures(strip, pipe):
    assert len(strip) == 3 and strip[1] is strip.images[1] and strip[-1] is strip.images[2]
    assert [same(a, b) for a, b in zip(strip, strip.images)] == [True] * 3
    with pytest.raises(IndexError):
        strip[3]
    one = pipe("a dog", **SMALL)
    assert len(one) == 1 and list(one) == one.images


def test_a_notebook_shows_it(strip, pipe):
    shown = Image.open(io.BytesIO(strip._repr_png_()))
    assert same(shown, strip.sheet()) and shown.text["parameters"] == strip.parameters[0]
    assert same(Image.open(io.BytesIO(pipe("a dog", **SMALL)._repr_png_())), pipe("a dog", **SMALL)[0])
    several = Image.open(io.BytesIO(pipe("a dog", num_images_per_prompt=2, **SMALL)._repr_png_()))
    assert several.width > 2 * 64


def test_what_comes_back_goes_to_other_processes(strip, pipe):
    copy = pickle.loads(pickle.dumps(strip))
    assert same(copy[1], strip[1]) and copy.parameters == strip.parameters
    reading = pipe.measure(strip[1], "sketch", "a castle", evaluations=4)[0]
    other = pickle.loads(pickle.dumps(reading))
    assert (other.strength, other.standard_error) == (reading.strength, reading.standard_error)
    assert [s.projection for s in other.samples] == [s.projection for s in reading.samples]
    with pytest.raises(TypeError, match="a Pipeline holds a loaded model and cannot be pickled; load it where it is needed"):
        pickle.dumps(pipe)


def test_no_seed_is_any_seed(pipe, monkeypatch):
    seeds = [pipe("a dog", seed=None, **SMALL).settings[0]["seed"] for _ in range(2)]
    assert seeds[0] != seeds[1] and all(0 <= seed < 2**32 for seed in seeds)
    assert pipe("a dog", **SMALL).settings[0]["seed"] == 0
    monkeypatch.setattr(random, "getrandbits", lambda bits: 7)
    assert [s["seed"] for s in pipe("a dog", seed=None, num_images_per_prompt=2, **SMALL).settings] == [7, 8]


def test_the_model_says_its_guidance(pipe):
    assert pipe.info.guidance_scale == 3.5
    assert pipe("a dog", **SMALL).settings[0]["guidance_scale"] == 3.5
    assert pipe("a dog", guidance_scale=7.5, **SMALL).settings[0]["guidance_scale"] == 7.5


def test_up_to_one_is_no_guidance(pipe):
    one, half, none = (pipe("a dog", guidance_scale=scale, **SMALL)[0] for scale in (1, 0.5, 0))
    assert same(one, half) and same(one, none) and not same(one, pipe("a dog", guidance_scale=1.5, **SMALL)[0])


def test_the_meter_takes_the_prompt_from_the_picture(pipe, strip, tmp_path):
    told = pipe.measure(strip[2], "sketch", "a castle", evaluations=4)[0].strength
    assert pipe.measure(strip[2], "sketch", evaluations=4)[0].strength == told
    paths = strip.save(tmp_path)
    assert pipe.measure([paths[2], strip[2]], "sketch", evaluations=4)[0].strength == told
    bare = numpy.asarray(strip[2])
    with pytest.warns(UserWarning, match="does not say what it shows"):
        rough = pipe.measure([strip[2], bare], "sketch", evaluations=4)
    assert rough[0].strength == told and rough[1].strength == pipe.measure(bare, "sketch", "", evaluations=4)[0].strength
    assert pipe.measure(strip[2], "sketch", "a castle, sketch", evaluations=4)[0].strength == told, "the prompt without the style"


def test_the_meter_says_when_it_cannot_tell(pipe, strip):
    reading = pipe.measure(strip[0], "sfgkjh qwzx", "a castle")[0]
    assert math.isfinite(reading.strength) and reading.tells == (reading.standard_error <= 0.2)
    assert ("cannot tell" in repr(reading)) == (not reading.tells)


@pytest.mark.parametrize(
    "keyword, meant",
    [("cfg", "guidance_scale"), ("cfg_scale", "guidance_scale"), ("stpes", "steps"), ("negative", ""), ("at", "position"), ("num_inference_step", "num_inference_steps")],
)
def test_a_wrong_keyword_is_answered_by_the_right_one(pipe, keyword, meant):
    with pytest.raises(latentdial.InvalidInput) as caught:
        pipe("a dog", **{keyword: 1})
    assert f"did you mean {meant}?" in str(caught.value) if meant else "lists them" in str(caught.value)


def test_help_names_no_flags():
    text = latentdial.Pipeline.__call__.__doc__
    assert "--" not in text and "@(" not in text and "With method guide or anchored" in text
    assert "image (picture" in text


def test_the_package_shows_what_it_is_for():
    assert dir(latentdial) == sorted([*latentdial.__all__, "__version__"])
