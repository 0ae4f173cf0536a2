"""Whose is it: jobs, pictures, previews, retries and Idempotency-Keys are the client's that asked, and nothing of them is anybody else's."""

import base64
import concurrent.futures
import contextlib
import json
import select
import time

import pytest
import requests
from PIL import Image

from attacks import Connection, request
from live import QUICK, Person, people, png_bytes, running_server, wait_until

LONG = {"prompt": "a dog", "steps": 900}
ALICE, BOB, CAROL = "203.0.113.7", "203.0.113.8", "203.0.113.9"
PICTURE = {"prompt": "a dog", "size": "128x128", "steps": 4}
AGAIN = {"x-stainless-retry-count": "1"}
SEVERAL = 135  # Requests at once: more than the server has threads for.
MOST = 256  # Requests that may wait for one job.


@pytest.fixture(scope="module")
def address():
    with running_server("--jobs", "2", "--behind-proxy") as (address, _):
        yield address


@pytest.fixture(autouse=True)
def nothing_is_left(address):
    yield
    wait_until(lambda: requests.get(address + "/sdapi/v1/progress", timeout=60).json()["state"]["job_count"] == 0)


@pytest.fixture
def alice(address):
    return Person(address, ALICE)


@pytest.fixture
def bob(address):
    return Person(address, BOB)


def images(person, body=PICTURE, **headers):
    return person.ask("/v1/images/generations", headers=headers, **body)


def without_id(reply, job):
    return reply.status_code, reply.text.replace(job, "ID")


def test_anothers_photo_is_not_given(alice, bob):
    photo = base64.b64encode(png_bytes(Image.new("RGB", (128, 128), "red"))).decode()
    job = alice.finish(alice.start(image=photo, prompt="a cat", **QUICK))["id"]
    unknown = "0123456789abcdef01234567"
    ask = lambda person, job: person.ask("/v1/generate", prompt="a cat", images_of=job, **QUICK)  # noqa: E731
    assert without_id(ask(bob, job), job) == without_id(ask(bob, unknown), unknown) and ask(bob, job).status_code == 404
    assert ask(alice, job).status_code == 202


@pytest.mark.parametrize("verb, path", [("GET", ""), ("POST", "/cancel"), ("HEAD", ""), ("GET", "/frames/0.png"), ("HEAD", "/frames/0.png"), ("GET", "/frames/7.png"), ("GET", "/preview.png"), ("GET", "/strip.png")])
def test_anothers_job_is_as_one_that_nobody_has(alice, bob, verb, path):
    running = alice.start(preview_every=1, **LONG)
    wait_until(lambda: alice.job(running)["preview"])
    done = alice.finish(alice.start(preview_every=1, prompt="a cat", **QUICK))["id"]
    unknown = "0123456789abcdef01234567"
    expected = without_id(bob.ask(f"/v1/jobs/{unknown}{path}", verb), unknown)
    assert expected[0] == 404
    for job in (running, done):
        assert without_id(bob.ask(f"/v1/jobs/{job}{path}", verb), job) == expected
    assert alice.job(running)["state"] == "running" and alice.ask(f"/v1/jobs/{done}/frames/0.png", "GET").content.startswith(b"\x89PNG")
    alice.cancel(running)
    assert without_id(bob.ask(f"/v1/jobs/{running}{path}", verb), running) == expected


@pytest.mark.parametrize("alias", ["203.0.113.8, {}", "127.0.0.1,{}", "{} ", "::ffff:{}"])
def test_a_client_is_known_by_the_last_address_however_it_is_written(alice, alias):
    job = alice.finish(alice.start(prompt="a cat", **QUICK))["id"]
    assert Person(alice.address, alias.format(ALICE)).job(job)["state"] == "done"


@pytest.mark.parametrize("other", ["2001:db8:1:2:ffff::1", "2001:db8:1:2::", "2001:0DB8:0001:0002:0:0:0:9"])
def test_an_ipv6_network_is_one_client(address, other):
    job = Person(address, "2001:db8:1:2::1").start(prompt="a cat", **QUICK)
    assert Person(address, other).finish(job)["id"] == job


@pytest.mark.parametrize("other", ["2001:db8:1:3::1", "2001:db8:1::1", "fe80::1", "::1", "::ffff:203.0.113.7", "2001:db8:1:2::1, 198.51.100.1", "127.0.0.1", "somewhere"])
def test_another_network_is_another_client(address, other):
    owner = Person(address, "2001:db8:1:2::1")
    job = owner.start(prompt="a cat", **QUICK)
    assert Person(address, other).ask(f"/v1/jobs/{job}", "GET").status_code == 404
    owner.finish(job)


