"""latentdial as a folder of another project, and as a static library."""

import os

import pytest
from building import EXAMPLES, ROOT, build_project, install, run

WHOLE = pytest.mark.skipif("LATENTDIAL_WHOLE" not in os.environ, reason="`make library` compiles everything once more")


@pytest.fixture(scope="session")
def outer(tmp_path_factory):
    """A project that adds latentdial and the examples as folders."""
    folder = tmp_path_factory.mktemp("outer")
    (folder / "CMakeLists.txt").write_text(
        f"""cmake_minimum_required(VERSION 3.25)
project(outer LANGUAGES CXX)
add_subdirectory({ROOT} latentdial)
add_subdirectory({EXAMPLES} examples)
foreach(option PROGRAM TESTS INSTALL WERROR)
  message(STATUS "LATENTDIAL_${{option}}=${{LATENTDIAL_${{option}}}}")
endforeach()
"""
    )
    return folder


def test_a_project_may_add_it_as_a_folder(outer, tmp_path):
    said = run("cmake", "-S", outer, "-B", tmp_path, "-G", "Ninja")
    assert all(f"LATENTDIAL_{option}=OFF" in said for option in ("PROGRAM", "TESTS", "INSTALL", "WERROR"))
    run("cmake", "--build", tmp_path, "--target", "examples/CMakeFiles/dial_strip.dir/dial_strip.cpp.o")


@WHOLE
def test_a_static_library_serves_too(outer, tmp_path):
    build = build_project(outer, tmp_path / "build", "-DBUILD_SHARED_LIBS=OFF", "-DLATENTDIAL_INSTALL=ON", "-DLATENTDIAL_WERROR=ON")
    run(build / "examples" / "dial_strip", cwd=tmp_path)
    prefix = install(build, tmp_path / "prefix")
    found = build_project(EXAMPLES, tmp_path / "found", f"-DCMAKE_PREFIX_PATH={prefix}")
    assert "latentdial" not in run("ldd", found / "dial_strip").replace(str(found), "")
    flags = run("pkg-config", "--cflags", "--libs", "latentdial", env={**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")})
    run("g++", "-std=c++20", EXAMPLES / "dial_strip.cpp", "-o", tmp_path / "dial_strip", *flags.split())
    models = {**os.environ, "LATENTDIAL_MODELS": str(prefix / "share" / "latentdial")}
    for program in (found / "dial_strip", tmp_path / "dial_strip"):
        (tmp_path / "again").mkdir(exist_ok=True)
        run(program, cwd=tmp_path / "again", env=models)
        assert (tmp_path / "again" / "dial-4.png").read_bytes() == (tmp_path / "dial-4.png").read_bytes()
