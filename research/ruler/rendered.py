"""Renders of known strength, as drawn and as the embedded model's autoencoder gives them back."""

import pathlib

import numpy
import torch
from diffusers import AutoencoderKL

from research.training.fit import in_bf16
from research.training.pictures import renderers, to_unit
from research.world.captions import plain_scene, random_strength
from research.world.render import render
from research.world.scene import ATTRIBUTES, Scene
from research.world.subjects import SUBJECTS

PROCESSES = 2
LATENT_NOISE = 0.12  # At most, in standard deviations of the latents: what a denoising run leaves behind.
BATCH = 10
FEW = 100  # Scenes that are drawn before processes for them have started.
PLAIN_SHARE, TWO_SHARE = 0.08, 0.12


def scene_of(stream: int, index: int, odds: dict[str, float] | None = None) -> Scene:
    """Scene `index` of a stream: mostly of one attribute, some plain, some of two; `odds` (1 where none is given) make some more frequent."""
    rng = numpy.random.default_rng([stream, index])
    scene, kind = plain_scene(rng), rng.random()
    count = 0 if kind < PLAIN_SHARE else 2 if kind < PLAIN_SHARE + TWO_SHARE else 1
    weights = numpy.array([odds.get(name, 1) for name in ATTRIBUTES]) if odds else None
    names = rng.choice(ATTRIBUTES, count, replace=False, p=None if weights is None else weights / weights.sum())
    return scene.at(strengths={str(name): random_strength(rng) for name in names})


def known_strengths(scenes: list[Scene]) -> numpy.ndarray:
    """float32 [N, attributes]."""
    return numpy.array([[scene.strengths.get(name, 0.0) for name in ATTRIBUTES] for scene in scenes], numpy.float32)


def rendered(stream: int, count: int, odds: dict[str, float] | None = None) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The first scenes of a stream: pictures uint8 [N, 128, 128, 3], strengths [N, attributes]."""
    scenes = [scene_of(stream, i, odds) for i in range(count)]
    return render_all(scenes), known_strengths(scenes)


def render_all(scenes: list[Scene]) -> numpy.ndarray:
    """uint8 [N, 128, 128, 3]."""
    if len(scenes) < FEW:
        return numpy.stack([render(scene) for scene in scenes])
    pictures = numpy.empty((len(scenes), 128, 128, 3), numpy.uint8)
    with renderers(PROCESSES) as pool:
        for i, picture in enumerate(pool.imap(render, scenes, chunksize=50)):
            pictures[i] = picture
    return pictures


class Codec:
    """The model's autoencoder between uint8 pictures and latents with a standard deviation of about 1."""

    def __init__(self, autoencoder: pathlib.Path, device: str = "cpu"):
        self.vae = AutoencoderKL.from_pretrained(autoencoder).to(device, memory_format=torch.channels_last).eval()

    @torch.inference_mode()
    def encode(self, pictures: numpy.ndarray) -> torch.Tensor:
        """uint8 [N, 128, 128, 3] → [N, 12, 16, 16]."""
        with in_bf16(self.vae.device.type):
            parts = [self.vae.encode(to_unit(pictures[i : i + BATCH]).to(self.vae.device)).latent_dist.mode() for i in range(0, len(pictures), BATCH)]
        return torch.cat(parts).float() * self.vae.config.scaling_factor

    @torch.inference_mode()
    def decode(self, latents: torch.Tensor) -> numpy.ndarray:
        """[N, 12, 16, 16] → uint8 [N, 128, 128, 3]."""
        scaled = latents / self.vae.config.scaling_factor
        with in_bf16(self.vae.device.type):
            parts = [self.vae.decode(scaled[i : i + BATCH]).sample.float() for i in range(0, len(latents), BATCH)]
        return to_pictures(torch.cat(parts))


def to_pictures(pixels: torch.Tensor) -> numpy.ndarray:
    """[N, 3, 128, 128] in −1…1 → uint8 [N, 128, 128, 3]."""
    return ((pixels.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def with_noise(latents: torch.Tensor, most: float) -> torch.Tensor:
    """Latents [N, ...], each with white noise of a standard deviation of up to `most`."""
    return latents + most * torch.rand(len(latents), 1, 1, 1, device=latents.device) * torch.randn_like(latents)


def round_trip(codec: Codec, pictures: numpy.ndarray, noise: float = 0) -> numpy.ndarray:
    """uint8 pictures [..., 128, 128, 3] through encoder and decoder, as soft as generated ones; with up to `noise` in the latents."""
    every = pictures.reshape(-1, *pictures.shape[-3:])
    return codec.decode(with_noise(codec.encode(every), noise)).reshape(pictures.shape)


def out_of_focus(pictures: torch.Tensor) -> torch.Tensor:
    """Pictures [N, C, H, W], each a little out of focus, so that a judge leans on nothing finer than what a decoder keeps."""
    soft = torch.nn.functional.avg_pool2d(pictures, 3, 1, 1)
    return torch.lerp(pictures, soft, torch.rand(len(pictures), 1, 1, 1, device=pictures.device))
