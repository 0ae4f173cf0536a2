"""The library as a program of somebody else links it: installed, found, and nothing in it that is not asked for."""

import os
import re
import shlex
import subprocess

import pytest
from building import EXAMPLES, ROOT, run
from PIL import Image

EXPORTED = re.compile(r"(typeinfo for |typeinfo name for |vtable for )?latentdial::(?!detail\b)")


@pytest.fixture(scope="session")
def strip(examples, tmp_path_factory):
    """The folder with the pictures of the example dial_strip."""
    folder = tmp_path_factory.mktemp("strip")
    run(examples / "dial_strip", cwd=folder)
    return folder


def sizes(folder):
    return {path.name: Image.open(path).size for path in folder.glob("*.png")}


def test_the_twelve_lines_make_a_strip(strip):
    assert sizes(strip) == {f"dial-{i}.png": (128, 128) for i in range(5)}
    pictures = [(strip / f"dial-{i}.png").read_bytes() for i in range(5)]
    assert len(set(pictures)) == 5


def test_the_strip_is_the_program_s(strip, prefix, tmp_path):
    run(prefix / "bin" / "latentdial", "generate", "--again", strip / "dial-2.png", "-o", tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == (strip / "dial-2.png").read_bytes()


def test_the_drawing_library_labels_the_strip(strip, examples, tmp_path):
    run(examples / "label_strip", tmp_path / "strip.png", *sorted(strip.glob("dial-*.png")))
    width, height = Image.open(tmp_path / "strip.png").size
    assert width == 5 * 128 + 6 * 8 and height > 128


def test_two_clients_at_once(examples, tmp_path):
    said = run(examples / "two_clients", "a dog in the meadow", "a cat in the meadow", cwd=tmp_path)
    assert sizes(tmp_path) == {"one.png": (128, 128), "two.png": (128, 128)}
    for client in ("one", "two"):
        assert re.search(rf"^{client}: step (\d+) of \1$", said, re.MULTILINE)


def test_an_error_is_caught_by_its_type_across_the_border(examples, tmp_path):
    done = subprocess.run([examples / "two_clients", "(a:1000) dog", "a cat"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert re.fullmatch(r"one: invalid_input: .+\n", done.stderr)
    assert sizes(tmp_path) == {"two.png": (128, 128)}


def libraries(program) -> str:
    return run("ldd", program)


def test_the_engine_links_no_cairo(prefix, examples):
    assert "cairo" not in libraries(prefix / "lib" / "liblatentdial.so")
    assert "cairo" not in libraries(examples / "dial_strip")
    assert "cairo" in libraries(prefix / "lib" / "liblatentdial_drawing.so")


@pytest.mark.parametrize("name", ["liblatentdial.so", "liblatentdial_drawing.so"])
def test_the_libraries_show_the_public_api_alone(prefix, name):
    symbols = [line.split(maxsplit=2)[2] for line in run("nm", "-DC", "--defined-only", prefix / "lib" / name).splitlines()]
    assert symbols
    assert [symbol for symbol in symbols if not EXPORTED.match(symbol)] == []


def test_nothing_installed_names_a_path_of_this_machine(prefix):
    for path in prefix.rglob("*"):
        if path.is_file():
            assert str(ROOT).encode() not in path.read_bytes(), path


def test_the_installation_may_be_moved(prefix, tmp_path):
    moved = tmp_path / "moved"
    run("cp", "-a", prefix, moved)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LATENTDIAL_")}
    assert str(moved / "share" / "latentdial" / "scenes") in run(moved / "bin" / "latentdial", "info", env=environment)


def test_the_models_folder_may_be_named(prefix, tmp_path):
    done = subprocess.run([prefix / "bin" / "latentdial", "info"], env={**os.environ, "LATENTDIAL_MODELS": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 2 and str(tmp_path / "scenes") in done.stderr


def test_pkg_config_compiles_the_example_too(prefix, strip, tmp_path):
    environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    flags = shlex.split(run("pkg-config", "--cflags", "--libs", "latentdial", "latentdial-drawing", env=environment))
    run("g++", "-std=c++20", EXAMPLES / "label_strip.cpp", "-o", tmp_path / "label_strip", *flags, f"-Wl,-rpath,{prefix}/lib")
    run(tmp_path / "label_strip", tmp_path / "strip.png", strip / "dial-0.png")
    assert Image.open(tmp_path / "strip.png").size[0] == 128 + 2 * 8


def test_components(prefix, tmp_path):
    assert not (prefix / "latentdial").exists(), "the Python package is pip's to install"
    assert {path.name for path in prefix.iterdir()} == {"bin", "include", "lib", "share"}
