"""Trains U-Net and text encoder together by the denoising loss on the cached latents."""

import argparse
import dataclasses
import multiprocessing
import os
import pathlib
import signal
import sys
import time

import torch
from transformers import CLIPTokenizer

from training.checkpoint import Average, load_state, save_state
from training.latents import load_cache
from training.model import make_scheduler, make_text_encoder, make_unet
from training.tokenizer import MAX_LENGTH
from training.train_text import train_text

BATCH = 32
WARM_UP = 200
CAPTION_DROPOUT = 0.1
MIN_SNR = 5.0
CHECKPOINT_SECONDS = 300
RELOAD_STEPS = 1000


class Denoiser(torch.nn.Module):
    """Text encoder and U-Net as one module."""

    def __init__(self, vocab_size: int):
        super().__init__()
        self.text_encoder = make_text_encoder(vocab_size)
        self.unet = make_unet()

    def forward(self, noisy, timesteps, ids):
        return self.unet(noisy, timesteps, self.text_encoder(ids).last_hidden_state).sample


@dataclasses.dataclass
class Settings:
    """Ends at `steps`; the learning rate is `peak` until `cooldown` steps before; `workers` processes share the model."""

    steps: int
    cooldown: int
    peak: float
    workers: int
    device: str


def learning_rate(step: int, settings: Settings) -> float:
    """Warm-up, plateau, then linear cool-down."""
    return settings.peak * min(1.0, (step + 1) / WARM_UP, max(0.02, (settings.steps - step) / settings.cooldown))


def stratified_timesteps(generator: torch.Generator) -> torch.Tensor:
    """One timestep from each of BATCH equal slices of 0…999, shuffled: every step sees all noise levels."""
    u = (torch.arange(BATCH) + torch.rand(BATCH, generator=generator)) / BATCH
    return (u * 1000).long()[torch.randperm(BATCH, generator=generator)]


def loss_weights(alphas_cumprod: torch.Tensor) -> torch.Tensor:
    """Per timestep, min(SNR + 1, γ)/(SNR + 1): v-prediction's own weight where there is noise, less where there is hardly any
    (after min-SNR-γ, Hang et al. 2023). The noisiest steps count in full: there the words decide what the picture shows."""
    snr = alphas_cumprod / (1 - alphas_cumprod)
    return (snr + 1).clamp(max=MIN_SNR) / (snr + 1)


