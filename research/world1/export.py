"""Writes what the trainings reached as a Stable Diffusion folder in f16; the same weights give the same bytes."""

import json
import pathlib
import shutil
import sys

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline
from transformers import CLIPTokenizer

from research.training.checkpoint import load_state
from research.training.export import replace_folder
from research.world1.arguments import script_parser
from research.world1.autoencoder_halves import DecoderHalf, EncoderHalf, exported_weights
from research.world1.checkpoint import Average
from research.world1.latents import PatchBasis
from research.world1.model import make_autoencoder, make_scheduler
from research.world1.train_unet import Denoiser

# At 7.5 its Monet is burnt before the dial is turned.
DEFAULTS = {"guidance_scale": 3.5, "example": {"prompt": "a temple in the jungle", "style": "Monet style", "steps": 20}}


def set_average(model: torch.nn.Module, weights: list[torch.Tensor]) -> None:
    """The inverse of Average's constructor."""
    average = Average(model)
    average.weights = weights
    average.copy_to(model)


def load_denoiser(work: pathlib.Path) -> Denoiser:
    """U-Net and text encoder with their average weights."""
    if (state := load_state(work / "unet.pt", "cpu")) is None:
        sys.exit(f"no U-Net in {work}: run python -m research.world1.train_unet first")
    denoiser = Denoiser(len(CLIPTokenizer.from_pretrained(work / "tokenizer")))
    set_average(denoiser, state["average"])
    print(f"U-Net and text encoder at step {state['step']}")
    return denoiser.eval().requires_grad_(False)


def load_autoencoder(work: pathlib.Path, start_from: pathlib.Path | None = None) -> tuple[AutoencoderKL, list[str]]:
    """The autoencoder with its average weights, and which halves of it are trained; an untrained half is `start_from`'s, or else the same noise
    every time."""
    torch.manual_seed(0)
    autoencoder = make_autoencoder(PatchBasis.load(work / "cache/basis.npz").scaling_factor)
    state = load_state(work / "autoencoder.pt", "cpu") or {}
    halves = {"decoder": DecoderHalf(autoencoder), "encoder": EncoderHalf(autoencoder)}
    if start_from is not None:
        autoencoder.load_state_dict(exported_weights(start_from))
    for name, half in halves.items():
        if name in state:
            set_average(half, state[name]["average"])
            print(f"{name} at step {state[name]['step']}")
    return autoencoder.eval().requires_grad_(False), list(state)


def write_folder(work: pathlib.Path, start_from: pathlib.Path | None, folder: pathlib.Path) -> None:
    """The pipeline as diffusers saves it, with the tokenizer's own files laid over what transformers makes of them."""
    denoiser, (autoencoder, trained) = load_denoiser(work), load_autoencoder(work, start_from)
    for half in {"decoder", "encoder"} - set(trained) if start_from is None else ():
        print(f"warning: the {half} is not trained yet and is written as noise", file=sys.stderr)
    pipeline = StableDiffusionPipeline(
        vae=autoencoder,
        text_encoder=denoiser.text_encoder,
        tokenizer=CLIPTokenizer.from_pretrained(work / "tokenizer"),
        unet=denoiser.unet,
        scheduler=make_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(dtype=torch.float16).save_pretrained(folder, safe_serialization=True)
    for path in (work / "tokenizer").iterdir():
        shutil.copyfile(path, folder / "tokenizer" / path.name)
    update(folder / "model_index.json", {"_latentdial": DEFAULTS})
    for path in folder.rglob("*.safetensors"):
        path.chmod(0o644)
    # As Stable Diffusion's own file does: PNDM has no such setting, but DDIM reads the same file and would clip the latents.
    update(folder / "scheduler" / "scheduler_config.json", {"clip_sample": False})


def update(config: pathlib.Path, more: dict[str, object]) -> None:
    config.write_text(json.dumps(json.loads(config.read_text()) | more, indent=2, sort_keys=True) + "\n")


def export(work: pathlib.Path, start_from: pathlib.Path | None, out: pathlib.Path) -> None:
    """Replaces `out` only by a whole folder of allowed size."""
    temporary = out.with_name(out.name + ".tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    write_folder(work, start_from, temporary)
    replace_folder(out, temporary)


def main() -> None:
    parser = script_parser(__doc__, "work")
    parser.add_argument("--start-from", type=pathlib.Path, help="this exported model's halves of the autoencoder where none was trained (default: noise)")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("models/scenes"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    export(arguments.work, arguments.start_from, arguments.out)


if __name__ == "__main__":
    main()
