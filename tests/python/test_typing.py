"""What a type checker and an editor know of the keywords is what the engine takes."""

import importlib.util
import pathlib
import re
import subprocess
import sys

import pytest

import latentdial

ROOT = pathlib.Path(__file__).parents[2]
# Calls, and what is wrong in each.
CALLS = {
    "pipe('a dog', steps=3, num_inference_steps=None, seed=None, image='a.png')": "",
    "pipe.dial('a dog', 'sketch', steps=3, dial='sketch.dial.json')": "",
    "pipe.interpolate('a dog', 'a cat', guidance_scale=2.5)": "",
    "pipe.calibrate('sketch', steps=3)": "",
    "pipe('a dog', stpes=3)": '"stpes"',
    "pipe('a dog', steps='3')": '"steps"',
    "pipe.dial('a dog', 'sketch', position=1)": '"position"',
    "pipe.interpolate('a dog', 'a cat', thta=1)": '"thta"',
    "pipe.calibrate('sketch', seed=3)": '"seed"',
}


def test_the_declared_keywords_are_the_engines():
    spec = importlib.util.spec_from_file_location("write_settings", ROOT / "python/tools/write_settings.py")
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    written = (pathlib.Path(latentdial.__file__).parent / "settings.py").read_text()
    assert written == writer.declaration(), "run python/tools/write_settings.py"


def test_mypy_finds_what_is_no_setting(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "calls.py").write_text("\n".join(["import latentdial", "pipe = latentdial.Pipeline.from_pretrained()", *CALLS]))
    made = subprocess.run([sys.executable, "-m", "mypy", "calls.py"], cwd=tmp_path, capture_output=True, text=True)
    found = {int(line): text for line, text in re.findall(r"calls\.py:(\d+): error: (.*)", made.stdout)}
    for line, (call, wrong) in enumerate(CALLS.items(), 3):
        assert (line in found) == (wrong != ""), f"{call}: {made.stdout}"
        assert wrong in found.get(line, "")
