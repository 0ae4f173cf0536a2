"""The renderer, captions, tokenizer and trainers of the embedded model, and the committed model itself."""

import hashlib
import json
import pathlib

import numpy
import pytest
import torch
from diffusers import StableDiffusionPipeline
from transformers import CLIPTokenizer

from research.world1.captions import Scene, caption, random_scene
from research.world1.latents import CHANNELS, PatchBasis, render, to_unit
from research.world1.scenes import MODIFIERS, PLACES, SUBJECTS, draw_scene
from research.world1.scorers import Scorer, score
from research.world1.styles import STYLES, apply_style
from research.world1.tokenizer import MAX_LENGTH, write_tokenizer
from research.world1.train_unet import Settings, learning_rate, loss_weights, stratified_timesteps

SCENES = pathlib.Path(__file__).parents[3] / "models" / "scenes"
RENDERED = "3a075d3b2d68095b959bb694e89948737c71bd2a8cad58cb3949102e9c266829"  # SHA-256 of some scenes, as they were before the second world.
PAPERS_PROMPTS = (
    "a dog",
    "a cat",
    "doomsday pyramid cyberpunk alien invasion",
    "futuristic high tech city architecture",
    "temple hidden in the jungle Monet style",
)


def test_scenes_are_those_that_the_shipped_model_was_trained_on():
    """Most subjects are drawn by the second world's code, which must not change them under the ruler."""
    drawn = hashlib.sha256()
    for seed, subject in enumerate(SUBJECTS):
        for place in PLACES:
            drawn.update(draw_scene(subject, place, MODIFIERS if seed % 2 else (), seed).tobytes())
    assert drawn.hexdigest() == RENDERED


def test_a_seed_is_a_scene():
    assert (draw_scene("dog", "jungle", (), 3) == draw_scene("dog", "jungle", (), 3)).all()
    assert (draw_scene("dog", "jungle", (), 3) != draw_scene("dog", "jungle", (), 4)).any()


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_subject_is_drawn_in_every_place(subject):
    pictures = [draw_scene(subject, place, modifiers, 1) for place in PLACES for modifiers in ((), MODIFIERS)]
    for picture in pictures:
        assert picture.shape == (128, 128, 3) and 0 <= picture.min() and picture.max() <= 1
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)


@pytest.mark.parametrize("style", STYLES)
def test_a_style_grows_with_its_strength(style):
    scene = draw_scene("temple", "lake", (), 5)
    distance = [numpy.abs(apply_style(scene, style, strength, 5) - scene).mean() for strength in (0, 0.25, 0.5, 0.75, 1)]
    assert distance[0] == 0
    assert all(later > earlier for earlier, later in zip(distance, distance[1:]))
    assert distance[2] == pytest.approx(distance[4] / 2, rel=0.25)


def test_captions_name_what_is_shown():
    rng = numpy.random.default_rng(0)
    for _ in range(500):
        scene = random_scene(rng)
        words = caption(scene, rng)
        assert scene.subject in words
        assert all(modifier in words for modifier in scene.modifiers)


def test_the_papers_words_are_among_the_captions():
    rng = numpy.random.default_rng(0)
    captions = {caption(random_scene(rng), rng).lower() for _ in range(60_000)}
    words = set(" ".join(captions).replace(",", " ").split())
    for prompt in PAPERS_PROMPTS:
        assert set(prompt.lower().split()) <= words
    assert any("alien invasion" in text and "cyberpunk" in text and "doomsday pyramid" in text for text in captions)
    assert any(text.endswith("temple hidden in the jungle monet style") for text in captions)


def test_a_faint_style_is_not_named():
    scene = Scene("dog", "beach", (), "sketch", 0.5, 1)
    rng = numpy.random.default_rng(0)
    assert all("sketch" not in caption(scene, rng) for _ in range(100))


def test_the_tokenizer_is_clips(tmp_path):
    write_tokenizer(tmp_path)
    tokenizer = CLIPTokenizer.from_pretrained(tmp_path)
    for text in (*PAPERS_PROMPTS, "Übergrößenträger 猫 🐕"):
        ids = tokenizer(text, padding="max_length", truncation=True, max_length=MAX_LENGTH).input_ids
        assert len(ids) == MAX_LENGTH and ids[0] == len(tokenizer) - 2
    assert tokenizer.decode(tokenizer("a dog in the jungle").input_ids, skip_special_tokens=True) == "a dog in the jungle"
    committed = SCENES / "tokenizer"
    assert json.loads((tmp_path / "vocab.json").read_text()) == json.loads((committed / "vocab.json").read_text())
    assert (tmp_path / "merges.txt").read_text() == (committed / "merges.txt").read_text()


def test_the_patch_basis_keeps_most_of_a_picture():
    rng = numpy.random.default_rng(0)
    pictures = to_unit(numpy.stack([render(random_scene(rng)) for _ in range(60)]))
    basis = PatchBasis.fit(pictures)
    latents = basis.encode(pictures)
    assert latents.shape == (60, CHANNELS, 16, 16)
    assert (latents * basis.scaling_factor).std() == pytest.approx(1, abs=0.2)


def test_the_learning_rate_warms_up_and_cools_down():
    settings = Settings(steps=1000, cooldown=200, peak=1e-3, threads=1, device="cpu")
    rates = [learning_rate(step, settings) for step in range(1000)]
    assert rates[0] < rates[100] < rates[300] == max(rates) == 1e-3 and rates[999] < 5e-5


def test_every_step_sees_all_noise_levels():
    timesteps = stratified_timesteps(64, torch.Generator().manual_seed(0)).sort().values
    assert timesteps[0] < 32 and timesteps[-1] >= 968 and (timesteps.diff() < 63).all()


def test_loss_weights_are_one_where_there_is_noise():
    weights = loss_weights(torch.tensor([0.999, 0.5, 0.01]))
    assert weights[0] < 0.01 and weights[1] == 1 and weights[2] == 1


def test_the_scorer_answers_for_every_picture():
    subjects, styles, strengths = score(Scorer().eval(), numpy.zeros((3, 128, 128, 3), numpy.uint8))
    assert subjects.shape == styles.shape == (3,) and strengths.shape == (3, len(STYLES))


def test_the_committed_model_is_small_and_loads_in_diffusers():
    assert sum(path.stat().st_size for path in SCENES.rglob("*") if path.is_file()) <= 30 * 2**20
    pipeline = StableDiffusionPipeline.from_pretrained(SCENES, safety_checker=None, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    picture = pipeline("a dog", num_inference_steps=2, generator=torch.Generator().manual_seed(0)).images[0]
    assert picture.size == (128, 128)
