"""Variations of a picture, by an unCLIP model: it is told what an image encoder sees. The golden one is small and random."""

import json
import pathlib
import shutil

import numpy
import pytest
from damaged_model import damaged
from PIL import Image
from pictures import pixels

GOLDEN = pathlib.Path(__file__).parents[1] / "golden/models/unclip"
STEPS = ("--steps", "3", "--size", "32x32", "-q")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return shutil.copytree(GOLDEN, tmp_path_factory.mktemp("models") / "tiny-unclip")


@pytest.fixture
def photos(tmp_path):
    rng = numpy.random.default_rng(3)
    for name in ("a", "b"):
        Image.fromarray(rng.integers(0, 256, (5, 7, 3), numpy.uint8)).resize((61, 40), Image.Resampling.BICUBIC).save(tmp_path / f"{name}.png")


@pytest.fixture
def vary(latentdial, model, photos, tmp_path):
    def run(picture, *more):
        result = latentdial("vary", "-m", model, "--image", picture, *STEPS, "-o", "out.png", *more)
        assert result.returncode == 0, result.stderr
        return pixels(tmp_path / "out.png")

    return run


def test_it_says_what_it_is(latentdial, model):
    said = json.loads(latentdial("info", model, "--json").stdout)
    assert said["variations"]["max_noise_level"] == 999 and said["guidance_scale"] == 10 and said["upscaling"] is None
    assert "latentdial vary -m" in latentdial("info", model).stdout
    assert json.loads(latentdial("info", "--json").stdout)["variations"] is None


def test_what_is_told_decides_the_picture(vary, tmp_path):
    plain = vary("a.png")
    assert "Noise level: 0" in Image.open(tmp_path / "out.png").info["parameters"]
    assert (vary("a.png", "--noise-level", "0", "--cfg", "10", "-p", "") == plain).all()
    for other in (vary("b.png"), vary("a.png", "-p", "a dog"), vary("a.png", "--noise-level", "700"), vary("a.png", "--seed", "3")):
        assert abs(other - plain).mean() > 0.1


def test_threads_change_nothing_and_fewer_bits_little(vary):
    one = vary("a.png", "--dtype", "f32", "--threads", "1")
    assert (vary("a.png", "--dtype", "f32", "--threads", "2") == one).all()
    for dtype, most in (("bf16", 4), ("int8", 12)):
        assert abs(vary("a.png", "--dtype", dtype) - one).mean() < most, dtype


def test_grey_and_transparent_references_are_seen_as_people_see_them(vary, tmp_path):
    picture = Image.open(tmp_path / "a.png")
    picture.convert("L").save(tmp_path / "grey.png")
    picture.convert("L").convert("RGB").save(tmp_path / "same.png")
    assert (vary("grey.png") == vary("same.png")).all()
    half = numpy.asarray(picture.convert("RGBA")).copy()
    half[:, :30, 3] = 0
    Image.fromarray(half).save(tmp_path / "half.png")
    white = numpy.asarray(picture).copy()
    white[:, :30] = 255
    Image.fromarray(white).save(tmp_path / "white.png")
    assert (vary("half.png") == vary("white.png")).all(), "what is transparent is white"


def test_a_reference_of_any_shape_is_seen_in_its_middle(vary, fails, model, tmp_path):
    Image.fromarray(numpy.random.default_rng(4).integers(0, 256, (2, 16384, 3), numpy.uint8)).save(tmp_path / "line.png")
    assert vary("line.png").shape == (32, 32, 3)
    Image.new("RGB", (20000, 2)).save(tmp_path / "long.png")
    assert "long.png is 20000x2; sides of at most 16384" in fails("vary", "-m", model, "--image", "long.png", "-q")


def test_its_pictures_are_made_again(vary, latentdial, fails, model, tmp_path):
    vary("a.png", "-p", "a dog", "--noise-level", "70")
    shutil.move(tmp_path / "out.png", tmp_path / "first.png")
    again = ("vary", "-m", model, "--again", "first.png", "-o", "again.png", "-q")
    assert latentdial(*again, "--image", "a.png").returncode == 0
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "again.png").read_bytes()
    assert "name --image (a.png, " in fails(*again)
    other = latentdial("generate", "-m", model, "--again", "first.png", "--reference", "b.png", "-o", "other.png")
    assert other.returncode == 0 and "b.png is not the reference that first.png was made from" in other.stderr


def test_it_is_interpolated_by_what_is_seen(vary, latentdial, model, tmp_path):
    ask = ("interpolate", "-m", model, "--from", "a.png", "--to", "b.png", "--in", "clip", "--theta", "0:1:3", *STEPS, "--out", "strip")
    result = latentdial(*ask)
    assert result.returncode == 0, result.stderr
    frames = [pixels(tmp_path / f"strip/frame-00{i}.png") for i in range(3)]
    assert (frames[0] == vary("a.png")).all() and (frames[2] == vary("b.png")).all()
    assert min(abs(frames[1] - end).mean() for end in (frames[0], frames[2])) > 0.1
    text = Image.open(tmp_path / "strip/frame-001.png").info["parameters"]
    assert "Reference: a.png" in text and "Interpolate to reference: b.png" in text and "Interpolate to reference hash: " in text


