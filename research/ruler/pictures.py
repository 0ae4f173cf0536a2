"""The pictures of a run: made by the program, read back in the order of their plan."""

import dataclasses
import json
import pathlib
import subprocess

import numpy
from PIL import Image

from research.ruler.plan import METHODS, POSITIONS, Trial, calibrate_command, dial_file, method_plan
from research.world1.styles import STYLES


@dataclasses.dataclass
class Made:
    """The pictures of one folder in the order of the plan, and how long each took."""

    files: list[pathlib.Path]
    seconds: numpy.ndarray  # [N]

    def pictures(self) -> numpy.ndarray:
        """uint8 [N, 128, 128, 3]."""
        return numpy.stack([numpy.asarray(Image.open(file).convert("RGB")) for file in self.files])


def sweep(program: pathlib.Path, plan: list[dict], folder: pathlib.Path, options: list[str]) -> Made:
    """Makes what is missing of a plan."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "plan.json"
    path.write_text(json.dumps(plan, indent=1))
    subprocess.run([program, "sweep", path, "--out", folder, "--resume", "-q", *options], check=True, stdout=subprocess.DEVNULL)
    rows = sorted((json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()), key=lambda row: row["file"])
    return Made([folder / row["file"] for row in rows], numpy.array([row["seconds"] for row in rows]))


def make_method(program: pathlib.Path, trial: Trial, method: str, out: pathlib.Path, options: list[str]) -> tuple[Made, Made]:
    """The method's strips [contents, styles, seeds, positions], and those of the negative side."""
    dials = out / "dials"
    if METHODS[method]["method"] == "calibrated":
        calibrate(program, dials, options)
    made = sweep(program, method_plan(trial, method, dials), out / "pictures" / method, options)
    positive = len(trial.contents) * len(STYLES) * len(trial.seeds) * len(POSITIONS)
    return Made(made.files[:positive], made.seconds[:positive]), Made(made.files[positive:], made.seconds[positive:])


def calibrate(program: pathlib.Path, dials: pathlib.Path, options: list[str]) -> None:
    """Fits the dial of every style that has none yet."""
    dials.mkdir(parents=True, exist_ok=True)
    for style in STYLES:
        if not dial_file(dials, style).exists():
            subprocess.run([*calibrate_command(program, dials, style), *options], check=True)
