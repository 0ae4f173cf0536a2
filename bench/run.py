"""Our engine and diffusers in turn on the same random full-size model: seconds, ratios, memory, and the machine's own peak.

    python bench/run.py --build build/release [--size 512] [--rounds 3] [--keep FOLDER]

The table goes to the terminal and, with the raw figures, to out/bench.json. Run it on an idle machine.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "parity"))

WORK_512 = {"unet": 1.607, "decode": 2.515}  # TFLOP at 512×512; the U-Net call has batch 2

DIFFUSERS = """
import json, sys, time, torch
from diffusers import AutoencoderKL, UNet2DConditionModel
model, dtype, stage, size, repeats = sys.argv[1], getattr(torch, sys.argv[2]), sys.argv[3], int(sys.argv[4]) // 8, int(sys.argv[5])
torch.set_grad_enabled(False)
if stage == "unet":
    unet = UNet2DConditionModel.from_pretrained(model + "/unet", torch_dtype=dtype).to(memory_format=torch.channels_last)
    x, s = torch.randn(2, 4, size, size, dtype=dtype).to(memory_format=torch.channels_last), torch.randn(2, 77, 768, dtype=dtype)
    call = lambda: unet(x, 500, s)
else:
    vae = AutoencoderKL.from_pretrained(model + "/vae", torch_dtype=dtype).to(memory_format=torch.channels_last)
    x = torch.randn(1, 4, size, size, dtype=dtype).to(memory_format=torch.channels_last)
    call = lambda: vae.decode(x)
call()
seconds = []
for _ in range(repeats):
    start = time.perf_counter()
    call()
    seconds.append(time.perf_counter() - start)
print(json.dumps({"seconds": seconds}))
"""


def run_json(command: list) -> dict:
    result = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
    return json.loads(result.stdout.strip().splitlines()[-1])


def peak_memory(command: list) -> float:
    """GiB of the largest resident set of the process."""
    process = subprocess.Popen([str(part) for part in command])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"bench: {command[0]} ended with {process.returncode}")
    return usage.ru_maxrss / 2**20


def cpu_name() -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def time_stage(build: pathlib.Path, model: pathlib.Path, stage: str, size: int, rounds: int) -> dict:
    """Ours and theirs in turn, so that a drift of the machine's speed touches both."""
    ours, theirs = [], []
    for _ in range(rounds):
        ours += run_json([build / "bin" / "engine_bench", model, "bf16", stage, size, size, 2])["seconds"]
        theirs += run_json([sys.executable, "-c", DIFFUSERS, model, "bfloat16", stage, size, 2])["seconds"]
    return {"ours": statistics.median(ours), "diffusers": statistics.median(theirs), "all": {"ours": ours, "diffusers": theirs}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release", help="CMake build folder")
    parser.add_argument("--size", type=int, default=512, help="picture side in pixels")
    parser.add_argument("--rounds", type=int, default=3, help="alternations of ours and theirs")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the random model, kept between runs")
    arguments = parser.parse_args()

    from random_models import make_model

    with tempfile.TemporaryDirectory() as temporary:
        model = make_model(arguments.keep or pathlib.Path(temporary), "sd-v1-4")
        picture = [arguments.build / "bin" / "latentdial", "generate", "-m", model, "-p", "a temple", "--dtype", "bf16", "--steps", 2, "-q"]
        size = f"{arguments.size}x{arguments.size}"
        memory = peak_memory([*picture, "--size", size, "-o", pathlib.Path(temporary) / "picture.png"])
        peak = {dtype: run_json([arguments.build / "bin" / "peak_bench", dtype]) for dtype in ("f32", "bf16")}
        result = {"cpu": cpu_name(), "cores": os.cpu_count(), "size": arguments.size, "peak": peak, "picture_peak_gib": memory}
        print(f"{result['cpu']}, {result['cores']} cores; bf16 peak {peak['bf16']['gflops']:.0f} GFLOP/s, f32 {peak['f32']['gflops']:.0f}")
        print(f"{'peak memory, one picture':24}{memory:5.2f} GiB")
        print(f"{'':24}{'ours':>9}{'diffusers':>11}{'ratio':>8}{'of peak':>9}", flush=True)
        for stage, label in (("unet", "U-Net call, guided"), ("decode", "VAE decode")):
            row = result[stage] = time_stage(arguments.build, model, stage, arguments.size, arguments.rounds)
            share = WORK_512[stage] * 1000 / row["ours"] / peak["bf16"]["gflops"]
            of_peak = f"{100 * share:8.0f}%" if arguments.size == 512 else ""
            print(f"{label:24}{row['ours']:8.2f}s{row['diffusers']:10.2f}s{row['diffusers'] / row['ours']:7.2f}×{of_peak}", flush=True)
    out = ROOT / "out"
    out.mkdir(exist_ok=True)
    (out / "bench.json").write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
