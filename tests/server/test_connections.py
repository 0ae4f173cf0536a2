"""Requests that follow one another on a connection: what is sent as a body is never read as the next request."""

import re
import socket
import threading
import urllib.parse

import pytest
import requests

HIDDEN = b"GET /v1/hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
FOLLOWING = b"GET /v1/model HTTP/1.1\r\nHost: localhost\r\n\r\n"
FORM = b"Content-Type: multipart/form-data; boundary=abc\r\n"


def length(bytes_):
    return b"Content-Length: %d\r\n" % len(bytes_)


def chunked(bytes_):
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(bytes_), bytes_)


REFUSED = {
    "of another name": (b"POST /v1/generate", b"Host: else.where\r\n" + length(HIDDEN), HIDDEN),
    "of another site": (b"POST /v1/generate", b"Host: localhost\r\nOrigin: http://else.where\r\n" + length(HIDDEN), HIDDEN),
    "of a method that carries no body": (b"GET /v1/nothing", b"Host: localhost\r\n" + length(HIDDEN), HIDDEN),
    "of a method that is not allowed": (b"TRACE /v1/generate", b"Host: localhost\r\n" + length(HIDDEN), HIDDEN),
    "of a method that nobody knows": (b"QUERY /v1/generate", b"Host: localhost\r\n" + length(HIDDEN), HIDDEN),
    "without the form's boundary": (b"POST /v1/images/edits", b"Host: localhost\r\nContent-Type: multipart/form-data\r\n" + length(HIDDEN), HIDDEN),
    "whose form is broken": (b"POST /v1/images/edits", b"Host: localhost\r\n" + FORM + length(HIDDEN), HIDDEN),
    "of two lengths": (b"POST /v1/generate", b"Host: localhost\r\nContent-Length: 0\r\n" + length(HIDDEN), HIDDEN),
    "of a length that is no number": (b"POST /v1/nothing", b"Host: localhost\r\nContent-Length: 0x10\r\n", HIDDEN),
    "of a length and in chunks": (b"POST /v1/nothing", b"Host: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunked(b"{}") + HIDDEN),
    "in chunks, of another name": (b"POST /v1/generate", b"Host: else.where\r\nTransfer-Encoding: chunked\r\n", chunked(HIDDEN)),
    "whose address is too long": (b"POST /v1/generate?" + b"x" * 9000, b"Host: localhost\r\n" + length(HIDDEN), HIDDEN),
}


def answers(address, sent):
    """Status of each answer on one connection, until the server ends it."""
    url = urllib.parse.urlsplit(address)
    with socket.create_connection((url.hostname, url.port), timeout=20) as connection:
        connection.sendall(sent)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", received)], received


@pytest.mark.parametrize("name", REFUSED)
def test_the_body_of_a_refused_request_is_not_read_as_a_request(address, name):
    line, headers, body = REFUSED[name]
    statuses, received = answers(address, line + b" HTTP/1.1\r\n" + headers + b"\r\n" + body + FOLLOWING)
    assert 400 <= statuses[0] < 500
    assert b"/v1/hidden" not in received
    assert statuses[1:] in ([], [200])  # The request after it is answered, or the connection ends.


def test_a_connection_outlives_a_refusal_whose_end_is_known(address):
    line, headers, body = REFUSED["of another name"]
    assert answers(address, line + b" HTTP/1.1\r\n" + headers + b"\r\n" + body + FOLLOWING)[0] == [403, 200]


def test_a_request_in_chunks_is_answered_and_ends_its_connection(address):
    headers = b"Host: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    statuses, received = answers(address, b"POST /v1/generate HTTP/1.1\r\n" + headers + b"\r\n" + chunked(b'{"prompt": "a dog", "steps": 0}') + FOLLOWING)
    assert statuses == [400]
    assert b"Connection: close" in received
    assert b"steps" in received


@pytest.mark.parametrize("size", [3_000, 3_000_000])
def test_a_client_gets_its_refusal_however_much_it_still_sends(address, size):
    answers_got = []

    def ask():
        with requests.Session() as session:
            for method in ["QUERY", "TRACE", "POST"] * 10:
                reply = session.request(method, address + "/v1/images/edits", data=b"x" * size, headers={"Content-Type": "multipart/form-data"}, timeout=20)
                answers_got.append((method, reply.status_code))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers_got) == sorted([("QUERY", 400), ("TRACE", 405), ("POST", 400)] * 40)


def test_an_answer_says_how_long_its_connection_is_kept(address):
    reply = requests.get(address + "/v1/model", timeout=20)
    assert reply.headers["Keep-Alive"] == "timeout=2, max=100"
