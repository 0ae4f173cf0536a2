"""Pictures made by latentdial, one for each truth, from what is left of it."""

import json
import pathlib
import subprocess
import tempfile

import numpy
from PIL import Image

from research.restoration.rivals import bytes_of

SETTINGS = {"steps": 20, "sampler": "dpm++2m"}


class Program:
    """`path` is latentdial's; `threads` are the processor's for it, 0 all."""

    def __init__(self, path: pathlib.Path, threads: int = 0):
        self.path, self.threads = path.resolve(), threads

    def make(self, prompts: list[str], settings: dict, copies: list[numpy.ndarray], masks: list[numpy.ndarray] | None = None) -> list[numpy.ndarray]:
        """From each copy, float [H, W, 3], with the settings and a seed of its own; where masks are given, what is true in them is redrawn."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            plan = []
            for i, (copy, prompt) in enumerate(zip(copies, prompts)):
                Image.fromarray(bytes_of(copy)).save(folder / f"{i}.png")
                files = {"image": f"{i}.png"}
                if masks is not None:
                    Image.fromarray(masks[i]).save(folder / f"{i}-mask.png")
                    files["mask"] = f"{i}-mask.png"
                plan.append({"settings": SETTINGS | settings | files | {"prompt": prompt, "seed": i}})
            return self.sweep(folder, plan)

    def draw(self, prompts: list[str], shapes: list[tuple[int, int]]) -> list[numpy.ndarray]:
        """From words alone, each of its height and width."""
        with tempfile.TemporaryDirectory() as name:
            sides = [{"height": -height % 8 + height, "width": -width % 8 + width} for height, width in shapes]
            plan = [{"settings": SETTINGS | side | {"prompt": prompt, "seed": i}} for i, (prompt, side) in enumerate(zip(prompts, sides))]
            return [picture[:height, :width] for picture, (height, width) in zip(self.sweep(pathlib.Path(name), plan), shapes)]

    def sweep(self, folder: pathlib.Path, plan: list[dict]) -> list[numpy.ndarray]:
        (folder / "plan.json").write_text(json.dumps(plan))
        command = [self.path, "sweep", "plan.json", "--threads", str(self.threads), "--json", "--out", "out"]
        lines = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.splitlines()
        files = [answer["file"] for answer in map(json.loads, lines) if "file" in answer]
        return [numpy.asarray(Image.open(folder / file).convert("RGB")).astype(float) for file in files]
