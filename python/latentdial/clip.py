"""CLIP: pictures and texts in one space, without a diffusion model."""

from __future__ import annotations

import os

import numpy

from . import _engine
from .keywords import checked, in_range
from .pictures import PictureLike, to_pixels


class Clip:
    """A CLIP model's two encoders. What they make are arrays of `width` float32, of any length; the cosine of the angle between two says how near they are.

    width: numbers of an embedding; image_size: side of the square that is seen of a picture, in pixels; reads_texts: whether there is a text encoder.
    """

    width: int
    image_size: int
    reads_texts: bool

    def __init__(self, folder: str | os.PathLike[str], *, dtype: str = "", threads: int = 0):
        """Reads the model.

        Args:
            folder: As transformers writes a CLIPModel, or a CLIPVisionModelWithProjection, which reads no texts.
            dtype: "f32" or "bf16"; "": bf16 on processors with AVX2.
            threads: 1 to 1024; 0: all cores.

        Raises:
            InvalidInput: The folder cannot be read, holds another kind of model, or a tensor that has no place in it.
        """
        self._engine = _engine.Clip(os.path.expanduser(os.fspath(folder)), checked("dtype", dtype, str), in_range("threads", threads, 0, 1024))
        self.width, self.image_size, self.reads_texts = self._engine.width, self._engine.image_size, self._engine.reads_texts

    def embed_image(self, image: PictureLike) -> numpy.ndarray:
        """A picture's embedding [width], transformers' `get_image_features`: of its middle square, scaled as CLIPImageProcessorPil does.

        Args:
            image: A path, a PIL image or an array [H,W], [H,W,3] or [H,W,4].

        Raises:
            InvalidInput: No picture.
        """
        return self._engine.embed_image(to_pixels("image", image))

    def embed_text(self, text: str) -> numpy.ndarray:
        """A text's embedding [width], transformers' `get_text_features`; what does not fit the encoder's window is left out (`left_out`).

        Raises:
            InvalidInput: The model reads no texts.
        """
        return self._engine.embed_text(checked("text", text, str))

    def left_out(self, text: str) -> str:
        """The end of a text that does not fit the encoder's window, in lower case; "" where all fits.

        Raises:
            InvalidInput: The model reads no texts.
        """
        return self._engine.left_out(checked("text", text, str))

    def __repr__(self) -> str:
        return f"<Clip of width {self.width}>"
