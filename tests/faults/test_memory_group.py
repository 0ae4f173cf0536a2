"""A control group bounds the memory: the kernel kills without a word, so what can be known before is said before."""

import os
import pathlib
import random
import subprocess

import pytest

from plugs import DOG, PROGRAM, TIMES, check_manifest, in_a_mount, row, run, whole_pictures

BOUND = ("systemd-run", "--user", "--scope", "--quiet", "-p", "MemorySwapMax=0", "-p")


def test_too_little_for_the_weights_is_said_before_work(tmp_path):
    """With files of our own in the place of the system's, which only this process sees."""
    groups = "/sys/fs/cgroup"
    script = (
        f"mount -t tmpfs none {groups} && mkdir {groups}/memory && echo 5000000 | tee {groups}/memory.max > {groups}/memory/memory.limit_in_bytes; "
        f"{PROGRAM} {' '.join(DOG[:2])} dog -q -o dog.png; echo code $?"
    )
    process = in_a_mount(tmp_path, "100k", script)
    assert "code 2" in process.stdout and len(process.stderr.splitlines()) == 1, process
    assert "the control group allows 4 MiB" in process.stderr and not (tmp_path / "dog.png").exists()
    row("a control group smaller than the weights", 1, crashed=0)


@pytest.fixture
def bounded():
    """Runs the program in a control group of its own, where the system lends one."""
    if not pathlib.Path("/run/systemd/system").exists() or subprocess.run([*BOUND, "MemoryMax=1G", "true"], capture_output=True).returncode:
        pytest.skip("no control group of our own is to be had: systemd-run --user --scope does not work here")

    def run_in(mib, *arguments):
        return subprocess.run([*BOUND, f"MemoryMax={mib}M", PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=300, env=os.environ)

    return run_in


def test_a_sweep_is_killed_for_its_memory(bounded, plan, tmp_path):
    sweep = ("sweep", plan(200), "--resume", "-q", "--out")
    assert run(*sweep, tmp_path / "alone").returncode == 0
    dice, codes = random.Random(5), []
    for _ in range(TIMES):
        process = bounded(dice.randrange(16, 160), *sweep, tmp_path / "out")
        codes.append(process.returncode)
        assert process.returncode in (0, 1, 2, -9, 137), process
        check_manifest(tmp_path / "out")
    assert run(*sweep, tmp_path / "out").returncode == 0
    assert len(check_manifest(tmp_path / "out")) == 200
    for name in whole_pictures(tmp_path / "alone"):
        assert (tmp_path / "alone" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
    row("killed for its memory", TIMES, killed=sum(code in (-9, 137) for code in codes), refused=codes.count(2), lost=0, twice=0, half=0)
