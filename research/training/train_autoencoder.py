"""The autoencoder, trained on from the shipped one: both halves together, held near the latents that the U-Net knows."""

import pathlib

import torch
from diffusers import AutoencoderKL

from research.training.arguments import script_parser
from research.training.loop import Settings, Stop, Training
from research.training.pictures import Stream, picture, to_unit

NOISE = 0.05  # In the U-Net's units: generated latents are not exact.
ANCHOR = 0.1  # Weight of the distance to the latents of the encoder that it started from.
HELD_OUT = range(10**9, 10**9 + 64)


class Halves(torch.nn.Module):
    """Encoder and decoder beside the frozen encoder that they started from."""

    def __init__(self, start: pathlib.Path):
        super().__init__()
        self.autoencoder = load_autoencoder(start)
        self.latents_before = [load_autoencoder(start).requires_grad_(False)]  # In a list: none of the trained parameters.

    def to(self, *arguments, **options) -> "Halves":
        self.latents_before[0].to(*arguments, **options)
        return super().to(*arguments, **options)

    def loss(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """L1 of colours and, for sharp edges, of their differences between neighbours; pictures [N, 3, H, W] in −1…1."""
        latents = self.autoencoder.encode(x).latent_dist.mode()
        with torch.no_grad():
            before = self.latents_before[0].encode(x).latent_dist.mode()
        noise = NOISE / self.autoencoder.config.scaling_factor * torch.randn(latents.shape, generator=generator, device=latents.device)
        error = (self.autoencoder.decode(latents + noise).sample - x).float()
        edges = error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean()
        return error.abs().mean() + 0.5 * edges + ANCHOR * (latents - before).float().square().mean()


def load_autoencoder(folder: pathlib.Path) -> AutoencoderKL:
    """In f32, from a model's folder or from its own."""
    return AutoencoderKL.from_pretrained(folder / "vae" if (folder / "vae").exists() else folder, torch_dtype=torch.float32)


@torch.inference_mode()
def psnr(autoencoder: AutoencoderKL) -> float:
    """dB on pictures that were never trained on."""
    x = torch.cat([to_unit(picture(i)[None]) for i in HELD_OUT]).to(autoencoder.device)
    back = autoencoder.decode(autoencoder.encode(x).latent_dist.mode()).sample.clamp(-1, 1)
    return float(10 * torch.log10(4 / (back - x).square().mean()))


def train_autoencoder(work: pathlib.Path, start: pathlib.Path, settings: Settings, processes: int, stop: Stop) -> None:
    """Trains to the end, or goes on; writes work/vae."""
    if (work / "vae").exists():
        return
    halves = Halves(start).to(settings.device, memory_format=torch.channels_last)
    training = Training(halves, work / "autoencoder.pt", settings)
    stream = Stream(training.step * settings.batch, processes)

    def loss() -> torch.Tensor:
        x = to_unit(stream.take(settings.batch)).to(settings.device)
        with torch.autocast(settings.device, torch.bfloat16, enabled=settings.bf16):
            return halves.loss(x, training.generator)

    before = psnr(halves.autoencoder) if training.step == 0 else None
    try:
        training.run(loss, "autoencoder", stop)
    finally:
        stream.close()
    training.average.copy_to(halves)
    print(f"autoencoder: held out {psnr(halves.autoencoder):.2f} dB" + (f", before {before:.2f} dB" if before else ""), flush=True)
    halves.autoencoder.save_pretrained(work / "vae.tmp")
    (work / "vae.tmp").rename(work / "vae")


def main() -> None:
    parser = script_parser(__doc__, "work", "model")
    parser.add_argument("--examples", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=16)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    settings = Settings(arguments.examples, arguments.batch, 5e-4, arguments.device, decay=0)
    train_autoencoder(arguments.work, arguments.model, settings, arguments.threads, Stop())


if __name__ == "__main__":
    main()
