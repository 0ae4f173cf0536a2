"""Networks that enlarge pictures, without a diffusion model."""

from __future__ import annotations

import os

from PIL import Image

from . import _engine
from .keywords import checked, in_range
from .pictures import Network, PictureLike, to_pixels
from .pipeline import Callback


class Upscaler(Network):
    """A network that enlarges pictures: an RRDBNet (ESRGAN, Real-ESRGAN) or an SRVGGNetCompact.

    name: stem of its file; kind: "RRDBNet x4"; scale: how many times as wide and high pictures become.
    """

    name: str
    kind: str
    scale: int

    def __init__(self, file: str | os.PathLike[str], *, dtype: str = "", threads: int = 0):
        """Reads the network.

        Args:
            file: .pth or .safetensors, as people share them.
            dtype: "f32", "bf16" or "int8"; "": the faster of f32 and bf16 here.
            threads: 1 to 1024; 0: all cores.

        Raises:
            InvalidInput: The file cannot be read or holds another kind of network.
        """
        self._engine = _engine.Upscaler(os.path.expanduser(os.fspath(file)), checked("dtype", dtype, str), in_range("threads", threads, 0, 1024))
        self.name, self.kind, self.scale = self._engine.name, self._engine.kind, self._engine.scale

    def __call__(self, image: PictureLike, by: float | None = None, *, callback: Callback | None = None) -> Image.Image:
        """The picture `by` times as wide and high, 1 to 16; `scale` times where that is not given.

        Where the network gives less it is used again, where it gives more the picture is made smaller (Lanczos).

        Args:
            image: A path, a PIL image or an array [H,W], [H,W,3] or [H,W,4].
            callback: Called as `callback(progress)` after each square of the picture; False stops.

        Raises:
            InvalidInput: No picture, or one that would get sides of more than 16384 pixels.
            Cancelled: The callback returned False.
        """
        factor = None if by is None else float(by) if type(by) is int else checked("by", by, float)
        return Image.fromarray(self._engine.enlarge(to_pixels("image", image), factor, callback))

    def __repr__(self) -> str:
        return f"<Upscaler {self.name}: {self.kind}>"
