"""Empty texts, seeds of any kind, and free names."""

import subprocess

import pytest
from PIL import Image

SMALL = ("--steps", "1", "--size", "64x64")


@pytest.mark.parametrize("flag", ["--image", "-m", "--refiner", "--prediction", "--taesd", "--lora", "--embedding", "--to-image", "--style-mask", "--dial"])
def test_an_empty_file_counts_as_not_given_and_is_said(latentdial, flag):
    made = latentdial("generate", "-p", "a cat", *SMALL, flag, "", "-o", "o.png")
    assert made.returncode == 0, made
    assert "is empty and counts as not given" in made.stderr
    assert "notice" not in latentdial("generate", "-p", "a cat", *SMALL, flag, "", "-q", "-o", "o.png").stderr


@pytest.mark.parametrize("prompt", ["", " ", "\n", "()", ","])
def test_an_empty_prompt_is_a_picture_of_nothing_in_particular(latentdial, prompt):
    assert latentdial("generate", "-p", prompt, *SMALL, "-o", "o.png").returncode == 0


def test_seed_minus_one_is_any(latentdial, fails, tmp_path):
    seeds = set()
    for i in range(2):
        assert latentdial("generate", "-p", "a cat", "--seed", "-1", *SMALL, "-o", f"{i}.png").returncode == 0
        seeds.add(Image.open(tmp_path / f"{i}.png").text["parameters"].split("Seed: ")[1].split(",")[0])
    assert len(seeds) == 2
    assert "0 to 18446744073709551615, or -1 for any" in fails("generate", "-p", "a", "--seed", "-2")


def test_runs_at_once_take_names_of_their_own(latentdial, tmp_path):
    command = [latentdial.program, "generate", "-p", "a cat", *SMALL, "--threads", "1"]
    runs = [subprocess.Popen([*command, "--seed", str(i)], cwd=tmp_path, stdout=subprocess.PIPE, text=True) for i in range(4)]
    names = [run.communicate(timeout=300)[0].strip() for run in runs]
    assert sorted(names) == ["out-1.png", "out-2.png", "out-3.png", "out.png"]
    texts = {Image.open(tmp_path / name).text["parameters"].split("Seed: ")[1].split(",")[0] for name in names}
    assert texts == {"0", "1", "2", "3"}
