"""`sweep --ray` hands a checked plan and the options it was given to the Python package; tests/ray runs the real thing."""

import json
import os
import sys

import pytest

PLAN = {"settings": {"prompt": "a dog"}, "grid": {"seed": "0:1:2"}}


@pytest.fixture(autouse=True)
def plan(tmp_path):
    (tmp_path / "plan.json").write_text(json.dumps(PLAN))


@pytest.fixture
def python(tmp_path):
    """A Python that writes down its arguments, as an environment for the program."""
    fake = tmp_path / "bin" / "python3"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\nshift 3\nprintf "%s\\n" "$@" > arguments\necho out/manifest.jsonl\n')
    fake.chmod(0o755)
    return {**os.environ, "LATENTDIAL_PYTHON": "", "PATH": f"{fake.parent}:{os.environ['PATH']}"}


def test_the_driver_gets_what_was_given(latentdial, python, tmp_path):
    def arguments(*given, **environment):
        process = latentdial("sweep", "plan.json", *given, env={**python, **environment})
        assert (process.returncode, process.stdout, process.stderr) == (0, "out/manifest.jsonl\n", "")
        return (tmp_path / "arguments").read_text().splitlines()

    assert arguments("--ray", "auto") == ["--out=out/sweep", "--address=auto", "--", "plan.json"]
    model = ("-m", "a model", "--lora", "a.pt:0.5", "--lora", "-b.pt", "--lora-dir", "loras", "--embedding", "w=c.pt", "--taesd", "tiny", "--dtype", "bf16")
    assert arguments("--ray", "head:6379", "--out", "./a b", "--resume", "--json", "-q", "--shard", "1/1", "--threads", "4", *model) == [
        *("--out=./a b", "--address=head:6379", "--resume", "--json", "--quiet"),
        *("--model=a model", "--lora=a.pt:0.5", "--lora=-b.pt", "--lora_dir=loras", "--embedding=w=c.pt", "--taesd=tiny", "--dtype=bf16", "--cpus=4"),
        *("--", "plan.json"),
    ]
    assert "--allow-paths" in arguments("--ray", "auto", "--allow-paths")
    assert arguments("--ray", "local", PATH="/usr/bin:/bin", LATENTDIAL_PYTHON="bin/python3")[1] == "--address=local"


def test_wrong_input_is_said_without_python(fails, python, tmp_path):
    def refused(*given):
        line = fails("sweep", "plan.json", "--ray", *given, env=python)
        assert not (tmp_path / "arguments").exists()
        return line

    assert "the address is empty" in refused("")
    assert "--shard" in refused("auto", "--shard", "1/2")
    assert "--profile" in refused("auto", "--profile")
    assert "--verbose" in refused("auto", "-v")
    (tmp_path / "plan.json").write_text(json.dumps({"settings": {"prompt": "a dog", "steps": 0}}))
    assert "steps" in refused("auto")
    (tmp_path / "plan.json").unlink()
    assert "plan.json" in refused("auto")


def test_a_python_that_cannot_do_it(fails, tmp_path):
    def missing(**environment):
        return fails("sweep", "plan.json", "--ray", "local", env={**os.environ, **environment})

    line = missing(LATENTDIAL_PYTHON="bin/no-such-python")
    assert "bin/no-such-python" in line and "latentdial[ray]" in line
    for package, module in {"nothing": None, "noray": "latentdial/__init__.py", "old": "latentdial/ray.py"}.items():
        folder = tmp_path / package / "latentdial"
        folder.mkdir(parents=True)
        if module:
            (folder / "__init__.py").write_text("__version__ = '0.0.1'\n")
            (folder / "ray.py").write_text("import no_ray_there\n" if package == "noray" else "def main(): ...\n")
    bare = tmp_path / "bare"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    bare.chmod(0o755)

    def lacks(package):
        return missing(LATENTDIAL_PYTHON=str(bare), PYTHONPATH=str(tmp_path / package))

    assert "No module named 'latentdial" in lacks("nothing")
    assert "No module named 'no_ray_there'" in lacks("noray")
    assert "version 0.0.1" in lacks("old")
    assert all("install latentdial[ray]" in lacks(package) and sys.executable in lacks(package) for package in ("nothing", "noray", "old"))
