"""A link that somebody planted where the program writes or reads is neither followed nor written through."""

import json
import os
import pathlib
import shutil
import subprocess
import time

import pytest
from PIL import Image

SMALL = ("--steps", "2", "--size", "64x64")
PLAN = {"settings": {"prompt": "a dog", "steps": 2, "width": 64, "height": 64}, "grid": {"seed": [1, 2]}}
DIAL = ("dial", "-p", "a dog", "--style", "sketch", "--at", "0:1:2", *SMALL)
CALIBRATE = ("calibrate", "--style", "sketch", "-p", "a house in the meadow", "--seeds", "1", "--steps", "6", "--sampler", "dpm++2m", "--cfg", "3.5")
# A command, what it writes in out/, and names that writers used to take on the way.
WRITERS = {
    "a picture": (("generate", "-p", "a dog", *SMALL, "-o", "out/dog.png"), ["dog.png"]),
    "a strip": ((*DIAL, "--explain", "-o", "out"), ["strip.png", "manifest.jsonl", "explain.png", "explain.json"]),
    "a dial file": ((*CALIBRATE, "-o", "out/sketch.json"), ["sketch.json"]),
    "a sweep": (("sweep", "plan.json", "--resume", "--out", "out"), ["manifest.jsonl"]),
    "a merged manifest": (("merge", "plan.json", "made", "--out", "out"), ["manifest.jsonl"]),
}


@pytest.fixture
def planted(latentdial, tmp_path):
    """Somebody's file, and a folder for the program's."""
    (tmp_path / "victim").write_text("somebody's")
    (tmp_path / "plan.json").write_text(json.dumps(PLAN))
    assert latentdial("sweep", "plan.json", "--out", "made").returncode == 0
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("target", ["../victim", "../nowhere"])
def test_no_link_is_written_through(latentdial, planted, tmp_path, writer, target):
    command, files = WRITERS[writer]
    for file in files:
        for name in (file, f"{file}.tmp", f".{file}.tmp", f".{file}.1-0.tmp"):
            (planted / name).symlink_to(target)
    process = latentdial(*command)
    assert process.returncode == 0, process.stderr
    assert (tmp_path / "victim").read_text() == "somebody's" and not (tmp_path / "nowhere").exists()
    for file in files:
        assert (planted / file).is_file() and not (planted / file).is_symlink()


def test_a_hard_link_keeps_what_it_had(latentdial, planted, tmp_path):
    (planted / "manifest.jsonl").hardlink_to(tmp_path / "victim")
    assert latentdial("sweep", "plan.json", "--resume", "--out", "out").returncode == 0
    assert (tmp_path / "victim").read_text() == "somebody's"


@pytest.mark.parametrize("command, link", [(("figures", *SMALL, "--out", "out"), "figure-5"), ((*DIAL, "--draft", "1", "-o", "out"), "draft")])
def test_a_folder_that_leads_away_is_refused(fails, planted, tmp_path, command, link):
    (tmp_path / "elsewhere").mkdir()
    (planted / link).symlink_to("../elsewhere")
    assert "out" in fails(*command)
    assert not list((tmp_path / "elsewhere").iterdir())


def made(tmp_path) -> list[pathlib.Path]:
    return sorted((tmp_path / "made").glob("*.png"))


@pytest.mark.parametrize("target", ["/dev/zero", "/etc/passwd", "../elsewhere/{}", "pipe"])
def test_merge_follows_no_link_out_of_a_shard(fails, planted, tmp_path, target):
    first = made(tmp_path)[0]
    shutil.copytree(tmp_path / "made", tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "made/pipe")
    first.unlink()
    first.symlink_to(target.format(first.name))
    line = fails("merge", "plan.json", "made", "--out", "out", timeout=60)
    assert line == f"latentdial: merge: made/{first.name} is not a file of its folder"
    assert not list(planted.iterdir())


def test_merge_takes_a_link_within_a_shard(latentdial, planted, tmp_path):
    first = made(tmp_path)[0]
    (tmp_path / "made/pictures").mkdir()
    shutil.move(first, tmp_path / "made/pictures" / first.name)
    first.symlink_to(f"pictures/{first.name}")
    assert latentdial("merge", "plan.json", "made", "--out", "out").returncode == 0
    assert Image.open(planted / first.name).size == (64, 64) and not (planted / first.name).is_symlink()


@pytest.mark.parametrize("target", ["/dev/zero", "../elsewhere/manifest.jsonl"])
def test_merge_reads_no_manifest_through_a_link(fails, planted, tmp_path, target):
    shutil.copytree(tmp_path / "made", tmp_path / "elsewhere")
    (tmp_path / "made/manifest.jsonl").unlink()
    (tmp_path / "made/manifest.jsonl").symlink_to(target)
    assert "2 of 2 pictures are missing" in fails("merge", "plan.json", "made", "--out", "out", timeout=60)


@pytest.mark.parametrize("file", ["/etc/passwd", "../made/{}", "./{}", "", "."])
def test_a_manifest_names_pictures_of_the_plan_alone(fails, planted, tmp_path, file):
    lines = [json.loads(line) for line in (tmp_path / "made/manifest.jsonl").read_text().splitlines()]
    lines[0]["file"] = file.format(lines[0]["file"])
    (tmp_path / "made/manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert "1 of 2 pictures are missing" in fails("merge", "plan.json", "made", "--out", "out")


def test_a_killed_writer_leaves_whole_files_or_none(latentdial, planted, tmp_path):
    """Every name that shows holds a whole file; faults are injected more often by `make faults`."""
    for i in range(8):
        process = subprocess.Popen([latentdial.program, *DIAL, "--explain", "-o", "out"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.05 + 0.1 * i)
        process.kill()
        process.wait()
        for picture in planted.glob("*.png"):
            Image.open(picture).load()
        for line in (planted / "manifest.jsonl").read_text().splitlines() if (planted / "manifest.jsonl").exists() else []:
            json.loads(line)
        if (planted / "explain.json").exists():
            json.loads((planted / "explain.json").read_text())
