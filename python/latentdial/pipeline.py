"""The pipeline: a loaded checkpoint, called as diffusers' pipelines are."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from PIL import Image

from . import _engine
from .errors import InvalidInput
from .keywords import HIGHEST_SEED, MOST_PICTURES, OF_A_DIAL, OPTIONS, Positions, checked, in_range, methods, table, to_positions, to_settings
from .pictures import PictureLike, from_pixels, prompt_in, to_engine, to_pixels, with_given
from .result import Result, Strip
from .stages import Stages

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .settings import CalibrationSettings, DialSettings, InterpolationSettings, Settings

Callback = Callable[[_engine.Progress], Any]
OnPreview = Callable[[int, int, Image.Image], Any]


class Pipeline(Stages):
    """A Stable Diffusion checkpoint with a style-strength dial. Make one with `Pipeline.from_pretrained`.

    Threads may use one pipeline: its calls run one after the other, each with all its cores, and the GIL is
    released meanwhile. Those of pipelines that `share` the weights run at once. Ctrl-C stops a call in the main thread before the next U-Net evaluation.
    """

    def __init__(self, engine: _engine.Engine) -> None:
        self._engine = engine

    @classmethod
    def from_pretrained(
        cls,
        model: str | os.PathLike[str] | None = None,
        *,
        lora: Sequence[str | os.PathLike[str]] = (),
        lora_dir: str | os.PathLike[str] = "",
        embedding: Sequence[str | os.PathLike[str]] = (),
        unet: str | os.PathLike[str] = "",
        vae: str | os.PathLike[str] = "",
        refiner: str | os.PathLike[str] = "",
        prediction: str = "",
        taesd: str | os.PathLike[str] = "",
        dtype: str = "",
        threads: int = 0,
        profile: bool = False,
    ) -> Pipeline:
        """Loads a checkpoint.

        Args:
            model: A diffusers folder, a `.safetensors`, a `.ckpt` or a `.gguf` file; None: the small model `scenes` that comes with
                the package (128×128 pictures). Nothing is downloaded.
            lora: LoRA files to add, each as "FILE" or "FILE:SCALE"; `info.loras` says what became of them.
            lora_dir: Folder of LoRA files that prompts add by `<lora:NAME:SCALE>`, each prompt its own, without loading the model
                anew; "": none.
            embedding: Files of textual inversion, each as "FILE", whose name without its ending is then a word of prompts, or
                "WORD=FILE"; `info.embeddings` lists them.
            unet: A U-Net that draws in place of the model's own: `.gguf`, `.safetensors`, `.ckpt`, `.bin` or a diffusers
                folder, of a whole model its U-Net; "": none.
            vae: A VAE in place of the model's own, likewise.
            refiner: A model that draws the last of the steps in place of this one, as `refiner_switch` says: Stable Diffusion
                XL's refiner, a diffusers folder, `.safetensors`, `.ckpt` or `.gguf`; "": none.
            prediction: What the U-Net predicts: "epsilon", "v_prediction" or "sample"; "": as the model's files say.
            taesd: A small, fast decoder that makes pictures of latents in place of the model's own: a diffusers
                AutoencoderTiny folder, `.safetensors`, `.pt` or `.pth`; "": none.
            dtype: "f32", "bf16" or "int8" (the U-Net's products; the rest is bf16); "": the faster of f32 and bf16 here.
            threads: 1 to 1024; 0: every core this process may use. The pictures do not depend on it.
            profile: Time every operation, for `profile()`.

        Raises:
            InvalidInput: There is no such model, it cannot be read, or an argument is out of range.
        """
        path = "" if model is None else os.path.expanduser(os.fspath(model))
        if model is not None and not path:
            raise InvalidInput("the path is empty; leave it out for the model that comes with the package", "model")
        parts = [os.path.expanduser(os.fspath(part)) for part in (unet, vae, refiner)]
        tiny = os.path.expanduser(os.fspath(taesd))
        numbers = checked("dtype", dtype, str), in_range("threads", threads, 0, 1024), checked("profile", profile, bool)
        folder = os.path.expanduser(os.fspath(lora_dir))
        prediction = checked("prediction", prediction, str)
        return cls(_engine.Engine(path, _files(lora), folder, _files(embedding), *parts, prediction, tiny, *numbers))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Pipeline holds a loaded model and cannot be pickled; load it where it is needed, by Pipeline.from_pretrained")

    def share(self) -> Pipeline:
        """A pipeline for another caller on the same weights, which are not copied. It remembers work of its own: the
        calls of both run at once, each with all its cores."""
        return Pipeline(self._engine.share())

    @property
    def info(self) -> _engine.ModelInfo:
        """What is known of the model: name, path, fingerprint, hash, format, device, width, height, max_tokens, …"""
        return self._engine.info

    def profile(self) -> list[_engine.OperationTime]:
        """Where the time went since loading, longest first; empty without `from_pretrained(profile=True)`."""
        return self._engine.profile()

    def __repr__(self) -> str:
        return f"Pipeline({self.info!r})"

    def __call__(
        self,
        prompt: str | Sequence[str] = "",
        *,
        num_images_per_prompt: int = 1,
        callback: Callback | None = None,
        on_preview: OnPreview | None = None,
        preview_every: int = 5,
        **settings: Unpack[Settings],
    ) -> Result:
        """Makes pictures.

        Args:
            prompt: What the picture shows, or a list of such texts.
            num_images_per_prompt: Pictures of each prompt, with the seeds seed, seed + 1, …
            callback: Called as `callback(progress)` after each step, with `step`, `steps`, `picture`, `pictures`.
                Returning False, or raising, stops before the next U-Net evaluation.
            on_preview: Called as `on_preview(picture, step, image)` with the pictures under way: the place in the
                list, the step and a PIL image of what the model sees in the noise. No picture changes by it.
            preview_every: Steps from one preview to the next, 1 to 1000; each costs a decoding, which `taesd` makes cheap.
            **settings: See below; `num_inference_steps` is understood as `steps`. `image`, `to_image`, `reference` and `style_mask`
                take a path, a PIL image, or an array [H,W], [H,W,3] or [H,W,4] (uint8, or floats 0 to 1); `dial` a path or
                what `calibrate` returned.

        Returns:
            Pictures in the order of the prompts.

        Raises:
            InvalidInput: A setting is unknown, of the wrong type or out of range; the text names the keyword.
            Cancelled: The callback returned False.

        Settings:
        """
        common = to_settings(dict(settings))
        prompts = list(prompt) if isinstance(prompt, (list, tuple)) else [prompt]
        count = in_range("num_images_per_prompt", num_images_per_prompt, 1, MOST_PICTURES)
        if not prompts:
            raise InvalidInput("the list is empty; say what the picture shows", "prompt")
        return Result(**self._make([{**one, "prompt": text} for text in prompts for one in _with_seeds(common, count)], callback, on_preview, preview_every))

    def dial(self, prompt: str, style: str, at: Positions = "0:1:11", *, callback: Callback | None = None, **settings: Unpack[DialSettings]) -> Strip:
        """A strip of pictures from none of a style to all of it, the rest of the picture kept.

        Args:
            prompt: What the pictures show. A prompt that names the style can be turned down: positions below 0.
            style: What the dial turns: "Monet style", "sunset", any described feature.
            at: Dial positions, 0 none, 1 full, -4 to 4: numbers, or "A:B:N" for N values from A to B.
            callback, **settings: As for calling the pipeline; `method` picks another dial, `dial` is a path or what
                `calibrate` returned.

        Returns:
            The strip, with `positions` and `sheet()`.

        Raises:
            InvalidInput, Cancelled: As for calling the pipeline.
        """
        if not isinstance(style, str) or not style.strip():
            raise InvalidInput("no style is given; say what the dial turns, as in \"Monet style\"", "style")
        common = to_settings(dict(settings), position="at", theta="interpolate", to_prompt="interpolate", to_seed="interpolate", to_image="interpolate", to_reference="interpolate")
        common.update(prompt=prompt, style=style)
        positions = to_positions("at", at)
        made = self._make([{**common, "position": position} for position in positions], callback)
        return Strip(**made, positions=positions, title=f"“{prompt}” + “{style}”, {made['settings'][0]['method']}")

    def interpolate(
        self, prompt: str, to_prompt: str = "", theta: Positions = "0:1:7", *, callback: Callback | None = None, **settings: Unpack[InterpolationSettings]
    ) -> Strip:
        """A strip from one prompt to another, along the great circle between their encodings.

        Args:
            prompt: What the first picture shows.
            to_prompt: What the last one shows; may be left out with `to_seed=` (from one noise to another),
                `image=`, `to_image=` and `invert=True` (from one picture of yours to another), or `reference=` and
                `to_reference=` (the same by what an unCLIP model sees in them).
            theta: Positions, 0 the first end, 1 the other: numbers, or "A:B:N" for N values from A to B.
            callback, **settings: As for calling the pipeline.

        Returns:
            The strip, with `positions` and `sheet()`.

        Raises:
            InvalidInput, Cancelled: As for calling the pipeline.
        """
        common = to_settings(dict(settings))
        if not to_prompt and not {"to_seed", "to_image", "to_reference"} & set(common):
            raise InvalidInput("no other end is given; use to_prompt, to_seed, to_image or to_reference", "to_prompt")
        common.update(prompt=prompt, to_prompt=to_prompt)
        positions = to_positions("theta", theta)
        made = self._make([{**common, "theta": position} for position in positions], callback)
        return Strip(**made, positions=positions, title=f"“{prompt}” → “{to_prompt or prompt}”")

    def measure(
        self,
        pictures: PictureLike | Sequence[PictureLike],
        style: str,
        prompt: str | None = None,
        *,
        evaluations: int = 16,
        seed: int = 0,
        callback: Callback | None = None,
    ) -> list[_engine.Reading]:
        """How much of a style each picture shows, read by the checkpoint alone.

        Args:
            pictures: One picture or several: paths, PIL images or arrays; they are cut to the model's own size.
            style: The style, or any described feature.
            prompt: What the pictures show; the better it fits, the better the reading. None: what each picture's own text
                says, as of all that are made here; a picture without one is read roughly, and a warning says so.
            evaluations: U-Net evaluations per picture, even, 2 to 1000; more read finer.
            seed: Of the noise, the same for every picture.

        Returns:
            One reading per picture: `strength` (0 none, 1 as much as a picture made from "PROMPT, STYLE"),
            `standard_error`, the `samples` behind them, and `tells`: False where the error is above 0.2 and nothing can be
            told, since the model hardly knows the style.

        Raises:
            InvalidInput, Cancelled: As for calling the pipeline.
        """
        several = list(pictures) if isinstance(pictures, (list, tuple)) else [pictures]
        pixels = [to_pixels("pictures", picture) for picture in several]  # type: ignore[arg-type]
        text = checked("style", style, str)
        number = {name: in_range(name, value, *limits) for name, value, limits in (("evaluations", evaluations, (2, 1000)), ("seed", seed, (0, HIGHEST_SEED)))}
        prompts = [_shown(picture) if prompt is None else checked("prompt", prompt, str) for picture in several]
        readings: dict[int, _engine.Reading] = {}
        for shown in dict.fromkeys(prompts):
            places = [place for place, other in enumerate(prompts) if other == shown]
            made = self._engine.measure([pixels[place] for place in places], style=text, prompt=shown, **number, callback=callback)
            readings.update(zip(places, made))
        return [readings[place] for place in range(len(several))]

    def calibrate(
        self,
        style: str,
        *,
        prompts: str | Sequence[str] | None = None,
        seeds: Sequence[int] | None = None,
        callback: Callback | None = None,
        **settings: Unpack[CalibrationSettings],
    ) -> _engine.Calibration:
        """Fits the dial to a style: how it usually shows, and how far beyond 1 it goes, as `latentdial calibrate` does.

        Args:
            style: The style, or any described feature.
            prompts: What the pictures show, without the style; None: four plain scenes.
            seeds: Of the pictures of each prompt, 1 to 100; None: 0.
            callback: As for calling the pipeline; how many pictures there will be is not known, so `pictures` is 0.
            **settings: steps, sampler, guidance_scale and the like; the dial is exact at these.

        Returns:
            The dial: `high`, `reason`, `points`, `response`, `save(path)`. It goes to `pipe.dial(…, dial=…)` as it is.

        Raises:
            InvalidInput: As for calling the pipeline, or the style does not show on this model.
            Cancelled: The callback returned False.
        """
        common = to_settings(dict(settings), prompt="prompts", seed="seeds", **dict.fromkeys(OF_A_DIAL, "calibrate"))
        texts = [prompts] if isinstance(prompts, str) else prompts
        return _engine.calibrate(
            self._engine,
            self._with_both_sides({**common, "style": checked("style", style, str)}),
            None if texts is None else [checked("prompts", text, str) for text in texts],
            None if seeds is None else [in_range("seeds", seed, 0, HIGHEST_SEED) for seed in seeds],
            callback,
        )

    def _make(
        self, jobs: list[dict[str, Any]], callback: Callback | None, on_preview: OnPreview | None = None, preview_every: int = 1
    ) -> dict[str, Any]:
        """The fields of a Result, one picture per job."""
        every = in_range("preview_every", preview_every, 1, 1000)
        look = on_preview and (lambda seen: on_preview(seen.picture, seen.step, Image.fromarray(seen.image)))
        made = self._engine.generate(to_engine(self._with_both_sides(job) for job in jobs), callback, look, every)
        return {
            "images": [from_pixels(picture.image, picture.parameters) for picture in made],
            "settings": [with_given(picture.settings, job) for picture, job in zip(made, jobs)],
            "parameters": [picture.parameters for picture in made],
            "notices": list(dict.fromkeys(line for picture in made for line in picture.notices)),
            "seconds": [picture.seconds for picture in made],
        }

    def _with_both_sides(self, job: dict[str, Any]) -> dict[str, Any]:
        """Where only one of width and height is given, the other is the model's own, as in diffusers."""
        sides = {name: getattr(self.info, name) if not job.get(name) else job[name] for name in ("width", "height")}
        return {**job, **sides} if job.get("width") or job.get("height") else job


def _shown(picture: Any) -> str:
    """What a picture shows, as its own text has it; with a warning where it has none."""
    prompt = prompt_in(picture)
    if prompt is None:
        warnings.warn("a picture does not say what it shows, so it is read roughly; give the prompt", stacklevel=3)
    return prompt or ""


def _files(given: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> list[str]:
    """One file or several, as text."""
    return [os.fspath(file) for file in ([given] if isinstance(given, (str, os.PathLike)) else given)]


def _with_seeds(settings: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """The settings `count` times, with one seed after the other."""
    seed = settings.get("seed", OPTIONS["seed"].default)
    if count == 1 or not isinstance(seed, int) or isinstance(seed, bool):
        return [settings]
    if seed + count - 1 > HIGHEST_SEED:
        raise InvalidInput(f"{seed} and {count - 1} more go beyond the last seed, {HIGHEST_SEED}", "seed")
    return [{**settings, "seed": seed + i} for i in range(count)]


Pipeline.__call__.__doc__ = f"{Pipeline.__call__.__doc__}\n{table()}\n\n        Methods of the dial:\n\n{methods()}\n"
