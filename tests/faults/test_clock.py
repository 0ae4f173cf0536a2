"""The wall clock jumps by hours, forth and back, while pictures are made: nothing is timed by it, so nothing ends early, late or never."""

import base64
import contextlib
import io
import json
import subprocess
import time

import pytest
import requests
from PIL import Image

from plugs import PROGRAM, SANITIZED, SMALL, check_manifest, preloading, row, run

pytestmark = pytest.mark.skipif(SANITIZED, reason="a sanitizer wants to be the first library that is loaded")
SHORT = 60  # Seconds that nothing here takes.


@pytest.fixture(scope="module")
def jumping(tmp_path_factory):
    """An environment in which the clock jumps."""
    return preloading("jumping_clock", tmp_path_factory.mktemp("clock"))


@contextlib.contextmanager
def running_server(environment):
    server = subprocess.Popen([PROGRAM, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        yield server.stdout.readline().split()[-1].rstrip("/")
    finally:
        server.terminate()
        assert server.wait(SHORT) == 0


def finish(address, job):
    """Looks at a job until it has ended; what it says of its time must be sane at every look."""
    until = time.monotonic() + SHORT
    while job["state"] in ("queued", "running"):
        assert time.monotonic() < until and 0 <= job["seconds"] < SHORT and 0 <= (job["seconds_left"] or 0) < 3600, job
        job = requests.get(f"{address}/v1/jobs/{job['id']}", timeout=SHORT).json()
    assert job["state"] == "done" and 0 < job["seconds"] < SHORT, job
    return job


def test_a_sweep_does_not_see_it(jumping, plan, tmp_path):
    sweep = ("sweep", plan(100), "-q", "--out")
    assert run(*sweep, tmp_path / "steady").returncode == 0
    assert run(*sweep, tmp_path / "jumped", env=jumping).returncode == 0
    names = check_manifest(tmp_path / "jumped")
    assert names == check_manifest(tmp_path / "steady") and len(names) == 100
    assert all((tmp_path / "steady" / name).read_bytes() == (tmp_path / "jumped" / name).read_bytes() for name in names)
    seconds = [json.loads(line)["seconds"] for line in (tmp_path / "jumped" / "manifest.jsonl").read_text().splitlines()]
    assert all(0 <= one < SHORT for one in seconds), seconds


def test_a_server_does_not_see_it(jumping):
    """Jobs end, those with uploaded pictures too, connections are kept, an unfinished request is not ended before its time."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(buffer, "PNG")
    upload = {**SMALL, "steps": 20, "image": base64.b64encode(buffer.getvalue()).decode()}
    with running_server(jumping) as address, requests.Session() as session:
        times = set()
        jobs = [session.post(f"{address}/v1/generate", json={**SMALL, "steps": 300}, timeout=SHORT).json()]
        jobs += [session.post(f"{address}/v1/generate", json=upload, timeout=SHORT).json() for _ in range(5)]
        for job in jobs:
            finish(address, job)
        for _ in range(6):
            body = {"prompt": "a dog", "size": "64x64", "steps": 2}
            times.add(session.post(f"{address}/v1/images/generations", json=body, timeout=SHORT).json()["created"])
            time.sleep(0.15)
        assert max(times) - min(times) > 18000, "the clock did not jump, so the test says nothing"
        began = time.monotonic()
        with pytest.raises(requests.exceptions.ReadTimeout):
            requests.post(f"{address}/sdapi/v1/txt2img", json={"prompt": "a dog", "steps": 900}, timeout=1)
        while session.get(f"{address}/sdapi/v1/progress", timeout=SHORT).json()["state"]["job_count"]:
            assert time.monotonic() - began < SHORT, "a client that hung up is not noticed"
    row("a clock that jumps", len(jobs), jobs_lost=0, uploads_lost=0)
