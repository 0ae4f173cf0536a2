"""Which long form a run of .ci/run adds to the tests."""

import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
FORMS = (
    *("parity-families", "parity-full-size", "research", "sanitize-rooms", "tsan", "fuzz", "soak", "ray", "faults"),
    *("attack-connections", "attack-requests", "page", "library", "python"),
)


def long_form(*commit: str, picked: str = "") -> subprocess.CompletedProcess:
    return subprocess.run([ROOT / ".ci" / "long_form", *commit], env={**os.environ, "LONG_FORM": picked}, capture_output=True, text=True)


def test_the_forms_take_turns_by_the_commit():
    commits = [f"{i:08x}" + 32 * "f" for i in range(len(FORMS))]
    assert [long_form(commit).stdout.split()[0] for commit in commits] == list(FORMS)
    assert long_form("ffffffff" + 32 * "0").stdout == long_form(f"{0xFFFFFFFF % len(FORMS):08x}").stdout


def test_without_a_commit_it_is_the_heads():
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    assert long_form().stdout == long_form(head).stdout


@pytest.mark.parametrize("form", FORMS)
def test_a_form_can_be_picked_and_make_knows_it(form):
    target, *variables = long_form(picked=form).stdout.split()
    makefile = (ROOT / "Makefile").read_text()
    assert target == form and re.search(rf"^{form}:.*##", makefile, re.MULTILINE)
    for variable in variables:
        assert re.search(rf"^{variable.split('=')[0]} := ", makefile, re.MULTILINE), variable


def test_another_name_is_refused_with_those_there_are():
    process = long_form(picked="fuz")
    assert (process.returncode, process.stdout) == (2, "")
    assert process.stderr == f"LONG_FORM: fuz is not a long form; take one of: {' '.join(FORMS)}\n"
