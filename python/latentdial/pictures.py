"""Pictures between Python and the engine, which takes files and arrays and gives arrays."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from typing import Any, Union

import numpy
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from . import _engine
from .errors import InvalidInput

PictureLike = Union[str, "os.PathLike[str]", Image.Image, numpy.ndarray]
PICTURE_SETTINGS = tuple(_engine.input_pictures())
MASK_SETTINGS = frozenset(_engine.input_masks())
_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")


class Network:
    """What holds one of the engine's networks that enlarge pictures."""

    _engine: _engine.Upscaler


class Picture(Image.Image):
    """A PIL image whose PNG keeps the settings in `info["parameters"]`; what is made of it is a plain image."""

    def save(self, fp: Any, format: str | None = None, **params: Any) -> None:
        """As PIL's, which writes no text of its own accord. A file appears under its name only when it is whole."""
        path = os.fsdecode(fp) if isinstance(fp, (str, bytes, os.PathLike)) else None
        if path is not None and format is None:
            ending = os.path.splitext(path)[1].lower()
            format = Image.registered_extensions().get(ending)
            if format is None:
                raise ValueError(f"unknown file extension: {ending}")
        text = self.info.get("parameters", "")
        if text and (format or "").upper() == "PNG" and "pnginfo" not in params:
            params["pnginfo"] = PngInfo()
            (params["pnginfo"].add_text if text.isascii() else params["pnginfo"].add_itxt)("parameters", text)
        if path is None:
            super().save(fp, format, **params)
            return
        buffer = io.BytesIO()
        super().save(buffer, format, **params)
        _engine.write_file(path, buffer.getvalue())


def to_pil(keyword: str, picture: Any) -> Image.Image:
    """A PIL image or an array [H,W], [H,W,1], [H,W,3] or [H,W,4], uint8 or floats 0 to 1, as a PIL image of
    8 bits. Raises InvalidInput naming the keyword."""
    if isinstance(picture, Image.Image):
        picture = ImageOps.exif_transpose(picture)  # Upright, as the engine reads a file.
        return picture if picture.mode in _MODES else picture.convert("RGB")
    if not isinstance(picture, numpy.ndarray):
        raise InvalidInput(f"{type(picture).__name__} is not a picture; use a path, a PIL image or a numpy array", keyword)
    array = picture[..., 0] if picture.ndim == 3 and picture.shape[2] == 1 else picture
    if array.size == 0 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise InvalidInput(f"an array of shape {list(picture.shape)} is not a picture; use [H,W], [H,W,3] or [H,W,4]", keyword)
    if numpy.issubdtype(array.dtype, numpy.floating):
        if not (numpy.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
            raise InvalidInput(f"an array of {array.dtype} holds brightness from 0 to 1, but this one goes beyond", keyword)
        array = numpy.rint(array * 255).astype(numpy.uint8)
    if array.dtype != numpy.uint8:
        raise InvalidInput(f"an array of {array.dtype} is not a picture; use uint8, or floats from 0 to 1", keyword)
    return Image.fromarray(numpy.ascontiguousarray(array))


def to_pixels(keyword: str, picture: PictureLike) -> numpy.ndarray:
    """Any picture as [H,W,3] uint8; transparency is laid on white, and in a mask on black. Raises InvalidInput."""
    is_mask = keyword in MASK_SETTINGS
    if isinstance(picture, (str, os.PathLike)):
        return (_engine.read_mask if is_mask else _engine.read_image)(os.fspath(picture))
    image = to_pil(keyword, picture)
    if image.mode in ("LA", "RGBA") or "transparency" in image.info:
        if is_mask:
            buffer = io.BytesIO()
            image.convert("RGBA").save(buffer, "PNG")
            return _engine.decode_mask(buffer.getvalue())
        rgba = numpy.array(image.convert("RGBA")).astype(numpy.uint32)  # Rounded as the engine does for a file.
        alpha = rgba[..., 3:]
        return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(numpy.uint8)
    return numpy.array(image.convert("RGB"))


def from_pixels(pixels: numpy.ndarray, parameters: str) -> Image.Image:
    """[H,W,3] uint8 as a PIL image that carries its settings as text."""
    image = Image.fromarray(pixels)
    image.__class__ = Picture  # PIL has no other way to make one of a subclass.
    image.info["parameters"] = parameters
    return image


def prompt_in(picture: Any) -> str | None:
    """What a picture that was made here shows, by its own text; None where it has none."""
    text = picture.info.get("parameters", "") if isinstance(picture, Image.Image) else ""
    if isinstance(picture, (str, os.PathLike)):
        text = _engine.read_parameters(os.fspath(picture))
    return _engine.parse_parameters(text)["prompt"] if "Steps:" in text else None


def save(image: Image.Image, path: str | os.PathLike[str]) -> None:
    """Writes a picture as PNG together with its settings (`image.info["parameters"]`), so that `latentdial info`,
    A1111's web UI and `read_parameters` find them. The file appears under its name only when it is whole.

    Raises IOFailure when it cannot be written.
    """
    _engine.write_png(os.fspath(path), to_pixels("image", image), image.info.get("parameters", ""))


def to_engine(jobs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The settings with the engine's own picture, or network, in place of each one in memory; jobs that have the same picture share it."""
    known: dict[int, _engine.InputImage] = {}
    given = []
    for job in jobs:
        pictures = {name: job[name] for name in PICTURE_SETTINGS if job.get(name) is not None and not isinstance(job[name], str)}
        for name, picture in pictures.items():
            if id(picture) not in known:
                known[id(picture)] = _engine.InputImage(to_pixels(name, picture))
        network = {"hires_with": job["hires_with"]._engine} if isinstance(job.get("hires_with"), Network) else {}
        given.append({**job, **{name: known[id(picture)] for name, picture in pictures.items()}, **network})
    return given


def with_given(settings: dict[str, Any], job: dict[str, Any]) -> dict[str, Any]:
    """A finished picture's settings, with what the job gave in memory in place of a file."""
    return {**settings, **{name: job[name] for name in (*PICTURE_SETTINGS, "dial", "hires_with") if not isinstance(job.get(name, ""), str)}}
