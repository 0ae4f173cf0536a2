"""The embedded model from nothing, in one command that goes on where it was stopped: python -m research.world1

Tokenizer, scenes, text encoder and U-Net, autoencoder, export, examination. Hours on two cores, minutes on a GPU."""

import os
import pathlib
import subprocess
import sys

import torch

from research.world1.arguments import script_parser
from research.world1.latents import add_to_cache
from research.world1.tokenizer import write_tokenizer
from research.world1.train_unet import Settings, train_unet

SCENES_PER_FILE = 6000


def make_scenes(folder: pathlib.Path, count: int) -> None:
    """The cache files that are still missing."""
    for first in range(0, count, SCENES_PER_FILE):
        if not (folder / f"scenes-{first:07d}.npz").exists():
            add_to_cache(folder, first, SCENES_PER_FILE, os.cpu_count())
            print(f"{first + SCENES_PER_FILE}/{count} scenes", flush=True)


def run_module(name: str, *arguments) -> None:
    """Each part that is a program of its own keeps its own options and signals."""
    subprocess.run([sys.executable, "-m", f"research.world1.{name}", *map(str, arguments)], check=True)


def main() -> None:
    parser = script_parser(__doc__, "work")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("models/scenes"), help="the diffusers folder to write")
    parser.add_argument("--scenes", type=int, default=60_000, help="rendered scenes to train on")
    parser.add_argument("--steps", type=int, default=20_000, help="U-Net steps")
    parser.add_argument("--batch", type=int, default=64, help="scenes in a U-Net step")
    parser.add_argument("--cooldown", type=int, default=6_000, help="the last steps, over which the learning rate falls")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if not (arguments.work / "tokenizer").exists():
        write_tokenizer(arguments.work / "tokenizer")
    make_scenes(arguments.work / "cache", arguments.scenes)
    train_unet(arguments.work, Settings(arguments.steps, arguments.cooldown, 1e-3, arguments.threads, arguments.device, arguments.batch))
    run_module("train_autoencoder", "--work", arguments.work, "--threads", arguments.threads, "--device", arguments.device)
    run_module("export", "--work", arguments.work, "--out", arguments.out)
    run_module("evaluate", "--work", arguments.work, "--model", arguments.out)


if __name__ == "__main__":
    main()
