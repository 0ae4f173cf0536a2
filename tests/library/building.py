"""Runs CMake, compilers and programs for the tests of this folder."""

import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "cpp"
PROGRAM = pathlib.Path(os.environ.get("LATENTDIAL_BIN", "build/release/bin/latentdial")).resolve()


def run(*command, **options) -> str:
    """Runs a command; returns what it says on stdout, and fails with all it says when it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def install(build: pathlib.Path, prefix: pathlib.Path) -> pathlib.Path:
    run("cmake", "--install", build, "--prefix", prefix)
    return prefix


def build_project(source: pathlib.Path, build: pathlib.Path, *options: str) -> pathlib.Path:
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    run("cmake", "-S", source, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", *launcher, *options)
    run("cmake", "--build", build)
    return build
