"""Writes python/latentdial/settings.py: the keywords of a picture as type checkers and editors read them, from the engine's
own declaration. Run it where a setting was added: `PYTHONPATH=build/release/python python python/tools/write_settings.py`."""

import pathlib

import latentdial._engine
from latentdial.keywords import ALIASES, OF_A_DIAL

HEADER = '''"""Keywords as type checkers and editors know them; None is the default. Written by python/tools/write_settings.py."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TypedDict, Union

from ._engine import Calibration
from .pictures import Network, PictureLike

DialLike = Union[str, "os.PathLike[str]", Calibration]
NetworkLike = Union[str, "os.PathLike[str]", Network]
LorasLike = Union[str, Mapping[str, float]]
'''
OWN_TYPES = {**dict.fromkeys(latentdial._engine.input_pictures(), "PictureLike"), "dial": "DialLike", "hires_with": "NetworkLike", "loras": "LorasLike"}
# Each function's keywords, and which settings it has arguments for or decides itself; each has all of the one before.
FUNCTIONS = {
    "CalibrationSettings": ("Pipeline.calibrate", {"prompt", "style", "seed", *OF_A_DIAL}),
    "DialSettings": ("Pipeline.dial", {"prompt", "style", "position", "theta", "to_prompt", "to_seed", "to_image", "to_reference"}),
    "InterpolationSettings": ("Pipeline.interpolate", {"prompt", "to_prompt", "theta"}),
    "Settings": ("a call of the pipeline", {"prompt"}),
}


def declaration() -> str:
    kinds = {option.name: OWN_TYPES.get(option.name, option.type) for option in latentdial._engine.options()}
    kinds.update({alias: kinds[name] for alias, name in ALIASES.items()})
    text, base, known = HEADER, "TypedDict", set()
    for name, (function, without) in FUNCTIONS.items():
        assert not known & without, f"{name} has not all of {base}"
        fresh = [keyword for keyword in kinds if keyword not in without | known]
        text += f'\n\nclass {name}({base}, total=False):\n    """The settings that {function} takes."""\n\n'
        text += "".join(f"    {keyword}: Union[{kinds[keyword]}, None]\n" for keyword in fresh)
        base, known = name, known.union(fresh)
    return text


if __name__ == "__main__":
    (pathlib.Path(__file__).parents[1] / "latentdial" / "settings.py").write_text(declaration())
