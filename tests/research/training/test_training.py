"""The training of the embedded model on the second world: its loop resumes exactly, its batches are what the recipe says."""

import os
import pathlib
import pickle
import signal
import sys

import numpy
import pytest
import torch
from diffusers import StableDiffusionPipeline
from transformers import CLIPTokenizer

from research.training import pictures, portable
from research.training.checkpoint import load_state, save_state
from research.training.evaluate import examination
from research.training.export import export
from research.training.loop import UNFINISHED, Settings, Stop, Training, learning_rate
from research.training.scorers import Scorer, score
from research.training.train_autoencoder import load_autoencoder
from research.training.train_denoiser import Batches, Denoiser, loss_weights, stratified_timesteps, velocity
from research.world.captions import PAPER, caption, random_scene
from research.world.scene import ATTRIBUTES

SCENES = pathlib.Path(__file__).parents[3] / "models" / "scenes"


class After:
    """Stops a run after so many steps."""

    def __init__(self, steps: int):
        self.left = steps

    def __bool__(self) -> bool:
        self.left -= 1
        return self.left <= 0

    def leave(self, what: str) -> None:
        if self.left <= 0:
            sys.exit(UNFINISHED)


def toy_run(path: pathlib.Path, stop: After) -> torch.Tensor:
    """Forty steps of a small model on noise of its own generator; returns its average."""
    torch.manual_seed(0)
    model = torch.nn.Linear(4, 4)
    training = Training(model, path, Settings(examples=320, batch=8, peak=1e-2))
    training.run(lambda: (model(torch.randn(8, 4, generator=training.generator)) - 1).square().mean(), "toy", stop)
    return torch.cat([weight.flatten() for weight in training.average.weights])


def test_a_stopped_run_goes_on_as_if_it_had_not_been(tmp_path):
    whole = toy_run(tmp_path / "whole.pt", After(1000))
    for steps in (7, 20):
        with pytest.raises(SystemExit) as stopped:
            toy_run(tmp_path / "parts.pt", After(steps))
        assert stopped.value.code == UNFINISHED
    assert (toy_run(tmp_path / "parts.pt", After(1000)) == whole).all()


def test_a_signal_asks_a_run_to_stop_and_time_ends_it():
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        stop, late = Stop(), Stop(1e-9)
        assert late and not stop
        stop.leave("nothing")
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(SystemExit) as stopped:
            late.leave("the test")
        assert stopped.value.code == UNFINISHED
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_the_learning_rate_warms_up_and_cools_down():
    settings = Settings(examples=10_000, batch=10, peak=1e-3)
    rates = [learning_rate(step, settings) for step in range(1000)]
    assert rates[0] < rates[100] < rates[300] == max(rates) == 1e-3 and rates[999] < 5e-5
    assert learning_rate(400, settings, warm_from=400) == rates[0]


def test_every_step_sees_all_noise_levels():
    timesteps = stratified_timesteps(64, torch.Generator().manual_seed(0)).sort().values
    assert timesteps[0] < 32 and timesteps[-1] >= 968 and (timesteps.diff() < 63).all()


def test_loss_weights_are_one_where_there_is_noise():
    weights = loss_weights(torch.tensor([0.999, 0.5, 0.01]))
    assert weights[0] < 0.01 and weights[1] == 1 and weights[2] == 1


def test_the_velocity_leads_to_the_scene_even_from_where_guidance_has_gone_too_far():
    x0, noise, a = torch.full((1, 1, 1, 1), 0.7), torch.full((1, 1, 1, 1), -0.4), torch.tensor([0.36]).view(1, 1, 1, 1)
    noisy = 0.6 * x0 + 0.8 * noise
    assert velocity(noisy, x0, a).item() == pytest.approx((0.6 * noise - 0.8 * x0).item())
    far = 0.6 * 2 * x0 + 0.8 * noise
    assert (0.6 * far - 0.8 * velocity(far, x0, a)).item() == pytest.approx(0.7)


def batches(twin: list[int]) -> Batches:
    latents = numpy.ones((len(twin), 12, 16, 16), numpy.float16)
    scenes = {"latents": latents, "ids": numpy.zeros((len(twin), 4, 32), numpy.uint16), "twins": numpy.zeros((3, 12, 16, 16), numpy.float16), "twin": numpy.array(twin)}
    return Batches(scenes, SCENES, Settings(1000, 64, 1e-3), torch.Generator().manual_seed(0))


def test_some_scenes_at_full_strength_are_shown_as_guidance_overshoots_them():
    x0, noisy_sigma, calm_sigma = torch.ones(64, 12, 16, 16), torch.full((64, 1, 1, 1), 0.9), torch.full((64, 1, 1, 1), 0.03)
    full, plain, others = (batches([row]) for row in (0, 2, -1))
    pick = torch.zeros(64, dtype=torch.long)
    moved = {name: (b.overshot(pick, x0, noisy_sigma) - 1)[:, 0, 0, 0] for name, b in (("full", full), ("plain", plain), ("others", others))}
    assert moved["full"].max() > 1 and 0.3 < (moved["full"] > 0).float().mean() < 0.7
    assert 0 < (moved["plain"] > 0).float().mean() < 0.3
    assert (moved["others"] == 0).all()
    assert (full.overshot(pick, x0, calm_sigma) - 1).max() < 0.16


