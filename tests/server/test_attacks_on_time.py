"""Attacks on the server's places and patience: who stalls, drips, sends ahead or hangs up takes nothing from the others.

SECURITY.md names these tests. `make attack` runs them with all that was once tried; `make test` with less of it."""

import contextlib
import json
import threading
import time

import pytest
import requests

from attacks import CROWD, HONEST, MANY, START, Connection, ask, descriptors, request, seconds_of_an_honest_request, status_of, threads
from hostile import MEGABYTE
from live import wait_until

LONG = {"prompt": "a dog", "steps": 900, "width": 128, "height": 128}
OPENAI = {"prompt": "a dog", "steps": 900, "size": "128x128"}


def post(path, body, *headers):
    text = json.dumps(body).encode()
    return request("POST", path, f"Content-Length: {len(text)}", "Content-Type: application/json", *headers, body=text, key=True)


STALLS = {
    "say nothing": b"",
    "send half a request line": b"GET /v1/mo",
    "send half a head": START,
    "send all but the last byte": START + b"\r",
    "stay after an answer": request("GET", "/"),
    "send half a body": request("POST", "/v1/generate", "Content-Length: 1000", key=True, body=b"{"),
    "send no body": request("POST", "/v1/generate", "Content-Length: 60000000", key=True),
    "wait to go on": request("POST", "/v1/generate", "Content-Length: 1000", "Expect: 100-continue", key=True),
    "send ahead": request("GET", "/page/style.css") * 90,
    "send refused requests ahead": request("GET", "/v1/model") * 90,
    "send what takes work ahead": request("GET", "/v1/model", key=True) * 20,
    "send half a request ahead": request("GET", "/") + START,
}


@pytest.mark.parametrize("name", STALLS)
def test_an_honest_request_is_answered_while_others(locked, name):
    address, process = locked
    before = threads(process.pid)
    with contextlib.ExitStack() as crowd:
        for _ in range(CROWD):
            crowd.enter_context(Connection(address)).send(STALLS[name])
        assert max(seconds_of_an_honest_request(address) for _ in range(3)) < HONEST
        assert threads(process.pid) == before


def test_an_honest_request_is_answered_while_others_drip(locked):
    address, _ = locked
    with contextlib.ExitStack() as crowd:
        drips = [crowd.enter_context(Connection(address)) for _ in range(CROWD)]
        for _ in range(5):
            for connection in drips:
                connection.send(b"G")
            assert seconds_of_an_honest_request(address) < HONEST


@pytest.mark.parametrize("name", ["say nothing", "send half a head", "send half a body"])
def test_more_connections_than_there_are_places(locked, name):
    """The one that has waited the longest makes room."""
    address, _ = locked
    with contextlib.ExitStack() as crowd:
        for _ in range(1200):
            crowd.enter_context(Connection(address)).send(STALLS[name])
        assert seconds_of_an_honest_request(address) < HONEST


ENDS = {"closed": Connection.close, "reset": Connection.reset}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("sent", [b"", START, request("GET", "/")])
def test_connections_that_are_opened_and_dropped_leave_nothing_behind(locked, end, sent):
    address, process = locked
    seconds_of_an_honest_request(address)
    wait_until(lambda: descriptors(process.pid) < 60)
    files, memory = descriptors(process.pid), status_of(process.pid, "VmRSS")
    for _ in range(MANY):
        connection = Connection(address)
        connection.send(sent)
        ENDS[end](connection)
    wait_until(lambda: descriptors(process.pid) <= files)
    assert status_of(process.pid, "VmRSS") < memory + 8 * MEGABYTE
    assert seconds_of_an_honest_request(address) < HONEST


def jobs(address):
    return ask(address, "/sdapi/v1/progress").json()["state"]["job_count"]


WAITING = {
    "A1111": post("/sdapi/v1/txt2img", LONG),
    "A1111 from a picture": post("/sdapi/v1/img2img", LONG | {"init_images": []}),
    "OpenAI": post("/v1/images/generations", OPENAI),
    "OpenAI in a stream": post("/v1/images/generations", OPENAI | {"stream": True}),
    "OpenAI in a stream with previews": post("/v1/images/generations", OPENAI | {"stream": True, "partial_images": 3}),
}
HANG_UPS = {
    "closes": lambda connection: connection.close(),
    "resets": lambda connection: connection.reset(),
    "sends no more": lambda connection: connection.socket.shutdown(1),
    "sent another request": lambda connection: (connection.send(request("GET", "/")), connection.close()),
    "sent half of another": lambda connection: (connection.send(START), connection.close()),
    "sent many others": lambda connection: (connection.send(request("GET", "/") * 5000), connection.close()),
    "sends without end": lambda connection: connection.send(*[b"x" * 65536] * 100),
    "sent a long body": lambda connection: (connection.send(request("POST", "/v1/generate", "Content-Length: 99999", key=True), b"x" * 50_000), connection.close()),
}


