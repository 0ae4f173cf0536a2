"""The flags that the scripts have in common."""

import argparse
import pathlib

COMMON = {
    "work": (pathlib.Path.home() / ".cache/latentdial/training", "checkpoints, caches and the trained judges"),
    "program": (pathlib.Path("build/release/bin/latentdial"), "what makes the pictures"),
    "model": (pathlib.Path("models/scenes"), "the embedded model"),
}


def script_parser(description: str, *flags: str) -> argparse.ArgumentParser:
    """A parser with these of the common flags: paths with their usual place as default."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in flags:
        default, text = COMMON[flag]
        parser.add_argument(f"--{flag}", type=pathlib.Path, default=default, help=f"{text} (default: {default})")
    return parser
