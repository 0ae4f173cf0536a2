"""The flags that the scripts have in common."""

import argparse
import pathlib

from research.training.arguments import path_parser

COMMON = {
    "work": (pathlib.Path.home() / ".cache/latentdial/training", "checkpoints, caches and the trained judges"),
    "program": (pathlib.Path("build/release/bin/latentdial"), "what makes the pictures"),
    "model": (pathlib.Path("models/scenes"), "the embedded model"),
}


def script_parser(description: str, *flags: str) -> argparse.ArgumentParser:
    """A parser with these of the common flags: paths with their usual place as default."""
    return path_parser(description, {flag: COMMON[flag] for flag in flags})
