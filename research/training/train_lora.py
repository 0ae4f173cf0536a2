"""A LoRA of one attribute for the embedded model: python -m research.training.train_lora --attribute doomsday

Its pictures show the attribute in full and its captions never name it, so that the LoRA alone makes it. Exit status 75 when it was stopped
before its end (SIGTERM, Ctrl+C, --minutes): call it again."""

import pathlib

import numpy
import torch
from diffusers import DDPMScheduler
from safetensors.torch import save_file
from transformers import CLIPTokenizer

from research.training.arguments import script_parser
from research.training.checkpoint import load_state, save_state
from research.training.loop import Settings, Stop, Training
from research.training.pictures import CHUNK, encode, renderers, tokenize
from research.training.train_autoencoder import load_autoencoder
from research.training.train_denoiser import CAPTION_DROPOUT, Denoiser, loss_weights, stratified_timesteps, velocity
from research.world.captions import caption, held_back, plain_scene
from research.world.render import render
from research.world.scene import ATTRIBUTES

RANK = 8
PROJECTIONS = ("to_q", "to_k", "to_v", "to_out.0")  # Of every attention of the U-Net.
SCENES = 1_000
TRAINING = Settings(9_600, 16, 2e-3, average_over=1_600, decay=0)


class Lora(torch.nn.Module):
    """Adds up(down(x)) to every attention projection of a frozen U-Net (Hu et al. 2021, arXiv 2106.09685); `up` begins as 0, so nothing changes."""

    def __init__(self, unet: torch.nn.Module):
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.pairs = torch.nn.ParameterDict()
        for name, layer in unet.named_modules():
            if name.endswith(PROJECTIONS):
                self.pairs[name.replace(".", "_")] = self.join(layer, generator)

    def join(self, layer: torch.nn.Linear, generator: torch.Generator) -> torch.nn.ParameterList:
        """The pair of one layer: down [RANK, in], up [out, RANK]."""
        down = torch.randn(RANK, layer.in_features, generator=generator) / layer.in_features**0.5
        pair = torch.nn.ParameterList([down, torch.zeros(layer.out_features, RANK)])
        layer.register_forward_hook(lambda _, inputs, output: output + inputs[0] @ pair[0].T @ pair[1].T)
        return pair


def captioned(index: int, attribute: str) -> tuple[numpy.ndarray, str]:
    """Picture `index` of the training, with the attribute in full, and a caption that does not name it."""
    rng = numpy.random.default_rng([47, index])
    scene = plain_scene(rng)
    while held_back(scene.subject, scene.place, attribute):
        scene = plain_scene(rng)
    return render(scene.at(strengths={attribute: 1.0})), caption(scene, rng)


def scenes(kept: pathlib.Path, attribute: str, start: pathlib.Path, processes: int) -> dict[str, torch.Tensor]:
    """Latents [SCENES, 12, 16, 16] and ids [SCENES, 32], made once."""
    if (made := load_state(kept)) is not None:
        return made
    autoencoder, tokenizer = load_autoencoder(start), CLIPTokenizer.from_pretrained(start / "tokenizer")
    latents, ids = [], []
    with renderers(processes) as pool:
        for first in range(0, SCENES, CHUNK):
            pictures, captions = zip(*pool.starmap(captioned, [(i, attribute) for i in range(first, first + CHUNK)], chunksize=20))
            latents.append(torch.from_numpy(encode(autoencoder, numpy.stack(pictures))))
            ids.append(tokenize(tokenizer, list(captions)))
    made = {"latents": torch.cat(latents), "ids": torch.cat(ids)}
    save_state(kept, made)
    return made


def train(model: Denoiser, start: pathlib.Path, made: dict[str, torch.Tensor], training: Training, stop: Stop) -> None:
    """Takes the steps that are left of the denoising loss, weighed as the U-Net's own training does."""
    latents, ids, generator, batch = made["latents"], made["ids"], training.generator, training.settings.batch
    alphas_cumprod = DDPMScheduler.from_pretrained(start / "scheduler").alphas_cumprod
    weights, empty = loss_weights(alphas_cumprod), tokenize(CLIPTokenizer.from_pretrained(start / "tokenizer"), [""])

    def loss() -> torch.Tensor:
        pick = torch.randint(len(latents), (batch,), generator=generator)
        told = torch.where(torch.rand(batch, 1, generator=generator) < CAPTION_DROPOUT, empty, ids[pick])
        x0, t = latents[pick].float(), stratified_timesteps(batch, generator)
        a = alphas_cumprod[t].view(-1, 1, 1, 1)
        noisy = a.sqrt() * x0 + (1 - a).sqrt() * torch.randn(x0.shape, generator=generator)
        error = model(noisy.to(memory_format=torch.channels_last), t, told) - velocity(noisy, x0, a)
        return (error.square().mean((1, 2, 3)) * weights[t]).mean()

    training.run(loss, "LoRA", stop)


def export(lora: Lora, average: list[torch.Tensor], out: pathlib.Path) -> None:
    """The averaged weights in kohya's names, f16; the same weights give the same bytes."""
    names = [f"lora_unet_{name}.{part}.weight" for name in lora.pairs for part in ("lora_down", "lora_up")]
    alphas = {f"lora_unet_{name}.alpha": torch.tensor(float(RANK)) for name in lora.pairs}
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file({n: w.half().contiguous() for n, w in zip(names, average, strict=True)} | alphas, out, {"format": "pt"})
    print(f"{out}: {out.stat().st_size / 2**20:.2f} MiB")


def main() -> None:
    parser = script_parser(__doc__, "work", "model")
    parser.add_argument("--attribute", default="doomsday", choices=ATTRIBUTES, help="what the LoRA draws")
    parser.add_argument("--out", type=pathlib.Path, help="the file to write (default: out/loras/ATTRIBUTE.safetensors)")
    parser.add_argument("--minutes", type=float, help="stop after so many, with everything on disk")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    name = arguments.attribute.replace(" ", "-")
    stop = Stop(60 * arguments.minutes if arguments.minutes else None)
    model = Denoiser(arguments.model).requires_grad_(False).to(memory_format=torch.channels_last)
    lora = Lora(model.unet)
    training = Training(lora, arguments.work / f"lora-{name}.pt", TRAINING)
    if training.step < TRAINING.steps:
        made = scenes(arguments.work / f"lora-{name}-scenes.pt", arguments.attribute, arguments.model, arguments.threads)
        train(model, arguments.model, made, training, stop)
    export(lora, training.average.weights, arguments.out or pathlib.Path(f"out/loras/{name}.safetensors"))


if __name__ == "__main__":
    main()
