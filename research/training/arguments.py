"""The flags that the scripts have in common."""

import argparse
import os
import pathlib

COMMON = {
    "work": (pathlib.Path.home() / ".cache/latentdial/world", "checkpoints, scenes and the trained judge"),
    "model": (pathlib.Path("models/scenes"), "the embedded model"),
}


def path_parser(description: str, paths: dict[str, tuple[pathlib.Path, str]]) -> argparse.ArgumentParser:
    """A parser with these flags: a path's usual place, which is the default, and what lies there."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag, (default, text) in paths.items():
        parser.add_argument(f"--{flag}", type=pathlib.Path, default=default, help=f"{text} (default: {default})")
    return parser


def script_parser(description: str, *flags: str) -> argparse.ArgumentParser:
    """A parser with these of the common flags, and what all scripts take."""
    import torch  # Here, so that --help of what needs no torch is quick.

    parser = path_parser(description, {flag: COMMON[flag] for flag in flags})
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="processor threads, and processes that render")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser
