"""A live server, and a client with nothing but an HTTP library."""

import contextlib
import io
import os
import pathlib
import subprocess
import time

import requests
from PIL import Image

PROGRAM = pathlib.Path(os.environ.get("LATENTDIAL_BIN", "build/release/bin/latentdial")).resolve()
QUICK = {"steps": 4, "guidance_scale": 3.5}


@contextlib.contextmanager
def running_server(*arguments):
    """A live server on a free port; yields its address and process, and ends only that, which must end with 0. What it said is then `process.said`."""
    process = subprocess.Popen([PROGRAM, "serve", "--port", "0", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:"), (line, process.stderr.read() if process.poll() is not None else "")
        yield line.split()[-1], process
    finally:
        process.terminate()
        process.said = process.communicate(timeout=60)[1]
        print(process.said)  # What a sanitizer found.
    assert process.returncode == 0


class Client:
    """What a script with nothing but an HTTP library does."""

    def __init__(self, address):
        self.address = address

    def post(self, path, **body):
        return requests.post(self.address + path, json=body, timeout=60)

    def get(self, path):
        return requests.get(self.address + path, timeout=60)

    def job(self, job_id):
        return self.get(f"/v1/jobs/{job_id}").json()

    def finish(self, reply):
        """Waits for the job of a 202 reply."""
        assert reply.status_code == 202, reply.text
        job = reply.json()
        while job["state"] in ("queued", "running"):
            time.sleep(0.01)
            job = self.job(job["id"])
        return job

    def picture(self, url):
        return Image.open(io.BytesIO(self.get(url).content))


class Person:
    """A client that a reverse proxy tells apart from the others."""

    def __init__(self, address, name, **headers):
        self.address, self.headers = address, {"X-Forwarded-For": name, **headers}

    def ask(self, path, verb="POST", headers=None, **body):
        return requests.request(verb, self.address + path, json=body or None, headers={**self.headers, **(headers or {})}, timeout=60)

    def start(self, **body):
        reply = self.ask("/v1/generate", **body)
        assert reply.status_code == 202, reply.text
        return reply.json()["id"]

    def job(self, job):
        return self.ask(f"/v1/jobs/{job}", "GET").json()

    def finish(self, job):
        while (now := self.job(job))["state"] in ("queued", "running"):
            time.sleep(0.02)
        assert now["state"] == "done", now
        return now

    def cancel(self, job):
        self.ask(f"/v1/jobs/{job}/cancel")
        wait_until(lambda: self.job(job)["state"] == "cancelled")

    def pictures(self, path, **body):
        """Of one job, in order."""
        job = self.finish(self.ask(path, **body).json()["id"])
        frames = sorted(job["frames"], key=lambda frame: frame["index"])
        return [self.ask(frame["url"], "GET").content for frame in frames]


def wait_until(true, seconds=20):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def people(address, *names):
    return [Person(address, name) for name in names]


def png_bytes(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
