"""What a pipeline returns."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy
from PIL import Image

from . import _engine
from .pictures import from_pixels, save


@dataclass
class Result:
    """Finished pictures. The lists but `notices` have one entry per picture. A result is a sequence of its images:
    `len(result)`, `result[0]`, `for image in result`; a notebook shows them."""

    images: list[Image.Image]
    """RGB, with the `parameters` text in `image.info["parameters"]`; `image.save("a.png")` keeps it in the file."""
    settings: list[dict[str, Any]] = field(repr=False)
    """Every setting by its keyword, defaults filled in: `pipe(**result.settings[0])` makes the picture again."""
    parameters: list[str] = field(repr=False)
    """The settings as the text that A1111's web UI writes."""
    notices: list[str]
    """What the user should know, once each: words that did not fit the prompt's window, a position out of range."""
    seconds: list[float]
    """Each picture's share of the time that its batch took."""

    _file: ClassVar[str] = "picture"

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, place: int) -> Image.Image:
        return self.images[place]

    def __iter__(self) -> Iterator[Image.Image]:
        return iter(self.images)

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Writes each picture with its settings, picture-000.png …, into a folder, which is made; over earlier ones.

        Returns their paths. Raises IOFailure when one cannot be written.
        """
        where = Path(folder)
        where.mkdir(parents=True, exist_ok=True)
        paths = [where / f"{self._file}-{place:03}.png" for place in range(len(self.images))]
        for image, path in zip(self.images, paths):
            save(image, path)
        return paths

    def _overview(self) -> Image.Image:
        return self.images[0] if len(self.images) == 1 else _sheet("", [(image, []) for image in self.images], 11, self.parameters[0])

    def _repr_png_(self) -> bytes:
        image = self._overview()
        return _engine.encode_png(numpy.array(image), image.info.get("parameters", ""))


@dataclass
class Strip(Result):
    """Pictures along a dial or an interpolation, in the order of `positions`."""

    positions: list[float]
    """Dial positions (0 none, 1 full), or the interpolation's theta."""
    title: str = field(repr=False)
    """What the strip shows, in one line."""

    _file: ClassVar[str] = "frame"

    def sheet(self, columns: int = 11) -> Image.Image:
        """A labelled contact sheet: `title` on top, the pictures in rows of at most `columns`, their position in
        percent under each."""
        frames = [(image, [_engine.percent(position)]) for image, position in zip(self.images, self.positions)]
        return _sheet(self.title, frames, columns, self.parameters[0])

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Writes each picture with its settings, frame-000.png …, and strip.png, the sheet, into a folder, which is made; over
        earlier ones.

        Returns the pictures' paths. Raises IOFailure when one cannot be written.
        """
        paths = super().save(folder)
        save(self.sheet(), Path(folder) / "strip.png")
        return paths

    def _overview(self) -> Image.Image:
        return self.sheet()


def _sheet(title: str, frames: list[tuple[Image.Image, list[str]]], columns: int, parameters: str) -> Image.Image:
    return from_pixels(_engine.draw_strip(title, [(numpy.array(image), labels) for image, labels in frames], columns), parameters)
