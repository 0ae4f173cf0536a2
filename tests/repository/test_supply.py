"""What comes from elsewhere is pinned, checked by its hash, and written down."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = pathlib.Path(os.environ.get("LATENTDIAL_BIN", ROOT / "build/release/bin/latentdial")).resolve()
MAKEFILE = (ROOT / "Makefile").read_text()
WANTED = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("tests/**/*.in"), *ROOT.glob("bench/*.in")])
PINNED = re.compile(r"^([\w.-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock):
    return {normal(name): version for name, version, _ in PINNED.findall((ROOT / lock).read_text())}


def test_there_are_locks():
    assert len(WANTED) >= 6 and not [path for path in ROOT.glob("**/requirements.txt") if ".venv" not in path.parts and path.with_suffix(".in").relative_to(ROOT).as_posix() not in WANTED]


@pytest.mark.parametrize("wanted", WANTED)
def test_every_package_is_pinned_with_its_hashes(wanted):
    text = (ROOT / wanted).with_suffix(".txt").read_text()
    rest = PINNED.sub("", text)
    assert not [line for line in rest.splitlines() if line and not line.startswith("#")], "lines without a version and a hash"
    names = {normal(re.match(r"[\w.-]+", line)[0]) for line in (ROOT / wanted).read_text().splitlines() if line}
    assert names <= pins(pathlib.Path(wanted).with_suffix(".txt")).keys(), "run make lock"


def test_one_environment_gets_one_version_of_a_package():
    versions = {}
    for wanted in WANTED:
        for name, version in pins(pathlib.Path(wanted).with_suffix(".txt")).items():
            versions.setdefault(name, set()).add(version)
    assert not {name: found for name, found in versions.items() if len(found) > 1}


def test_nothing_is_installed_without_a_hash():
    for line in MAKEFILE.replace("\\\n", " ").splitlines():
        if "pip install" in line or "$(INSTALL) " in line:
            own = line.strip().endswith(" .")  # This project.
            assert own or line.startswith("INSTALL :=") or "--require-hashes -r" in line or re.search(r"\$\(INSTALL\) .*-r \S+\.txt", line), line
    assert "--require-hashes" in re.search(r"^INSTALL := .*", MAKEFILE, re.MULTILINE)[0]
    for path in ROOT.glob(".ci/*"):
        assert not [line for line in path.read_text().splitlines() if "pip install" in line and not line.lstrip().startswith("#")]


def test_the_vocabulary_is_compared_with_its_hash(tmp_path):
    """The recipe of the Makefile, with files of ours in the package's place."""
    recipe = next(line.strip() for line in MAKEFILE.splitlines() if "sha256sum" in line)
    assert re.search(r"^VOCABULARY_SHA256 := 924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a$", MAKEFILE, re.MULTILINE)
    package = tmp_path / ".venv/open_clip/open_clip"
    package.mkdir(parents=True)
    (package / "words.gz").write_bytes(b"other words")
    (tmp_path / "Makefile").write_text(re.search(r"^VOCABULARY_SHA256.*\n", MAKEFILE, re.MULTILINE)[0] + f"words.gz:\n\t{recipe}\n\ttouch taken\n")
    made = subprocess.run(["make", "-s"], cwd=tmp_path, capture_output=True, text=True)
    assert made.returncode != 0 and not (tmp_path / "taken").exists()


def test_training_states_hold_no_code():
    for path in (ROOT / "research").rglob("*.py"):
        for call in re.findall(r"torch\.load\(.*", path.read_text()):
            assert "weights_only=True" in call, path
        assert not re.search(r"\bpickle\.loads?\(", path.read_text()), path


@pytest.fixture(scope="module")
def bill():
    return json.loads(subprocess.run([sys.executable, ROOT / "packaging/sbom.py", "--program", PROGRAM], capture_output=True, check=True).stdout)


def test_the_bill_of_materials_is_cyclonedx(bill):
    pytest.importorskip("cyclonedx", reason="installed by tests/requirements.txt")
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None
    broken = bill | {"components": [{"name": "of no type"}]}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(broken)) is not None


def test_the_bill_has_what_the_program_loads_and_what_is_locked(bill):
    by_name = {component["name"]: component for component in bill["components"]}
    for name in ("libc6", "libstdc++6", "libdnnl2", "libpng16-16", "libzip4", "zlib1g"):
        assert by_name[name]["scope"] == "required" and by_name[name]["purl"].startswith(f"pkg:deb/debian/{name}@")
    assert by_name["nlohmann-json3-dev"]["scope"] == "excluded"
    for wanted in WANTED:
        for name, version in pins(pathlib.Path(wanted).with_suffix(".txt")).items():
            component = next(one for one in bill["components"] if normal(one["name"]) == name)
            assert component["version"] == version and component["hashes"]
    references = [component["bom-ref"] for component in bill["components"]]
    assert len(references) == len(set(references)) and set(bill["dependencies"][0]["dependsOn"]) <= set(references)
    assert str(ROOT) not in json.dumps(bill)
