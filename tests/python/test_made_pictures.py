"""What a pipeline makes: the program's pictures, in diffusers' manner."""

import os
import pathlib
import re
import shutil
import tempfile

import numpy
import pytest
from PIL import Image
from small import SMALL

import latentdial

NETWORKS = pathlib.Path(__file__).parents[1] / "golden/models/upscalers"


def pixels(image):
    return numpy.asarray(image)


def same(a, b):
    return numpy.array_equal(pixels(a), pixels(b))


def test_the_picture_and_its_text_are_the_programs(pipe, program, tmp_path):
    program("generate", "-p", "a dog in the meadow", "-n", "a cat", "--seed", "5", "--cfg", "3", "--steps", "2", "--size", "64x48", "-o", "dog.png")
    settings = {"num_inference_steps": 2, "width": 64, "height": 48, "seed": 5, "guidance_scale": 3, "negative_prompt": "a cat"}
    result = pipe("a dog in the meadow", **settings)
    theirs = Image.open(tmp_path / "dog.png")
    assert same(result.images[0], theirs)
    assert result.parameters == [theirs.text["parameters"]] == [result.images[0].info["parameters"]]


def test_a_strip_is_the_programs(pipe, program, tmp_path):
    program("dial", "-p", "a castle", "--style", "sketch", "--at", "0:1:3", "--steps", "2", "--size", "64x64", "-o", "strip")
    strip = pipe.dial("a castle", "sketch", at="0:1:3", **SMALL)
    assert strip.positions == [0, 0.5, 1]
    for i, image in enumerate(strip.images):
        assert same(image, Image.open(tmp_path / "strip" / f"frame-{i:03}.png"))


def test_a_result_says_how_it_was_made(pipe):
    result = pipe("a dog", seed=3, **SMALL)
    assert result.images[0].size == (64, 64) and result.images[0].mode == "RGB"
    assert result.settings[0]["sampler"] == "pndm" and result.settings[0]["seed"] == 3
    assert len(result.seconds) == 1 and result.seconds[0] > 0 and result.notices == []
    assert same(pipe(**result.settings[0]).images[0], result.images[0])
    assert same(pipe(**latentdial.parse_parameters(result.parameters[0])).images[0], result.images[0])


def test_a_second_pass_is_made_again_by_its_own_text(pipe, tmp_path):
    made = pipe("a dog", seed=3, hires=1.5, hires_with="lanczos", hires_steps=3, hires_strength=0.5, **SMALL)
    assert made.images[0].size == (96, 96) and made.settings[0]["hires_with"] == "lanczos"
    assert same(pipe(**latentdial.parse_parameters(made.parameters[0])).images[0], made.images[0])
    shutil.copy(NETWORKS / "compact.pth", tmp_path / "net.pth")
    by_network = pipe("a dog", hires=2, hires_with=tmp_path / "net.pth", **SMALL)
    with pytest.warns(UserWarning, match=r"hires_with \(net\)"):
        settings = latentdial.parse_parameters(by_network.parameters[0])
    assert same(pipe(**settings, hires_with=tmp_path / "net.pth").images[0], by_network.images[0])


def test_a_network_in_memory_enlarges_for_a_second_pass(pipe):
    network = latentdial.Upscaler(NETWORKS / "compact.pth")
    by_file = pipe("a dog", seed=3, hires=2, hires_with=NETWORKS / "compact.pth", **SMALL)
    made = pipe("a dog", seed=3, hires=2, hires_with=network, **SMALL)
    assert same(made.images[0], by_file.images[0]) and made.settings[0]["hires_with"] is network
    assert same(pipe(**made.settings[0]).images[0], made.images[0])
    with pytest.raises(latentdial.InvalidInput, match="hires_with"):
        pipe("a dog", hires=2, hires_with=pipe, **SMALL)


def test_prompts_and_seeds_make_a_list(pipe):
    result = pipe(["a dog", "a cat"], num_images_per_prompt=2, seed=7, **SMALL)
    assert [(s["prompt"], s["seed"]) for s in result.settings] == [("a dog", 7), ("a dog", 8), ("a cat", 7), ("a cat", 8)]
    assert same(result.images[3], pipe("a cat", seed=8, **SMALL).images[0])


def test_numbers_of_numpy_are_numbers(pipe):
    settings = pipe("a dog", steps=numpy.int64(2), width=numpy.int32(64), height=64, guidance_scale=numpy.float32(2)).settings[0]
    assert (settings["steps"], settings["width"], settings["guidance_scale"]) == (2, 64, 2.0)


def test_one_side_alone_leaves_the_other_to_the_model(pipe):
    assert pipe("a dog", steps=1, width=64).images[0].size == (64, pipe.info.height)


def test_dial_at_zero_is_the_plain_picture(pipe):
    strip = pipe.dial("a castle", "sketch", at=[0, 1, 0.5], **SMALL)
    assert strip.positions == [0, 1, 0.5] and [s["position"] for s in strip.settings] == [0, 1, 0.5]
    assert same(strip.images[0], pipe("a castle", **SMALL).images[0])
    assert not same(strip.images[0], strip.images[1])
    assert strip.sheet().width > 3 * 64


def test_interpolation_ends_at_its_prompts(pipe):
    walk = pipe.interpolate("a dog", "a cat", theta=[0, 0.5, 1], **SMALL)
    assert same(walk.images[0], pipe("a dog", **SMALL).images[0])
    assert same(walk.images[2], pipe("a cat", **SMALL).images[0])
    assert walk.positions == [0, 0.5, 1] and not same(walk.images[0], walk.images[1])


