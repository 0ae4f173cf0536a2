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


def test_the_body_of_a_refused_request_is_not_read_on(address):
    line, headers, body = REFUSED["of another name"]
    statuses, received = answers(address, line + b" HTTP/1.1\r\n" + headers + b"\r\n" + body + FOLLOWING)
    assert statuses == [403] and b"Connection: close" in received


def test_a_connection_outlives_a_refusal_without_a_body(address):
    assert answers(address, b"GET /v1/model HTTP/1.1\r\nHost: else.where\r\n\r\n" + FOLLOWING)[0] == [403, 200]


def test_a_request_in_chunks_is_refused_and_ends_its_connection(address):
    headers = b"Host: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    statuses, received = answers(address, b"POST /v1/generate HTTP/1.1\r\n" + headers + b"\r\n" + chunked(b'{"prompt": "a dog", "steps": 0}') + FOLLOWING)
    assert statuses == [411]
    assert b"Connection: close" in received and b"Content-Length" in received


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


DOUBTFUL = {
    "a blank before a colon": b"Content-Length : %d\r\n",
    "a tab before a colon": b"Content-Length\t: %d\r\n",
    "a blank before a header": b" Content-Length: %d\r\n",
    "a folded length": b"Content-Length:\r\n %d\r\n",
    "a folded header": b"X-Long: a\r\n\tb\r\nContent-Length: %d\r\n",
    "a bare CR in a header": b"X-Long: a\rContent-Length: %d\r\n",
    "a bare CR before a colon": b"Content-Length\r: %d\r\n",
    "a bare LF": b"X-Long: a\nContent-Length: %d\r\n",
    "a bare LF at the end": b"Content-Length: %d\n",
    "a NUL in a name": b"Content\0-Length: %d\r\n",
    "a NUL in a value": b"X-Long: a\0b\r\nContent-Length: %d\r\n",
    "a form feed": b"Content-Length:\f%d\r\n",
    "a header without a name": b": a\r\nContent-Length: %d\r\n",
    "a header without a colon": b"Content-Length %d\r\n",
    "a name in quotes": b'"Content-Length": %d\r\n',
    "a length with a sign": b"Content-Length: +%d\r\n",
    "a negative length": b"Content-Length: -%d\r\n",
    "a hexadecimal length": b"Content-Length: 0x%x\r\n",
    "a length in a list": b"Content-Length: %d, 5\r\n",
    "the same length in a list": b"Content-Length: %d, 44\r\n",
    "a length and a half": b"Content-Length: %d.5\r\n",
    "a length with a blank": b"Content-Length: 4 %d\r\n",
    "an empty length": b"Content-Length:\r\nX-Long: %d\r\n",
    "two lengths": b"Content-Length: %d\r\nContent-Length: 5\r\n",
    "two same lengths": b"Content-Length: 44\r\nContent-Length: %d\r\n",
    "a length and chunks": b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n",
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n",
    "a blank before the colon of chunks": b"Transfer-Encoding : chunked\r\nContent-Length: %d\r\n",
    "folded chunks": b"Transfer-Encoding:\r\n chunked\r\nX-Long: %d\r\n",
    "two hosts": b"Host: localhost\r\nContent-Length: %d\r\n",
}


@pytest.mark.parametrize("verb", [b"POST /v1/nothing", b"POST /v1/generate", b"GET /v1/model", b"PUT /v1/generate"])
@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_head_that_two_could_read_differently_ends_its_connection(address, name, verb):
    headers = DOUBTFUL[name] % len(HIDDEN)
    statuses, received = answers(address, verb + b" HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n" + HIDDEN + FOLLOWING)
    assert statuses == [400] and b"Connection: close" in received and b"/v1/hidden" not in received


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"GET /v1/model HTTP/2.0\r\nHost: localhost\r\n\r\n", [400, 505]),
        (b"GET /v1/model HTTP/1.2\r\nHost: localhost\r\n\r\n", [400, 505]),
        (b"GET /v1/model\r\n\r\n", [400]),
        (b"GET  /v1/model HTTP/1.1\r\nHost: localhost\r\n\r\n", [400]),
        (b"GET /v1/mo del HTTP/1.1\r\nHost: localhost\r\n\r\n", [400]),
        (b"GET /v1/model HTTP/1.1\r\n\r\n", [400]),
        (b"GET http://localhost/v1/model HTTP/1.1\r\nHost: localhost\r\n\r\n", [400]),
        (b"GET v1/model HTTP/1.1\r\nHost: localhost\r\n\r\n", [400]),
        (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", [400]),
        (b"G\xc3\x89T /v1/model HTTP/1.1\r\nHost: localhost\r\n\r\n", [400]),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400, 505]),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\n" * 10, [400]),
        (b"POST /v1/generate HTTP/1.1\r\nHost: localhost\r\nExpect: 200-maybe\r\nContent-Length: 2\r\n\r\n{}", [417]),
    ],
)
def test_what_is_no_request_of_ours_is_answered_once(address, sent, expected):
    statuses, _ = answers(address, sent)
    assert len(statuses) == 1 and statuses[0] in expected


def test_a_client_that_asks_is_told_to_go_on(address):
    body = b'{"prompt": "a dog", "steps": 0}'
    head = b"POST /v1/generate HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nConnection: close\r\n" + length(body)
    url = urllib.parse.urlsplit(address)
    with socket.create_connection((url.hostname, url.port), timeout=20) as connection:
        connection.sendall(head + b"\r\n")
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")


def test_older_and_shorter_clients_are_answered(address):
    for version, connection, ends in ((b"1.0", b"", True), (b"1.0", b"Connection: keep-alive\r\n", False), (b"1.1", b"Connection: TE, close\r\n", True)):
        head = b"HEAD /v1/model HTTP/" + version + b"\r\nHost: localhost\r\n" + connection + b"\r\n"
        statuses, received = answers(address, head + FOLLOWING)
        assert statuses == ([200] if ends else [200, 200])
        assert re.search(rb"Content-Length: \d\d\d", received.split(b"\r\n\r\n")[0])
