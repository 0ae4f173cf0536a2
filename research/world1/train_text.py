"""The text encoder's start: it learns to tell the scene from its caption. Left to the denoising loss alone it stays deaf for the first
50,000 pictures, since a U-Net that cannot draw yet has little use for words."""

import pathlib

import numpy
import torch
from transformers import CLIPTokenizer

from research.training.checkpoint import load_state, save_state
from research.world1.captions import PLACE_WORDS, caption, random_scene
from research.world1.model import TEXT_WIDTH, make_text_encoder
from research.world1.scenes import MODIFIERS, PLACES, SUBJECTS
from research.world1.styles import STYLES
from research.world1.tokenizer import MAX_LENGTH

STEPS = 120
BATCH = 128
PEAK = 1e-3
CLASSES = (len(SUBJECTS), len(PLACES) + 1, len(STYLES) + 1, 2 ** len(MODIFIERS))


def labels(scene, words: str) -> tuple[int, ...]:
    """Subject, place (the last class: unnamed), style (the last class: none), which modifiers."""
    place = PLACES.index(scene.place) if PLACE_WORDS[scene.place] in words else len(PLACES)
    style = STYLES.index(scene.style) if scene.style else len(STYLES)
    modifiers = sum(2**i for i, modifier in enumerate(MODIFIERS) if modifier in scene.modifiers)
    return SUBJECTS.index(scene.subject), place, style, modifiers


def draw(rng: numpy.random.Generator, tokenizer: CLIPTokenizer) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids [BATCH, MAX_LENGTH] and labels [BATCH, 4] of new captions."""
    scenes = [random_scene(rng) for _ in range(BATCH)]
    words = [caption(scene, rng) for scene in scenes]
    ids = tokenizer(words, padding="max_length", truncation=True, max_length=MAX_LENGTH, return_tensors="pt").input_ids
    return ids, torch.tensor([labels(scene, text) for scene, text in zip(scenes, words)])


def train_text(work: pathlib.Path) -> dict:
    """The state of a started text encoder, from work/text.pt when it is there."""
    if (state := load_state(work / "text.pt", "cpu")) is not None:
        return state
    tokenizer, rng = CLIPTokenizer.from_pretrained(work / "tokenizer"), numpy.random.default_rng(1)
    encoder = make_text_encoder(len(tokenizer))
    # Fixed: a head that learns would read faint differences, and those are too faint for the U-Net.
    head = torch.nn.init.orthogonal_(torch.empty(sum(CLASSES), TEXT_WIDTH))
    parameters = list(encoder.parameters())
    optimiser = torch.optim.AdamW(parameters, lr=0, betas=(0.9, 0.99))
    for step in range(STEPS):
        optimiser.param_groups[0]["lr"] = PEAK * min(1, (step + 1) / 50, (STEPS - step) / 50)
        ids, wanted = draw(rng, tokenizer)
        # The mean over positions: the scene must be known at every token that cross-attention may look at.
        states = encoder(ids).last_hidden_state.mean(1)
        scores = (states @ head.T).split(CLASSES, dim=1)
        loss = sum(torch.nn.functional.cross_entropy(score, wanted[:, i]) for i, score in enumerate(scores))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        if step % 30 == 29:
            right = sum((score.argmax(1) == wanted[:, i]).float().mean().item() for i, score in enumerate(scores)) / len(CLASSES)
            print(f"text step {step + 1}/{STEPS}, loss {loss.item():.3f}, right {right:.3f}, spread {states.std(0).mean().item():.2f}", flush=True)
    save_state(work / "text.pt", encoder.state_dict())
    return encoder.state_dict()