def test_scenes_come_the_same_from_any_number_of_processes():
    takes = []
    for processes in (1, 2):
        stream = pictures.Stream(30, processes)
        takes.append(numpy.concatenate([stream.take(5), stream.take(3)]))
        stream.close()
    assert (takes[0] == takes[1]).all() and (takes[0][3] == pictures.picture(33)).all()


def test_a_shard_holds_its_scenes(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "SHARD", 60)
    monkeypatch.setattr(pictures, "CHUNK", 20)
    tokenizer = CLIPTokenizer.from_pretrained(SCENES / "tokenizer")
    files = pictures.shards(tmp_path, 0, 120)
    pictures.write_shards(files, load_autoencoder(SCENES), tokenizer, 2, After(10**9))
    scenes = pictures.load_shards(list(files.values()))
    assert scenes["latents"].shape == (120, 12, 16, 16) and scenes["ids"].shape == (120, 4, 32)
    assert 0.8 < scenes["latents"].astype(float).std() < 1.3
    for index in (3, 77, 119):
        _, texts, plain, twin = pictures.captioned(index)
        assert tokenizer.decode(scenes["ids"][index, 1], skip_special_tokens=True) == texts[1].lower().replace(",", " ,")
        row = scenes["twin"][index]
        assert (row == len(scenes["twins"]) - 1) == plain and (0 <= row < len(scenes["twins"]) - 1) == (twin is not None)


def test_the_papers_words_are_among_the_captions():
    rng = numpy.random.default_rng(0)
    captions = {caption(random_scene(rng), rng).lower() for _ in range(60_000)}
    words = set(" ".join(captions).replace(",", " ").split())
    for prompt in ("a dog", "a cat", *(prompt for prompt, *_ in PAPER)):
        assert set(prompt.lower().split()) <= words


def test_the_committed_model_is_small_and_loads_in_diffusers():
    assert sum(path.stat().st_size for path in SCENES.rglob("*") if path.is_file()) <= 30 * 2**20
    pipeline = StableDiffusionPipeline.from_pretrained(SCENES, safety_checker=None, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    picture = pipeline("a dog", num_inference_steps=2, generator=torch.Generator().manual_seed(0)).images[0]
    assert picture.size == (128, 128)


def test_captions_fit_the_text_encoder():
    tokenizer, rng = CLIPTokenizer.from_pretrained(SCENES / "tokenizer"), numpy.random.default_rng(0)
    captions = {caption(random_scene(rng), rng) for _ in range(5000)}
    assert max(map(len, tokenizer(list(captions)).input_ids)) <= tokenizer.model_max_length


def test_the_examination_asks_for_everything_and_for_what_was_held_back():
    questions = examination()
    assert len(questions) == 12 * 14 * 3
    assert {attribute for _, _, attribute, _ in questions} == set(range(len(ATTRIBUTES) + 1))
    assert 60 < sum(hidden for *_, hidden in questions) < 100


def test_the_scorer_answers_for_every_picture():
    subjects, attributes, strengths = score(Scorer().eval(), numpy.zeros((3, 128, 128, 3), numpy.uint8))
    assert subjects.shape == attributes.shape == (3,) and strengths.shape == (3, len(ATTRIBUTES))


def test_a_state_can_be_carried_and_exported(tmp_path):
    """Packed, unpacked and exported, the shipped weights are the shipped files but for the dials."""
    work, carried = tmp_path / "work", tmp_path / "carried"
    load_autoencoder(SCENES).save_pretrained(work / "vae")
    Training(Denoiser(SCENES), work / "denoiser.pt", Settings(640, 64, 1e-3)).save()
    portable.pack(work, tmp_path / "parts")
    assert all(part.stat().st_size <= portable.PART for part in (tmp_path / "parts").iterdir())
    portable.unpack(tmp_path / "parts", carried, SCENES)
    training = Training(Denoiser(SCENES), carried / "denoiser.pt", Settings(640, 64, 1e-3))
    assert training.step == training.warm_from == 0
    export(carried, SCENES, tmp_path / "out")
    for path in (tmp_path / "out").rglob("*.json"):
        assert path.read_bytes() == (SCENES / path.relative_to(tmp_path / "out")).read_bytes()
    before, after = Denoiser(SCENES), Denoiser(tmp_path / "out")
    assert all((a == b).all() for a, b in zip(before.parameters(), after.parameters(), strict=True))


class Code:
    """What a pickle would run."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('run')",))


def test_a_state_is_read_without_running_it(tmp_path):
    network = torch.nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    save_state(tmp_path / "whole.pt", {"step": 3, "weights": network.state_dict(), "optimizer": optimizer.state_dict(), "best": 0.5})
    assert load_state(tmp_path / "whole.pt")["optimizer"]["state"][0]["step"] == 1
    save_state(tmp_path / "hostile.pt", {"step": Code()})
    with pytest.raises(pickle.UnpicklingError):
        load_state(tmp_path / "hostile.pt")
