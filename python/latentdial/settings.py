"""Keywords as type checkers and editors know them; None is the default. Written by python/tools/write_settings.py."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TypedDict, Union

from ._engine import Calibration
from .pictures import Network, PictureLike

DialLike = Union[str, "os.PathLike[str]", Calibration]
NetworkLike = Union[str, "os.PathLike[str]", Network]
LorasLike = Union[str, Mapping[str, float]]


class CalibrationSettings(TypedDict, total=False):
    """The settings that Pipeline.calibrate takes."""

    negative_prompt: Union[str, None]
    plain_prompt: Union[bool, None]
    clip_skip: Union[int, None]
    steps: Union[int, None]
    sampler: Union[str, None]
    scheduler: Union[str, None]
    eta: Union[float, None]
    refiner_switch: Union[float, None]
    guidance_scale: Union[float, None]
    guidance_start: Union[float, None]
    guidance_end: Union[float, None]
    guidance_rescale: Union[float, None]
    width: Union[int, None]
    height: Union[int, None]
    num_inference_steps: Union[int, None]


class DialSettings(CalibrationSettings, total=False):
    """The settings that Pipeline.dial takes."""

    loras: Union[LorasLike, None]
    reuse: Union[int, None]
    seed: Union[int, None]
    hires: Union[float, None]
    hires_with: Union[NetworkLike, None]
    hires_strength: Union[float, None]
    hires_steps: Union[int, None]
    image: Union[PictureLike, None]
    strength: Union[float, None]
    reference: Union[PictureLike, None]
    mask: Union[PictureLike, None]
    redraw_words: Union[str, None]
    mask_blur: Union[float, None]
    mask_fill: Union[str, None]
    mask_update: Union[str, None]
    only_masked: Union[bool, None]
    mask_padding: Union[int, None]
    extend_left: Union[int, None]
    extend_right: Union[int, None]
    extend_top: Union[int, None]
    extend_bottom: Union[int, None]
    restore: Union[str, None]
    blur_sigma: Union[float, None]
    blur_motion: Union[str, None]
    blur_kernel: Union[PictureLike, None]
    upscale_by: Union[int, None]
    noise_level: Union[int, None]
    restore_rounds: Union[int, None]
    invert: Union[bool, None]
    method: Union[str, None]
    dial: Union[DialLike, None]
    style_mask: Union[PictureLike, None]
    mask_words: Union[str, None]
    style_start: Union[float, None]
    style_end: Union[float, None]
    style_passes: Union[int, None]
    style_guidance: Union[float, None]
    per_token: Union[bool, None]


class InterpolationSettings(DialSettings, total=False):
    """The settings that Pipeline.interpolate takes."""

    style: Union[str, None]
    position: Union[float, None]
    to_image: Union[PictureLike, None]
    to_reference: Union[PictureLike, None]
    to_seed: Union[int, None]


class Settings(InterpolationSettings, total=False):
    """The settings that a call of the pipeline takes."""

    to_prompt: Union[str, None]
    theta: Union[float, None]
