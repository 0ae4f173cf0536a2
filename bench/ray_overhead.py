"""What Ray costs: a sweep by two actors of one core each beside the bare engine, one process a core; pictures a second of both.

    PYTHONPATH=build/release/python python bench/ray_overhead.py --program build/release/bin/latentdial --pictures 400
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import ray

from latentdial.ray import run

CORES = 2
SETTINGS = {"prompt": "a temple in the jungle", "steps": 20, "sampler": "dpm++2m"}


def bare(program, plan, folder) -> None:
    """A shard a core, as without Ray."""
    command = [program, "sweep", plan, "--threads", "1", "-q", "--out", folder]
    shards = [subprocess.Popen([*command, "--shard", f"{i + 1}/{CORES}"], stdout=subprocess.DEVNULL) for i in range(CORES)]
    assert all(shard.wait() == 0 for shard in shards)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--pictures", type=int, default=400)
    arguments = parser.parse_args()
    ray.init(num_cpus=CORES, log_to_driver=False, logging_level="ERROR")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for file, pictures in (("plan.json", arguments.pictures), ("two.json", 2)):
            (folder / file).write_text(json.dumps({"settings": SETTINGS, "grid": {"seed": f"0:{pictures - 1}:{pictures}"}}))
        run(folder / "two.json", out=folder / "warm", workers=CORES, cpus=1, batch=1)  # Ray's own processes start.
        began = time.monotonic()
        bare(arguments.program.resolve(), folder / "plan.json", folder / "bare")
        alone = time.monotonic() - began
        began = time.monotonic()
        run(folder / "plan.json", out=folder / "ray", workers=CORES, cpus=1)
        with_ray = time.monotonic() - began
    print(f"bare engine {alone:.1f} s, Ray {with_ray:.1f} s for {arguments.pictures} pictures: {100 * (with_ray / alone - 1):+.1f} %")


if __name__ == "__main__":
    main()
