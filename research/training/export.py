"""Writes what the trainings reached as a Stable Diffusion folder in f16; the same weights give the same bytes."""

import pathlib
import shutil
import sys

import torch
from safetensors.torch import save_file

from research.training.arguments import script_parser
from research.training.checkpoint import load_state
from research.training.train_autoencoder import load_autoencoder
from research.training.train_denoiser import Denoiser

LARGEST = 30 * 2**20  # The models are committed and embedded.
WEIGHTS = {"vae": "diffusion_pytorch_model.safetensors", "unet": "diffusion_pytorch_model.safetensors", "text_encoder": "model.safetensors"}


def averaged(work: pathlib.Path, start: pathlib.Path) -> Denoiser:
    """U-Net and text encoder with their average weights."""
    if (state := load_state(work / "denoiser.pt")) is None:
        sys.exit(f"no U-Net in {work}: run python -m research.training first")
    denoiser = Denoiser(start)
    for parameter, weight in zip(denoiser.parameters(), state["average"], strict=True):
        parameter.data.copy_(weight)
    print(f"U-Net and text encoder at step {state['step']}")
    return denoiser


def replace_folder(out: pathlib.Path, whole: pathlib.Path) -> None:
    """Puts a model's `whole` folder in the place of `out`; one that is too large to be embedded ends the script."""
    size = sum(path.stat().st_size for path in whole.rglob("*") if path.is_file())
    if size > LARGEST:
        sys.exit(f"{whole} has {size / 2**20:.1f} MiB, more than {LARGEST / 2**20:.0f}: make the model smaller")
    shutil.rmtree(out, ignore_errors=True)
    whole.rename(out)
    print(f"{out}: {size / 2**20:.1f} MiB")


def export(work: pathlib.Path, start: pathlib.Path, out: pathlib.Path) -> None:
    """`start` with other weights: configs, tokenizer and schedule stay byte for byte. Replaces `out` only by a whole folder of allowed size."""
    denoiser, temporary = averaged(work, start), out.with_name(out.name + ".tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    # The dials belong to the weights that they were fitted to.
    shutil.copytree(start, temporary, ignore=shutil.ignore_patterns("dials"))
    models = {"vae": load_autoencoder(work), "unet": denoiser.unet, "text_encoder": denoiser.text_encoder}
    for name, model in models.items():
        save_file({k: v.half().contiguous() for k, v in model.state_dict().items()}, temporary / name / WEIGHTS[name], {"format": "pt"})
    replace_folder(out, temporary)


def main() -> None:
    parser = script_parser(__doc__, "work", "model")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/scenes"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    export(arguments.work, arguments.model, arguments.out)


if __name__ == "__main__":
    main()
