"""The house rules that a program can check: which room may see which, and how long a file may be."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).parents[2]
ROOMS = ["files", "tensor", "image", "drawing", "ops", "weights", "prompt", "diffusion", "models", "dial", "pipeline", "calibrate", "sweep"]
MAY_SEE = {
    "files": set(),
    "tensor": set(),
    "image": set(),
    "drawing": {"image"},
    "ops": {"tensor"},
    "weights": {"tensor"},
    "prompt": {"files", "tensor"},
    "diffusion": {"tensor"},
    "models": {"tensor", "ops", "weights"},
    "dial": {"tensor"},
    "pipeline": {"files", "tensor", "image", "ops", "weights", "prompt", "diffusion", "models", "dial"},
    "calibrate": set(),
    "sweep": set(),
}
LONGEST = 500


def tracked(*patterns: str) -> list[pathlib.Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def includes(path: pathlib.Path) -> list[str]:
    return re.findall(r'^#include "([^"]+)"', path.read_text(), re.MULTILINE)


def test_rooms_include_only_rooms_below_them():
    wrong = []
    for path in tracked("src"):
        if path.suffix not in {".h", ".cc"}:
            continue
        room = path.relative_to(ROOT / "src").parts[0]
        for header in includes(path):
            other = header.split("/")[0]
            if other in ROOMS and other != room and other not in MAY_SEE[room]:
                wrong.append(f"{path.relative_to(ROOT)} includes {header}")
    assert not wrong


def test_every_room_is_known():
    assert {path.name for path in (ROOT / "src").iterdir() if path.is_dir()} == set(ROOMS)


def test_programs_sit_on_the_public_api_alone():
    for path in tracked("apps", "python"):
        if path.suffix in {".h", ".cc"}:
            for header in includes(path):
                assert header.split("/")[0] not in ROOMS, f"{path.relative_to(ROOT)} includes {header}"


def test_public_headers_need_nothing_from_src():
    for path in tracked("include"):
        for header in includes(path):
            assert header.startswith("latentdial/"), f"{path.relative_to(ROOT)} includes {header}"


def test_only_the_back_end_knows_its_libraries():
    for path in tracked("src", "apps", "include", "python"):
        if path.suffix in {".h", ".cc"} and "src/ops/cpu" not in path.as_posix():
            assert not re.search(r"#include <(dnnl|oneapi/dnnl|hwy)", path.read_text()), path


def test_the_engine_reads_the_environment_in_one_place():
    assert [path.name for path in tracked("src", "include") if "getenv" in path.read_text()] == ["data_files.cc"]


def test_the_one_include_has_every_public_header_but_the_drawing_ones():
    public = {f"latentdial/{path.name}" for path in tracked("include") if path.suffix == ".h"} | {"latentdial/version.h"}
    apart = {"latentdial/latentdial.h", "latentdial/strip.h", "latentdial/explanation.h"}
    # These come with others and go inside in time.
    apart |= {f"latentdial/{name}.h" for name in ("export", "scene", "colour_map", "pixel_features")}
    assert set(includes(ROOT / "include/latentdial/latentdial.h")) == public - apart


def test_the_documents_name_every_package_that_the_build_needs():
    listed = re.search(r"^PACKAGES := ((?:.*\\\n)*.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    packages = {word for word in listed.split() if word.startswith(("lib", "zlib", "nlohmann"))}
    for page in ("docs/cpp.md", "README.md"):
        missing = packages - set(re.findall(r"[\w+.-]+", (ROOT / page).read_text()))
        assert missing <= ({"libgtest-dev", "libgmock-dev", "libbenchmark-dev"} if page == "README.md" else set()), f"{page}: {missing}"


def test_no_source_file_is_too_long():
    for path in tracked("*.h", "*.cc", "*.py"):
        lines = len(path.read_text().splitlines())
        assert lines <= LONGEST, f"{path.relative_to(ROOT)} has {lines} lines"
