"""Prompt syntax on the embedded model: the pictures that diffusers makes of text states worked out here by hand."""

import re
import subprocess

import numpy
import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from PIL import Image
from test_pictures import psnr

PSNR_BOUND = 45.0  # dB
STEPS = 12
SEED = 3


@pytest.fixture(scope="module")
def pipe(scenes):
    pipe = StableDiffusionPipeline.from_pretrained(scenes, safety_checker=None, torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config)
    return pipe


def ours(build, out, prompt, *flags) -> numpy.ndarray:
    command = [build / "bin" / "latentdial", "generate", "-p", prompt, "--cfg", "7.5", "--dtype", "f32", "--sampler", "ddim"]
    subprocess.run([*command, "--steps", str(STEPS), "--seed", str(SEED), "-q", "-o", out, *flags], check=True)
    return numpy.asarray(Image.open(out).convert("RGB"))


def states(pipe, text, weights=()) -> torch.Tensor:
    """Of one window, some words' states times their weights and the mean restored."""
    tokens = pipe.tokenizer(text, padding="max_length", max_length=pipe.tokenizer.model_max_length, return_tensors="pt").input_ids
    with torch.no_grad():
        z = pipe.text_encoder(tokens).last_hidden_state
    factors = torch.ones(z.shape[1])
    for word, weight in weights:
        ids = pipe.tokenizer(word, add_special_tokens=False).input_ids
        places = [i for i in range(z.shape[1]) if tokens[0, i : i + len(ids)].tolist() == ids]
        assert len(places) == 1
        factors[places[0] : places[0] + len(ids)] = weight
    weighted = z * factors[None, :, None]
    return weighted * (z.mean() / weighted.mean())


