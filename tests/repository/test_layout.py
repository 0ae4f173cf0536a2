"""The house rules that a program can check: which room may see which, and how long a file may be."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).parents[2]
ROOMS = [
    "text", "files", "tensor", "image", "drawing", "ops", "weights", "prompt", "diffusion", "models", "dial", "model", "upscale", "clip", "task", "denoise",
    "reading", "session", "pipeline", "calibrate", "sweep",
]
MAY_SEE = {
    "text": set(),
    "files": {"text"},
    "tensor": set(),
    "image": {"text", "files"},
    "drawing": {"text", "image"},
    "ops": {"tensor"},
    "weights": {"text", "files", "tensor"},
    "prompt": {"text", "files", "tensor"},
    "diffusion": {"tensor"},
    "models": {"tensor", "ops", "weights"},
    "dial": {"text", "files", "tensor"},
    "model": {"text", "files", "tensor", "ops", "weights", "prompt", "diffusion", "models", "dial"},
    "upscale": {"text", "tensor", "image", "ops", "weights", "models", "model"},
    "clip": {"text", "files", "tensor", "image", "ops", "weights", "prompt", "models", "dial", "model"},
    "task": {"text", "tensor", "image", "prompt", "diffusion", "dial", "model", "upscale"},
    "denoise": {"tensor", "ops", "diffusion", "models", "dial"},
    "reading": {"tensor", "diffusion", "dial", "denoise"},
    "session": {"tensor", "image", "diffusion", "dial", "model", "task", "denoise", "reading"},
    "pipeline": {"prompt", "text", "tensor", "diffusion", "model", "task", "denoise", "reading", "session"},
    "calibrate": {"text", "prompt", "dial", "reading", "pipeline"},
    "sweep": {"text", "files", "tensor"},
}
RESEARCH_MAY_USE = {"restoration": {"ruler", "training", "world"}, "world": set(), "training": {"world"}, "ruler": {"training", "world"}, "figures": {"world", "training"}}
LONGEST = 450


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


def test_research_is_used_one_way_and_by_nothing_else():
    """Figures and ruler use the training and the world, the training the world; the product, its tests and benchmarks none of them."""
    for path in tracked("*.py"):
        place = path.relative_to(ROOT).parts
        if place[:2] == ("tests", "research"):
            continue
        allowed = RESEARCH_MAY_USE.get(place[1], set()) | {place[1]} if place[0] == "research" else set()
        for package in re.findall(r"^\s*(?:from|import) research\.(\w+)", path.read_text(), re.MULTILINE):
            assert package in allowed, f"{path.relative_to(ROOT)} imports research.{package}"


def test_the_engine_knows_no_flags():
    """An error has its field as data (latentdial/error.h); how it is called is a face's own affair."""
    lines = [f"{path.relative_to(ROOT)}: {line.strip()}" for path in tracked("src") if path.suffix in {".h", ".cc"} for line in path.read_text().splitlines() if '"--' in line]
    assert not lines


def test_json_is_read_in_one_place():
    """parse_json bounds depth and memory. A header of tensors is read without a tree, by states that bound its depth."""
    reads = re.compile(r"\bsax_parse\(|\b\w*[jJ]son(?:<\w*>)?::(?:parse|from_\w+|accept)\(|\bis >>|from_cbor|from_msgpack|from_bson|from_ubjson")
    places = {path.relative_to(ROOT).as_posix() for path in tracked("src", "apps", "include", "python/binding") if path.suffix in {".h", ".cc"} and reads.search(path.read_text())}
    assert places == {"include/latentdial/json.h", "src/weights/safetensors_header.cc"}


def test_files_are_written_in_one_place():
    """Whole or not at all, under no name that can be foreseen, through no link."""
    writes = re.compile(r"ofstream|\bfopen\(|O_CREAT \||O_TMPFILE \||fstream>.*out|mkstemp|\bcreat\(")
    assert {path.relative_to(ROOT).as_posix() for path in tracked("src", "apps", "include", "python") if path.suffix in {".h", ".cc"} and writes.search(path.read_text())} == {"src/files/write_file.cc"}
    opens = re.compile(r"\bopen\(|write_(?:bytes|text)\(|(?<!super\(\))\.save\((?!buffer\b)")  # PIL's own save writes to memory.
    assert [path.name for path in tracked("python/latentdial") if path.suffix == ".py" and opens.search(re.sub(r'""".*?"""', "", path.read_text(), flags=re.DOTALL))] == ["ray.py"]


def test_programs_print_by_what_escapes():
    """print_line; the progress bar and the last line of all have no foreign text but single_line's."""
    assert {path.name for path in tracked("apps/cli") if path.suffix == ".cc" and "fmt::print(" in path.read_text()} == {"main.cc", "output.cc", "progress.cc"}


def test_the_engine_reads_the_environment_in_one_place():
    assert [path.name for path in tracked("src", "include") if "getenv" in path.read_text()] == ["data_files.cc"]


def test_the_one_include_has_every_public_header_but_the_drawing_ones():
    public = {f"latentdial/{path.name}" for path in tracked("include") if path.suffix == ".h"} | {"latentdial/version.h"}
    apart = {"latentdial/latentdial.h", "latentdial/strip.h", "latentdial/explanation.h"}
    apart |= {"latentdial/export.h"}  # Comes with the others.
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


def test_the_documents_name_files_that_exist():
    """Of today: the changelog tells of earlier ones."""
    named = re.compile(r"`((?:src|apps|include|python|research|tests|bench|docs|examples|cmake)/[\w./+-]*\.(?:cc|h|py|md|cmake|json|sh))")
    missing = [f"{path.name}: {file}" for path in tracked("*.md") if path.name != "CHANGELOG.md" for file in named.findall(path.read_text()) if not (ROOT / file).exists()]
    assert not missing


def test_no_class_of_the_engine_is_implemented_in_more_than_two_files():
    places = {}
    for path in tracked("src"):
        if path.suffix == ".cc":
            for name in set(re.findall(r"^(?! )[\w:<>,&* \[\]]*?\b([A-Z]\w*)::~?\w+\(", path.read_text(), re.MULTILINE)):
                places.setdefault(name, set()).add(path.relative_to(ROOT).as_posix())
    assert not {name: sorted(files) for name, files in places.items() if len(files) > 2}


def test_no_two_python_tests_share_a_file_name():
    names = [path.name for path in tracked("tests/**/test_*.py")]
    assert sorted(names) == sorted(set(names)), "pytest takes one module per name: two of the same end its run before the first test"
