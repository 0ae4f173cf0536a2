"""What the linker and the compiler were told, read in the built files: a mistake in memory is to end the program, not to be used."""

import importlib.util
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = pathlib.Path(os.environ.get("LATENTDIAL_BIN", ROOT / "build/release/bin/latentdial")).resolve()
LIBRARIES = PROGRAM.parents[1] / "lib"
ENDBR64 = b"\xf3\x0f\x1e\xfa"  # Where alone an indirect jump may land, with -fcf-protection.

pytestmark = pytest.mark.skipif("LATENTDIAL_SANITIZED" in os.environ, reason="sanitizers take other flags")


def built():
    """The program, its libraries, and the installed package's extension where there is one."""
    files = {"program": PROGRAM, "library": LIBRARIES / "liblatentdial.so", "drawing": LIBRARIES / "liblatentdial_drawing.so"}
    try:
        extension = importlib.util.find_spec("latentdial._engine")
    except ModuleNotFoundError:
        extension = None
    return files | ({"extension": pathlib.Path(extension.origin)} if extension else {})


@pytest.fixture(params=["program", "library", "drawing", "extension"])
def name(request):
    if request.param not in built():
        pytest.skip("the Python package is not installed")
    return request.param


def readelf(name, *options):
    return subprocess.run(["readelf", "--wide", *options, built()[name]], capture_output=True, text=True, check=True).stdout


def test_addresses_are_random_and_no_code_is_written(name):
    assert re.search(r"Type:\s+DYN", readelf(name, "--file-header"))
    assert "TEXTREL" not in readelf(name, "--dynamic")
    segments = [line.split() for line in readelf(name, "--segments").splitlines() if line.startswith("  LOAD")]
    assert len(segments) >= 4
    assert not [flags for flags in (" ".join(words[6:-1]) for words in segments) if "W" in flags and "E" in flags]


def test_the_stack_holds_no_code(name):
    stack = re.search(r"GNU_STACK(?:\s+0x\w+){5}\s+(\S+)\s", readelf(name, "--segments"))
    assert stack and stack[1] == "RW"


def test_the_table_of_functions_is_not_written_after_the_start(name):
    assert "GNU_RELRO" in readelf(name, "--segments")
    assert re.search(r"\(FLAGS_1\).*\bNOW\b", readelf(name, "--dynamic"))
    if name == "program":
        assert re.search(r"\(FLAGS_1\).*\bPIE\b", readelf(name, "--dynamic"))


def test_stacks_have_a_guard(name):
    assert "__stack_chk_fail@" in readelf(name, "--dyn-syms")


@pytest.mark.parametrize("name", ["program", "library"])
def test_copies_know_the_size_of_their_buffer(name):
    assert re.search(r"\b__\w+_chk@", readelf(name, "--dyn-syms"))


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="of x86-64")
def test_indirect_jumps_have_their_landings(name):
    assert built()[name].read_bytes().count(ENDBR64) > 20


def test_libraries_are_looked_for_beside_the_file_alone(name):
    """An empty part is the current folder, and so is what CMake fills a path up with."""
    for folders in re.findall(r"\((?:RUNPATH|RPATH)\).*\[(.*)\]", readelf(name, "--dynamic")):
        assert all(folder.startswith("$ORIGIN") for folder in folders.split(":")), folders


def test_no_library_of_the_current_folder_is_loaded(tmp_path):
    needed = {library for file in ("program", "library", "drawing") for library in re.findall(r"\(NEEDED\).*\[(.*)\]", readelf(file, "--dynamic"))}
    assert len(needed) > 10
    for library in needed:
        for folder in (tmp_path, tmp_path / "tls", tmp_path / "x86_64", tmp_path / "glibc-hwcaps" / "x86-64-v2"):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / library).write_text("no library")
    assert subprocess.run([PROGRAM, "--version"], cwd=tmp_path, capture_output=True, text=True).returncode == 0
