"""Writes down what the program is made of, as CycloneDX 1.6: `make sbom`.

Debian packages: those whose libraries the program loads, and those of PACKAGES in the Makefile that are compiled into it or
build it. Python packages: those that the requirements.txt of make lock pin; they test and measure, and are not in the
program.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOCKS = ("tests/requirements.txt", "tests/parity/requirements.txt", "tests/parity/vocabulary.txt", "tests/ray/requirements.txt", "bench/requirements.txt", "tests/lock.txt")
FIELDS = "${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\n"


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def loaded_libraries(program: pathlib.Path) -> set[str]:
    """The files that the loader takes, but for the project's own."""
    files = set(re.findall(r"=> (/\S+)", output("ldd", str(program)))) | set(re.findall(r"^\s+(/\S+) \(", output("ldd", str(program)), re.MULTILINE))
    return {file for file in files if not pathlib.Path(file).name.startswith("liblatentdial")}


def names_of(file: str) -> list[str]:
    """The loader and dpkg may know a file by different ways through merged folders."""
    real = str(pathlib.Path(file).resolve())
    return [file, real, real.removeprefix("/usr"), f"/usr{real}"]


def owners(files: set[str]) -> set[str]:
    """The Debian packages of files."""
    names = {name for file in files for name in names_of(file)}
    listed = subprocess.run(["dpkg", "-S", *sorted(names)], capture_output=True, text=True).stdout
    owner = {file: package for package, file in re.findall(r"^([^:,]+)[^ ]*: (\S+)$", listed, re.MULTILINE)}
    if orphans := [file for file in files if not owner.keys() & set(names_of(file))]:
        raise SystemExit(f"sbom: of no Debian package: {' '.join(orphans)}")
    return {owner[name] for file in files for name in names_of(file) if name in owner}


def packages_of_the_makefile() -> set[str]:
    listed = re.search(r"^PACKAGES := ((?:.*\\\n)*.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return set(listed[1].replace("\\", " ").split())


def debian(names: set[str], required: set[str]) -> list[dict]:
    components = []
    for line in output("dpkg-query", "--show", f"--showformat={FIELDS}", *sorted(names)).splitlines():
        package, version, architecture, source, source_version = line.split("\t")
        purl = f"pkg:deb/debian/{package}@{version.replace(':', '%3A').replace('+', '%2B')}?arch={architecture}"
        properties = [{"name": "debian:source", "value": f"{source} {source_version}"}]
        scope = "required" if package in required else "excluded"
        components.append({"type": "library", "bom-ref": purl, "name": package, "version": version, "scope": scope, "purl": purl, "properties": properties})
    return components


def python(lock: str) -> list[dict]:
    components = []
    for name, version, hashes in re.findall(r"^([\w.-]+)==(\S+) \\\n((?:    --hash=.*\n)+)", (ROOT / lock).read_text() + "\n", re.MULTILINE):
        purl = f"pkg:pypi/{name.lower().replace('_', '-')}@{version.replace('+', '%2B')}"
        content = [{"alg": "SHA-256", "content": digest} for digest in re.findall(r"sha256:([0-9a-f]{64})", hashes)]
        components.append({"type": "library", "bom-ref": purl, "name": name, "version": version, "scope": "excluded", "purl": purl, "hashes": content})
    return components


def sbom(program: pathlib.Path) -> dict:
    version = re.search(r"project\(latentdial VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
    loaded = owners(loaded_libraries(program))
    components = debian(loaded | packages_of_the_makefile(), loaded)
    components += [component for lock in LOCKS for component in python(lock)]
    by_reference = {component["bom-ref"]: component for component in components}
    itself = {"type": "application", "bom-ref": f"latentdial@{version}", "name": "latentdial", "version": version, "licenses": [{"license": {"id": "Apache-2.0"}}]}
    needs = sorted(component["bom-ref"] for component in by_reference.values() if component["scope"] == "required")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": itself},
        "components": [by_reference[reference] for reference in sorted(by_reference)],
        "dependencies": [{"ref": itself["bom-ref"], "dependsOn": needs}],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=pathlib.Path, required=True, help="the built program")
    json.dump(sbom(parser.parse_args().program), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
