"""Where the small programs of tests/tools lie."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def program(name: str) -> pathlib.Path:
    """In LATENTDIAL_TOOLS when that is set, else in the CMake build folder that LATENTDIAL_BUILD names."""
    build = ROOT / os.environ.get("LATENTDIAL_BUILD", "build/release")
    path = pathlib.Path(os.environ.get("LATENTDIAL_TOOLS") or build / "tests" / "tools") / name
    assert path.is_file(), f"{path} is not built; build all targets, or set LATENTDIAL_BUILD to the build folder"
    return path
