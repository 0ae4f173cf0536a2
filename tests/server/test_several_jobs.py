"""serve --jobs N: jobs of different clients run at the same time on one model, and none changes another's pictures."""

import base64
import concurrent.futures
import pathlib
import subprocess
import time

import pytest
import requests
from PIL import Image

from live import PROGRAM, QUICK, Person, people, png_bytes, wait_until

LONG = {"prompt": "a dog", "steps": 900}
ALICE, BOB, CAROL = "203.0.113.7", "203.0.113.8", "203.0.113.9"


@pytest.fixture
def two_at_once(server):
    with server("--jobs", "2", "--behind-proxy") as (address, _):
        yield address


def requests_of(seed, photo):
    """What one client asks for: plain, dials of several methods, a photo."""
    plain = {"prompt": "a dog in the meadow", "seed": seed, **QUICK}
    dial = {**plain, "style": "Monet style", "at": [0, 0.5, 1]}
    return [
        ("/v1/generate", plain),
        ("/v1/dial", dial),
        ("/v1/dial", {**dial, "method": "slerp"}),
        ("/v1/generate", {"prompt": "a hill", "image": photo, "invert": True, "style": "sketch", "position": seed / 100, **QUICK}),
    ]


def test_each_client_gets_the_pictures_that_it_gets_alone(server, photo):
    made = []
    for jobs in ("1", "2"):
        with server("--jobs", jobs, "--behind-proxy") as (address, _), concurrent.futures.ThreadPoolExecutor() as threads:
            everything = lambda person, seed: [person.pictures(path, **body) for path, body in requests_of(seed, photo)]  # noqa: E731
            made.append(list(threads.map(everything, people(address, ALICE, BOB), (7, 8))))
    assert made[0] == made[1] and made[0][0] != made[0][1]


def test_two_clients_jobs_run_at_the_same_time(two_at_once):
    alice, bob, carol = people(two_at_once, ALICE, BOB, CAROL)
    first, second, third = alice.start(**LONG), bob.start(**LONG), carol.start(**LONG)
    wait_until(lambda: alice.job(first)["step"] > 0 and bob.job(second)["step"] > 0)
    assert alice.job(first)["state"] == bob.job(second)["state"] == "running"
    assert carol.job(third)["state"] == "queued" and carol.job(third)["ahead"] == 2
    alice.cancel(first)
    wait_until(lambda: carol.job(third)["step"] > 0)
    assert bob.job(second)["state"] == "running"


def test_one_client_takes_one_worker_while_others_wait(two_at_once):
    alice, bob = people(two_at_once, ALICE, BOB)
    hers = [alice.start(**LONG) for _ in range(3)]  # Nobody else waits, so two of them run.
    wait_until(lambda: [alice.job(job)["state"] for job in hers] == ["running", "running", "queued"])
    his = bob.start(**LONG)
    alice.cancel(hers[0])
    wait_until(lambda: bob.job(his)["state"] == "running")
    assert alice.job(hers[2])["state"] == "queued"  # It came before his.
    alice.cancel(hers[1])
    wait_until(lambda: alice.job(hers[2])["state"] == "running")


def test_running_jobs_count_as_their_clients(server):
    with server("--jobs", "2", "--behind-proxy", "--per-client", "2") as (address, _):
        alice, bob = people(address, ALICE, BOB)
        assert [alice.ask("/v1/generate", **LONG).status_code for _ in range(3)] == [202, 202, 429]
        assert bob.ask("/v1/generate", **LONG).status_code == 202


def test_a_client_is_served_by_the_worker_that_remembers_its_photo(two_at_once, photo):
    another = base64.b64encode(png_bytes(Image.radial_gradient("L").resize((128, 128)).convert("RGB"))).decode()
    steps = []
    for position in (0.25, 0.5, 0.75):
        for person, picture in zip(people(two_at_once, ALICE, BOB), (photo, another)):
            ask = {"prompt": "a hill", "style": "sketch", "method": "slerp", "image": picture, "invert": True, "strength": 1}
            job = person.finish(person.start(position=position, preview_every=1, **ask, **QUICK))
            steps.append(job["preview"]["step"])
    assert min(steps[:2]) >= 3 * max(steps[2:])


def test_a1111s_progress_and_interrupt_are_of_the_clients_own_job(two_at_once):
    alice, bob = people(two_at_once, ALICE, BOB)
    progress = lambda person: person.ask("/sdapi/v1/progress", "GET").json()  # noqa: E731
    size = {"width": 128, "height": 128}
    with concurrent.futures.ThreadPoolExecutor() as threads:
        hers = threads.submit(alice.ask, "/sdapi/v1/txt2img", prompt="a dog", steps=900, **size)
        wait_until(lambda: progress(alice)["progress"] > 0)
        his = threads.submit(bob.ask, "/sdapi/v1/txt2img", prompt="a cat", steps=700, **size)
        wait_until(lambda: progress(bob)["state"]["job_count"] == 2 and progress(bob)["progress"] > 0)
        assert progress(alice)["state"]["sampling_steps"] >= 900 > progress(bob)["state"]["sampling_steps"] >= 700
        wait_until(lambda: progress(alice)["current_image"] and progress(bob)["current_image"])
        assert progress(alice)["current_image"] != progress(bob)["current_image"]
        someone = Person(two_at_once, CAROL)  # Has no job: sees how many there are, and nothing of them.
        assert (progress(someone)["state"]["job"], progress(someone)["state"]["job_count"]) == ("", 2)
        assert progress(alice)["state"]["job"] != progress(bob)["state"]["job"]
        alice.ask("/sdapi/v1/interrupt")
        assert hers.result(20).json()["images"] == []
        assert progress(bob)["state"]["job_count"] == 1
        bob.ask("/sdapi/v1/interrupt")
        assert his.result(20).json()["images"] == []


def test_stopping_the_server_stops_all_of_its_work(server):
    with server("--jobs", "2", "--behind-proxy") as (address, process):
        for person in people(address, ALICE, BOB, CAROL):
            person.start(**LONG)
        time.sleep(0.5)
        process.terminate()
        assert process.wait(timeout=20) == 0


def test_the_weights_are_there_once(server):
    def resident(pid):
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("RssAnon:")).split()[1]) * 1024

    idle = []
    for jobs in ("1", "8"):
        with server("--jobs", jobs) as (_, process):
            idle.append(resident(process.pid))
    assert idle[1] < idle[0] + 16 * 2**20, idle


@pytest.mark.parametrize("jobs", ["0", "9", "many"])
def test_a_number_of_jobs_out_of_range_is_refused(jobs):
    process = subprocess.run([PROGRAM, "serve", "--jobs", jobs, "--port", "0"], capture_output=True, text=True, timeout=60)
    assert process.returncode == 2 and "--jobs" in process.stderr
