"""latentdial: Stable Diffusion with a style-strength dial; position 0 is none of a style, 1 all of it.

    from latentdial import Pipeline

    pipe = Pipeline.from_pretrained()
    strip = pipe.dial("a temple in the jungle", "Monet style", at=[0, 0.25, 0.5, 0.75, 1], steps=20)
    strip.sheet().save("strip.png")
"""

from __future__ import annotations

import os
import warnings
from typing import Any

from . import _engine
from ._engine import Calibration, ModelInfo, Progress, Reading
from .clip import Clip
from .errors import Cancelled, Error, InternalError, InvalidInput, IOFailure
from .pictures import save
from .pipeline import Pipeline
from .result import Result, Strip
from .upscaler import Upscaler

__version__: str = _engine.version
__all__ = [
    "Calibration",
    "Cancelled",
    "Clip",
    "Error",
    "IOFailure",
    "InternalError",
    "InvalidInput",
    "ModelInfo",
    "Pipeline",
    "Progress",
    "Reading",
    "Result",
    "Strip",
    "Upscaler",
    "dial_methods",
    "parse_parameters",
    "read_parameters",
    "save",
]


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


def dial_methods() -> list[str]:
    """Names that the setting `method` takes, the default first."""
    return [method.name for method in _engine.dial_methods()]


def read_parameters(path: str | os.PathLike[str]) -> str:
    """The settings that a PNG, JPEG or WebP was made with, as text; empty when it holds none.

    Raises InvalidInput when the file is none of the three.
    """
    return _engine.read_parameters(os.fspath(path))


def parse_parameters(text: str) -> dict[str, Any]:
    """The settings in a `parameters` text, ours or A1111's: `pipe(**parse_parameters(text))` makes the picture again.

    A picture's text opens no file: those that it names (`image`, `to_image`, `style_mask`, `dial`, a network in `hires_with`) are left out, with a
    warning, and `pipe(**parse_parameters(text), image=photo)` is given them anew.

    Raises InvalidInput naming the key whose value cannot be read.
    """
    settings = _engine.parse_parameters(text)
    named = dict(_engine.named_files(settings))
    if named:
        files = ", ".join(f"{name} ({_engine.escape_controls(path)})" for name, path in named.items())
        warnings.warn(f"the picture was made from files, which you must give: {files}", stacklevel=2)
    return {name: value for name, value in settings.items() if name not in named and (value or name not in _engine.input_files())}
