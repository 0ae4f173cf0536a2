"""`latentdial info --cpu --tune`: what multiplies fastest here is measured once, kept, and taken from then on."""

import json
import os
import pathlib

import pytest

LAYERS = {"linear layers", "convolutions of 3x3, stride 1", "other convolutions", "attention"}


@pytest.fixture
def home(tmp_path):
    return {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}


@pytest.fixture
def kept(tmp_path):
    return tmp_path / "cache" / "latentdial" / "cpu.json"


def multipliers(latentdial, env, *more, dtype="bf16"):
    asked = ["--dtype", dtype] if dtype else []
    process = latentdial("info", "--cpu", "--json", *asked, *more, env=env)
    assert process.returncode == 0, process.stderr
    described = json.loads(process.stdout)
    return described["device"], next(value for key, value in described.items() if key != "device")


def edit(path, change):
    described = json.loads(path.read_text())
    change(described)
    path.write_text(json.dumps(described))


def test_it_is_measured_once_and_kept(latentdial, home, kept):
    _, before = multipliers(latentdial, home)
    tuned = multipliers(latentdial, home, "--tune")
    assert tuned[1].keys() == before.keys() == LAYERS
    assert not any("measured here" in row for row in before.values())
    assert all("measured here: " in row for row in tuned[1].values()), tuned
    assert multipliers(latentdial, home) == tuned, "what was kept is taken"
    assert json.loads(kept.read_text())["multiplied_by"].keys() == LAYERS


def test_only_bf16_is_concerned(latentdial, home):
    before = {dtype: multipliers(latentdial, home, dtype=dtype)[1] for dtype in ("f32", "int8")}
    multipliers(latentdial, home, "--tune")
    assert multipliers(latentdial, home, dtype="f32")[1] == before["f32"]
    after = multipliers(latentdial, home, dtype="int8")[1]
    assert {layer for layer in LAYERS if after[layer] != before["int8"][layer]} <= {"attention"}


def test_a_picture_is_made_as_the_file_says_and_always_the_same(latentdial, home, kept, tmp_path):
    multipliers(latentdial, home, "--tune")
    edit(kept, lambda file: file["multiplied_by"]["linear layers"].update(by="f32"))
    device, rows = multipliers(latentdial, home)
    assert "multiplied in f32" in device and rows["linear layers"].startswith("f32 (")
    for name in ("one.png", "two.png"):
        made = latentdial("generate", "-p", "a dog", "--seed", "1", "--steps", "2", "--dtype", "bf16", "-o", name, env=home)
        assert made.returncode == 0, made.stderr
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


@pytest.mark.parametrize("what", ["cpu", "instructions", "version"])
def test_figures_of_another_machine_or_version_are_left_alone(latentdial, home, kept, what):
    _, before = multipliers(latentdial, home)
    multipliers(latentdial, home, "--tune")
    edit(kept, lambda file: file["measured_on"].update({what: "another"}))
    assert multipliers(latentdial, home)[1] == before


BROKEN = {
    "no JSON": "{",
    "a list": "[]",
    "nothing": "{}",
    "no layers": '{"measured_on": {}}',
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_file_that_nothing_here_wrote_is_refused_and_made_anew(latentdial, fails, home, kept, text):
    kept.parent.mkdir(parents=True)
    kept.write_text(text)
    if text != BROKEN["no layers"]:
        assert str(kept) in fails("info", "--cpu", env=home)
        assert str(kept) in fails("generate", "-p", "a dog", "-o", "dog.png", env=home)
    assert "measured here" in multipliers(latentdial, home, "--tune")[1]["attention"]


@pytest.mark.parametrize("change", [{"by": "magic"}, {"by": 3}, {"by": None}, {"because": None}, {"by": "8-bit numbers"}], ids=str)
def test_what_this_processor_cannot_do_is_refused(latentdial, fails, home, kept, change):
    multipliers(latentdial, home, "--tune")
    edit(kept, lambda file: file["multiplied_by"]["attention"].update(change))
    assert "--tune" in fails("info", "--cpu", env=home)


def test_without_a_folder_it_says_so(latentdial, fails, home):
    nowhere = {name: value for name, value in home.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    assert "XDG_CACHE_HOME" in fails("info", "--cpu", "--tune", env=nowhere)
    assert latentdial("info", "--cpu", env=nowhere).returncode == 0


def test_it_needs_cpu(fails):
    assert "--cpu" in fails("info", "--tune")


def test_the_number_format_is_what_the_processor_is_fastest_in(latentdial, home):
    has_avx2 = "avx2" in pathlib.Path("/proc/cpuinfo").read_text().split()
    assert multipliers(latentdial, home, dtype=None)[0].endswith("f32") != has_avx2
    assert multipliers(latentdial, home | {"ONEDNN_MAX_CPU_ISA": "SSE41"}, dtype=None)[0].endswith("f32")
