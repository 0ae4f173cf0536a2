"""What one client may take from the others: its share of the queue, and no thread for ever."""

import socket
import time

import requests

LONG = {"prompt": "a dog", "steps": 150, "width": 512, "height": 512}
ADDRESS = "203.0.113.7"
SLOWEST_REQUEST = 30  # Seconds: the server gives a request's headers 20.


def ask(address, forwarded):
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return requests.post(address + "/v1/generate", json=LONG, headers=headers, timeout=60)


def test_a_client_behind_a_proxy_may_have_so_many_jobs(server):
    with server("--behind-proxy", "--per-client", "2") as (address, _):
        replies = [ask(address, ADDRESS) for _ in range(3)]
        assert [reply.status_code for reply in replies] == [202, 202, 429]
        assert int(replies[2].headers["Retry-After"]) > 0
        assert "2 jobs of yours" in replies[2].json()["error"]["message"]
        assert ask(address, "203.0.113.8").status_code == 202
        requests.post(f"{address}/v1/jobs/{replies[1].json()['id']}/cancel", headers={"X-Forwarded-For": ADDRESS}, timeout=60)
        assert ask(address, ADDRESS).status_code == 202


def test_what_a_client_says_of_itself_does_not_count(server):
    with server("--behind-proxy", "--per-client", "1") as (address, _):
        assert ask(address, ADDRESS).status_code == 202
        assert ask(address, f"198.51.100.1, {ADDRESS}").status_code == 429
        assert ask(address, f"127.0.0.1,{ADDRESS}").status_code == 429


def test_without_a_proxy_the_header_is_not_believed_and_this_machine_is_not_bounded(server):
    with server("--per-client", "1") as (address, _):
        assert [ask(address, forwarded).status_code for forwarded in (ADDRESS, ADDRESS, None)] == [202, 202, 202]


def test_a_request_that_drips_is_ended(server):
    with server() as (address, _):
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=60) as client:
            client.sendall(b"GET /v1/model HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
            began = time.monotonic()
            try:
                while time.monotonic() - began < SLOWEST_REQUEST:
                    client.sendall(b"a")
                    time.sleep(0.5)
            except OSError:
                pass
            assert time.monotonic() - began < SLOWEST_REQUEST


def test_a_connection_serves_one_request_after_another(server):
    with server() as (address, _), requests.Session() as session:
        assert all(session.get(address + "/v1/model", timeout=60).status_code == 200 for _ in range(30))


def test_links_lead_where_the_client_came_from(server):
    body = {"prompt": "a dog", "size": "64x64", "steps": 1, "response_format": "url"}
    link = lambda address, **headers: requests.post(address + "/v1/images/generations", json=body, headers=headers, timeout=60).json()["data"][0]["url"]  # noqa: E731
    with server("--behind-proxy") as (address, _):
        assert link(address, **{"X-Forwarded-Proto": "https"}).startswith("https://127.0.0.1:")
        for other in ("http", "HTTPS://else.where", "javascript", "https, http", ""):
            assert link(address, **{"X-Forwarded-Proto": other}).startswith("http://127.0.0.1:")
    with server() as (address, _):
        assert link(address, **{"X-Forwarded-Proto": "https"}).startswith(address)
