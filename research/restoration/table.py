"""How near restored pictures come to renders that nobody trained on, beside what needs no model:

    python -m research.restoration.table --program build/release/bin/latentdial [--pictures 200] [--out out/restoration.json]

Each figure is a mean over the pictures, with its standard error.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

import numpy
from PIL import Image

from research.world.captions import caption, plain_scene
from research.world.render import render

SIGMA = 2.0
BY = 4
FIRST = 900_000  # Of the held-back scenes.
SETTINGS = {"steps": 20, "sampler": "dpm++2m"}


def blurred(picture: numpy.ndarray, sigma: float) -> numpy.ndarray:
    """A Gaussian to three deviations, the edge repeated beyond it."""
    reach = int(numpy.ceil(3 * sigma))
    weights = numpy.exp(-0.5 * (numpy.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        padded = numpy.pad(picture, [(reach, reach) if a == axis else (0, 0) for a in range(3)], "edge")
        length = picture.shape[axis]
        picture = sum(w * padded.take(range(i, i + length), axis) for i, w in enumerate(weights))
    return picture


def richardson_lucy(copy: numpy.ndarray, rounds: int = 20) -> numpy.ndarray:
    picture = copy.copy()
    for _ in range(rounds):
        picture = picture * blurred(copy / numpy.maximum(blurred(picture, SIGMA), 1e-3), SIGMA)
    return picture


def wiener(copy: numpy.ndarray, noise: float = 1e-3) -> numpy.ndarray:
    side = copy.shape[0]
    frequencies = numpy.fft.fftfreq(side)
    transfer = numpy.exp(-2 * (numpy.pi * SIGMA) ** 2 * (frequencies[:, None] ** 2 + frequencies[None] ** 2))[..., None]
    return numpy.fft.ifft2(numpy.fft.fft2(copy, axes=(0, 1)) * transfer / (transfer**2 + noise), axes=(0, 1)).real


def resized(copy: numpy.ndarray, kind: Image.Resampling) -> numpy.ndarray:
    picture = Image.fromarray(copy.round().astype(numpy.uint8))
    return numpy.asarray(picture.resize((picture.width * BY, picture.height * BY), kind)).astype(float)


def brightness(picture: numpy.ndarray) -> numpy.ndarray:
    return picture @ numpy.array([0.299, 0.587, 0.114])


def chroma(picture: numpy.ndarray) -> numpy.ndarray:
    """a and b of CIE L*a*b*, of sRGB under D65."""
    linear = numpy.where(picture <= 10.31475, picture / 255 / 12.92, ((picture / 255 + 0.055) / 1.055) ** 2.4)
    xyz = linear @ numpy.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]).T / [0.95047, 1, 1.08883]
    root = numpy.where(xyz > 0.008856, numpy.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return numpy.stack([500 * (root[..., 0] - root[..., 1]), 200 * (root[..., 1] - root[..., 2])], -1)


def decibels(a: numpy.ndarray, b: numpy.ndarray) -> float:
    return float(10 * numpy.log10(255**2 / ((a.clip(0, 255) - b) ** 2).mean()))


def sharpness(picture: numpy.ndarray, truth: numpy.ndarray) -> float:
    """Mean difference of neighbours, as a share of the truth's."""
    steps = [abs(numpy.diff(x.clip(0, 255), axis=axis)).mean() for x in (picture, truth) for axis in (0, 1)]
    return float((steps[0] + steps[1]) / (steps[2] + steps[3]))


def chroma_error(picture: numpy.ndarray, truth: numpy.ndarray) -> float:
    return float(numpy.sqrt(((chroma(picture.clip(0, 255)) - chroma(truth)) ** 2).sum(-1)).mean())


def scenes(count: int) -> tuple[list[numpy.ndarray], list[str]]:
    pictures, prompts = [], []
    for i in range(count):
        rng = numpy.random.default_rng([41, FIRST + i])
        scene = plain_scene(rng)
        pictures.append(render(scene).astype(float))
        prompts.append(caption(scene, rng))
    return pictures, prompts


