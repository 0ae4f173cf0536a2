"""Our engine, OpenVINO and diffusers in turn on the same random full-size model: seconds, ratios, memory, and the machine's own peak.

    python bench/run.py --build build/release [--sizes 512 ...] [--stages unet decode text picture] [--pictures 1 ...] [--rounds 2] [--repeats 2]
        [--isa AVX2] [--keep FOLDER] [--stable-diffusion-cpp PROGRAM]

All compute in bf16; ours in int8 and f32 follow, and of the U-Net OpenVINO's int8, by its own quantization. stable-diffusion.cpp, whose
program you name, computes in f16 and is its own judge of seconds; it has no text encoder to call alone, and no instruction set to be held to.
With --isa all are held to an older instruction set, and compute in f32. The table goes to the terminal row by row and, with every single
figure, to out/bench.json. Run it on an idle machine: half an hour at 512 pixels, hours for all sizes.
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

PEERS = ("openvino", "diffusers")
QUANTIZED = "openvino-int8"
SD_CPP = "stable-diffusion.cpp"
STAGES = {"unet": "U-Net call, guided", "decode": "VAE decode", "text": "text encoder, 2 prompts", "picture": "picture, 20 steps, warm"}
REPEATS = {"unet": 2, "decode": 2, "text": 5, "picture": 1}


def work(stage: str, size: int) -> float | None:
    """TFLOP of the direct algorithm in SD v1; the U-Net call has batch 2. Attention over pixels grows with the square of their number."""
    pixels = (size / 512) ** 2
    return {"unet": 1.362 * pixels + 0.245 * pixels**2, "decode": 2.481 * pixels + 0.034 * pixels**2}.get(stage)


def held_to(isa: str | None) -> dict[str, str]:
    """The environment in which oneDNN, ours and the peers', torch and MKL use no more than this instruction set."""
    return os.environ | ({"ONEDNN_MAX_CPU_ISA": isa, "ATEN_CPU_CAPABILITY": isa.lower(), "MKL_ENABLE_INSTRUCTIONS": isa} if isa else {})


