"""What a pipeline returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy
from PIL import Image

from . import _engine
from .pictures import from_pixels


@dataclass
class Result:
    """Finished pictures. The lists but `notices` have one entry per picture."""

    images: list[Image.Image]
    """RGB, with the `parameters` text in `image.info["parameters"]`; `latentdial.save` keeps it in the file."""
    settings: list[dict[str, Any]] = field(repr=False)
    """Every setting by its keyword, defaults filled in: `pipe(**result.settings[0])` makes the picture again."""
    parameters: list[str] = field(repr=False)
    """The settings as the text that A1111's web UI writes."""
    notices: list[str]
    """What the user should know, once each: words that did not fit the prompt's window, a position out of range."""
    seconds: list[float]
    """Each picture's share of the time that its batch took."""


@dataclass
class Strip(Result):
    """Pictures along a dial or an interpolation, in the order of `positions`."""

    positions: list[float]
    """Dial positions (0 none, 1 full), or the interpolation's theta."""
    title: str = field(repr=False)
    """What the strip shows, in one line."""

    def sheet(self, columns: int = 11) -> Image.Image:
        """A labelled contact sheet: `title` on top, the pictures in rows of at most `columns`, their position in
        percent under each."""
        frames = [(numpy.array(image), [_engine.percent(position)]) for image, position in zip(self.images, self.positions)]
        return from_pixels(_engine.draw_strip(self.title, frames, columns), self.parameters[0])
