"""Every promise of SECURITY.md names its tests, and the tests are there."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
TESTS = ROOT / "tests"


def promises():
    """Of the table of promises and tests: the left column, and what stands in backticks in the right one."""
    text = (ROOT / "SECURITY.md").read_text()
    rows = text.split("| promise | its tests |\n|---|---|\n")[1].split("\n\n")[0].splitlines()
    for row in rows:
        promise, tests = row.strip("| ").split(" | ")
        yield pytest.param(re.findall(r"`([^`]+)`", tests), id=promise[:60])


def is_there(name):
    if name.startswith("test_"):
        return any(f"\ndef {name}(" in path.read_text() for path in TESTS.rglob("test_*.py"))
    if re.fullmatch(r"\w+\.\w+", name):
        case = re.compile(r"TEST(_F|_P)?\({}, {}\)".format(*name.split(".")))
        return any(case.search(path.read_text()) for path in TESTS.rglob("*_test.cc"))
    return (ROOT / name).exists()


@pytest.mark.parametrize("tests", list(promises()))
def test_a_promise_names_tests_that_are_there(tests):
    assert tests
    assert [name for name in tests if not is_there(name)] == []


@pytest.mark.parametrize("name", ["test_nothing_of_this_kind", "Keys.AreComparedByGuessing", "tests/server/test_promises.py"])
def test_a_test_that_is_not_there_is_told(name):
    assert not is_there(name)