def test_neighbours_on_one_link_are_not_one_client(address):
    job = Person(address, "fe80::1").start(prompt="a cat", **QUICK)
    assert Person(address, "fe80::2").ask(f"/v1/jobs/{job}", "GET").status_code == 404
    Person(address, "fe80::1").finish(job)


def test_progress_and_interrupt_are_about_the_clients_own(alice, bob):
    job = alice.start(**LONG)
    wait_until(lambda: alice.job(job)["step"] > 20)
    progress = lambda person: person.ask("/sdapi/v1/progress", "GET").json()  # noqa: E731
    hers, his = progress(alice), progress(bob)
    assert hers["state"]["sampling_step"] > 0 and hers["state"]["job"]
    assert job not in str(hers) and job not in str(his)
    assert his["state"] == {**his["state"], "job": "", "job_timestamp": "0", "sampling_step": 0, "sampling_steps": 0, "job_count": 1}
    assert (his["progress"], his["eta_relative"], his["current_image"]) == (0, 0, None)
    for _ in range(3):
        assert bob.ask("/sdapi/v1/interrupt").status_code == bob.ask("/sdapi/v1/skip").status_code == 200
    assert alice.job(job)["state"] == "running"
    assert progress(alice)["state"]["job"] == hers["state"]["job"]
    alice.ask("/sdapi/v1/interrupt")
    wait_until(lambda: alice.job(job)["state"] == "cancelled")


def test_who_does_not_own_a_job_does_not_make_previews_of_it(alice, bob):
    with concurrent.futures.ThreadPoolExecutor() as threads:
        answer = threads.submit(alice.ask, "/sdapi/v1/txt2img", prompt="a dog", steps=900, width=128, height=128)
        progress = lambda person, ask="": person.ask("/sdapi/v1/progress" + ask, "GET").json()  # noqa: E731
        step = lambda: progress(alice, "?skip_current_image=true")["state"]["sampling_step"]  # noqa: E731
        wait_until(lambda: step() > 0)
        for goal in (20, 40, 60):
            assert progress(bob)["current_image"] is None
            wait_until(lambda: step() > goal)  # noqa: B023
        assert progress(alice)["current_image"] is None, "nobody but she asks, and she had not"
        wait_until(lambda: progress(alice)["current_image"])
        alice.ask("/sdapi/v1/interrupt")
        assert answer.result(20).status_code == 200


@pytest.mark.parametrize("headers", [{"Idempotency-Key": "order-1"}, AGAIN, {"Idempotency-Key": "order-2", **AGAIN}])
def test_anothers_body_and_key_get_nothing_of_it(alice, bob, headers):
    hers, again, his = images(alice, **headers), images(alice, **headers), images(bob, **headers)
    assert hers.json()["data"] == again.json()["data"] != his.json()["data"]


@pytest.mark.parametrize("key", ["order-3", "key", "body", "0", "a" * 1000])
def test_a_key_that_another_used_is_free(alice, bob, key):
    assert images(alice, **{"Idempotency-Key": key}).status_code == 200
    other = PICTURE | {"prompt": "a cat"}
    assert images(bob, other, **{"Idempotency-Key": key}).status_code == 200, "it tells nobody that another has used it"
    assert images(alice, other, **{"Idempotency-Key": key}).status_code == 400
    assert images(alice, **{"Idempotency-Key": key}).status_code == 200


def hang_up(person, seconds, body, **headers):
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(person.address + "/v1/images/generations", json=body, headers={**person.headers, **headers}, timeout=seconds)


def count(person):
    return person.ask("/sdapi/v1/progress", "GET").json()["state"]["job_count"]


def test_a_strangers_retry_that_hangs_up_stops_nothing(alice, bob):
    body = PICTURE | {"steps": 300}
    with concurrent.futures.ThreadPoolExecutor() as threads:
        hers = threads.submit(images, alice, body)
        wait_until(lambda: count(alice) == 1)
        hang_up(bob, 0.5, body, **AGAIN)
        assert hers.result(60).status_code == 200


def listen(person, seconds, body, **headers):
    """To a stream, for so long."""
    with requests.post(person.address + "/v1/images/generations", json=body, headers={**person.headers, **headers}, timeout=20, stream=True) as reply:
        assert reply.status_code == 200
        time.sleep(seconds)