def run_json(command: list, isa: str | None = None) -> dict:
    result = subprocess.run([str(part) for part in command], check=True, env=held_to(isa), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return json.loads(result.stdout.strip().splitlines()[-1])


def cpu_name() -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


class Bench:
    def __init__(self, build: pathlib.Path, model: pathlib.Path, isa: str | None, sd_cpp: pathlib.Path | None, repeats: int | None):
        self.build, self.model, self.isa, self.sd_cpp, self.dtype = build, model, isa, sd_cpp, "f32" if isa else "bf16"
        self.repeats = REPEATS | ({} if repeats is None else dict.fromkeys(REPEATS, repeats))
        self.peak = {dtype: run_json([build / "bin" / "peak_bench", dtype], isa)["gflops"] for dtype in dict.fromkeys((self.dtype, "f32", "int8"))}

    def ours(self, dtype: str, stage: str, size: int, pictures: int) -> dict:
        return run_json([self.build / "bin" / "engine_bench", self.model, dtype, stage, size, self.repeats[stage], pictures], self.isa)

    def theirs(self, peer: str, stage: str, size: int, pictures: int) -> dict:
        if peer == SD_CPP:
            return run_json([sys.executable, ROOT / "bench" / "stable_diffusion_cpp.py", self.sd_cpp, self.model, stage, size, self.repeats[stage]])
        return run_json([sys.executable, ROOT / "bench" / "peers.py", peer, self.model, stage, size, self.repeats[stage], self.dtype, pictures], self.isa)

    def row(self, stage: str, size: int, pictures: int, rounds: int) -> dict:
        """Ours and theirs in turn, so that a drift of the machine's speed touches all."""
        others = [dtype for dtype in ("int8", "f32") if dtype != self.dtype]
        peers = (*PEERS, QUANTIZED) if stage == "unet" else PEERS
        if self.sd_cpp and stage != "text" and pictures == 1:
            peers = (*peers, SD_CPP)
        runs = {name: [] for name in ("ours", *peers, *(f"ours {dtype}" for dtype in others))}
        for _ in range(rounds):
            runs["ours"].append(self.ours(self.dtype, stage, size, pictures))
            for peer in peers:
                runs[peer].append(self.theirs(peer, stage, size, pictures))
            for dtype in others:
                runs[f"ours {dtype}"].append(self.ours(dtype, stage, size, pictures))
        row = {}
        for name, results in runs.items():
            seconds = statistics.median(second for result in results for second in result["seconds"])
            overhead = min(result["started"] for result in results) - seconds  # The first run may find a cold page cache.
            row[name] = {"seconds": seconds, "start": overhead, "peak_gib": max(result["peak_gib"] for result in results), "runs": results}
        return row


def print_row(label: str, row: dict, key: str, unit: str, share: str = "") -> None:
    ours = row["ours"][key]
    ratios = "".join(f"{row[peer][key]:8.2f}{unit}{row[peer][key] / ours:6.2f}×" for peer in PEERS)
    others = "".join(f"{row[name][key]:8.2f}{unit}" for name in ("ours int8", "ours f32", QUANTIZED, SD_CPP) if name in row)
    print(f"{label:34}{ours:8.2f}{unit}{share:>7}{ratios}{others}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release", help="CMake build folder")
    parser.add_argument("--sizes", type=int, nargs="+", default=[512], help="picture sides in pixels")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES), help="what to time")
    parser.add_argument("--pictures", type=int, nargs="+", default=[1], help="in a call of the U-Net")
    parser.add_argument("--rounds", type=int, default=2, help="alternations of ours and theirs (whole pictures: one)")
    parser.add_argument("--repeats", type=int, help="calls that are timed in each alternation, behind one that is not (default: by stage)")
    parser.add_argument("--isa", help="hold all to this instruction set, as ONEDNN_MAX_CPU_ISA names it, in f32: AVX2, AVX512_CORE")
    parser.add_argument("--stable-diffusion-cpp", type=pathlib.Path, metavar="PROGRAM", help="its sd-cli, timed as well")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the random model, kept between runs")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "out" / "bench.json")
    arguments = parser.parse_args()
    if arguments.isa and arguments.stable_diffusion_cpp:
        parser.error("--stable-diffusion-cpp: its program knows no --isa; time it without")

    from random_models import make_model

    with tempfile.TemporaryDirectory() as temporary:
        model = make_model(arguments.keep or pathlib.Path(temporary), "sd-v1-4")
        for work_on_model in ("convert", "quantize"):
            command = [sys.executable, ROOT / "bench" / "peers.py", "openvino", model, work_on_model, "0", "0"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        bench = Bench(arguments.build, model, arguments.isa, arguments.stable_diffusion_cpp, arguments.repeats)
        print(f"{cpu_name()}, {os.cpu_count()} cores; peak of a matrix product: " + ", ".join(f"{t} {g:.0f} GFLOP/s" for t, g in bench.peak.items()))
        print(f"{bench.dtype + (f', held to {bench.isa}' if bench.isa else ''):34}{'ours':>9}{'peak':>7}" + "".join(f"{peer:>9}{'':7}" for peer in PEERS) + f"{'int8':>9}" + ("" if bench.isa else f"{'f32':>9}") + f"{'OpenVINO int8':>15}" + (f"{SD_CPP:>22}" if bench.sd_cpp else ""), flush=True)
        result = {"cpu": cpu_name(), "cores": os.cpu_count(), "isa": bench.isa, "peak": bench.peak, "rows": {}}
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        rows = [(stage, size, n) for size in arguments.sizes for stage in arguments.stages for n in (arguments.pictures if stage == "unet" else [1])]
        for stage, size, pictures in rows:
            rounds = 1 if stage == "picture" else arguments.rounds
            row = bench.row(stage, size, pictures, rounds)
            result["rows"][f"{stage} {size} x{pictures}"] = row
            tflop = work(stage, size)
            share = f"{tflop * pictures * 1e5 / row['ours']['seconds'] / bench.peak[bench.dtype]:.0f}%" if tflop else ""
            print_row(f"{STAGES[stage]}, {size}²" + (f", {pictures} pictures" if pictures > 1 else ""), row, "seconds", "s", share)
            if stage == "unet":
                print_row("  start to the end of a call, less it", row, "start", "s")
            if stage == "picture":
                print_row("  peak memory, GiB", row, "peak_gib", " ")
            arguments.out.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
