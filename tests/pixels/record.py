"""Makes the pictures of `settings.json` and hashes their pixels; run by itself, writes `hashes.json`.

Instructions are held to AVX2, which every machine of the project has, so that the same bits come out on each.
"""

import hashlib
import json
import os
import pathlib
import subprocess
import tempfile

import numpy
from PIL import Image

HERE = pathlib.Path(__file__).parent
PROGRAM = pathlib.Path(os.environ.get("LATENTDIAL_BIN", "build/release/bin/latentdial")).resolve()


def draw_inputs(folder: pathlib.Path) -> None:
    """The pictures that settings name: two to start from, a mask with grey in it, one of a small part, and a kernel."""
    y, x = numpy.mgrid[0:128, 0:128]
    disc = (x - 50) ** 2 + (y - 70) ** 2 < 900
    start = numpy.stack([numpy.where(disc, 200, x), numpy.where(disc, 80, 255 - y), numpy.where(disc, 40, 180)], axis=2)
    Image.fromarray(start.astype(numpy.uint8)).save(folder / "start.png")
    y, x = numpy.mgrid[0:90, 0:200]
    wide = numpy.stack([(x * y) % 256, 255 - x, numpy.where(y > 45, 90, 220)], axis=2)
    Image.fromarray(wide.astype(numpy.uint8)).save(folder / "wide.png")
    Image.fromarray(numpy.tile(numpy.clip(4 * numpy.arange(128) - 128, 0, 255), (128, 1)).astype(numpy.uint8)).save(folder / "mask.png")
    Image.fromarray(numpy.where((abs(x - 150) < 20) & (abs(y - 30) < 12), 255, 0).astype(numpy.uint8)).save(folder / "spot.png")
    Image.fromarray(numpy.array([[0, 60, 0, 0], [90, 250, 120, 30], [0, 20, 200, 0]], numpy.uint8)).save(folder / "kernel.png")


def make_hashes(folder: pathlib.Path) -> dict[str, str]:
    """The SHA-256 of every picture's pixels, by the name of its settings."""
    draw_inputs(folder)
    settings = json.loads((HERE / "settings.json").read_text())
    (folder / "plan.json").write_text(json.dumps([{"settings": one} for one in settings.values()]))
    subprocess.run(
        [PROGRAM, "sweep", "plan.json", "--out", "made", "--dtype", "f32"],
        cwd=folder,
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    lines = [json.loads(line) for line in (folder / "made" / "manifest.jsonl").read_text().splitlines()]
    pictures = {line["file"]: numpy.asarray(Image.open(folder / "made" / line["file"]).convert("RGB")) for line in lines}
    digests = [hashlib.sha256(repr(pictures[file].shape).encode() + pictures[file].tobytes()).hexdigest() for file in sorted(pictures)]
    return dict(zip(settings, digests, strict=True))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        (HERE / "hashes.json").write_text(json.dumps(make_hashes(pathlib.Path(folder)), indent=1) + "\n")