def test_the_noise_that_leads_back_to_each_is_interpolated_too(latentdial, model, photos, tmp_path):
    result = latentdial("interpolate", "-m", model, "--from", "a.png", "--to", "b.png", "--in", "clip", "--invert", "--theta", "0:1:3", *STEPS, "--out", "strip")
    assert result.returncode == 0, result.stderr
    for frame, picture in (("000", "a.png"), ("002", "b.png")):
        alone = ("--reference", picture, "--image", picture, "--invert", "--strength", "1", "-p", "")
        assert latentdial("generate", "-m", model, *alone, *STEPS, "-o", "alone.png").returncode == 0
        assert (pixels(tmp_path / f"strip/frame-{frame}.png") == pixels(tmp_path / "alone.png")).all()


def test_a_dial_turns_what_is_drawn_of_a_picture(latentdial, model, photos, tmp_path):
    result = latentdial("dial", "-m", model, "--reference", "a.png", "-p", "a dog", "--style", "sketch", "--at", "0:1:3", *STEPS, "--out", "strip")
    assert result.returncode == 0, result.stderr
    assert len({(tmp_path / f"strip/frame-00{i}.png").read_bytes() for i in range(3)}) == 3


def test_a_sweep_makes_several(latentdial, model, photos, tmp_path):
    plan = {"settings": {"prompt": "", "width": 32, "height": 32, "steps": 2}, "grid": {"reference": ["a.png", "b.png"], "noise_level": [0, 500]}}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    result = latentdial("sweep", "plan.json", "-m", model, "--out", "out", "-q")
    assert result.returncode == 0, result.stderr
    assert len({path.read_bytes() for path in (tmp_path / "out").rglob("*.png")}) == 4


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (("vary",), "--image: no picture is given; say which variations are drawn of"),
        (("vary", "--image", "missing.png"), "missing.png does not exist; a PNG, JPEG or WebP is needed"),
        (("vary", "--image", "a.png", "--noise-level", "1000"), "--noise-level: 1000 is out of range, use 0 to 999"),
        (("vary", "--image", "a.png", "--noise-level", "-1"), "--noise-level: -1 is out of range"),
        (("vary", "--image", "a.png", "--noise-level", "nan"), "--noise-level"),
        (("generate", "-p", "a dog"), "--reference: no picture is given; tiny-unclip draws variations of one, say of which"),
        (("generate", "-p", "a dog", "--to-reference", "b.png"), "--to-reference: it is the other end of an interpolation; say by --reference what is at the first"),
        (("dial", "-p", "a dog", "--style", "winter", "--at", "0:1:3"), "--reference: no picture is given"),
        (("interpolate", "--from", "a dog", "--to", "a cat"), "--reference: no picture is given"),
        (("interpolate", "--from", "a dog", "--to", "a cat", "--in", "clip"), "--in: it says where two pictures are interpolated; name them by --from and --to"),
        (("interpolate", "--from", "a.png", "--to", "b.png", "--in", "pixels"), '--in: "pixels" is unknown; use noise or clip'),
        (("interpolate", "--from", "a.png", "--to", "missing.png", "--in", "clip"), "missing.png is not there"),
        (("interpolate", "--from", "a.png", "--to", "b.png", "--in", "clip", "--reference", "a.png"), "--reference: --from and --to name the two pictures already"),
        (("calibrate", "--style", "winter"), "--model: tiny-unclip draws variations of a picture, but a dial is fitted on pictures of words alone"),
        (("upscale", "--image", "a.png", "--reference", "a.png", "--to-reference", "b.png"), "--to-reference is not an option of upscale"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_line(fails, model, photos, ask, line):
    assert line in fails(*ask, "-m", model, "-q")


def test_other_models_draw_no_variations(fails, photos):
    line = "scenes is not an unCLIP model, which alone draws variations of a picture; name one by --model"
    assert f"--image: {line}" in fails("vary", "--image", "a.png", "-q")
    assert f"--reference: {line}" in fails("generate", "-p", "a dog", "--reference", "a.png", "-q")
    assert f"--reference: {line}" in fails("interpolate", "--from", "a.png", "--to", "b.png", "--in", "clip", "-q")
    assert "--noise-level: only --restore upscale enlarges, and no --reference is given" in fails("generate", "-p", "a", "--noise-level", "20", "-q")


@pytest.mark.parametrize(
    ("file", "change", "line"),
    [
        ("model_index.json", lambda index: index.pop("image_normalizer"), "there is no image_normalizer/ beside it"),
        ("model_index.json", lambda index: index.update(prior=["diffusers", "PriorTransformer"]), "is Stable unCLIP that draws from words, by a prior"),
        ("unet/config.json", lambda config: config.update(class_embed_type=None), "the U-Net is not told what a picture shows"),
        ("unet/config.json", lambda config: config.update(projection_class_embeddings_input_dim=26), "class_embedding.linear_1.weight"),
        ("image_encoder/config.json", lambda config: config.update(projection_dim=10), "visual_projection.weight"),
        ("image_encoder/config.json", lambda config: config.update(image_size=100000), "image_size"),
        ("image_noising_scheduler/scheduler_config.json", lambda config: config.update(beta_schedule="wavy"), "beta_schedule"),
        ("image_noising_scheduler/scheduler_config.json", lambda config: config.update(num_train_timesteps=60), "--noise-level: 70 is out of range for damaged, use 0 to 59"),
        ("feature_extractor/preprocessor_config.json", lambda config: config.update(image_mean=[0.5, 0.5, 0.5]), "pictures would be prepared otherwise"),
    ],
)
def test_a_damaged_folder_is_refused_in_a_line(fails, model, photos, tmp_path, file, change, line):
    folder = damaged(model, tmp_path / "damaged", file, change)
    assert line in fails("vary", "-m", folder, "--image", "a.png", "--noise-level", "70", "-q")
