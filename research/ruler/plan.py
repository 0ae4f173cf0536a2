"""What is made: contents, attributes, seeds and positions; the reference pictures; and every method's strips as a plan for `latentdial sweep`."""

import dataclasses
import pathlib

from research.world.captions import WORDS
from research.world.scene import ATTRIBUTES, JUDGED_ONLY, STRUCTURES, SURFACES

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
COMMON = {"sampler": "dpm++2m", "steps": 15, "guidance_scale": 3.5}
# What figures are told of; no design of a dial is looked at on the judged-only ones.
KINDS = {"surface": SURFACES, "structure": STRUCTURES}
GROUPS = KINDS | {
    f"{kind}, {which}": tuple(name for name in names if (name in JUDGED_ONLY) == (which == "judged only"))
    for kind, names in KINDS.items()
    for which in ("designed on", "judged only")
}


@dataclasses.dataclass(frozen=True)
class Method:
    """A dial under judgement: the settings that it needs, and whether a dial file is fitted for each attribute first."""

    settings: dict
    fitted: bool = False


METHODS = {name: Method({"method": name}) for name in ("slerp", "slerp-diff", "lerp", "weight", "weight-compel", "sega", "dreamwalk", "freesliders", "steer", "flowslider", "veloedit", "guide")} | {
    "guide-late": Method({"method": "guide", "style_start": 0.25}),
    "anchored": Method({"method": "anchored", "style_start": 0.4}),
    "calibrated": Method({"method": "calibrated"}, fitted=True),
    "calibrated-unfitted": Method({"method": "calibrated"}),
}


@dataclasses.dataclass(frozen=True)
class Trial:
    """All that one run judges, in every attribute; contents and seeds are the first of the lists above."""

    contents: tuple[str, ...] = CONTENTS
    seeds: tuple[int, ...] = SEEDS

    @property
    def negative(self) -> "Trial":
        """The part of it that is judged on the side away from the style."""
        return Trial(self.contents[:NEGATIVE_CONTENTS], self.seeds[:NEGATIVE_SEEDS])

    @property
    def strips(self) -> tuple[int, int, int]:
        """Contents, attributes, seeds: how many of each."""
        return len(self.contents), len(ATTRIBUTES), len(self.seeds)


def styled(content: str, attribute: str) -> str:
    """The plain prompt that asks for an attribute in full."""
    return f"{content}, {WORDS[attribute]}"


def plain_plan() -> list[dict]:
    """[contents, seeds]; of all contents and seeds, however small the trial: the content budget comes from them."""
    return [{"settings": {**COMMON, "prompt": content}, "grid": {"seed": list(SEEDS)}} for content in CONTENTS]


def styled_plan(trial: Trial) -> list[dict]:
    """[contents, attributes, seeds]: what the model makes of the prompt that asks for the attribute in words."""
    prompts = [styled(content, attribute) for content in trial.contents for attribute in ATTRIBUTES]
    return [{"settings": {**COMMON, "prompt": prompt}, "grid": {"seed": list(trial.seeds)}} for prompt in prompts]


def method_plan(trial: Trial, method: Method, dials: pathlib.Path) -> list[dict]:
    """One section per strip, so that the engine may make it as one job: [contents, attributes, seeds] of 0 … 1, then of 0 … −1 on styled prompts."""
    sections = []
    for part, sign in ((trial, 1), (trial.negative, -1)):
        for content in part.contents:
            for attribute in ATTRIBUTES:
                prompt = content if sign > 0 else styled(content, attribute)
                settings = {**COMMON, **method.settings, "prompt": prompt, "style": WORDS[attribute]}
                if method.fitted and dial_file(dials, attribute).exists():
                    settings["dial"] = str(dial_file(dials, attribute))
                sections += [{"settings": {**settings, "seed": seed}, "grid": {"position": [sign * p for p in POSITIONS]}} for seed in part.seeds]
    return sections


def dial_file(dials: pathlib.Path, attribute: str) -> pathlib.Path:
    """Where the dial calibrated for an attribute lies."""
    return dials / f"{attribute.replace(' ', '-')}.dial.json"


def calibrate_command(program: pathlib.Path, dials: pathlib.Path, attribute: str) -> list:
    """The command that fits the dial of an attribute on the calibration contents and seeds, with the settings that it is judged with."""
    prompts = [word for content in CALIBRATION_CONTENTS for word in ("-p", content)]
    common = ["--sampler", COMMON["sampler"], "--steps", str(COMMON["steps"]), "--cfg", str(COMMON["guidance_scale"]), "--seed", str(CALIBRATION_SEED)]
    return [program, "calibrate", "--style", WORDS[attribute], *prompts, *common, "-o", dial_file(dials, attribute)]
