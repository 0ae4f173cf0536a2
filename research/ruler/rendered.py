"""Rendered pictures of known style strength, as drawn and as the embedded model's autoencoder gives them back."""

import dataclasses
import multiprocessing
import pathlib

import numpy
import torch
from diffusers import AutoencoderKL

from research.world1.captions import Scene, random_scene
from research.world1.latents import render
from research.world1.styles import STYLES

LATENT_NOISE = 0.12  # At most, in standard deviations of the latents: what a denoising run leaves behind.
BATCH = 50


def to_pixels(pictures: numpy.ndarray) -> torch.Tensor:
    """uint8 [N, 128, 128, 3] → [N, 3, 128, 128] in −1…1, channels last in memory."""
    return torch.from_numpy(pictures).float().div_(127.5).sub_(1).permute(0, 3, 1, 2)


def labelled(stream: int, index: int, most: float) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Scene `index` of a stream: picture uint8 [128, 128, 3] and strengths [6]; every seventh plain, the others of one style at 0…`most`."""
    rng = numpy.random.default_rng([stream, index])
    scene = random_scene(rng, any_strength=True)
    strength = 0.0 if index % 7 == 0 else scene.strength * most
    strengths = numpy.zeros(len(STYLES), numpy.float32)
    strengths[STYLES.index(scene.style)] = strength
    return render(dataclasses.replace(scene, strength=strength)), strengths


def rendered(stream: int, count: int, most: float = 1) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Pictures uint8 [N, 128, 128, 3] and strengths [N, 6]."""
    with multiprocessing.Pool() as pool:
        scenes = pool.starmap(labelled, [(stream, i, most) for i in range(count)], chunksize=50)
    return numpy.stack([picture for picture, _ in scenes]), numpy.stack([strengths for _, strengths in scenes])


def render_all(scenes: list[Scene]) -> numpy.ndarray:
    """uint8 [N, 128, 128, 3]."""
    with multiprocessing.Pool() as pool:
        return numpy.stack(pool.map(render, scenes, chunksize=50))


@torch.inference_mode()
def round_trip(autoencoder: pathlib.Path, pictures: numpy.ndarray, noise: float = 0) -> numpy.ndarray:
    """uint8 pictures [N, 128, 128, 3] through encoder and decoder, as soft as generated ones; with up to `noise` in the latents."""
    vae = AutoencoderKL.from_pretrained(autoencoder).to(memory_format=torch.channels_last).eval()
    parts = []
    for i in range(0, len(pictures), BATCH):
        latents = vae.encode(to_pixels(pictures[i : i + BATCH])).latent_dist.mode()
        latents = latents + noise / vae.config.scaling_factor * torch.rand(len(latents), 1, 1, 1) * torch.randn_like(latents)
        decoded = (vae.decode(latents).sample.clamp(-1, 1) + 1) * 127.5
        parts.append(decoded.round().byte().permute(0, 2, 3, 1).numpy())
    return numpy.concatenate(parts)


def blurred(pictures: torch.Tensor) -> torch.Tensor:
    """Pictures [N, 3, H, W], each a little out of focus, so that a judge leans on nothing finer than what a decoder keeps."""
    soft = torch.nn.functional.avg_pool2d(pictures, 3, 1, 1)
    return torch.lerp(pictures, soft, torch.rand(len(pictures), 1, 1, 1))
