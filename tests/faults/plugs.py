"""What every fault's test needs: the program, a plan, a count of what was lost, a disk of one's own."""

import json
import os
import pathlib
import subprocess

import numpy
import pytest
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("LATENTDIAL_BIN", "build/release/bin/latentdial")).resolve()
SANITIZED = "LATENTDIAL_SANITIZED" in os.environ
TIMES = int(os.environ.get("LATENTDIAL_FAULTS", "8"))
SMALL = {"prompt": "a dog", "steps": 2, "width": 64, "height": 64, "sampler": "ddim"}
DOG = ("generate", "-p", "a dog", "--steps", "2", "--size", "64x64", "-q")


def run(*arguments, **options):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=300, **options)


def preloading(name, folder):
    """An environment in which the library of NAME.c is loaded before all others; it is built in the folder."""
    library = folder / f"{name}.so"
    source = pathlib.Path(__file__).with_name(f"{name}.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", source, "-o", library], check=True)
    return {**os.environ, "LD_PRELOAD": str(library)}


def row(fault, times, **counts):
    print(f"\n{fault}: {times} times; " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items()))


def whole_pictures(folder) -> set[str]:
    """Names of the pictures in a folder; each must be whole."""
    names = set()
    for path in folder.glob("*.png"):
        numpy.asarray(Image.open(path))
        names.add(path.name)
    return names


def check_manifest(folder):
    """The pictures that are listed: each once, and there. The last line alone may be cut."""
    path = folder / "manifest.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    files = []
    for i, line in enumerate(lines):
        try:
            files.append(json.loads(line)["file"])
        except ValueError:
            assert i == len(lines) - 1, "a line within the manifest is cut"
    assert len(files) == len(set(files)), "a picture is listed twice"
    assert set(files) <= whole_pictures(folder), "a listed picture is missing"
    return files


def in_a_mount(tmp_path, size, script):
    """Runs a shell script with a small tmpfs of its own at `disk`, which only it can see; skips where that is not allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size={size} none {disk} || exit 77; {script}"
    process = subprocess.run(["unshare", "-m", "sh", "-c", mount], capture_output=True, text=True, timeout=300, cwd=tmp_path)
    if process.returncode in (1, 77) and ("unshare" in process.stderr or process.returncode == 77):
        pytest.skip("a mount of its own is not allowed here")
    return process