@pytest.mark.parametrize("kind", ["PIL", "uint8", "float"])
def test_a_picture_in_memory_equals_the_file_and_leaves_no_trace(pipe, tmp_path, monkeypatch, kind):
    private = tmp_path / "private"
    private.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(private))
    array = numpy.random.default_rng(1).integers(0, 256, (64, 64, 3), numpy.uint8)
    given = {"PIL": Image.fromarray(array), "uint8": array, "float": (array / 255).astype(numpy.float32)}[kind]
    Image.fromarray(array).save(tmp_path / "start.png")
    start = {"strength": 0.6, **SMALL, "steps": 4}
    made = pipe("a dog", image=given, **start)
    assert same(made.images[0], pipe("a dog", image=tmp_path / "start.png", **start).images[0])
    assert made.settings[0]["image"] is given
    assert str(private) not in made.parameters[0] and "Start image:" not in made.parameters[0] and "Start image hash: " in made.parameters[0]
    assert same(pipe(**made.settings[0]).images[0], made.images[0])
    assert os.listdir(private) == []


def test_what_is_transparent_is_laid_on_white_as_in_a_file(pipe, tmp_path):
    given = Image.fromarray(numpy.random.default_rng(2).integers(0, 256, (64, 64, 4), numpy.uint8))
    given.save(tmp_path / "start.png")
    start = {"strength": 0.5, "seed": 1, **SMALL}
    in_memory, file = (pipe("a dog", image=image, **start) for image in (given, tmp_path / "start.png"))
    hashes = [re.search("Start image hash: ([0-9a-f]{16})", result.parameters[0])[1] for result in (in_memory, file)]
    assert hashes[0] == hashes[1] and same(in_memory.images[0], file.images[0])


def test_the_same_photo_is_inverted_once_wherever_it_comes_from(pipe, tmp_path):
    array = numpy.random.default_rng(3).integers(0, 256, (64, 64, 3), numpy.uint8)
    Image.fromarray(array).save(tmp_path / "photo.png")

    def steps(image, position):
        told = []
        turned = {"style": "sketch", "method": "slerp", "position": position, "sampler": "ddim", "steps": 8, "width": 64, "height": 64}
        pipe("a dog", image=image, invert=True, callback=lambda progress: told.append(progress.steps), **turned)
        return told[-1]

    first = steps(array, 0.1)
    again = [steps(image, position) for position, image in ((0.2, array.copy()), (0.3, Image.fromarray(array)), (0.4, tmp_path / "photo.png"))]
    assert again[0] < first and len(set(again)) == 1
    assert steps(255 - array, 0.5) == first, "another photo is inverted anew"


def test_a_named_start_picture_stays_in_the_settings(pipe, tmp_path):
    path = tmp_path / "start.png"
    latentdial.save(pipe("a dog", **SMALL).images[0], path)
    result = pipe("a dog", image=path, **SMALL)
    assert result.settings[0]["image"] == str(path)
    assert "Start image: start.png, " in result.parameters[0] and str(tmp_path) not in result.parameters[0]


def test_a_saved_picture_holds_its_settings(pipe, tmp_path):
    result = pipe("a dog", **SMALL)
    latentdial.save(result.images[0], tmp_path / "dog.png")
    assert latentdial.read_parameters(tmp_path / "dog.png") == result.parameters[0]
    assert same(Image.open(tmp_path / "dog.png"), result.images[0])


def test_the_meter_reads_more_of_a_style_where_there_is_more(pipe):
    strip = pipe.dial("a castle by the lake", "sketch", at=[0, 1], steps=8, seed=4, guidance_scale=3.5)
    none, full = pipe.measure(strip.images, style="sketch", prompt="a castle by the lake")
    assert none.strength < 0.4 < 0.6 < full.strength
    assert full.standard_error > 0 and len(full.samples) == 8 and len(full.samples[0].length) == 12
    assert float(pipe.measure(pixels(strip.images[1]), "sketch", "a castle by the lake")[0]) == full.strength


def test_what_is_known_of_the_model(pipe):
    info = pipe.info
    assert (info.name, info.width, info.height, info.format) == ("scenes", 128, 128, "diffusers folder")
    assert len(info.fingerprint) == 16 and info.hash == info.fingerprint[:10] and info.parameters > 10**7 and info.unused_tensors == []
    assert latentdial.dial_methods()[0] == "calibrated" and latentdial.__version__.count(".") == 2


def test_help_lists_every_setting():
    from latentdial import _engine

    for option in _engine.options():
        assert f"    {option.name}" in latentdial.Pipeline.__call__.__doc__


def test_words_say_what_of_a_picture_is_redrawn(pipe):
    castle = pipe("a castle by the lake", seed=3, steps=20, sampler="dpm++2m").images[0]
    ask = {"image": castle, "redraw_words": "castle", "strength": 1, "steps": 2, "seed": 1}
    result = pipe("a mountain by the lake", **ask)
    changed = (pixels(result.images[0]) != pixels(castle)).any(2)
    assert 0.05 < changed.mean() < 0.8 and "Redrawn words: castle" in result.parameters[0]
    with pytest.raises(latentdial.InvalidInput, match='does not show "dog"') as caught:
        pipe("a mountain by the lake", **{**ask, "redraw_words": "dog"})
    assert caught.value.field == "redraw_words"


def test_the_kernel_of_a_blur_is_a_picture_like_any(pipe, tmp_path):
    kernel = numpy.zeros((5, 5), numpy.uint8)
    kernel[2] = 255
    Image.fromarray(kernel).save(tmp_path / "kernel.png")
    soft = Image.new("RGB", (64, 64), "grey")
    ask = {"image": soft, "restore": "deblur", "restore_rounds": 1, "steps": 2, "strength": 0.5}
    made = [pipe("", blur_kernel=given, **ask).images[0] for given in (kernel, Image.fromarray(kernel), tmp_path / "kernel.png")]
    assert same(made[0], made[1]) and same(made[0], made[2])
