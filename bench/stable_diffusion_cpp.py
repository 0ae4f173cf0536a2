"""One stage of stable-diffusion.cpp's program, as it reports it:

    python bench/stable_diffusion_cpp.py PROGRAM MODEL STAGE SIZE REPEATS

STAGE is `unet` (a guided step: two calls of batch 1), `decode` or `picture` (20 steps of DPM++ 2M with guidance, without the start).
Weights are multiplied in f16, as it does by default on the CPU. Prints one JSON object: seconds from the start of the process to the first
call's end (`started`), of each call, and the peak memory in GiB.
"""

import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

STEPS = 20
STAGES = {"unet": r"sampling completed, taking ([\d.]+)s", "decode": r"decode_first_stage completed, taking ([\d.]+)s"}


def named_for_it(model: pathlib.Path) -> pathlib.Path:
    """The same folder with the text encoder's tensors named as older versions of transformers do, which is what the program knows."""
    from safetensors.numpy import load_file, save_file

    folder = model / "stable-diffusion.cpp"
    if not folder.exists():
        part = folder.with_suffix(".part")
        (part / "text_encoder").mkdir(parents=True, exist_ok=True)
        for name in ("unet", "vae"):
            (part / name).unlink(missing_ok=True)
            (part / name).symlink_to((model / name).resolve())
        tensors = load_file(model / "text_encoder" / "model.safetensors")
        named = {name if name.startswith("text_model.") else f"text_model.{name}": tensor for name, tensor in tensors.items()}
        save_file(named, part / "text_encoder" / "model.safetensors")
        part.rename(folder)
    return folder


def run(program: str, model: pathlib.Path, size: int, steps: int) -> str:
    """What the program says while it makes a picture."""
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "-m", str(model), "-p", "a temple hidden in the jungle", "--cfg-scale", "7.5", "--sampling-method", "dpm++2m", "--steps", str(steps)]
        command += ["-W", str(size), "-H", str(size), "--seed", "1", "-t", str(os.cpu_count()), "--type", "f16", "-o", os.path.join(folder, "picture.png")]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


def seconds_of(stage: str, said: str) -> float:
    return float(re.search(STAGES[stage], said)[1])


def main() -> None:
    program, model, stage, size, repeats = sys.argv[1], named_for_it(pathlib.Path(sys.argv[2])), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    steps = STEPS if stage == "picture" else repeats
    begin = time.perf_counter()
    said = run(program, model, size, steps)
    whole = time.perf_counter() - begin
    parts = {part: seconds_of(part, said) for part in STAGES}
    seconds = {"unet": parts["unet"] / steps, "decode": parts["decode"], "picture": parts["unet"] + parts["decode"]}[stage]
    started = whole - parts["unet"] - parts["decode"] + seconds
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(json.dumps({"started": started, "seconds": [seconds], "peak_gib": peak}))


if __name__ == "__main__":
    main()
