"""Pictures between Python and the engine, which reads files and gives arrays."""

from __future__ import annotations

import os
import pathlib
import tempfile
from typing import Any, Union

import numpy
from PIL import Image

from . import _engine
from .errors import Error, InvalidInput

PictureLike = Union[str, "os.PathLike[str]", Image.Image, numpy.ndarray]
FILE_SETTINGS = ("image", "to_image", "mask")
_LOSSLESS_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")


def to_pil(keyword: str, picture: Any) -> Image.Image:
    """A PIL image or an array [H,W], [H,W,1], [H,W,3] or [H,W,4], uint8 or floats 0 to 1, as a PIL image that
    a PNG keeps. Raises InvalidInput naming the keyword."""
    if isinstance(picture, Image.Image):
        return picture if picture.mode in _LOSSLESS_MODES else picture.convert("RGB")
    if not isinstance(picture, numpy.ndarray):
        raise InvalidInput(f"{type(picture).__name__} is no picture; use a path, a PIL image or a numpy array", keyword)
    array = picture[..., 0] if picture.ndim == 3 and picture.shape[2] == 1 else picture
    if array.size == 0 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise InvalidInput(f"an array of shape {list(picture.shape)} is no picture; use [H,W], [H,W,3] or [H,W,4]", keyword)
    if numpy.issubdtype(array.dtype, numpy.floating):
        if not (numpy.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
            raise InvalidInput(f"an array of {array.dtype} holds brightness from 0 to 1, but this one goes beyond", keyword)
        array = numpy.rint(array * 255).astype(numpy.uint8)
    if array.dtype != numpy.uint8:
        raise InvalidInput(f"an array of {array.dtype} is no picture; use uint8, or floats from 0 to 1", keyword)
    return Image.fromarray(numpy.ascontiguousarray(array))


def to_pixels(keyword: str, picture: PictureLike) -> numpy.ndarray:
    """Any picture as [H,W,3] uint8; transparency is laid on white. Raises InvalidInput."""
    if isinstance(picture, (str, os.PathLike)):
        return _engine.read_image(os.fspath(picture))
    image = to_pil(keyword, picture)
    if image.mode in ("LA", "RGBA") or "transparency" in image.info:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    return numpy.array(image.convert("RGB"))


def from_pixels(pixels: numpy.ndarray, parameters: str) -> Image.Image:
    """[H,W,3] uint8 as a PIL image that carries its settings as text."""
    image = Image.fromarray(pixels)
    image.info["parameters"] = parameters
    return image


def save(image: Image.Image, path: str | os.PathLike[str]) -> None:
    """Writes a picture as PNG together with its settings (`image.info["parameters"]`), so that `latentdial info`,
    A1111's web UI and `read_parameters` find them. The file appears under its name only when it is whole.

    Raises IOFailure when it cannot be written.
    """
    _engine.write_png(os.fspath(path), to_pixels("image", image), image.info.get("parameters", ""))


class PictureFiles:
    """Gives pictures in memory a file for the time of one call, in a folder that only this user can read.

    Afterwards nothing names these files any more: settings hold the given picture again, `parameters` no start
    picture, and an error's text none either.
    """

    def __enter__(self) -> PictureFiles:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._given: dict[str, Any] = {}
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if self._folder is not None:
            self._folder.cleanup()
        if isinstance(error, Error) and self._named(str(error)):
            text = str(error)
            for path in self._given:
                text = text.replace(path, "the given picture")
            told = type(error)(text)
            told.field = error.field
            raise told from None

    def _named(self, text: str) -> bool:
        return any(path in text for path in self._given)

    def write(self, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings with a path for each picture in memory."""
        settings = dict(settings)
        for name in FILE_SETTINGS:
            picture = settings.get(name)
            if picture is not None and not isinstance(picture, str):
                settings[name] = self._path_of(name, picture)
        return settings

    def _path_of(self, name: str, picture: Any) -> str:
        image = to_pil(name, picture)
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="latentdial-")
        path = str(pathlib.Path(self._folder.name) / f"{len(self._given)}.png")
        image.save(path, compress_level=1)
        self._given[path] = picture
        return path

    def forget(self, settings: dict[str, Any], parameters: str, model: _engine.ModelInfo) -> tuple[dict[str, Any], str]:
        """A finished picture's settings and text without these files."""
        inside = [name for name in FILE_SETTINGS if settings[name] in self._given]
        if not inside:
            return settings, parameters
        parameters = _engine.to_parameters({**settings, **dict.fromkeys(inside, "")}, model)
        return {**settings, **{name: self._given[settings[name]] for name in inside}}, parameters
