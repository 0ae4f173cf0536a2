"""Runs every fuzzer for a while and says what it found: python tests/fuzz/run.py --seconds 1800 --runs 1000000

What a run learns stays in build/fuzz/corpus; an input that crashes, hangs or takes too much memory stays in build/fuzz/findings, and goes into
tests/fuzz/corpus when it is mended."""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
LONGEST_INPUT = 64 << 10
SECONDS_AN_INPUT = 20  # Under the sanitizers, which take five to ten times as long.
MEGABYTES = 1024


def command(build: pathlib.Path, name: str, seconds: int, seed: int) -> list[str]:
    learnt, findings = build / "corpus" / name, build / "findings" / name
    for folder in (learnt, findings):
        folder.mkdir(parents=True, exist_ok=True)
    limits = [f"-max_len={LONGEST_INPUT}", f"-timeout={SECONDS_AN_INPUT}", f"-rss_limit_mb={MEGABYTES}", f"-malloc_limit_mb={MEGABYTES // 2}"]
    options = [f"-max_total_time={seconds}", f"-seed={seed}", "-print_final_stats=1", f"-artifact_prefix={findings}/", *limits]
    return [str(build / "fuzz" / f"{name}_fuzz"), *options, str(learnt), str(HERE / "corpus" / name)]


def fuzz(build: pathlib.Path, name: str, seconds: int, runs: int, seed: int) -> dict:
    """At least `seconds` and `runs`, or until the first finding."""
    started, done = time.monotonic(), 0
    while True:
        answer = subprocess.run(command(build, name, seconds, seed), capture_output=True, text=True, errors="replace", env={**os.environ, "OMP_NUM_THREADS": "1"})
        executed = re.search(r"number_of_executed_units: (\d+)", answer.stderr)
        done += int(executed[1]) if executed else 0
        if answer.returncode or done >= runs:
            break
    return {"name": name, "runs": done, "seconds": time.monotonic() - started, "failed": answer.returncode != 0, "log": answer.stderr}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/fuzz"))
    parser.add_argument("--seconds", type=int, default=1800, help="each fuzzer runs so long")
    parser.add_argument("--runs", type=int, default=0, help="and longer, until it ran so many inputs")
    parser.add_argument("--seed", type=int, default=0, help="of the inputs; 0: another each time")
    parser.add_argument("--only", default="", help="names, separated by commas")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    names = sorted(path.name.removesuffix("_fuzz.cc") for path in HERE.glob("*_fuzz.cc"))
    if arguments.only:
        names = [name for name in names if name in arguments.only.split(",")]
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        results = list(pool.map(lambda name: fuzz(arguments.build, name, arguments.seconds, arguments.runs, arguments.seed), names))
    for result in results:
        print(f"{result['name']:16} {result['runs']:10,} runs  {result['seconds']:6.0f} s  {'FOUND SOMETHING' if result['failed'] else 'nothing found'}")
    for result in results:
        if result["failed"]:
            print(f"\n{result['name']}:\n{result['log'][-6000:]}")
    sys.exit(any(result["failed"] for result in results))


if __name__ == "__main__":
    main()
