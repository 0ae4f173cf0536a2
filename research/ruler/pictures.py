"""The pictures of a run: made by the program, read back in the order of their plan."""

import dataclasses
import json
import pathlib
import subprocess

import numpy
from PIL import Image

from research.ruler.plan import METHODS, POSITIONS, Trial, calibrate_command, dial_file, method_plan
from research.world.scene import ATTRIBUTES


REFUSED = 2  # The program's exit code for what it will not do.


@dataclasses.dataclass
class Made:
    """The pictures of one folder in the order of the plan, and how long each took (NaN where no program made it)."""

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
    subprocess.run([program, "sweep", path, "--allow-paths", "--out", folder, "--resume", "-q", *options], check=True, stdout=subprocess.DEVNULL)
    rows = sorted((json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()), key=lambda row: row["file"])
    return Made([folder / row["file"] for row in rows], numpy.array([row["seconds"] for row in rows]))


def kept(pictures: numpy.ndarray, folder: pathlib.Path) -> Made:
    """Pictures uint8 [N, 128, 128, 3] that no program made, as files like the others."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{i:06d}.png" for i in range(len(pictures))]
    for file, picture in zip(files, pictures):
        Image.fromarray(picture).save(file)
    return Made(files, numpy.full(len(files), numpy.nan))


def make_method(program: pathlib.Path, model: pathlib.Path, trial: Trial, name: str, out: pathlib.Path, options: list[str]) -> tuple[Made, Made]:
    """The method's strips [contents, attributes, seeds, positions], and those of the negative side."""
    method, dials = METHODS[name], out / "dials"
    bare = ["-m", str(without_dials(model, out / "model")), *options]
    if method.fitted:
        calibrate(program, dials, bare)
    made = sweep(program, method_plan(trial, method, dials), out / "pictures" / name, bare)
    positive = int(numpy.prod(trial.strips)) * len(POSITIONS)
    return Made(made.files[:positive], made.seconds[:positive]), Made(made.files[positive:], made.seconds[positive:])


def without_dials(model: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """The same model, as links, without the dial files that lie in its folder: what is judged as unfitted has none."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in model.iterdir():
        if path.name != "dials":
            (folder / path.name).unlink(missing_ok=True)  # It may lead to where the model was once.
            (folder / path.name).symlink_to(path.resolve())
    return folder


def calibrate(program: pathlib.Path, dials: pathlib.Path, options: list[str]) -> None:
    """Fits the dial of every attribute that has none yet. What the program refuses to fit, since too few of the calibration pictures show
    it, has none: its positions are those without a dial file."""
    dials.mkdir(parents=True, exist_ok=True)
    for attribute in ATTRIBUTES:
        if not dial_file(dials, attribute).exists():
            done = subprocess.run([*calibrate_command(program, dials, attribute), *options])
            if done.returncode not in (0, REFUSED):
                done.check_returncode()
