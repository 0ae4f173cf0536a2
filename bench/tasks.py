"""What each task costs on one picture of a full-size model: seconds, as many times as a plain picture of the same steps, and peak memory.

    python bench/tasks.py --build build/release [--size 512] [--steps 20] [--dtype bf16] [--only inpaint ...] [--keep FOLDER]

The model is random, in SD v1-4's architecture and f16, as it is published. Each task is a run of the program, from its start to the PNG.
Prints a row a task; out/tasks.json has every figure.
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time

from run import ROOT, cpu_name

WORDS = ["-p", "a temple hidden in the jungle"]


def tasks(size: int, whole: str, small: str, narrow: str, grey: str, mask: str) -> dict[str, list[str]]:
    """The command of each task; what it makes has `size`, but where the program extends `narrow` to that."""
    sized = ["--size", f"{size}x{size}"]
    beside = str((size - size // 8 * 6) // 2)
    return {
        "generate": ["generate", *sized],
        "image to image, strength 0.75": ["generate", *sized, "--image", whole, "--strength", "0.75"],
        "inpaint": ["inpaint", *sized, "--image", whole, "--mask", mask, "--strength", "1"],
        "inpaint, ding": ["inpaint", *sized, "--image", whole, "--mask", mask, "--strength", "1", "--mask-update", "ding", "--sampler", "ddim"],
        "outpaint": ["outpaint", "--image", narrow, "--extend-left", beside, "--extend-right", beside],
        "colorize": ["colorize", "--image", grey],
        "deblur": ["deblur", "--image", whole, "--sigma", "2"],
        "upscale by 4": ["upscale", "--image", small, "--by", "4"],
        "high-res pass, by 2": ["generate", "--size", f"{size // 2}x{size // 2}", "--hires", "2"],
        "dial, one position": ["generate", *sized, "--style", "winter", "--at", "0.5"],
        "dial in a part, one position": ["inpaint", *sized, "--image", whole, "--mask", mask, "--strength", "1", "--style", "winter", "--at", "0.5"],
    }


def draw_inputs(folder: pathlib.Path, size: int) -> dict[str, str]:
    """Pictures with something in them everywhere, since no task may gain from a plain one."""
    from PIL import Image, ImageDraw

    whole = Image.radial_gradient("L").resize((size, size)).convert("RGB")
    ImageDraw.Draw(whole).rectangle((size // 4, size // 4, size // 2, size * 3 // 4), fill=(200, 80, 40))
    mask = Image.new("L", (size, size))
    ImageDraw.Draw(mask).rectangle((size // 4, size // 4, size * 3 // 4, size * 3 // 4), fill=255)
    pictures = {"whole": whole, "small": whole.resize((size // 4, size // 4)), "narrow": whole.crop((size // 8, 0, size // 8 * 7, size)), "grey": whole.convert("L"), "mask": mask}
    for name, picture in pictures.items():
        picture.save(folder / f"{name}.png")
    return {name: str(folder / f"{name}.png") for name in pictures}


def cost(command: list[str]) -> dict[str, float]:
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return {"seconds": time.perf_counter() - start, "peak_gib": usage.ru_maxrss / 2**20}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release", help="CMake build folder")
    parser.add_argument("--size", type=int, default=512, help="picture side in pixels")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--dtype", help="f32, bf16 or int8 (default: the faster of the processor's)")
    parser.add_argument("--only", nargs="+", metavar="TASK", help="the tasks whose names begin so")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the random model, kept between runs")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "out" / "tasks.json")
    arguments = parser.parse_args()

    import torch
    from random_models import make_model

    with tempfile.TemporaryDirectory() as temporary:
        model = make_model(arguments.keep or pathlib.Path(temporary), "sd-v1-4", torch.float16)
        inputs = draw_inputs(pathlib.Path(temporary), arguments.size)
        common = [*WORDS, "-m", str(model), "--steps", str(arguments.steps), "-q", "-o", f"{temporary}/out.png"]
        common += ["--dtype", arguments.dtype] if arguments.dtype else []
        print(f"{cpu_name()}, {os.cpu_count()} cores, {arguments.dtype or 'its own number format'}, {arguments.steps} steps, {arguments.size}²", flush=True)
        result = {"cpu": cpu_name(), "dtype": arguments.dtype, "steps": arguments.steps, "size": arguments.size, "tasks": {}}
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        for name, command in tasks(arguments.size, **inputs).items():
            if name != "generate" and arguments.only and not name.startswith(tuple(arguments.only)):
                continue
            row = result["tasks"][name] = cost([str(arguments.build / "bin" / "latentdial"), *command, *common])
            plain = result["tasks"]["generate"]["seconds"]
            print(f"{name:32}{row['seconds']:8.1f} s{row['seconds'] / plain:7.2f} ×{row['peak_gib']:7.2f} GiB", flush=True)
            arguments.out.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
