"""Stable Diffusion XL's form: two text encoders, a U-Net that is told a summary and sizes. The golden model is small and random."""

import json
import pathlib
import shutil

import numpy
import pytest
from PIL import Image
from pictures import pixels

GOLDEN = pathlib.Path(__file__).parents[1] / "golden/models/sdxl"
METHODS = ("calibrated", "slerp", "slerp-diff", "slerp-diff-normalised", "lerp", "guide", "anchored")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return shutil.copytree(GOLDEN, tmp_path_factory.mktemp("models") / "tiny-sdxl")


def changed(model, folder, file, **change):
    shutil.copytree(model, folder)
    settings = json.loads((folder / file).read_text()) | change
    (folder / file).write_text(json.dumps(settings))
    return folder


def drawn(latentdial, model, out, *more):
    """`more` flags and their values change those that it has anyway."""
    flags = {"-p": "a dog", "--steps": "4", "--seed": "2", "--dtype": "f32"} | dict(zip(more[::2], more[1::2], strict=True))
    result = latentdial("generate", "-m", model, *(word for flag in flags.items() for word in flag), "-q", "-o", out)
    assert result.returncode == 0, result.stderr
    return latentdial.folder / out


@pytest.fixture(autouse=True)
def folder(latentdial, tmp_path):
    latentdial.folder = tmp_path


def test_it_says_what_it_is(latentdial, model):
    said = json.loads(latentdial("info", model, "--json").stdout)
    assert said["guidance_scale"] == 5 and said["size"] == "16x16" and said["unused_tensors"] == []
    one = json.loads(latentdial("info", GOLDEN.parent / "upscaling", "--json").stdout)
    assert said["fingerprint"] != one["fingerprint"]


def test_both_encoders_and_tokenizers_decide_the_picture(latentdial, model, tmp_path):
    plain = pixels(drawn(latentdial, model, "plain.png"))
    assert plain.std() > 5
    padded = changed(model, tmp_path / "padded", "tokenizer_2/tokenizer_config.json", pad_token="<|endoftext|>")
    (padded / "tokenizer_2/special_tokens_map.json").unlink()
    fewer = changed(model, tmp_path / "fewer", "text_encoder/config.json", num_hidden_layers=1)
    for other in (padded, fewer):
        assert (pixels(drawn(latentdial, other, "other.png")) != plain).mean() > 0.2, other


def test_zeros_stand_for_an_empty_negative_prompt_where_the_model_says_so(latentdial, model, tmp_path):
    read = changed(model, tmp_path / "read", "model_index.json", force_zeros_for_empty_prompt=False)
    assert (pixels(drawn(latentdial, model, "a.png")) != pixels(drawn(latentdial, read, "b.png"))).any()
    for words in ("a cat", " "):
        told = [pixels(drawn(latentdial, one, "c.png", "-n", words)) for one in (model, read)]
        assert (told[0] == told[1]).all(), words
    none = [pixels(drawn(latentdial, one, "d.png", "--cfg", "1")) for one in (model, read)]
    assert (none[0] == none[1]).all()


@pytest.mark.parametrize("method", METHODS)
def test_every_dial_turns_it(latentdial, model, tmp_path, method):
    result = latentdial("dial", "-m", model, "-p", "a dog", "--style", "sunset", "--method", method, "--at", "0:1:2", "--steps", "4", "--seed", "2", "--dtype", "f32", "-q", "-o", "out")
    assert result.returncode == 0, result.stderr
    plain, styled = (pixels(tmp_path / "out" / f"frame-00{i}.png") for i in (0, 1))
    assert (plain == pixels(drawn(latentdial, model, "plain.png"))).all()
    assert (plain != styled).any()


@pytest.mark.parametrize("prompt", ["a (dog:1.4) in the jungle", "a dog in the jungle by the lake, a temple in the jungle", "[a dog:a cat:0.5]", "a dog AND a cat"])
def test_prompts_are_written_as_for_any_model(latentdial, model, prompt):
    other = pixels(drawn(latentdial, model, "other.png", "-p", prompt))
    assert (other != pixels(drawn(latentdial, model, "plain.png"))).any()


def test_its_own_states_are_the_second_from_the_last(latentdial, fails, model):
    plain = drawn(latentdial, model, "plain.png")
    assert (pixels(drawn(latentdial, model, "two.png", "--clip-skip", "2")) == pixels(plain)).all()
    assert "--clip-skip: 3 leaves no layer of this model's text encoder; use 1 to 2" in fails("generate", "-m", model, "-p", "a dog", "--clip-skip", "3", "-q")