def restored(program: pathlib.Path, copies: list[numpy.ndarray], prompts: list[str], settings: dict) -> list[numpy.ndarray]:
    """By the program, one picture for each copy."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        plan = []
        for i, (copy, prompt) in enumerate(zip(copies, prompts)):
            Image.fromarray(copy.round().clip(0, 255).astype(numpy.uint8)).save(folder / f"{i}.png")
            plan.append({"settings": SETTINGS | settings | {"prompt": prompt, "image": f"{i}.png", "seed": i}})
        (folder / "plan.json").write_text(json.dumps(plan))
        command = [program, "sweep", "plan.json", "--json", "--out", "out"]
        lines = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.splitlines()
        files = [answer["file"] for answer in map(json.loads, lines) if "file" in answer]
        return [numpy.asarray(Image.open(folder / file).convert("RGB")).astype(float) for file in files]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/restoration.json"))
    arguments = parser.parse_args()
    program = arguments.program.resolve()
    truths, prompts = scenes(arguments.pictures)
    small = [truth.reshape(128 // BY, BY, 128 // BY, BY, 3).mean((1, 3)).round() for truth in truths]
    soft = [blurred(truth, SIGMA).round() for truth in truths]
    grey = [numpy.repeat(brightness(truth).round()[..., None], 3, -1) for truth in truths]
    rows = {
        f"x{BY}": {
            "bicubic": [resized(copy, Image.Resampling.BICUBIC) for copy in small],
            "Lanczos": [resized(copy, Image.Resampling.LANCZOS) for copy in small],
            "ours": restored(program, small, prompts, {"restore": "upscale", "upscale_by": BY, "strength": 0.5}),
            "ours, no words": restored(program, small, [""] * len(small), {"restore": "upscale", "upscale_by": BY, "strength": 0.5}),
        },
        f"deblur, sigma {SIGMA:g}": {
            "blurred": soft,
            "Wiener": [wiener(copy) for copy in soft],
            "Richardson-Lucy": [richardson_lucy(copy) for copy in soft],
            "ours": restored(program, soft, prompts, {"restore": "deblur", "blur_sigma": SIGMA, "strength": 0.5}),
            "ours, no words": restored(program, soft, [""] * len(soft), {"restore": "deblur", "blur_sigma": SIGMA, "strength": 0.5}),
        },
        "colorize": {
            "grey": grey,
            "mean colour": [copy + (truth - brightness(truth)[..., None]).mean((0, 1)) for copy, truth in zip(grey, truths)],
            "ours": restored(program, grey, prompts, {"restore": "colorize"}),
            "ours, no words": restored(program, grey, [""] * len(grey), {"restore": "colorize"}),
        },
    }
    measures = {"dB": decibels, "sharpness": sharpness, "ab error": chroma_error}
    table: dict = {}
    for task, kinds in rows.items():
        print(f"{task:18}" + "".join(f"{name:>20}" for name in measures))
        for kind, pictures in kinds.items():
            values = {name: numpy.array([measure(p, t) for p, t in zip(pictures, truths)]) for name, measure in measures.items()}
            table.setdefault(task, {})[kind] = {name: [float(v.mean()), float(v.std() / len(v) ** 0.5)] for name, v in values.items()}
            print(f"  {kind:16}" + "".join(f"{mean:13.2f} ± {error:4.2f}" for mean, error in table[task][kind].values()), flush=True)
    kept = {
        "brightness": max(abs(brightness(p).round() - g[..., 0]).max() for p, g in zip(rows["colorize"]["ours"], grey)),
        "means": max(abs(p.reshape(128 // BY, BY, 128 // BY, BY, 3).mean((1, 3)) - s).max() for p, s in zip(rows[f"x{BY}"]["ours"], small)),
        "blurred again (RMS)": max(((blurred(p, SIGMA) - s) ** 2).mean() ** 0.5 for p, s in zip(rows[f"deblur, sigma {SIGMA:g}"]["ours"], soft)),
    }
    print("farthest from what is known, levels of 255: " + ", ".join(f"{name} {value:.2f}" for name, value in kept.items()))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({"pictures": len(truths), "table": table, "kept": kept}, indent=1))


if __name__ == "__main__":
    main()
