"""What is made: contents, styles, seeds and positions; the reference pictures; and every method's strips as a plan for `latentdial sweep`."""

import dataclasses
import pathlib

from research.world1.captions import STYLE_WORDS
from research.world1.styles import STYLES

CONTENTS = (
    "a dog in the meadow",
    "a castle by the lake",
    "a pyramid in the desert",
    "a car on the beach",
    "a cat on the beach",
    "a temple in the jungle",
    "a tree by the lake",
    "a city in the desert",
)
# Dials are calibrated on these alone; they are never judged.
CALIBRATION_CONTENTS = ("a house in the meadow", "a boat by the lake", "a mountain in the desert", "a flower on the beach")
CALIBRATION_SEED = 2001  # The first of them.
SEEDS = (1001, 1002, 1003, 1004, 1005)
POSITIONS = tuple(i / 10 for i in range(11))
NEGATIVE_CONTENTS, NEGATIVE_SEEDS = 4, 2  # The side away from the style is judged on the first of each.
# At this guidance scale the embedded model's pictures are clean; from 5 on some are burnt.
COMMON = {"sampler": "dpm++2m", "steps": 15, "guidance_scale": 3.5}

# Every dial under judgement and the settings that it needs besides its name.
METHODS = {
    "slerp": {"method": "slerp"},
    "slerp-diff": {"method": "slerp-diff"},
    "lerp": {"method": "lerp"},
    "weight": {"method": "weight"},
    "weight-compel": {"method": "weight-compel"},
    "sega": {"method": "sega"},
    "dreamwalk": {"method": "dreamwalk"},
    "freesliders": {"method": "freesliders"},
    "steer": {"method": "steer"},
    "flowslider": {"method": "flowslider"},
    "veloedit": {"method": "veloedit"},
    "guide": {"method": "guide"},
    "guide-late": {"method": "guide", "style_start": 0.25},
    "anchored": {"method": "anchored", "style_start": 0.4},
    "calibrated": {"method": "calibrated"},
}


@dataclasses.dataclass(frozen=True)
class Trial:
    """All that one run judges, in every style; contents and seeds are the first of the lists above."""

    contents: tuple[str, ...] = CONTENTS
    seeds: tuple[int, ...] = SEEDS

    @property
    def negative(self) -> "Trial":
        """The part of it that is judged on the side away from the style."""
        return Trial(self.contents[:NEGATIVE_CONTENTS], self.seeds[:NEGATIVE_SEEDS])


def styled(content: str, style: str) -> str:
    """The plain prompt that asks for a style in full."""
    return f"{content}, {STYLE_WORDS[style]}"


def plain_plan() -> list[dict]:
    """[contents, seeds]; of all contents and seeds, however small the trial: the content budget comes from them."""
    return [{"settings": {**COMMON, "prompt": content}, "grid": {"seed": list(SEEDS)}} for content in CONTENTS]


def styled_plan(trial: Trial) -> list[dict]:
    """[contents, styles, seeds]: what the model makes of the prompt that asks for the style in words."""
    prompts = [styled(content, style) for content in trial.contents for style in STYLES]
    return [{"settings": {**COMMON, "prompt": prompt}, "grid": {"seed": list(trial.seeds)}} for prompt in prompts]


def method_plan(trial: Trial, method: str, dials: pathlib.Path) -> list[dict]:
    """One section per strip, so that the engine may make it as one job: [contents, styles, seeds] of 0 … 1, then of 0 … −1 on styled prompts."""
    sections = []
    for part, sign in ((trial, 1), (trial.negative, -1)):
        for content in part.contents:
            for style in STYLES:
                prompt = content if sign > 0 else styled(content, style)
                settings = {**COMMON, **METHODS[method], "prompt": prompt, "style": STYLE_WORDS[style]}
                if METHODS[method]["method"] == "calibrated":
                    settings["dial"] = str(dial_file(dials, style))
                strips = [{"settings": {**settings, "seed": seed}, "grid": {"position": [sign * p for p in POSITIONS]}} for seed in part.seeds]
                sections += strips
    return sections


def dial_file(dials: pathlib.Path, style: str) -> pathlib.Path:
    """Where the dial calibrated for a style lies."""
    return dials / f"{style.replace(' ', '-')}.dial.json"


def calibrate_command(program: pathlib.Path, dials: pathlib.Path, style: str) -> list:
    """The command that fits the dial of a style on the calibration contents and seeds, with the settings that it is judged with."""
    prompts = [word for content in CALIBRATION_CONTENTS for word in ("-p", content)]
    common = ["--sampler", COMMON["sampler"], "--steps", str(COMMON["steps"]), "--cfg", str(COMMON["guidance_scale"]), "--seed", str(CALIBRATION_SEED)]
    return [program, "calibrate", "--style", STYLE_WORDS[style], *prompts, *common, "-o", dial_file(dials, style)]