def test_pictures_of_several_sizes_are_told_each_its_own(latentdial, model, tmp_path):
    plan = {"settings": {"prompt": "a dog", "steps": 4, "seed": 2, "height": 16}, "grid": {"width": [16, 24, 16]}}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    result = latentdial("sweep", "plan.json", "-m", model, "--dtype", "f32", "--out", "out", "-q")
    assert result.returncode == 0, result.stderr
    swept = {path.read_bytes() for path in (tmp_path / "out").rglob("*.png")}
    alone = {drawn(latentdial, model, f"{size}.png", "--size", size).read_bytes() for size in ("16x16", "24x16")}
    assert swept == alone


def test_threads_change_nothing_and_fewer_bits_little(latentdial, model):
    one, two = (drawn(latentdial, model, f"{n}.png", "--threads", n) for n in ("1", "2"))
    assert one.read_bytes() == two.read_bytes()
    for dtype, most in (("bf16", 8), ("int8", 24)):
        assert abs(pixels(drawn(latentdial, model, f"{dtype}.png", "--dtype", dtype)) - pixels(one)).mean() < most, dtype


def test_start_pictures_masks_and_the_meter_go_with_it(latentdial, model, tmp_path):
    start = drawn(latentdial, model, "start.png")
    mask = numpy.zeros((16, 16), numpy.uint8)
    mask[4:12, 4:12] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    again = pixels(drawn(latentdial, model, "again.png", "--image", "start.png", "--strength", "0.5", "--sampler", "ddim"))
    assert (again != pixels(start)).mean() > 0.2
    redrawn = latentdial("inpaint", "-m", model, "--image", "start.png", "--mask", "mask.png", "--mask-blur", "0", "-p", "a cat", "--steps", "4", "-q", "-o", "redrawn.png")
    assert redrawn.returncode == 0, redrawn.stderr
    assert ((pixels(tmp_path / "redrawn.png") != pixels(start)).any(axis=2) <= (mask > 0)).all()
    read = latentdial("measure", "start.png", "-m", model, "--style", "sunset", "-p", "a dog", "--json", "-q")
    assert read.returncode == 0, read.stderr


@pytest.mark.parametrize(
    ("file", "change", "line"),
    [
        ("model_index.json", {"text_encoder_2": None}, "there is no second text encoder"),
        ("model_index.json", {"text_encoder": [None, None]}, "text states of width 40 but the text encoder gives 24"),
        ("model_index.json", {"force_zeros_for_empty_prompt": "yes"}, '"force_zeros_for_empty_prompt" is "yes"'),
        ("unet/config.json", {"addition_embed_type": None}, "there is a text encoder that sums a text up, but the U-Net takes no"),
        ("unet/config.json", {"projection_class_embeddings_input_dim": 59}, "add_embedding.linear_1.weight"),
        ("unet/config.json", {"addition_time_embed_dim": 10}, "projection_class_embeddings_input_dim"),
        ("unet/config.json", {"cross_attention_dim": 16}, "text states of width 16 but the text encoders give 40"),
        ("unet/config.json", {"transformer_layers_per_block": [1, [2, 2], 3]}, "transformer_layers_per_block"),
        ("text_encoder_2/config.json", {"projection_dim": 13}, "text_projection.weight"),
        ("tokenizer_2/special_tokens_map.json", {"pad_token": 5}, "pad_token"),
    ],
)
def test_a_damaged_folder_is_refused_in_a_line(fails, model, tmp_path, file, change, line):
    folder = changed(model, tmp_path / "damaged", file, **change)
    assert line in fails("generate", "-m", folder, "-p", "a dog", "-q")


def write_word(path, **vectors):
    header, data = {}, b""
    for name, values in vectors.items():
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(data), len(data) + values.nbytes]}
        data += values.astype(numpy.float32).tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def test_a_learnt_word_is_read_by_both_encoders(latentdial, fails, model, tmp_path):
    numbers = numpy.random.default_rng(1).normal(size=(2, 40)).astype(numpy.float32)
    first, second = numpy.ascontiguousarray(numbers[:, :16]), numpy.ascontiguousarray(numbers[:, 16:])
    pictures = [pixels(drawn(latentdial, model, "plain.png", "-p", "a gizmo"))]
    for one, other in ((first, second), (first, -second), (-first, second)):
        word = write_word(tmp_path / "gizmo.safetensors", clip_l=one, clip_g=other)
        pictures.append(pixels(drawn(latentdial, model, "word.png", "-p", "a gizmo", "--embedding", word)))
    assert all((one != other).any() for i, one in enumerate(pictures) for other in pictures[:i])
    assert "has no clip_g" in fails("generate", "-m", model, "-p", "a dog", "--embedding", write_word(tmp_path / "half.safetensors", clip_l=first), "-q")
    lone = write_word(tmp_path / "lone.safetensors", emb_params=first)
    assert "it is for version 1 or 2" in fails("generate", "-m", model, "-p", "a dog", "--embedding", lone, "-q")
