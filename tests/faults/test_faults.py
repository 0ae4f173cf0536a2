"""Pulled plugs: after each fault every finished picture is whole and listed once, and nothing stands half-written under a final name.

Run by `make faults`; LATENTDIAL_FAULTS says how often each process is killed (100 there). Prints a table of what was lost.
"""

import json
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import threading
import time

import pytest
import requests
from PIL import Image

from plugs import DOG, PROGRAM, ROOT, SANITIZED, SMALL, TIMES, check_manifest, in_a_mount, preloading, row, run, whole_pictures


def killed(seconds, *arguments, **options):
    """Starts the program and pulls its plug after so many seconds; returns whether it was still running."""
    process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    try:
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True


def test_a_sweep_is_killed(plan, tmp_path):
    pictures = 10 * TIMES
    sweep = ("sweep", plan(pictures), "--resume", "-q", "--out")
    assert run(*sweep, tmp_path / "alone").returncode == 0
    dice, kills = random.Random(1), 0
    for _ in range(TIMES):
        kills += killed(dice.uniform(0.02, 0.6), *sweep, tmp_path / "out")
        if (tmp_path / "out").exists():
            check_manifest(tmp_path / "out")
    assert run(*sweep, tmp_path / "out").returncode == 0
    assert len(check_manifest(tmp_path / "out")) == pictures
    assert {path.name for path in (tmp_path / "out").iterdir()} == {path.name for path in (tmp_path / "alone").iterdir()}
    for name in whole_pictures(tmp_path / "alone"):
        assert (tmp_path / "alone" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
    row("kill -9 of a sweep", TIMES, killed_at_work=kills, pictures=pictures, lost=0, twice=0, half=0)


def test_calibrate_is_killed(tmp_path):
    dial = tmp_path / "sketch.dial.json"
    command = ("calibrate", "--style", "sketch", "-p", "a dog", "--seeds", "1", "--steps", "2", "--size", "64x64", "-q", "-o", dial)
    shutil.copy(ROOT / "models" / "scenes" / "dials" / "sketch.dial.json", dial)
    before, dice, kills, seen = dial.read_text(), random.Random(2), 0, set()
    for _ in range(TIMES):
        kills += killed(dice.uniform(0.05, 1.0), *command)
        json.loads(dial.read_text())
        seen.add(dial.read_text())
    assert before in seen and len(seen) <= 2, "the file is the old one or the new one"
    row("kill -9 of calibrate", TIMES, killed_at_work=kills, dials_lost=0, half=0)


@pytest.fixture
def killed_at_sync(tmp_path):
    """An environment in which the program is killed when it has written a file that has no name yet."""
    if SANITIZED:
        pytest.skip("a sanitizer wants to be the first library that is loaded")
    try:
        os.close(os.open(tmp_path, os.O_TMPFILE | os.O_WRONLY))
    except OSError:
        pytest.skip("this file system holds no file without a name")
    return preloading("killed_at_sync", tmp_path)


@pytest.mark.parametrize(
    "name, command",
    [("dog.png", (*DOG, "-o", "dog.png")), ("manifest.jsonl", ("sweep", "../plan.json", "--resume", "-q", "--out", "."))],
)
def test_what_is_written_when_the_program_is_killed_goes_with_it(name, command, plan, tmp_path, killed_at_sync):
    plan(2)
    folder = tmp_path / "out"
    folder.mkdir()
    for before in ({}, {name: b"earlier"}):
        for path, content in before.items():
            (folder / path).write_bytes(content)
        assert run(*command, env=killed_at_sync, cwd=folder).returncode == -signal.SIGKILL
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    row(f"kill -9 while {name} is written", 2, files_left_behind=0)


@pytest.mark.skipif(SANITIZED, reason="a sanitizer wants to be the first library that is loaded")
def test_a_file_system_that_holds_only_named_files(tmp_path):
    environment = preloading("only_named_files", tmp_path)
    folder = tmp_path / "out"
    folder.mkdir()
    for _ in range(2):
        assert run(*DOG, "-o", "dog.png", env=environment, cwd=folder).returncode == 0
        assert {path.name for path in folder.iterdir()} == whole_pictures(folder) == {"dog.png"}
    missing = run(*DOG, "-o", "/proc/none/dog.png", env=environment)
    assert missing.returncode == 2 and "No such file" in missing.stderr, missing
    row("a file system of named files alone", 2, files_left_behind=0)


def test_a_server_is_killed(tmp_path):
    """Its port and its clients are free at once, and what was uploaded leaves no file behind."""
    picture = tmp_path / "start.png"
    Image.new("RGB", (64, 64), "teal").save(picture)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    dice, port = random.Random(3), 0

    def client(address):
        import base64

        body = {**SMALL, "steps": 50, "sampler": "ddim", "image": base64.b64encode(picture.read_bytes()).decode()}
        try:
            while True:
                uploaded.append(requests.post(f"{address}/v1/generate", json=body, timeout=10).status_code)
        except requests.RequestException:
            pass

    times, uploaded = max(4, TIMES // 2), []
    for _ in range(times):
        server = subprocess.Popen([PROGRAM, "serve", "--port", str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        line = server.stdout.readline()
        assert line.startswith("listening on"), server.stderr.read()
        address = line.split()[-1].rstrip("/")
        port = int(address.rsplit(":", 1)[1])
        assert requests.get(f"{address}/v1/model", timeout=10).json()["name"] == "scenes"
        clients = [threading.Thread(target=client, args=(address,)) for _ in range(3)]
        for one in clients:
            one.start()
        time.sleep(dice.uniform(0.05, 0.5))
        server.kill()
        server.communicate()
        assert not list(temporary.iterdir()), "an uploaded picture is written to a file"
        for one in clients:
            one.join(20)
            assert not one.is_alive(), "a client is left hanging"
    assert 202 in uploaded, "no server was killed with an upload, so the test says nothing"
    row("kill -9 of a server", times, files_left_behind=0, port_refused=0, clients_hanging=0)


def test_a_disk_is_full(plan, tmp_path):
    script = (
        f"{PROGRAM} sweep {plan(60)} --out disk/out -q; echo code $?; cp -r disk/out kept; "
        f"mount -o remount,size=8m none disk; {PROGRAM} sweep plan.json --out disk/out --resume -q; echo code $?; cp -r disk/out whole"
    )
    process = in_a_mount(tmp_path, "200k", script)
    assert [line for line in process.stdout.splitlines() if line.startswith("code")] == ["code 2", "code 0"], process
    lines = process.stderr.splitlines()
    assert len(lines) == 1 and "No space left" in lines[0], lines
    made = len(check_manifest(tmp_path / "kept"))
    assert 0 < made < 60 and not list((tmp_path / "kept").glob("*.tmp"))
    assert len(check_manifest(tmp_path / "whole")) == 60
    row("a full disk", 1, pictures_before=made, lost=0, half=0)


def test_a_folder_is_read_only(plan, tmp_path):
    process = in_a_mount(tmp_path, "1m", f"mkdir disk/out; mount -o remount,ro none disk; {PROGRAM} sweep {plan(3)} --out disk/out -q; echo code $?")
    assert "code 2" in process.stdout and len(process.stderr.splitlines()) == 1 and "Read-only" in process.stderr, process
    row("a read-only folder", 1, crashed=0)


def test_a_model_is_cut_while_it_is_read(tmp_path):
    """By its own writer, who should have renamed: one line, never a signal."""
    scenes = ROOT / "models" / "scenes"
    weights = tmp_path / "model" / "unet" / "diffusion_pytorch_model.safetensors"
    shutil.copytree(scenes, tmp_path / "model")
    whole = weights.read_bytes()
    dice, codes = random.Random(4), []
    for _ in range(TIMES):
        weights.write_bytes(whole)
        process = subprocess.Popen([PROGRAM, *DOG, "-m", tmp_path / "model", "-o", tmp_path / "dog.png"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(dice.uniform(0.0, 0.12))
        os.truncate(weights, dice.randrange(len(whole)))
        _, errors = process.communicate(timeout=60)
        codes.append(process.returncode)
        assert process.returncode in (0, 2), (process.returncode, errors)
        assert (len(errors.splitlines()) == 1) == (process.returncode == 2), errors
        (tmp_path / "dog.png").unlink(missing_ok=True)
    assert not list(tmp_path.glob("*.tmp"))
    row("a model cut while it is read", TIMES, refused=codes.count(2), made=codes.count(0), crashed=0)


@pytest.mark.skipif(SANITIZED, reason="a sanitizer maps terabytes of addresses for itself")
def test_memory_runs_out(tmp_path):
    """From too little to start with to just enough: one line, or the picture."""
    codes = []
    for mib in range(40, 3000, 2960 // TIMES):

        def limit(mib=mib):
            resource.setrlimit(resource.RLIMIT_AS, (mib << 20, mib << 20))

        process = run("generate", "-p", "a dog", "--steps", 2, "--size", "512x512", "-q", "-o", tmp_path / "dog.png", preexec_fn=limit, env={**os.environ, "GOMP_SPINCOUNT": "1000"})
        codes.append(process.returncode)
        if process.returncode == 127 or "error while loading shared libraries" in process.stderr:
            continue  # The system could not even start it.
        assert process.returncode in (0, 1, 2) and not process.returncode < 0, (mib, process)
        assert process.returncode == 0 or len(process.stderr.splitlines()) == 1, (mib, process.stderr)
        assert (process.returncode == 0) == (tmp_path / "dog.png").exists()
        (tmp_path / "dog.png").unlink(missing_ok=True)
    assert codes[-1] == 0, "with enough it is made"
    row("memory runs out", len(codes), made=codes.count(0), crashed=sum(code < 0 for code in codes))


def test_a_client_stalls(tmp_path):
    """A request that never ends holds nobody else up."""
    import socket

    server = subprocess.Popen([PROGRAM, "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().split()[-1].rstrip("/")
        host, port = address.removeprefix("http://").split(":")
        stalled = [socket.create_connection((host, int(port))) for _ in range(40)]
        for one in stalled:
            one.sendall(b"POST /v1/generate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{")
        began = time.monotonic()
        assert requests.get(f"{address}/v1/model", timeout=5).status_code == 200
        waited = time.monotonic() - began
        assert waited < 1
        row("stalled clients", len(stalled), milliseconds_of_the_next_one=int(1000 * waited))
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)
    for one in stalled:
        one.close()
