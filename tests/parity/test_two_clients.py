"""Two clients at once on one model of full size: each gets the picture that it gets alone, and the weights are in memory once."""

import contextlib
import json
import pathlib
import subprocess
import time
import urllib.request

from random_models import make_model

MOST_MEMORY = 1.3  # Of what one client at a time takes.
WANTED = {"steps": 3, "sampler": "ddim", "width": 256, "height": 256}
CLIENTS = {"203.0.113.7": {"prompt": "a dog", "seed": 1}, "203.0.113.8": {"prompt": "a temple", "seed": 2}}


@contextlib.contextmanager
def server(program: pathlib.Path, model: pathlib.Path, jobs: int):
    """A server's address and process."""
    command = [program, "serve", "-m", model, "--port", "0", "--jobs", str(jobs), "--behind-proxy"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        line = next(line for line in process.stdout if "http://127.0.0.1:" in line)
        yield line[line.index("http://") :].split()[0].rstrip("/"), process
    finally:
        process.terminate()
        process.wait(timeout=60)


def ask(url: str, client: str, body: dict | None = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"X-Forwarded-For": client, "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        return reply.read()


def finish(address: str, client: str, job: str) -> bytes:
    """The picture of a job, once it is made."""
    while (now := json.loads(ask(f"{address}/v1/jobs/{job}", client)))["state"] in ("queued", "running"):
        time.sleep(0.05)
    assert now["state"] == "done", now
    return ask(address + now["frames"][0]["url"], client)


def start(address: str, client: str) -> str:
    return json.loads(ask(f"{address}/v1/generate", client, {**WANTED, **CLIENTS[client]}))["id"]


def peak_memory(process: subprocess.Popen) -> int:
    """The most that was resident, in KiB."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def test_each_gets_its_picture_and_the_weights_are_in_memory_once(build, models_folder):
    model = make_model(models_folder, "sd-v1-4")
    program = build / "bin" / "latentdial"
    with server(program, model, jobs=1) as (address, process):
        alone = {client: finish(address, client, start(address, client)) for client in CLIENTS}
        one = peak_memory(process)
    with server(program, model, jobs=2) as (address, process):
        jobs = {client: start(address, client) for client in CLIENTS}
        states = [json.loads(ask(f"{address}/v1/jobs/{job}", client))["state"] for client, job in jobs.items()]
        together = {client: finish(address, client, job) for client, job in jobs.items()}
        both = peak_memory(process)
    print(f"one client at a time {one / 2**20:.2f} GiB, two at once {both / 2**20:.2f} GiB: {both / one:.3f}")
    assert "queued" not in states, states
    assert together == alone
    assert both <= MOST_MEMORY * one
