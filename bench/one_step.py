"""A picture of one step, from the start of the program to the PNG, beside one call of its U-Net.

    python bench/one_step.py --build build/release [--size 512] [--rounds 5] [--keep FOLDER]

The model is random, in SD-Turbo's architecture and f16, as it is published; no guidance, TAESD decodes. The first round finds a cold page
cache and is left out. Prints seconds, their ratio and what the program takes beside the call; out/one_step.json has every figure.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

from run import ROOT, cpu_name, run_json


def make_taesd(path: pathlib.Path) -> pathlib.Path:
    import torch
    from diffusers import AutoencoderTiny

    torch.manual_seed(14)
    AutoencoderTiny().to(torch.float16).save_pretrained(path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release", help="CMake build folder")
    parser.add_argument("--size", type=int, default=512, help="picture side in pixels")
    parser.add_argument("--rounds", type=int, default=5, help="alternations of picture and call")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the random model, kept between runs")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "out" / "one_step.json")
    arguments = parser.parse_args()

    import torch
    from random_models import PREDICTIONS, TEXTS, UNETS, make_model

    UNETS["sd-turbo"], TEXTS["sd-turbo"], PREDICTIONS["sd-turbo"] = UNETS["sd-v2-1"] | {"sample_size": 64}, TEXTS["sd-v2-1"], "epsilon"
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or pathlib.Path(temporary)
        model, taesd = make_model(folder, "sd-turbo", torch.float16), make_taesd(folder / "taesd")
        size = str(arguments.size)
        picture = [arguments.build / "bin" / "latentdial", "generate", "-m", model, "--taesd", taesd, "-p", "a temple hidden in the jungle", "--sampler", "euler"]
        picture += ["--steps", "1", "--cfg", "1", "--size", f"{size}x{size}", "-o", pathlib.Path(temporary) / "one.png"]
        pictures, calls = [], []
        for _ in range(arguments.rounds + 1):
            start = time.perf_counter()
            subprocess.run([str(part) for part in picture], check=True, stdout=subprocess.DEVNULL)
            pictures.append(time.perf_counter() - start)
            calls += run_json([arguments.build / "bin" / "engine_bench", model, "bf16", "unguided", size, 3])["seconds"]
    seconds, call = statistics.median(pictures[1:]), statistics.median(calls[3:])
    print(f"{cpu_name()}, {os.cpu_count()} cores: one step at {size}²: {seconds:.2f} s, a call {call:.2f} s; {seconds / (call + 0.5):.2f} × (call + 0.5 s); beside the call {seconds - call:.2f} s")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({"cpu": cpu_name(), "size": arguments.size, "pictures": pictures, "calls": calls}, indent=1))


if __name__ == "__main__":
    main()
