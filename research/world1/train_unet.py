"""Trains U-Net and text encoder together by the denoising loss on the cached latents."""

import dataclasses
import os
import pathlib
import signal
import sys
import time

import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from research.training.checkpoint import load_state, save_state
from research.training.train_denoiser import WORTH_COMPILING, loss_weights, speed_up, stratified_timesteps
from research.world1.arguments import script_parser
from research.world1.checkpoint import Average
from research.world1.latents import cache_files, load_cache
from research.world1.model import make_scheduler, make_text_encoder, make_unet
from research.world1.tokenizer import MAX_LENGTH
from research.world1.train_text import train_text

WARM_UP = 200
CAPTION_DROPOUT = 0.1
CHECKPOINT_SECONDS = 300
RELOAD_STEPS = 1000
REPORT_STEPS = 100


class Denoiser(torch.nn.Module):
    """Text encoder and U-Net as one module."""

    def __init__(self, vocab_size: int):
        super().__init__()
        self.text_encoder = make_text_encoder(vocab_size)
        self.unet = make_unet()

    def forward(self, noisy, timesteps, ids):
        return self.unet(noisy, timesteps, self.text_encoder(ids).last_hidden_state).sample

    def load_exported(self, folder: pathlib.Path) -> None:
        """Weights of a diffusers folder."""
        self.text_encoder.load_state_dict(CLIPTextModel.from_pretrained(folder / "text_encoder", torch_dtype=torch.float32).state_dict())
        self.unet.load_state_dict(UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32).state_dict())


@dataclasses.dataclass
class Settings:
    """Ends at `steps`; the learning rate is `peak`, and falls to nothing over the last `cooldown` of them."""

    steps: int
    cooldown: int
    peak: float
    threads: int
    device: str
    batch: int = 64
    start_from: pathlib.Path | None = None  # An exported model whose weights the first step starts from.

    @property
    def bf16(self) -> bool:
        """Where matrix products in it are faster."""
        return self.device != "cpu" or torch.cpu._is_amx_tile_supported()


def learning_rate(step: int, settings: Settings) -> float:
    """Warm-up, plateau, then linear cool-down."""
    return settings.peak * min(1.0, (step + 1) / WARM_UP, max(0.02, (settings.steps - step) / settings.cooldown))


def tokenize(tokenizer: CLIPTokenizer, captions: list[str]) -> torch.Tensor:
    return tokenizer(captions, padding="max_length", truncation=True, max_length=MAX_LENGTH, return_tensors="pt").input_ids


class Trainer:
    """Model, optimiser and average, as work/unet.pt keeps them."""

    def __init__(self, work: pathlib.Path, settings: Settings):
        self.work, self.settings, self.step = work, settings, 0
        self.tokenizer = CLIPTokenizer.from_pretrained(work / "tokenizer")
        self.model = Denoiser(len(self.tokenizer)).to(settings.device, memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=0, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
        if settings.device == "cpu" and settings.bf16 and settings.steps > WORTH_COMPILING:
            speed_up(self.model)
        if (state := load_state(work / "unet.pt", settings.device)) is None:
            if settings.start_from is None:
                self.model.text_encoder.load_state_dict(train_text(work))
            else:
                self.model.load_exported(settings.start_from)
            self.average = Average(self.model)
        else:
            self.model.load_state_dict(state["model"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.average = Average(self.model)
            self.average.weights, self.step = state["average"], state["step"]

    def save(self) -> None:
        state = {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict(), "average": self.average.weights, "step": self.step}
        save_state(self.work / "unet.pt", state)

    def advance(self, batches: "Batches") -> torch.Tensor:
        """One step; returns its loss, which is still on the device so that the next step need not wait."""
        self.optimiser.param_groups[0]["lr"] = learning_rate(self.step, self.settings)
        noisy, timesteps, ids, velocity, weights = batches.draw()
        with torch.autocast(self.settings.device, torch.bfloat16, enabled=self.settings.bf16):
            prediction = self.model(noisy, timesteps, ids)
        loss = ((prediction.float() - velocity).square().mean((1, 2, 3)) * weights).mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.average.update(self.model, self.step)
        self.step += 1
        return loss.detach()

    def run(self) -> None:
        batches = Batches(self.work, self.tokenizer, self.settings, seed=self.step)
        started = saved = time.time()
        losses = []
        while self.step < self.settings.steps:
            losses.append(self.advance(batches))
            if self.step % REPORT_STEPS == 0:
                mean = torch.stack(losses).mean().item()
                print(f"U-Net step {self.step}/{self.settings.steps}, loss {mean:.4f}, scenes {len(batches.latents)}, {time.time() - started:.0f} s", flush=True)
                losses = []
            if time.time() - saved > CHECKPOINT_SECONDS:
                self.save()
                saved = time.time()


class Batches:
    """Endless random batches from the cache, which may grow meanwhile; all of it lies on the device."""

    def __init__(self, work: pathlib.Path, tokenizer: CLIPTokenizer, settings: Settings, seed: int):
        self.folder, self.tokenizer, self.batch, self.device = work / "cache", tokenizer, settings.batch, settings.device
        self.empty = tokenize(tokenizer, [""]).to(self.device)
        self.alphas_cumprod = make_scheduler().alphas_cumprod.to(self.device)
        self.weights = loss_weights(self.alphas_cumprod)
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self.drawn, self.files = 0, []

    def load(self) -> None:
        """What came to the cache since the last time: latents [N, C, 16, 16] f16 and ids [N, MAX_LENGTH]."""
        files = [path for path in cache_files(self.folder) if path not in self.files]
        if not files:
            return
        latents, captions = load_cache(files)
        new = torch.from_numpy(latents).to(self.device), tokenize(self.tokenizer, captions).to(self.device)
        self.latents, self.ids = (torch.cat(pair) for pair in zip((self.latents, self.ids), new)) if self.files else new
        self.files += files

    def draw(self):
        """Noisy latents, timesteps, ids, the velocity to predict (Salimans and Ho 2022), loss weights."""
        if self.drawn % RELOAD_STEPS == 0:
            self.load()
        self.drawn += 1
        options = {"generator": self.generator, "device": self.device}
        pick = torch.randint(len(self.latents), (self.batch,), **options)
        drop = torch.rand(self.batch, 1, **options) < CAPTION_DROPOUT
        ids = torch.where(drop, self.empty, self.ids[pick])
        x0, t = self.latents[pick].float(), stratified_timesteps(self.batch, self.generator)
        noise = torch.randn(x0.shape, **options)
        a = self.alphas_cumprod[t].view(-1, 1, 1, 1)
        noisy = (a.sqrt() * x0 + (1 - a).sqrt() * noise).to(memory_format=torch.channels_last)
        velocity = a.sqrt() * noise - (1 - a).sqrt() * x0
        return noisy, t, ids, velocity, self.weights[t]


def train_unet(work: pathlib.Path, settings: Settings) -> None:
    """Runs to `settings.steps`, resuming from work/unet.pt; a later call with more steps goes on."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    torch.set_num_threads(settings.threads)
    trainer = Trainer(work, settings)
    try:
        trainer.run()
    finally:
        trainer.save()


def main() -> None:
    parser = script_parser(__doc__, "work")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--cooldown", type=int, default=6_000)
    parser.add_argument("--peak", type=float, default=1e-3)
    parser.add_argument("--batch", type=int, default=64, help="scenes a step")
    parser.add_argument("--start-from", type=pathlib.Path, help="go on from this exported model's weights (default: from nothing)")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = vars(parser.parse_args())
    train_unet(arguments.pop("work"), Settings(**arguments))


if __name__ == "__main__":
    main()
