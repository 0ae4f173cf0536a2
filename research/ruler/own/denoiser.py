"""What the checkpoint itself tells of pictures, by the stages of the latentdial package: any format that the engine reads, no torch."""

import json
import pathlib

import numpy

DOUBT_LEVEL, DOUBT_DRAWS = 100, 2  # Timestep of 0 to 999, and noises per picture.
FEATURE_LEVELS = (400, 700)
BATCH = 4
BETAS = 0.00085, 0.012  # Stable Diffusion's, where the model has no scheduler of its own.


def signal_shares(model: pathlib.Path | None) -> numpy.ndarray:
    """ᾱ of the forward process at the timesteps 0 to 999, of the "scaled_linear" schedule with the folder's own ends."""
    path = model / "scheduler/scheduler_config.json" if model else None
    config = json.loads(path.read_text()) if path and path.exists() else {}
    first, last = (config.get(name, value) for name, value in zip(("beta_start", "beta_end"), BETAS))
    return numpy.cumprod(1 - numpy.linspace(first**0.5, last**0.5, 1000) ** 2)


class Denoiser:
    """A pipeline of the package, asked for its predictions at given noise. Every picture of a call gets the same noise."""

    def __init__(self, pipe, model: pathlib.Path | None = None):
        self.pipe, self.signal = pipe, signal_shares(model)
        self.predicts_noise = pipe.info.prediction == "epsilon"

    def latents(self, pictures: numpy.ndarray) -> numpy.ndarray:
        """uint8 [N, H, W, 3] → float32 [N, C, h, w], the mean of the encoder's distribution."""
        return numpy.concatenate([self.pipe.encode(picture) for picture in pictures])

    def predicted(self, latents: numpy.ndarray, prompt: str, level: int, draw: int) -> numpy.ndarray:
        """x̂₀ [N, C, h, w] from latents that were noised to a timestep, under the prompt, without guidance."""
        signal = self.signal[level]
        noise = numpy.random.default_rng([draw, level]).standard_normal(latents.shape[1:])
        noised = (signal**0.5 * latents + (1 - signal) ** 0.5 * noise).astype(numpy.float32)
        words = self.pipe.encode_prompt(prompt)
        parts = [noised[i : i + BATCH] for i in range(0, len(noised), BATCH)]
        said = numpy.concatenate([self.pipe.unet(part, level, numpy.repeat(words[None], len(part), axis=0)) for part in parts])
        if self.predicts_noise:
            return (noised - (1 - signal) ** 0.5 * said) / signal**0.5
        return signal**0.5 * noised - (1 - signal) ** 0.5 * said  # v = √ᾱ·ε − √(1 − ᾱ)·x.

    def doubts(self, latents: numpy.ndarray, prompt: str) -> numpy.ndarray:
        """RMS of x̂₀ − x at low noise, mean over draws: [N, C, h, w] → [N]. What the model would draw otherwise."""
        missed = [self.predicted(latents, prompt, DOUBT_LEVEL, draw) - latents for draw in range(DOUBT_DRAWS)]
        return numpy.sqrt(numpy.mean(numpy.square(missed), axis=(2, 3, 4))).mean(0)

    def features(self, latents: numpy.ndarray, prompt: str) -> numpy.ndarray:
        """What the model sees of each picture through much noise: x̂₀ at FEATURE_LEVELS, side by side, [N, C, h, w] → [N, D].

        The U-Net's inner states would be nearer to the word "features", but the package's stages do not hand them out.
        """
        return numpy.concatenate([self.predicted(latents, prompt, level, 0).reshape(len(latents), -1) for level in FEATURE_LEVELS], axis=1)


def against_ends(values: numpy.ndarray) -> numpy.ndarray:
    """Each value by the larger of the first and the last one, [P] → [P]: above 1 the model doubts a position more than either end."""
    return values / max(values[0], values[-1])
