"""Pictures that the program has drawn, as numbers."""

import pathlib

import numpy
from PIL import Image


def pixels(path: pathlib.Path) -> numpy.ndarray:
    """[H,W,3], wide enough to be subtracted."""
    return numpy.asarray(Image.open(path).convert("RGB")).astype(int)
