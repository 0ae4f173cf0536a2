"""U-Net and text encoder, trained on together by the denoising loss on the latents of scenes of every strength."""

import pathlib

import numpy
import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from transformers import CLIPTextModel, CLIPTokenizer

from research.training.loop import Settings, Stop, Training
from research.training.pictures import CAPTIONS, load_shards, tokenize

CAPTION_DROPOUT = 0.15
WORTH_COMPILING = 500  # Steps: compiling takes a minute.
MIN_SNR = 5.0
OVERSHOOT_SHARE, OVERSHOOT_SHARE_PLAIN = 0.5, 0.1  # Of the scenes at full strength, and of the plain ones.
OVERSHOOT = 1.5  # At most this much farther from its twin than a scene is.
OVERSHOOT_NOISE = 0.3  # From this noise on in full; less below, so that the last steps and an inversion's first stay exact.


class Denoiser(torch.nn.Module):
    """Text encoder and U-Net of a model's folder as one module, in f32."""

    def __init__(self, start: pathlib.Path):
        super().__init__()
        self.text_encoder = CLIPTextModel.from_pretrained(start / "text_encoder", torch_dtype=torch.float32)
        self.unet = UNet2DConditionModel.from_pretrained(start / "unet", torch_dtype=torch.float32)

    def forward(self, noisy: torch.Tensor, timesteps: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        return self.unet(noisy, timesteps, self.text_encoder(ids).last_hidden_state).sample


def speed_up(model: Denoiser) -> None:
    """For bf16 on a CPU, where the fused attention's gradient takes ten times the plain one's time, and norms are slow until they are compiled: 66 examples a second instead of 53 on one core with AMX."""
    model.unet.set_attn_processor(AttnProcessor())
    model.text_encoder.set_attn_implementation("eager")
    model.unet.compile()


def stratified_timesteps(batch: int, generator: torch.Generator) -> torch.Tensor:
    """One timestep from each of `batch` equal slices of 0…999, shuffled: every step sees all noise levels."""
    options = {"generator": generator, "device": generator.device}
    u = (torch.arange(batch, device=generator.device) + torch.rand(batch, **options)) / batch
    return (u * 1000).long()[torch.randperm(batch, **options)]


def loss_weights(alphas_cumprod: torch.Tensor) -> torch.Tensor:
    """Per timestep, min(SNR + 1, γ)/(SNR + 1): v-prediction's own weight where there is noise, less where there is hardly any
    (after min-SNR-γ, Hang et al. 2023). The noisiest steps count in full: there the words decide what the picture shows."""
    snr = alphas_cumprod / (1 - alphas_cumprod)
    return (snr + 1).clamp(max=MIN_SNR) / (snr + 1)


def velocity(noisy: torch.Tensor, x0: torch.Tensor, alphas: torch.Tensor) -> torch.Tensor:
    """What to predict so that `x0` comes out (Salimans and Ho 2022): √ᾱ·ε − σ·x0 where `noisy` was made of `x0`, and right where it was not."""
    return (alphas.sqrt() * noisy - x0) / (1 - alphas).sqrt()


class Batches:
    """Endless random batches of the scenes, all of which lie on the device."""

    def __init__(self, scenes: dict[str, numpy.ndarray], start: pathlib.Path, settings: Settings, generator: torch.Generator):
        self.scenes = {name: torch.from_numpy(a if name != "ids" else a.astype(numpy.int32)).to(settings.device) for name, a in scenes.items()}
        self.empty = tokenize(CLIPTokenizer.from_pretrained(start / "tokenizer"), [""]).to(settings.device)
        schedule = DDPMScheduler.from_pretrained(start / "scheduler")
        if schedule.config.prediction_type != "v_prediction":
            raise SystemExit(f"{start}/scheduler: predicts {schedule.config.prediction_type}, v_prediction is what is trained here")
        self.alphas_cumprod = schedule.alphas_cumprod.to(settings.device)
        self.weights, self.batch, self.generator = loss_weights(self.alphas_cumprod), settings.batch, generator

    def random(self, *shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=self.generator, device=self.generator.device)

    def overshot(self, pick: torch.Tensor, x0: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        """What guidance makes of some scenes: farther from the plain twin, or a plain one from the mean of all, than anything that is drawn."""
        row, twins = self.scenes["twin"][pick], self.scenes["twins"]
        share = torch.where(row == len(twins) - 1, OVERSHOOT_SHARE_PLAIN, OVERSHOOT_SHARE) * (row >= 0)
        far = OVERSHOOT * self.random(self.batch) * (sigma.flatten() / OVERSHOOT_NOISE).clamp(max=1) * (self.random(self.batch) < share)
        return x0 + far.view(-1, 1, 1, 1) * (x0 - twins[row.clamp(min=0)].float())

    def draw(self) -> tuple[torch.Tensor, ...]:
        """Noisy latents, timesteps, ids, the velocity to predict, loss weights."""
        options = {"generator": self.generator, "device": self.generator.device}
        pick = torch.randint(len(self.scenes["latents"]), (self.batch,), **options)
        ids = self.scenes["ids"][pick, torch.randint(CAPTIONS, (self.batch,), **options)].long()
        ids = torch.where(self.random(self.batch, 1) < CAPTION_DROPOUT, self.empty, ids)
        x0, t = self.scenes["latents"][pick].float(), stratified_timesteps(self.batch, self.generator)
        a = self.alphas_cumprod[t].view(-1, 1, 1, 1)
        noisy = a.sqrt() * self.overshot(pick, x0, (1 - a).sqrt()) + (1 - a).sqrt() * torch.randn(x0.shape, **options)
        return noisy.to(memory_format=torch.channels_last), t, ids, velocity(noisy, x0, a), self.weights[t]


def train_denoiser(work: pathlib.Path, start: pathlib.Path, paths: list[pathlib.Path], settings: Settings, stop: Stop) -> None:
    """Trains to the end, or goes on; work/denoiser.pt is what is exported."""
    model = Denoiser(start).to(settings.device, memory_format=torch.channels_last)
    if settings.device == "cpu" and settings.bf16 and settings.steps > WORTH_COMPILING:
        speed_up(model)
    training = Training(model, work / "denoiser.pt", settings)
    if training.step == settings.steps:
        return
    batches = Batches(load_shards(paths), start, settings, training.generator)

    def loss() -> torch.Tensor:
        noisy, timesteps, ids, wanted, weights = batches.draw()
        with torch.autocast(settings.device, torch.bfloat16, enabled=settings.bf16):
            prediction = model(noisy, timesteps, ids)
        return ((prediction.float() - wanted).square().mean((1, 2, 3)) * weights).mean()

    training.run(loss, "denoiser", stop)
