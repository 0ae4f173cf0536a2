"""The autoencoder's two halves with what each learns from: the decoder sees more in the closed-form latents than their basis alone can,
the encoder makes those latents."""

import pathlib

import numpy
import torch
from diffusers import AutoencoderKL

from research.world1.latents import CHANNELS, PATCH, PatchBasis, cache_files, to_unit

CROP = 8  # In latents; a crop costs a quarter of a picture.
WHOLE = 16
HELD_OUT = 64
NOISE = 0.05  # In the U-Net's units: generated latents are not exact.
LOG_VARIANCE = -12.0


class Pictures:
    """The cache's pictures with their unscaled latents; the first few are held out."""

    def __init__(self, folder: pathlib.Path, scaling_factor: float, batch: int, device: str):
        files = [numpy.load(path) for path in cache_files(folder)]
        self.pictures = numpy.concatenate([stored["pictures"] for stored in files])
        latents = [stored["latents"][: len(stored["pictures"])] for stored in files]
        self.latents = numpy.concatenate(latents).astype(numpy.float32) / numpy.float32(scaling_factor)
        self.batch, self.device, self.rng = batch, device, numpy.random.default_rng()

    def tensors(self, pictures: numpy.ndarray, latents: numpy.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Pictures [N, 3, H, W] in −1…1 and latents [N, CHANNELS, H/8, W/8]."""
        x = torch.from_numpy(to_unit(pictures)).permute(0, 3, 1, 2)
        return tuple(t.to(self.device).contiguous(memory_format=torch.channels_last) for t in (x, torch.from_numpy(latents)))

    def draw(self, side: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Random crops of `side` latents, as many as make `batch` crops' worth of pixels."""
        pictures, latents = [], []
        for i in self.rng.integers(HELD_OUT, len(self.pictures), self.batch * CROP**2 // side**2):
            y, x = self.rng.integers(0, WHOLE - side + 1, 2)
            pictures.append(self.pictures[i, PATCH * y : PATCH * (y + side), PATCH * x : PATCH * (x + side)])
            latents.append(self.latents[i, :, y : y + side, x : x + side])
        return self.tensors(numpy.stack(pictures), numpy.stack(latents))

    def held_out(self) -> tuple[torch.Tensor, torch.Tensor]:
        return self.tensors(self.pictures[:HELD_OUT], self.latents[:HELD_OUT])


def exported_weights(folder: pathlib.Path) -> dict:
    """The autoencoder's weights of a diffusers folder, in f32."""
    return AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=torch.float32).state_dict()


def psnr(error: torch.Tensor) -> float:
    """Of errors on a −1…1 scale, in dB."""
    return float(10 * torch.log10(4 / error.detach().square().mean()))


def closed_form(basis: PatchBasis, latents: torch.Tensor) -> torch.Tensor:
    """Pictures [N, 3, H, W] from unscaled latents by the basis alone."""
    n, _, h, w = latents.shape
    patches = (latents.permute(0, 2, 3, 1).cpu().numpy() * basis.spread) @ basis.components.T + basis.mean
    pictures = patches.reshape(n, h, w, PATCH, PATCH, 3).transpose(0, 5, 1, 3, 2, 4).reshape(n, 3, h * PATCH, w * PATCH)
    return torch.from_numpy(pictures.astype(numpy.float32)).clamp(-1, 1)


class DecoderHalf(torch.nn.Module):
    def __init__(self, autoencoder: AutoencoderKL):
        super().__init__()
        self.post_quant_conv, self.decoder = autoencoder.post_quant_conv, autoencoder.decoder
        torch.nn.init.dirac_(self.post_quant_conv.weight)
        torch.nn.init.zeros_(self.post_quant_conv.bias)
        self.noise = NOISE / autoencoder.config.scaling_factor

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.post_quant_conv(latents))

    def loss(self, pictures: torch.Tensor, latents: torch.Tensor) -> tuple[torch.Tensor, dict]:
        """L1 of colours and, for sharp edges, of their differences between neighbours."""
        error = self(latents + self.noise * torch.randn_like(latents)) - pictures
        edges = error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean()
        distance = error.abs().mean()
        return distance + 0.5 * edges, {"L1": distance.item(), "PSNR": psnr(error)}


class EncoderHalf(torch.nn.Module):
    """The posterior's log variance is constant: its rows of quant_conv start so, and the loss leaves them alone."""

    def __init__(self, autoencoder: AutoencoderKL):
        super().__init__()
        self.encoder, self.quant_conv = autoencoder.encoder, autoencoder.quant_conv
        with torch.no_grad():
            self.quant_conv.weight[CHANNELS:] = 0
            self.quant_conv.bias[CHANNELS:] = LOG_VARIANCE

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """The posterior's mean."""
        return self.quant_conv(self.encoder(pictures))[:, :CHANNELS]

    def loss(self, pictures: torch.Tensor, latents: torch.Tensor) -> tuple[torch.Tensor, dict]:
        error = (self(pictures) - latents).square().mean()
        return error, {"MSE": error.item()}
