"""A pipeline's parts one at a time, on numpy arrays: what a call does between prompt and picture."""

from __future__ import annotations

from typing import Any

import numpy

from . import _engine
from .errors import InvalidInput
from .keywords import HIGHEST_SEED, checked, in_range
from .pictures import PictureLike, to_pixels

LONGEST_SIDE = 8192


class Stages:
    """The stages of a pipeline. Latents are laid out and scaled as in diffusers, [B, channels, height, width] in
    latent pixels, float32. All raise InvalidInput for a wrong shape, type or range, naming the argument."""

    _engine: _engine.Engine

    def encode_prompt(self, text: str, plain: bool = False) -> numpy.ndarray:
        """What the U-Net sees of a prompt: the text encoder's last states, [T, width] float32, T `info.max_tokens` for
        each window that it takes, emphasis such as (castle:1.2) applied.

        plain: every character is text, as in diffusers, and what does not fit one window is dropped. Without it a prompt
        that changes with the steps ([a:b:0.5], [a|b]) or holds AND raises InvalidInput.
        """
        return _engine.encode_prompt(self._engine, checked("text", text, str), checked("plain", plain, bool))

    def noise(self, seed: int, width: int = 0, height: int = 0) -> numpy.ndarray:
        """A picture's starting noise, [1, channels, h, w] float32, equal to torch.randn with a CPU generator of `seed`.

        width, height: the picture's sides in pixels, multiples of the autoencoder's scale; 0: the model's own.
        """
        sides = [in_range(name, side, 0, LONGEST_SIDE) for name, side in (("width", width), ("height", height))]
        info = self._engine.info
        return _engine.noise(self._engine, in_range("seed", seed, 0, HIGHEST_SEED), sides[0] or info.width, sides[1] or info.height)

    def unet(self, latents: Any, timestep: float, text_states: Any) -> numpy.ndarray:
        """What the U-Net predicts (`info.prediction`: the noise, or v), [B, channels, h, w] float32.

        latents: [B, channels, h, w], scaled as the sampler hands them over. timestep: 0 to 999, may be fractional.
        text_states: [B, tokens, width], one prompt for each of the batch, as `encode_prompt` gives them.
        """
        given = float(timestep) if type(timestep) is int else timestep
        return _engine.unet(self._engine, _floats("latents", latents), checked("timestep", given, float), _floats("text_states", text_states))

    def decode(self, latents: Any) -> numpy.ndarray:
        """The picture of latents [1, channels, h, w] or [channels, h, w]: [H, W, 3] uint8."""
        array = _floats("latents", latents)
        return _engine.decode(self._engine, array[None] if array.ndim == 3 else array)

    def encode(self, image: PictureLike) -> numpy.ndarray:
        """The latents of a picture, [1, channels, h, w] float32: the mean of the encoder's distribution. The sides must be
        multiples of the autoencoder's scale."""
        return _engine.encode(self._engine, to_pixels("image", image))


def _floats(keyword: str, given: Any) -> numpy.ndarray:
    """Numbers as the engine takes them; whatever numpy understands, torch's CPU tensors too."""
    try:
        return numpy.ascontiguousarray(given, dtype=numpy.float32)
    except (TypeError, ValueError):
        raise InvalidInput(f"{type(given).__name__} is not an array of numbers", keyword) from None