@pytest.mark.parametrize("wait", [hang_up, listen])
def test_a_job_ends_when_the_last_who_waits_for_it_has_gone(alice, wait):
    body = PICTURE | {"steps": 900, "stream": wait is listen}
    with concurrent.futures.ThreadPoolExecutor() as threads:
        first = threads.submit(wait, alice, 3, body)
        wait_until(lambda: count(alice) == 1)
        wait(alice, 1, body, **AGAIN)
        time.sleep(0.5)
        assert count(alice) == 1 and not first.done()
        first.result()
    wait_until(lambda: count(alice) == 0)


@pytest.mark.parametrize("key", ["edit-1", ""])
def test_the_same_words_about_another_picture_are_another_request(alice, key):
    def edit(colour, **headers):
        picture = png_bytes(Image.new("RGB", (128, 128), colour))
        headers = {**alice.headers, **headers, **({"Idempotency-Key": key} if key else {})}
        return requests.post(alice.address + "/v1/images/edits", data={"prompt": "a dog", "steps": 4, "strength": 0.5, "size": "128x128"}, files={"image": picture}, headers=headers, timeout=60)

    green, again, red = edit("green"), edit("green", **AGAIN), edit("red", **AGAIN)
    assert green.json()["data"] == again.json()["data"]
    assert red.status_code == 400 if key else red.json()["data"] != green.json()["data"]


def test_a_stream_that_waits_in_the_queue_is_left_too(server):
    with server("--behind-proxy") as (address, _):
        alice, bob = people(address, ALICE, BOB)
        running = alice.start(**LONG)
        with requests.post(address + "/v1/images/generations", json=PICTURE | {"stream": True}, headers=bob.headers, timeout=20, stream=True):
            assert count(bob) == 2
        wait_until(lambda: count(bob) == 1)
        alice.cancel(running)


def test_a_request_with_a_key_may_come_again_for_its_picture(alice):
    body = PICTURE | {"steps": 300}
    hang_up(alice, 0.5, body, **{"Idempotency-Key": "later"})
    time.sleep(0.5)
    assert count(alice) == 1
    assert images(alice, body, **{"Idempotency-Key": "later"}).status_code == 200


def test_those_that_have_gone_hold_no_thread(address, alice, bob):
    body = PICTURE | {"steps": 900}
    with concurrent.futures.ThreadPoolExecutor(SEVERAL) as threads:
        list(threads.map(lambda _: hang_up(alice, 2, body, **{"Idempotency-Key": "many"}), range(SEVERAL)))
        began = time.monotonic()
        assert count(bob) == 1
        assert time.monotonic() - began < 1, "a waiting thread was left when its client had gone"
    alice.ask("/sdapi/v1/interrupt")


def test_so_many_wait_for_one_job_and_who_hangs_up_makes_room(address, alice):
    body = json.dumps(PICTURE | {"steps": 900}).encode()
    once = request("POST", "/v1/images/generations", f"Content-Length: {len(body)}", f"X-Forwarded-For: {ALICE}", "Idempotency-Key: crowd", body=body)
    answered = lambda connections, seconds: select.select([each.socket for each in connections], [], [], seconds)[0]  # noqa: E731
    with contextlib.ExitStack() as crowd:

        def ask():
            connection = crowd.enter_context(Connection(address))
            connection.send(once)
            return connection

        waiting = [ask() for _ in range(MOST + 1)]
        (refused,) = answered(waiting, 20)
        assert refused.recv(65536).startswith(b"HTTP/1.1 429 ")
        next(each for each in waiting if each.socket is not refused).close()
        wait_until(lambda: not answered([ask()], 0.5))
        alice.ask("/sdapi/v1/interrupt")


def test_keys_of_one_address_are_different_clients(server, tmp_path):
    keys = tmp_path / "keys"
    keys.touch(0o600)
    keys.write_text("the-first-key-of-all\nanother-key-of-this\n")
    with server("--api-key-file", str(keys)) as (address, _):
        first, second = (Person(address, "", Authorization=f"Bearer {key}") for key in keys.read_text().split())
        job = first.start(prompt="a cat", **QUICK)
        assert second.ask(f"/v1/jobs/{job}", "GET").status_code == 404
        assert first.finish(job)["id"] == job
        assert images(first, **{"Idempotency-Key": "k"}).json()["data"] != images(second, **{"Idempotency-Key": "k"}).json()["data"]


def test_a_client_that_the_proxy_does_not_name_has_a_share_and_no_more(server):
    with server("--behind-proxy", "--per-client", "2") as (address, _):
        ask = lambda **headers: requests.post(address + "/v1/generate", json=LONG, headers=headers, timeout=60).status_code  # noqa: E731
        assert [ask(), ask(**{"X-Forwarded-For": ""}), ask()] == [202, 202, 429]
        assert ask(**{"X-Forwarded-For": BOB}) == 202
