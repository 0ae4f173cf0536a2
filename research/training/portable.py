"""A training's state small enough to carry: autoencoder, denoiser and its average in f16, without the optimiser, in parts of 15 MiB.

python -m research.training.portable pack FOLDER     from the work folder
python -m research.training.portable unpack FOLDER   into an empty work folder; the training goes on from there with another warm-up"""

import io
import pathlib
import sys

import torch
from safetensors.torch import load_file

from research.training.arguments import script_parser
from research.training.checkpoint import load_state, save_state
from research.training.train_autoencoder import load_autoencoder

PART = 15 * 2**20
VAE = "diffusion_pytorch_model.safetensors"


def halved(state: dict | list) -> dict | list:
    """Its floats in f16."""
    if isinstance(state, list):
        return [tensor.half() for tensor in state]
    return {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in state.items()}


def pack(work: pathlib.Path, folder: pathlib.Path) -> None:
    """Writes FOLDER/state-00 and so on; what is not there yet in the work folder is left out."""
    state: dict = {}
    if (work / "vae").exists():
        state["vae"] = halved(load_file(work / "vae" / VAE))
    if (denoiser := load_state(work / "denoiser.pt")) is not None:
        state["denoiser"] = {"model": halved(denoiser["model"]), "average": halved(denoiser["average"]), "step": denoiser["step"]}
    buffer = io.BytesIO()
    torch.save(state, buffer)
    folder.mkdir(parents=True, exist_ok=True)
    starts = range(0, buffer.tell(), PART)
    for i, start in enumerate(starts):
        (folder / f"new-{i:02d}").write_bytes(buffer.getbuffer()[start : start + PART])
    for old in sorted(folder.glob("state-*"))[len(starts) :]:
        old.unlink()
    for i in range(len(starts)):
        (folder / f"new-{i:02d}").rename(folder / f"state-{i:02d}")
    print(f"{folder}: {buffer.tell() / 2**20:.1f} MiB, {', '.join(state) or 'nothing yet'}")


def unpack(folder: pathlib.Path, work: pathlib.Path, start: pathlib.Path) -> None:
    """What pack wrote, as the trainings look for it."""
    parts = sorted(folder.glob("state-*"))
    if not parts:
        sys.exit(f"{folder} holds no state-00: give the folder that pack wrote")
    if (work / "denoiser.pt").exists() or (work / "vae").exists():
        sys.exit(f"{work} holds a training already: give an empty --work")
    state = torch.load(io.BytesIO(b"".join(part.read_bytes() for part in parts)), weights_only=True)
    if "vae" in state:
        autoencoder = load_autoencoder(start)
        autoencoder.load_state_dict(state["vae"])
        autoencoder.save_pretrained(work / "vae")
    if "denoiser" in state:
        save_state(work / "denoiser.pt", state["denoiser"])


def main() -> None:
    parser = script_parser(__doc__, "work", "model")
    parser.add_argument("action", choices=("pack", "unpack"))
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.action == "pack":
        pack(arguments.work, arguments.folder)
    else:
        unpack(arguments.folder, arguments.work, arguments.model)


if __name__ == "__main__":
    main()
