"""Many clients at once on one server: python bench/load.py --program build/release/bin/latentdial

A third of the clients wait for their picture, a third cancel, a third hang up. Prints one JSON object and exits with 1 when something is
lost, delivered twice, refused without saying when to come again, slow to answer, or when memory grew."""

import argparse
import collections
import hashlib
import json
import multiprocessing
import pathlib
import random
import subprocess
import sys
import threading
import time

import requests

PATIENCE = 0.3  # Seconds before a client hangs up.
STEPS = 8
SLOWEST_MS = 100  # Of an answer to a look at the progress.
MOST_GROWTH = 1.05  # Of memory over the load.


def resident_bytes(pid: int) -> int:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)


class Load:
    """What the clients see, counted together."""

    def __init__(self, address: str, seconds: float):
        self.address, self.until = address, time.monotonic() + seconds
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        self.pictures = {}
        self.latencies = []

    def count(self, what: str) -> None:
        with self.lock:
            self.counts[what] += 1

    def ask(self, seed: int, **options) -> requests.Response:
        body = {"prompt": "a dog in the meadow", "seed": seed, "steps": STEPS, "width": 128, "height": 128, "sampler_name": "Euler"}
        return requests.post(self.address + "/sdapi/v1/txt2img", json=body, **options)

    def deliver(self, seed: int, reply: requests.Response) -> None:
        """A picture must come whole, and be the one of its seed."""
        body = reply.json()
        if json.loads(body["info"])["all_seeds"] != [seed]:
            self.count("wrong picture")
        digest = hashlib.sha256(body["images"][0].encode()).hexdigest()
        with self.lock:
            self.counts["delivered"] += 1
            if self.pictures.setdefault(seed, digest) != digest:
                self.counts["wrong picture"] += 1

    def wait(self, seed: int) -> None:
        reply = self.ask(seed, timeout=300)
        if reply.status_code == 429:
            self.count("refused" if int(reply.headers.get("Retry-After", 0)) > 0 else "refused without Retry-After")
            time.sleep(0.5)
        elif reply.status_code == 200:
            self.deliver(seed, reply)
        else:
            self.count(f"status {reply.status_code}")

    def hang_up(self, seed: int) -> None:
        try:
            reply = self.ask(seed, timeout=PATIENCE)
            self.deliver(seed, reply) if reply.status_code == 200 else self.count("refused")
        except requests.exceptions.Timeout:
            self.count("hung up")

    def cancel(self, seed: int) -> None:
        reply = requests.post(self.address + "/v1/generate", json={"prompt": "a cat", "seed": seed, "steps": 500}, timeout=300)
        if reply.status_code == 429:
            self.count("refused")
            time.sleep(0.5)
            return
        time.sleep(random.uniform(0, 0.5))
        requests.delete(f"{self.address}/v1/jobs/{reply.json()['id']}", timeout=300)
        self.count("cancelled")

    def client(self, number: int) -> None:
        act = (self.wait, self.cancel, self.hang_up)[number % 3]
        generator = random.Random(number)
        while time.monotonic() < self.until:
            try:
                act(generator.randrange(1000))
            except Exception as error:  # noqa: BLE001 - every kind of fault is a finding
                self.count(f"{type(error).__name__}: {str(error)[:80]}")

    def run(self, clients: int) -> None:
        threads = [threading.Thread(target=self.client, args=(i,)) for i in range(clients)]
        with multiprocessing.Pool(1) as watcher:  # By itself: the clients' threads would wait for each other.
            latencies = watcher.apply_async(watch_progress, (self.address, self.until - time.monotonic()))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.latencies = latencies.get()


def watch_progress(address: str, seconds: float) -> list[float]:
    """How long each of many looks at the progress took."""
    latencies, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        started = time.monotonic()
        requests.get(address + "/sdapi/v1/progress", timeout=300)
        latencies.append(time.monotonic() - started)
        time.sleep(0.05)
    return latencies


def settle(address: str) -> None:
    """Waits until nothing runs."""
    while requests.get(address + "/sdapi/v1/progress", timeout=300).json()["state"]["job_count"]:
        time.sleep(0.1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/bin/latentdial")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--warm-up", type=float, default=20, help="seconds of the same load before memory is read")
    arguments = parser.parse_args()
    server = subprocess.Popen([arguments.program, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().split()[-1]
        Load(address, arguments.warm_up).run(arguments.clients)
        settle(address)
        before = resident_bytes(server.pid)
        load = Load(address, arguments.seconds)
        load.run(arguments.clients)
        settle(address)
        after = resident_bytes(server.pid)
        alive = server.poll() is None
    finally:
        server.terminate()
        server.wait(60)
    latencies = sorted(load.latencies)
    expected = {"delivered", "refused", "hung up", "cancelled"}
    faults = {what: count for what, count in load.counts.items() if what not in expected}
    result = {
        "counts": dict(load.counts),
        "faults": faults,
        "progress_ms": {"p50": 1000 * latencies[len(latencies) // 2], "p99": 1000 * latencies[int(len(latencies) * 0.99)], "worst": 1000 * latencies[-1]},
        "memory_mib": {"before": before / 2**20, "after": after / 2**20, "ratio": after / before},
        "pictures_per_second": load.counts["delivered"] / arguments.seconds,
        "alive": alive,
    }
    print(json.dumps(result, indent=1))
    quick = result["progress_ms"]["worst"] <= SLOWEST_MS
    return 0 if alive and not faults and quick and after <= MOST_GROWTH * before else 1


if __name__ == "__main__":
    sys.exit(main())
