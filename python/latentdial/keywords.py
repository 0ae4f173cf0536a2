"""Keyword arguments → settings of the engine: names, diffusers' words for them, and Python's types."""

from __future__ import annotations

import difflib
import os
import random
from collections.abc import Iterable, Mapping
from typing import Any, Union

import numpy

from . import _engine
from .errors import InvalidInput

ALIASES = {"num_inference_steps": "steps"}
OPTIONS = {option.name: option for option in _engine.options()}
# What a fit decides by itself, and what it makes no pictures of.
OF_A_DIAL = tuple(name for name in _engine.not_calibrated() if name != "prompt")
HIGHEST_SEED = 2**64 - 1
MOST_PICTURES = 100_000
NOT_SUPPORTED = {
    "generator": "a torch generator is not supported; seed=N draws the noise that torch.Generator().manual_seed(N) draws on the CPU",
}

Positions = Union[str, float, Iterable[float]]


def plain(value: Any) -> Any:
    """numpy's numbers as Python's, and a path as text; anything else as it is."""
    if isinstance(value, numpy.generic):
        return value.item()
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def loras_of(value: Any) -> Any:
    """LoRAs with their scales, {"ink": 0.8}, as the setting has them: "ink:0.8"; a text as it is."""
    if not isinstance(value, Mapping):
        return value
    for name, scale in value.items():
        if not isinstance(name, str) or isinstance(scale, bool) or not isinstance(plain(scale), (int, float)) or "," in name or ":" in name:
            raise InvalidInput(f"{name!r}: {scale!r} is not a LoRA's name and its scale", "loras")
    return ", ".join(f"{name}:{float(scale)!r}" for name, scale in value.items())


def checked(keyword: str, value: Any, kind: type) -> Any:
    """The value as Python's own type; InvalidInput naming the keyword when it is of another kind than `kind`."""
    value = plain(value)
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise InvalidInput(f"{value!r} is not of type {kind.__name__}", keyword)


def in_range(keyword: str, value: Any, low: int, high: int) -> int:
    """A whole number from `low` to `high`; InvalidInput naming the keyword when it is none."""
    number = checked(keyword, value, int)
    if low <= number <= high:
        return number
    raise InvalidInput(f"{number} is out of range, use {low} to {high}", keyword)


def to_settings(keywords: dict[str, Any], **fixed: str) -> dict[str, Any]:
    """The settings that keyword arguments mean; None is the default, and a random one for `seed`. `fixed` maps a setting that the function
    gives a value itself to what to use in its place. Raises InvalidInput naming the keyword."""
    settings: dict[str, Any] = {}
    for keyword, value in keywords.items():
        name = ALIASES.get(keyword, keyword)
        if name in fixed:
            raise InvalidInput(f"it is set by {fixed[name]}", keyword)
        if name not in OPTIONS:
            raise InvalidInput(NOT_SUPPORTED.get(keyword) or _unknown(keyword), keyword)
        if name in settings:
            raise InvalidInput(f"{name} is given already", keyword)
        if value is not None:
            settings[name] = loras_of(value) if name == "loras" else plain(value)
        elif name == "seed":
            settings[name] = random.getrandbits(32)
    return settings


def _unknown(keyword: str) -> str:
    near = _engine.nearest_setting(keyword) or next(iter(difflib.get_close_matches(keyword, [*ALIASES, "num_images_per_prompt", "callback"], 1)), "")
    return "there is no such setting" + (f"; did you mean {near}?" if near else "; help(latentdial.Pipeline.__call__) lists them")


def to_positions(keyword: str, given: Positions) -> list[float]:
    """One number, several, or a text "A:B:N": N values from A to B. Raises InvalidInput naming the keyword."""
    if isinstance(given, str):
        try:
            return _engine.parse_range(given)
        except InvalidInput as error:
            raise InvalidInput(str(error).removeprefix(f"{error.field}: "), keyword) from None
    values = [given] if numpy.ndim(given) == 0 else list(given)  # type: ignore[arg-type]
    if not values:
        raise InvalidInput("no position is given; use numbers as in [0, 0.5, 1], or \"0:1:11\"", keyword)
    for value in values:
        checked(keyword, float(value) if type(value) is int else value, float)
    return [float(value) for value in values]


def table() -> str:
    """All settings with type, default and meaning, for docstrings."""
    takes = {**dict.fromkeys(_engine.input_pictures(), "picture"), "dial": "path or Calibration"}
    lines = [
        f"    {o.name} ({takes.get(o.name, o.type)}, default {o.default!r}): {o.help}{'; None: a random one' if o.name == 'seed' else ''}"
        for o in OPTIONS.values()
        if o.name != "prompt"
    ]
    return "\n".join(lines)


def methods() -> str:
    """All methods of the dial and what they do, for docstrings."""
    return "\n".join(f"    {method.name}: {method.summary}" for method in _engine.dial_methods())