@pytest.mark.parametrize("hang_up", HANG_UPS)
@pytest.mark.parametrize("name", [name for name in WAITING if "picture" not in name])
def test_a_client_that_hangs_up_frees_its_place(locked, name, hang_up):
    address, _ = locked
    wait_until(lambda: jobs(address) == 0)
    with Connection(address) as connection:
        connection.send(WAITING[name])
        wait_until(lambda: jobs(address) == 1)
        HANG_UPS[hang_up](connection)
        wait_until(lambda: jobs(address) == 0, 5)


def test_waiting_for_jobs_takes_no_threads(locked):
    """Nor does a request that comes again with its key, and hangs up, again and again."""
    address, process = locked
    before, once = threads(process.pid), post("/v1/images/generations", OPENAI, "Idempotency-Key: order-1")
    with contextlib.ExitStack() as crowd:
        for _ in range(CROWD):
            Connection(address).send(once)
            crowd.enter_context(Connection(address)).send(once)
            assert jobs(address) <= 1
        assert seconds_of_an_honest_request(address) < HONEST
        assert threads(process.pid) == before
        ask(address, "/sdapi/v1/interrupt", "POST")
    wait_until(lambda: jobs(address) == 0)


def test_requests_that_are_sent_ahead_are_answered_in_order(locked):
    address, _ = locked
    paths = ["/", "/v1/nothing", "/v1/jobs/0", "/page/style.css", "/v1/model"] * 10
    with Connection(address) as connection:
        connection.send(b"".join(request("GET", path, *(["Connection: close"] if i == 49 else []), key=True) for i, path in enumerate(paths)))
        assert connection.statuses() == [200, 404, 404, 200, 200] * 10


def test_a_request_behind_one_that_waits_is_answered_after_it(locked):
    address, _ = locked
    short = {"prompt": "a dog", "steps": 4, "width": 128, "height": 128}
    with Connection(address) as connection:
        connection.send(post("/sdapi/v1/txt2img", short) + request("GET", "/v1/jobs/0", "Connection: close", key=True))
        assert connection.statuses() == [200, 404]


def test_a_connection_has_so_many_requests(locked):
    with Connection(locked[0]) as connection:
        connection.send(request("GET", "/v1/jobs/0", key=True) * 150)
        assert connection.statuses() == [404] * 100


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-Proto": "https"}, {"X-Forwarded-Proto": "gopher"}])
def test_where_no_proxy_is_a_client_names_no_scheme(locked, headers):
    body = {"prompt": "a dog", "size": "128x128", "steps": 2, "response_format": "url"}
    assert ask(locked[0], "/v1/images/generations", "POST", headers, json=body).json()["data"][0]["url"].startswith(locked[0] + "/v1/jobs/")


def test_behind_a_proxy_that_names_no_scheme_addresses_are_relative(server):
    body = {"prompt": "a dog", "size": "128x128", "steps": 2, "response_format": "url"}
    with server("--behind-proxy") as (address, _):
        assert requests.post(address + "/v1/images/generations", json=body, timeout=60).json()["data"][0]["url"].startswith("/v1/jobs/")


def test_a_server_that_is_stopped_answers_those_who_wait(server):
    answers = []
    with server() as (address, process):
        clients = [threading.Thread(target=lambda: answers.append(requests.post(address + "/sdapi/v1/txt2img", json=LONG, timeout=60).status_code)) for _ in range(3)]
        for client in clients:
            client.start()
        wait_until(lambda: requests.get(address + "/sdapi/v1/progress", timeout=20).json()["state"]["job_count"] == 3)
        began = time.monotonic()
        with Connection(address) as idle:
            idle.send(START)
            process.terminate()
            assert process.wait(timeout=20) == 0
        assert time.monotonic() - began < 6
        for client in clients:
            client.join()
    assert answers == [200] * 3
