"""A server under a steady mixed load for hours: python bench/soak.py --program build/release/bin/latentdial --seconds 7200

Pictures over A1111's path and our own, dials, uploads, previews, cancelled jobs, clients that hang up, refused requests: a client for each, one
thing after the other. Prints a table by tenths of the run and exits with 1 when memory grew by more than --most-growth after the warm-up, a job failed, the
same question got another picture, a file stayed behind, or the server ended."""

import argparse
import base64
import io
import os
import pathlib
import statistics
import sys
import tempfile
import time

import requests
from PIL import Image

from clients import PLAIN, STEPS, TIMEOUT, Clients, percentiles, resident_bytes, running_server, settle

SEEDS = 50  # Few, so that each question is asked again and again.
EVERY = 2.0  # Seconds from one look at the memory to the next.
EARLY, LATE = (0.2, 0.4), (0.8, 1.0)  # Shares of the run; what lies before the first is the warm-up, in which the server's memory of jobs fills.
MOST_DESCRIPTORS = 32  # More than early.


class Soak(Clients):
    """What load.py's clients do, and the rest of what the page and scripts ask."""

    def __init__(self, address: str, seconds: float):
        super().__init__(address, seconds)
        buffer = io.BytesIO()
        Image.linear_gradient("L").resize((128, 128)).convert("RGB").save(buffer, "PNG")
        self.photo = base64.b64encode(buffer.getvalue()).decode()

    def job(self, what: str, seed: int, path: str, **body) -> dict | None:
        """Asks for a job and looks at it until it has ended; each of its pictures must come whole."""
        began = time.monotonic()
        reply = requests.post(self.address + path, json={"prompt": "a dog in the meadow", "seed": seed, **PLAIN, **body}, timeout=TIMEOUT)
        if reply.status_code == 429:
            self.refuse(reply)
            return None
        job = reply.json()
        while job["state"] in ("queued", "running"):
            time.sleep(0.02)
            job = self.get(f"/v1/jobs/{job['id']}").json()
            if job.get("preview"):
                self.get(job["preview"]["url"])
        if job["state"] != "done":
            self.count(f"job {job['state']}: {job.get('error')}")
            return None
        for frame in job["frames"]:
            self.deliver((what, seed, frame["index"]), self.get(frame["url"]).content, began)
        return job

    def get(self, path: str) -> requests.Response:
        reply = requests.get(self.address + path, timeout=TIMEOUT)
        if reply.status_code != 200:
            self.count(f"status {reply.status_code} of {path.split('/')[-1]}")
        return reply

    def plain(self, seed: int) -> None:
        self.job("plain", seed, "/v1/generate", sampler="euler")

    def dial(self, seed: int) -> None:
        job = self.job("dial", seed, "/v1/dial", style="Monet style", at=[0, 0.5, 1])
        if job:
            self.get(f"/v1/jobs/{job['id']}/strip.png")

    def upload(self, seed: int) -> None:
        self.job("upload", seed, "/v1/generate", image=self.photo, strength=0.5)

    def preview(self, seed: int) -> None:
        self.job("preview", seed, "/v1/generate", preview_every=2, steps=4 * STEPS)

    def wrong(self, seed: int) -> None:
        """Each must be refused as what it is."""
        generate = self.address + "/v1/generate"
        replies = [
            (400, requests.post(generate, json={"prompt": "a dog", "steps": seed - 1000}, timeout=TIMEOUT)),
            (400, requests.post(generate, json={"prompt": "a dog", "image": "aGVsbG8="}, timeout=TIMEOUT)),
            (422, requests.post(self.address + "/sdapi/v1/txt2img", json={"prompt": "a dog", "width": 100}, timeout=TIMEOUT)),
            (404, requests.get(self.address + "/v1/jobs/0123", timeout=TIMEOUT)),
        ]
        for wanted, reply in replies:
            self.count("refused" if reply.status_code == wanted else f"status {reply.status_code} where {wanted} was due")
        time.sleep(0.2)

    @property
    def acts(self) -> list:
        return [self.wait, self.plain, self.dial, self.upload, self.preview, self.cancel, self.hang_up, self.wrong]


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


