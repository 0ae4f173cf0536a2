"""docs/python.md: its program runs as it stands, and prints what stands under it."""

import contextlib
import io
import pathlib
import re

import pytest

DOCS = pathlib.Path(__file__).parents[2] / "docs"
NUMBER = re.compile(r"-?\d+\.\d+")


def test_the_first_program_prints_what_stands_under_it(tmp_path, monkeypatch):
    program, output = re.search(r"```python\n(.*?)```\n```\n(.*?)```", (DOCS / "python.md").read_text(), re.DOTALL).groups()
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(program, {})
    # Another number format, or another processor, moves the last digits.
    assert NUMBER.sub("#", printed.getvalue()) == NUMBER.sub("#", output)
    assert [float(number) for number in NUMBER.findall(printed.getvalue())] == pytest.approx([float(number) for number in NUMBER.findall(output)], abs=0.03)
    assert (tmp_path / "strip.png").exists()