def load_data(folder: pathlib.Path, tokenizer: CLIPTokenizer) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents [N, C, 16, 16] f16 and ids [N, MAX_LENGTH]."""
    latents, captions = load_cache(folder)
    return torch.from_numpy(latents), tokenize(tokenizer, captions)


def tokenize(tokenizer: CLIPTokenizer, captions: list[str]) -> torch.Tensor:
    return tokenizer(captions, padding="max_length", truncation=True, max_length=MAX_LENGTH, return_tensors="pt").input_ids


class Trainer:
    """Model, optimiser and average in shared memory, so that worker processes of one thread each can update them without locks
    (Hogwild, Recht et al. 2011): two of them are faster than two threads in one process, and one may be slowed by other work."""

    def __init__(self, work: pathlib.Path, settings: Settings):
        self.work, self.settings = work, settings
        self.tokenizer = CLIPTokenizer.from_pretrained(work / "tokenizer")
        self.model = Denoiser(len(self.tokenizer)).to(settings.device, memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=0, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
        self.average = Average(self.model)
        self.step = torch.zeros((), dtype=torch.int64)
        self.make_optimiser_state()
        self.resume()
        self.share()

    def make_optimiser_state(self) -> None:
        """A step at rate zero: the moments must exist before the workers share them."""
        for parameter in self.model.parameters():
            parameter.grad = torch.zeros_like(parameter)
        self.optimiser.step()

    def resume(self) -> None:
        if (state := load_state(self.work / "unet.pt", self.settings.device)) is not None:
            self.model.load_state_dict(state["model"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.average.weights = state["average"]
            self.step.fill_(state["step"])
        else:
            self.model.text_encoder.load_state_dict(train_text(self.work))
            self.average = Average(self.model)

    def share(self) -> None:
        self.model.share_memory()
        self.step.share_memory_()
        for moments in self.optimiser.state.values():
            for value in moments.values():
                value.share_memory_()

    def save(self) -> None:
        state = {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict(), "average": self.average.weights, "step": int(self.step)}
        save_state(self.work / "unet.pt", state)

    def loss(self, batch: "Batches") -> torch.Tensor:
        noisy, timesteps, ids, velocity, weights = batch.draw()
        with torch.autocast(self.settings.device, torch.bfloat16, enabled=self.settings.device != "cpu"):  # f32 is faster on CPUs without AMX.
            prediction = self.model(noisy, timesteps, ids)
        return ((prediction.float() - velocity).square().mean((1, 2, 3)) * weights).mean()

    def run(self, worker: int) -> None:
        """Worker 0 also averages, reports and saves; the others only step."""
        settings, batches = self.settings, Batches(self.work, self.tokenizer, self.settings.device, seed=[int(self.step), worker])
        started = saved = time.time()
        running = 0.0
        while (step := int(self.step)) < settings.steps:
            for group in self.optimiser.param_groups:
                group["lr"] = learning_rate(step, settings)
            loss = self.loss(batches)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimiser.step()
            self.step += 1
            if worker > 0:
                continue
            self.average.update(self.model, step)
            running += (loss.item() - running) * max(0.005, 1 / (batches.drawn + 1))
            if batches.drawn % 50 == 0:
                print(f"U-Net step {step}/{settings.steps}, loss {running:.4f}, scenes {len(batches.latents)}, {time.time() - started:.0f} s", flush=True)
            if time.time() - saved > CHECKPOINT_SECONDS:
                self.save()
                saved = time.time()


class Batches:
    """Endless random batches from the cache, which may grow meanwhile."""

    def __init__(self, work: pathlib.Path, tokenizer: CLIPTokenizer, device: str, seed: list[int]):
        self.work, self.tokenizer, self.device = work, tokenizer, device
        self.empty = tokenize(tokenizer, [""])
        self.alphas_cumprod = make_scheduler().alphas_cumprod
        self.weights = loss_weights(self.alphas_cumprod)
        self.generator = torch.Generator().manual_seed(seed[0] * 16 + seed[1])
        self.drawn = 0

    def draw(self):
        """Noisy latents, timesteps, ids, the velocity to predict (Salimans and Ho 2022), loss weights."""
        if self.drawn % RELOAD_STEPS == 0:
            self.latents, self.ids = load_data(self.work / "cache", self.tokenizer)
        self.drawn += 1
        pick = torch.randint(len(self.latents), (BATCH,), generator=self.generator)
        drop = torch.rand(BATCH, 1, generator=self.generator) < CAPTION_DROPOUT
        ids = torch.where(drop, self.empty, self.ids[pick])
        x0, t = self.latents[pick].float(), stratified_timesteps(self.generator)
        noise = torch.randn(x0.shape, generator=self.generator)
        a = self.alphas_cumprod[t].view(-1, 1, 1, 1)
        noisy = (a.sqrt() * x0 + (1 - a).sqrt() * noise).to(memory_format=torch.channels_last)
        velocity = a.sqrt() * noise - (1 - a).sqrt() * x0
        return [tensor.to(self.device) for tensor in (noisy, t, ids, velocity, self.weights[t])]


def train_unet(work: pathlib.Path, settings: Settings) -> None:
    """Runs to `settings.steps`, resuming from work/unet.pt; a later call with more steps goes on."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    torch.set_num_threads(1 if settings.workers > 1 else torch.get_num_threads())
    trainer = Trainer(work, settings)
    helpers = [multiprocessing.get_context("fork").Process(target=run_helper, args=(trainer, worker), daemon=True) for worker in range(1, settings.workers)]
    for helper in helpers:
        helper.start()
    try:
        trainer.run(0)
    finally:
        for helper in helpers:
            helper.terminate()
            helper.join()
        trainer.save()


def run_helper(trainer: Trainer, worker: int) -> None:
    """Helpers yield to other work on the machine."""
    os.nice(10)
    trainer.run(worker)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path.home() / ".cache/latentdial/training")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--cooldown", type=int, default=6_000)
    parser.add_argument("--peak", type=float, default=1e-3)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = vars(parser.parse_args())
    train_unet(arguments.pop("work"), Settings(**arguments))


if __name__ == "__main__":
    main()
