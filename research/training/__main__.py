"""The embedded model on the second world, in one command that goes on where it was stopped: python -m research.training --resume

Autoencoder, scenes, U-Net and text encoder, export, examination: each only if it is not done yet. Exit status 75 when it was stopped before
its end (SIGTERM, Ctrl+C, --minutes): call it again."""

import dataclasses
import pathlib
import subprocess
import sys

import torch
from transformers import CLIPTokenizer

from research.training.arguments import script_parser
from research.training.export import export
from research.training.loop import Settings, Stop
from research.training.pictures import shards, write_shards
from research.training.train_autoencoder import load_autoencoder, train_autoencoder
from research.training.train_denoiser import train_denoiser


@dataclasses.dataclass(frozen=True)
class Plan:
    """How much of everything: on two cores under six hours, on an H100 under ten minutes (README.md)."""

    scenes: int
    autoencoder: Settings
    denoiser: Settings


PLANS = {
    "cpu": Plan(200_000, Settings(48_000, 16, 5e-4, decay=0), Settings(1_100_000, 64, 7e-4)),
    "cuda": Plan(260_000, Settings(160_000, 128, 1e-3, "cuda", decay=0), Settings(4_500_000, 1024, 1e-3, "cuda", average_over=120_000)),
}


def evaluate(work: pathlib.Path, model: pathlib.Path, arguments) -> int:
    """In a process of its own; returns its exit status."""
    flags = {"work": work, "model": model, "threads": arguments.threads, "device": arguments.device, "out": work / "evaluation.json"}
    return subprocess.run([sys.executable, "-m", "research.training.evaluate", *(f"--{name}={value}" for name, value in flags.items())]).returncode


def main() -> None:
    parser = script_parser(__doc__, "work", "model")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/scenes"), help="the diffusers folder to write (default: out/scenes)")
    parser.add_argument("--resume", action="store_true", help="go on with what is in the work folder, if anything is")
    parser.add_argument("--minutes", type=float, help="stop after so many, with everything on disk")
    parser.add_argument("--scenes", type=int, help="rendered scenes to train on, a multiple of 5,000")
    parser.add_argument("--first-scene", type=int, default=0, help="their first, a multiple of 5,000: others than what the model has seen (default: 0)")
    parser.add_argument("--examples", type=int, help="that the U-Net sees")
    parser.add_argument("--batch", type=int, help="examples in a step of the U-Net")
    parser.add_argument("--recompose", action="store_true", help="scenes with an attribute are composed otherwise: a model whose scenes the noise alone does not hold")
    parser.add_argument("--no-examination", action="store_true", help="stop after the export")
    arguments = parser.parse_args()
    work, start = arguments.work, arguments.model
    if not arguments.resume and work.exists() and any(work.iterdir()):
        parser.error(f"{work} holds a training already: --resume goes on with it, another --work begins anew")
    plan = PLANS[torch.device(arguments.device).type]
    changed = {name: value for name in ("examples", "batch") if (value := getattr(arguments, name))}
    denoiser, scenes = dataclasses.replace(plan.denoiser, **changed), arguments.scenes or plan.scenes
    torch.set_num_threads(arguments.threads)
    stop = Stop(60 * arguments.minutes if arguments.minutes else None)
    train_autoencoder(work, start, plan.autoencoder, arguments.threads, stop)
    autoencoder = load_autoencoder(work).to(arguments.device, memory_format=torch.channels_last)
    files = shards(work / "scenes", arguments.first_scene, scenes)
    write_shards(files, autoencoder, CLIPTokenizer.from_pretrained(start / "tokenizer"), arguments.threads, stop, arguments.recompose)
    train_denoiser(work, start, list(files.values()), denoiser, stop)
    export(work, start, arguments.out)
    if not arguments.no_examination:
        sys.exit(evaluate(work, arguments.out, arguments))


if __name__ == "__main__":
    main()
