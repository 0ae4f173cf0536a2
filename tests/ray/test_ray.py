"""A sweep on Ray, or in shards, is the sweep of one machine: actors, nodes and the driver die, and every picture comes once, bit for bit.

Run by `make ray`; LATENTDIAL_RAY_PICTURES says how many pictures (2000 there).
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

ray = pytest.importorskip("ray")

import latentdial  # noqa: E402
from latentdial import ray as sweeps  # noqa: E402

PROGRAM = pathlib.Path(os.environ.get("LATENTDIAL_BIN", "build/release/bin/latentdial")).resolve()
SCENES = pathlib.Path(__file__).resolve().parents[2] / "models" / "scenes"
# The program starts this Python, with this package, wherever it is started itself.
PYTHON = {**os.environ, "LATENTDIAL_PYTHON": sys.executable, "PYTHONPATH": str(pathlib.Path(latentdial.__file__).parents[1])}
PICTURES = int(os.environ.get("LATENTDIAL_RAY_PICTURES", "400"))
SMALL = {"prompt": "a dog", "steps": 2, "width": 64, "height": 64, "sampler": "ddim"}


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    path.write_text(json.dumps({"settings": SMALL, "grid": {"seed": f"0:{PICTURES - 1}:{PICTURES}"}}))
    return path


@pytest.fixture(scope="module")
def alone(plan, tmp_path_factory):
    """The sweep of one machine, and its seconds."""
    out = tmp_path_factory.mktemp("alone") / "out"
    began = time.monotonic()
    subprocess.run([PROGRAM, "sweep", plan, "--out", out, "-q"], check=True, capture_output=True)
    return out, time.monotonic() - began


def manifest(out):
    return [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]


def check_equal(out, alone):
    lines, expected = manifest(out), manifest(alone)
    assert len(lines) == PICTURES == len({line["file"] for line in lines}), "each picture is listed once"
    assert sorted(line["file"] for line in lines) == sorted(line["file"] for line in expected)
    assert {path.name for path in out.iterdir()} == {path.name for path in alone.iterdir()}, "nothing half-written is left"
    for line in expected:
        assert (out / line["file"]).read_bytes() == (alone / line["file"]).read_bytes()


def kill_after(process, out, pictures):
    """Kills what makes pictures when it has made so many, and waits for its end."""
    while process.poll() is None and len(list(out.glob("*.png"))) < pictures:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_node_dies_half_way(cluster, plan, alone, tmp_path):
    killed = []

    def kill_once(pictures, of):
        if pictures >= of // 2 and not killed:
            killed.append(pictures)
            cluster.remove_node(cluster.second, allow_graceful=False)

    began = time.monotonic()
    report = sweeps.run(plan, out=tmp_path / "out", address=cluster.address, batch=4, on_progress=kill_once)
    print(f"\n{PICTURES} pictures, a node killed after {killed[0]}: {time.monotonic() - began:.1f} s, {report}; alone {alone[1]:.1f} s")
    assert (report.pictures, report.made) == (PICTURES, PICTURES) and report.lost_actors >= 1
    check_equal(tmp_path / "out", alone[0])


def test_the_driver_dies_and_is_resumed(cluster, plan, alone, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "latentdial.ray", plan, "--out", out, "--address", cluster.address, "--batch", "4"]
    driver = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    kill_after(driver, out, PICTURES // 3)
    made = {path.name: path.stat().st_mtime_ns for path in out.glob("*.png")}
    assert 0 < len(made) < PICTURES, "the driver was to die half-way"
    assert subprocess.run(command, capture_output=True, text=True).returncode == 2, "an earlier run is not written over unasked"
    process = subprocess.run([*command, "--resume"], capture_output=True, text=True)
    assert process.returncode == 0 and process.stdout.endswith(f"{out}/manifest.jsonl\n"), process.stderr
    assert all((out / name).stat().st_mtime_ns == when for name, when in made.items()), "no finished picture is made again"
    check_equal(out, alone[0])


def test_our_own_sweep_goes_on_where_rays_stopped(cluster, plan, alone, tmp_path):
    class Stop(Exception):
        pass

    def stop(pictures, of):
        if pictures >= of // 2:
            raise Stop

    with pytest.raises(Stop):
        sweeps.run(plan, out=tmp_path / "out", address=cluster.address, batch=4, on_progress=stop)
    assert len(manifest(tmp_path / "out")) >= PICTURES // 2
    subprocess.run([PROGRAM, "sweep", plan, "--out", tmp_path / "out", "--resume", "-q"], check=True, capture_output=True)
    check_equal(tmp_path / "out", alone[0])


def test_shards_of_which_one_dies_merge_into_the_same_pictures(plan, alone, tmp_path):
    outs = [tmp_path / f"machine-{i}" for i in (1, 2)]
    commands = [[PROGRAM, "sweep", plan, "--shard", f"{i}/2", "--out", out, "--threads", "1", "-q"] for i, out in enumerate(outs, 1)]
    shards = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for command in commands]
    kill_after(shards[1], outs[1], PICTURES // 4)
    assert 0 < len(list(outs[1].glob("*.png"))) < PICTURES // 2, "the shard was to die half-way"
    merge = [PROGRAM, "merge", plan, *outs, "--out", tmp_path / "all"]
    assert shards[0].wait() == 0 and subprocess.run(merge, capture_output=True).returncode == 2, "a picture is missing"
    assert not (tmp_path / "all").exists(), "nothing is written until every picture is there"
    subprocess.run([*commands[1], "--resume"], check=True, capture_output=True)
    subprocess.run(merge, check=True, capture_output=True)
    check_equal(tmp_path / "all", alone[0])


def test_the_program_prints_what_its_own_sweep_prints(cluster, tmp_path):
    (tmp_path / "model").symlink_to(SCENES)
    start = {**SMALL, "image": "start.png"}
    subprocess.run([PROGRAM, "generate", "-p", "a cat", "--steps", "2", "--size", "64x64", "-o", "start.png"], cwd=tmp_path, check=True)
    (tmp_path / "plan.json").write_text(json.dumps({"settings": {**start, "prompt": "dog " * 100, "plain_prompt": True}, "grid": {"seed": [1, 2]}}))

    def sweep(*arguments):
        command = [PROGRAM, "sweep", "plan.json", "-m", "model", "--threads", "1", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=PYTHON, capture_output=True, text=True, check=True)

    def without_seconds(text):
        return [{**json.loads(line), "seconds": 0} for line in text.splitlines()]

    alone, on_ray = sweep("-o", "./one"), sweep("-o", "./one", "--ray", cluster.address, "--resume")
    assert on_ray.stdout == alone.stdout and on_ray.stdout.endswith("\n./one/manifest.jsonl\n")
    alone, on_ray = sweep("-o", "a", "--json"), sweep("-o", "b", "--json", "--ray", cluster.address)
    assert without_seconds(on_ray.stdout.replace('"b/', '"a/')) == without_seconds(alone.stdout)
    assert "longer than" in alone.stderr and on_ray.stderr == alone.stderr
    for path in (tmp_path / "a").glob("*.png"):
        assert (tmp_path / "b" / path.name).read_bytes() == path.read_bytes()
    assert sweep("-o", "c", "-q", "--ray", cluster.address).stderr == ""


def test_ctrl_c_stops_the_program_and_it_resumes(cluster, plan, alone, tmp_path):
    out = tmp_path / "out"
    command = [PROGRAM, "sweep", plan, "--out", out, "--ray", cluster.address]
    sweep = subprocess.Popen(command, env=PYTHON, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while sweep.poll() is None and not ((out / "manifest.jsonl").exists() and manifest(out)):
        time.sleep(0.02)
    os.killpg(sweep.pid, signal.SIGINT)  # As a terminal does.
    output = sweep.communicate(timeout=60)
    assert (sweep.returncode, *output) == (1, "", "latentdial: stopped; every finished picture is kept\n")
    assert 0 < len(manifest(out)) < PICTURES
    process = subprocess.run([*command, "--resume"], env=PYTHON, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    check_equal(out, alone[0])


def test_the_program_on_this_machine_alone_and_where_no_cluster_is(plan, alone, tmp_path):
    def sweep(address):
        command = [PROGRAM, "sweep", plan, "--out", tmp_path / "out", "--ray", address]
        return subprocess.run(command, env=PYTHON, capture_output=True, text=True)

    for address in ("nonsense", "127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:99999"):
        nowhere = sweep(address)
        assert (nowhere.returncode, nowhere.stdout) == (2, "") and nowhere.stderr.startswith(f"latentdial: no Ray cluster at {address}: ")
        assert len(nowhere.stderr.splitlines()) == 1 and not (tmp_path / "out").exists()
    local = sweep("local")
    assert local.returncode == 0, local.stderr
    check_equal(tmp_path / "out", alone[0])


def test_what_other_weights_made_is_not_kept(cluster, plan, alone, tmp_path):
    text = Image.open(next(alone[0].glob("*.png"))).text["parameters"]
    model_hash = re.search("Model hash: (.{10}), ", text)[1]
    for replacement, why in (("Model hash: 0123456789, ", f"model hash 0123456789, now {model_hash}"), ("", "does not say which weights")):
        out = tmp_path / why
        shutil.copytree(alone[0], out)
        picture = next(out.glob("*.png"))
        info = PngInfo()
        info.add_text("parameters", Image.open(picture).text["parameters"].replace(f"Model hash: {model_hash}, ", replacement))
        Image.open(picture).save(picture, pnginfo=info)
        with pytest.raises(latentdial.InvalidInput, match=why):
            sweeps.run(plan, out=out, address=cluster.address, resume=True)


def test_bad_input_is_said_before_the_first_picture(cluster, plan, tmp_path):
    def fails(plan, **more):
        with pytest.raises(latentdial.InvalidInput) as caught:
            sweeps.run(plan, out=tmp_path / "out", address=cluster.address, **more)
        assert not list(tmp_path.glob("out/*.png"))
        return str(caught.value)

    assert "none.json" in fails(tmp_path / "none.json")
    (tmp_path / "wrong.json").write_text(json.dumps({"settings": {**SMALL, "width": 12}}))
    assert "multiple" in fails(tmp_path / "wrong.json")
    (tmp_path / "later.json").write_text(json.dumps([{"settings": SMALL}, {"settings": {**SMALL, "sampler": "lcm", "steps": 60}}]))
    assert "lcm" in fails(tmp_path / "later.json")
    assert "no such model" in fails(plan, model=str(tmp_path / "no such model"))
    assert "batch: 0" in fails(plan, batch=0)