def theirs(pipe, embeds, **arguments) -> numpy.ndarray:
    negative = states(pipe, "").repeat(1, embeds.shape[1] // states(pipe, "").shape[1], 1)
    generator = torch.Generator("cpu").manual_seed(SEED)
    return numpy.asarray(pipe(prompt_embeds=embeds, negative_prompt_embeds=negative, num_inference_steps=STEPS, generator=generator, **arguments).images[0])


def check(name, a, b):
    quality = psnr(a, b)
    print(f"\n{name}: {quality:.1f} dB")
    assert quality >= PSNR_BOUND


def test_clip_skip_is_one_more_than_diffusers(build, pipe, tmp_path):
    """A1111 counts from 1, the last layer, for both prompts; diffusers says how many are left out, of the prompt alone. Its clip_skip=1 is
    written out here, since it looks for the encoder where transformers had it before version 5."""
    encoder = getattr(pipe.text_encoder, "text_model", pipe.text_encoder)

    def skipped(text):
        ids = pipe.tokenizer(text, padding="max_length", max_length=pipe.tokenizer.model_max_length, return_tensors="pt").input_ids
        return encoder.final_layer_norm(pipe.text_encoder(ids, output_hidden_states=True).hidden_states[-2])

    embeds, negative = skipped("a castle"), skipped("")
    generator = torch.Generator("cpu").manual_seed(SEED)
    picture = numpy.asarray(pipe(prompt_embeds=embeds, negative_prompt_embeds=negative, num_inference_steps=STEPS, generator=generator).images[0])
    check("clip skip", ours(build, tmp_path / "a.png", "a castle", "--clip-skip", "2"), picture)
    assert psnr(ours(build, tmp_path / "b.png", "a castle"), picture) < 40


def test_emphasis(build, pipe, tmp_path):
    made = ours(build, tmp_path / "a.png", "a (castle:1.4) in the [meadow]")
    check("emphasis", made, theirs(pipe, states(pipe, "a castle in the meadow", [("castle", 1.4), ("meadow", 1 / 1.1)])))
    assert psnr(made, theirs(pipe, states(pipe, "a castle in the meadow"))) < PSNR_BOUND, "the weights change nothing, so the test says nothing"


def test_windows(build, pipe, tmp_path):
    both = torch.cat([states(pipe, "a castle"), states(pipe, "sunset", [("sunset", 1.2)])], dim=1)
    check("two windows", ours(build, tmp_path / "a.png", "a castle BREAK (sunset:1.2)"), theirs(pipe, both))


def test_a_long_prompt_fills_windows_one_after_the_other(build, pipe, tmp_path):
    room = pipe.tokenizer.model_max_length - 2
    words = (["castle", "dog", "meadow", "sunset"] * room)[: 2 * room - 3]
    split = torch.cat([states(pipe, " ".join(words[:room])), states(pipe, " ".join(words[room:]))], dim=1)
    assert len(pipe.tokenizer(" ".join(words), add_special_tokens=False).input_ids) == len(words)
    check("a long prompt", ours(build, tmp_path / "a.png", " ".join(words)), theirs(pipe, split))


def test_a_prompt_that_changes(build, pipe, tmp_path):
    def change(pipeline, step, timestep, tensors):
        # Called after a step; the first half of the embeddings is the negative prompt's.
        if step + 1 == STEPS // 3:
            tensors["prompt_embeds"] = torch.cat([states(pipe, ""), states(pipe, "a dog")])
        return tensors

    arguments = {"callback_on_step_end": change, "callback_on_step_end_tensor_inputs": ["prompt_embeds"]}
    check("a change", ours(build, tmp_path / "a.png", f"[a castle:a dog:{STEPS // 3}]"), theirs(pipe, states(pipe, "a castle"), **arguments))


def test_prompts_that_take_turns(build, pipe, tmp_path):
    def turn(pipeline, step, timestep, tensors):
        text = ["a castle", "a dog"][(step + 1) % 2]
        tensors["prompt_embeds"] = torch.cat([states(pipe, ""), states(pipe, text)])
        return tensors

    arguments = {"callback_on_step_end": turn, "callback_on_step_end_tensor_inputs": ["prompt_embeds"]}
    check("turns", ours(build, tmp_path / "a.png", "a [castle|dog]"), theirs(pipe, states(pipe, "a castle"), **arguments))


def test_prompts_joined_by_and(build, pipe, tmp_path):
    latents = torch.randn((1, pipe.unet.config.in_channels, *(2 * [pipe.unet.config.sample_size])), generator=torch.Generator("cpu").manual_seed(SEED))
    pipe.scheduler.set_timesteps(STEPS)
    terms = [("a castle", 0.7), ("sunset", 0.6)]
    embeds = torch.cat([states(pipe, ""), *(states(pipe, text) for text, _ in terms)])
    for timestep in pipe.scheduler.timesteps:
        with torch.no_grad():
            none, *each = pipe.unet(latents.repeat(3, 1, 1, 1), timestep, embeds).sample
        guided = none + sum(7.5 * weight * (one - none) for one, (_, weight) in zip(each, terms, strict=True))
        latents = pipe.scheduler.step(guided[None], timestep, latents).prev_sample
    with torch.no_grad():
        pixels = pipe.vae.decode(latents / pipe.vae.config.scaling_factor).sample[0]
    expected = ((pixels / 2 + 0.5).clamp(0, 1) * 255).round().permute(1, 2, 0).numpy().astype(numpy.uint8)
    check("AND", ours(build, tmp_path / "a.png", "a castle :0.7 AND sunset :0.6"), expected)


@pytest.mark.parametrize("prompt", ["a (castle:1.4) AND [b|c]", "a dog " * 100, r"a \(dog\)"])
def test_plain_prompts_are_diffusers(build, pipe, tmp_path, prompt):
    generator = torch.Generator("cpu").manual_seed(SEED)
    reference = numpy.asarray(pipe(prompt, num_inference_steps=STEPS, generator=generator).images[0])
    check(re.sub(r"(.{20}).*", r"\1…", prompt), ours(build, tmp_path / "a.png", prompt, "--plain-prompt"), reference)
