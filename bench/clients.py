"""What the clients of bench/load.py and bench/soak.py ask of a server, and what they count together."""

import base64
import collections
import contextlib
import hashlib
import json
import multiprocessing
import pathlib
import random
import subprocess
import threading
import time

import requests

STEPS = 8
PATIENCE = 0.3  # Seconds before a client hangs up.
TIMEOUT = 300  # Seconds for any other answer.
PLAIN = {"steps": STEPS, "width": 128, "height": 128}
EXPECTED = {"delivered", "refused", "hung up", "cancelled"}


def resident_bytes(pid: int) -> int:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)


@contextlib.contextmanager
def running_server(program, **options):
    """A server on a free port; yields its address and process."""
    process = subprocess.Popen([program, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True, **options)
    try:
        yield process.stdout.readline().split()[-1], process
    finally:
        process.terminate()
        process.wait(60)


def percentiles(seconds: list[float]) -> dict[str, float]:
    """In milliseconds."""
    ordered = sorted(seconds)
    if not ordered:
        return {}
    return {"p50": 1000 * ordered[len(ordered) // 2], "p99": 1000 * ordered[int(len(ordered) * 0.99)], "worst": 1000 * ordered[-1]}


def watch_progress(address: str, until: float) -> list[tuple[float, float]]:
    """When each of many looks at the progress began, and how many seconds it took."""
    looks = []
    while time.monotonic() < until:
        began = time.monotonic()
        requests.get(address + "/sdapi/v1/progress", timeout=TIMEOUT)
        looks.append((began, time.monotonic() - began))
        time.sleep(0.05)
    return looks


def settle(address: str) -> None:
    """Waits until nothing runs."""
    while requests.get(address + "/sdapi/v1/progress", timeout=TIMEOUT).json()["state"]["job_count"]:
        time.sleep(0.1)


class Clients:
    """Each does one thing again and again until the time is over."""

    def __init__(self, address: str, seconds: float):
        self.address, self.until = address, time.monotonic() + seconds
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        self.digests = {}
        self.pictures = []  # When each was asked for, and how many seconds it took.
        self.looks = []

    @property
    def faults(self) -> dict[str, int]:
        return {what: count for what, count in self.counts.items() if what not in EXPECTED}

    def count(self, what: str) -> None:
        with self.lock:
            self.counts[what] += 1

    def refuse(self, reply: requests.Response) -> None:
        """Of a full queue."""
        self.count("refused" if int(reply.headers.get("Retry-After", 0)) > 0 else "refused without Retry-After")
        time.sleep(0.5)

    def deliver(self, what, data: bytes, began: float) -> None:
        """The same question must be answered by the same picture."""
        digest = hashlib.sha256(data).hexdigest()
        with self.lock:
            self.counts["delivered"] += 1
            self.pictures.append((began, time.monotonic() - began))
            if self.digests.setdefault(what, digest) != digest:
                self.counts["wrong picture"] += 1

    def deliver_a1111(self, what, seed: int, reply: requests.Response, began: float) -> None:
        body = reply.json()
        if json.loads(body["info"])["all_seeds"] != [seed]:
            self.count("wrong picture")
        self.deliver(what, base64.b64decode(body["images"][0]), began)

    def ask_a1111(self, seed: int, **options) -> requests.Response:
        body = {"prompt": "a dog in the meadow", "seed": seed, "sampler_name": "Euler", **PLAIN}
        return requests.post(self.address + "/sdapi/v1/txt2img", json=body, **options)

    def wait(self, seed: int) -> None:
        began = time.monotonic()
        reply = self.ask_a1111(seed, timeout=TIMEOUT)
        if reply.status_code == 429:
            self.refuse(reply)
        elif reply.status_code == 200:
            self.deliver_a1111(("a1111", seed), seed, reply, began)
        else:
            self.count(f"status {reply.status_code}")

    def hang_up(self, seed: int) -> None:
        began = time.monotonic()
        try:
            reply = self.ask_a1111(seed, timeout=PATIENCE)
            self.deliver_a1111(("a1111", seed), seed, reply, began) if reply.status_code == 200 else self.refuse(reply)
        except requests.exceptions.Timeout:
            self.count("hung up")

    def cancel(self, seed: int) -> None:
        reply = requests.post(self.address + "/v1/generate", json={"prompt": "a cat", "seed": seed, "steps": 500}, timeout=TIMEOUT)
        if reply.status_code == 429:
            self.refuse(reply)
            return
        time.sleep(random.uniform(0, 0.5))
        requests.post(f"{self.address}/v1/jobs/{reply.json()['id']}/cancel", timeout=TIMEOUT)
        self.count("cancelled")

    def client(self, number: int, act, seeds: int) -> None:
        generator = random.Random(number)
        while time.monotonic() < self.until:
            try:
                act(generator.randrange(seeds))
            except Exception as error:  # noqa: BLE001 - every kind of fault is a finding
                self.count(f"{type(error).__name__}: {str(error)[:80]}")

    def run(self, acts: list, seeds: int = 1000, meanwhile=lambda: None) -> None:
        """One client for each act; `meanwhile` is called when all have begun."""
        threads = [threading.Thread(target=self.client, args=(i, act, seeds)) for i, act in enumerate(acts)]
        with multiprocessing.Pool(1) as watcher:  # By itself: the clients' threads would wait for each other.
            looks = watcher.apply_async(watch_progress, (self.address, self.until))
            for thread in threads:
                thread.start()
            meanwhile()
            for thread in threads:
                thread.join()
            self.looks = looks.get()