class Samples:
    """The server's memory over time: (moment, resident bytes, open files)."""

    def __init__(self, soak: Soak, server, seconds: float):
        self.soak, self.server, self.seconds = soak, server, seconds
        self.rows = []

    def take(self) -> None:
        """Until the time is over, or the server is."""
        while time.monotonic() < self.soak.until:
            if self.server.poll() is not None:
                self.soak.until = 0
                self.soak.count(f"the server ended with {self.server.returncode}")
                return
            self.rows.append((time.monotonic(), resident_bytes(self.server.pid), descriptors(self.server.pid)))
            self.show()
            time.sleep(EVERY)

    def show(self) -> None:
        if sys.stderr.isatty():
            passed = self.seconds - (self.soak.until - time.monotonic())
            print(f"\r{passed:.0f} of {self.seconds:.0f} s, {self.soak.counts['delivered']} pictures, {self.rows[-1][1] / 2**20:.0f} MiB\033[K", end="", file=sys.stderr)

    def median(self, window: tuple[float, float], column: int) -> float:
        """Of a part of the run, in shares of it."""
        began = self.soak.until - self.seconds
        values = [row[column] for row in self.rows if window[0] <= (row[0] - began) / self.seconds < window[1]]
        return statistics.median(values) if values else float("nan")


def table(soak: Soak, samples: Samples) -> str:
    began, tenth = soak.until - samples.seconds, samples.seconds / 10
    lines = [f"{'seconds':>8} {'pictures/s':>11} {'picture p50':>12} {'p99 ms':>8} {'progress p50':>13} {'p99 ms':>8} {'MiB':>7} {'files':>6}"]
    for i in range(10):
        within = lambda moments: [seconds for at, seconds in moments if i <= (at - began) / tenth < i + 1]  # noqa: B023, E731
        pictures, looks = within(soak.pictures), within(soak.looks)
        picture, look = percentiles(pictures), percentiles(looks)
        memory, files = (samples.median((i / 10, (i + 1) / 10), column) for column in (1, 2))
        lines.append(
            f"{tenth * (i + 1):8.0f} {len(pictures) / tenth:11.1f} {picture.get('p50', 0):12.0f} {picture.get('p99', 0):8.0f} "
            f"{look.get('p50', 0):13.1f} {look.get('p99', 0):8.1f} {memory / 2**20:7.1f} {files:6.0f}"
        )
    return "\n".join(lines)


def judge(soak: Soak, samples: Samples, left: list[str], most_growth: float) -> list[str]:
    """What is wrong, a line each."""
    wrong = [f"{count} times: {what}" for what, count in soak.faults.items()]
    if left:
        wrong.append(f"files stayed behind: {', '.join(left)}")
    memory = [samples.median(window, 1) for window in (EARLY, LATE)]
    files = [samples.median(window, 2) for window in (EARLY, LATE)]
    if not memory[1] <= most_growth * memory[0]:
        wrong.append(f"memory grew from {memory[0] / 2**20:.1f} to {memory[1] / 2**20:.1f} MiB")
    if not files[1] <= files[0] + MOST_DESCRIPTORS:
        wrong.append(f"open files grew from {files[0]:.0f} to {files[1]:.0f}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/bin/latentdial")
    parser.add_argument("--seconds", type=float, default=7200, help="60 at least")
    parser.add_argument("--most-growth", type=float, default=1.05, help="of memory, late over early (default: %(default)s)")
    arguments = parser.parse_args()
    if not arguments.seconds >= 60:
        parser.error("--seconds: 60 at least")
    with tempfile.TemporaryDirectory() as temporary:
        with running_server(arguments.program, env={**os.environ, "TMPDIR": temporary}) as (address, server):
            soak = Soak(address, arguments.seconds)
            samples = Samples(soak, server, arguments.seconds)
            soak.run(soak.acts, SEEDS, samples.take)
            if server.poll() is None:
                settle(address)
        left = [path.name for path in pathlib.Path(temporary).iterdir()]
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    print(table(soak, samples))
    print(", ".join(f"{count} {what}" for what, count in sorted(soak.counts.items())))
    early, late = (samples.median(window, 1) / 2**20 for window in (EARLY, LATE))
    picture, look = percentiles([s for _, s in soak.pictures]), percentiles([s for _, s in soak.looks])
    print(f"{len(soak.pictures) / arguments.seconds:.1f} pictures/s; picture p50 {picture['p50']:.0f}, p99 {picture['p99']:.0f} ms; "
          f"progress p50 {look['p50']:.1f}, p99 {look['p99']:.1f} ms; memory {early:.1f} to {late:.1f} MiB ({late / early - 1:+.1%})")
    wrong = judge(soak, samples, left, arguments.most_growth)
    for line in wrong:
        print(f"WRONG: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
