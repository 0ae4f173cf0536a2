"""Attacks on the server's memory, each with its neighbours: heads and bodies without end, packed ones, ranges.

SECURITY.md names these tests. `make attack` runs them with all that was once tried; `make test` with less of it."""

import gzip
import time

import pytest
import requests

from attacks import CROWD, HONEST, KEY, MUCH, START, Connection, no_more_memory_than, repeated, request, seconds_of_an_honest_request
from hostile import MEGABYTE

WITHOUT_KEY, WITH_KEY = 32 * MEGABYTE, 160 * MEGABYTE
LARGEST = 64 * MEGABYTE


# Without a key: heads

ENDLESS_HEADS = {
    "header lines": (START, b"X-Pad: " + b"a" * 1000 + b"\r\n", {431}),
    "short header lines": (START, b"a:\r\n", {431}),
    "the same header": (START, b"Cookie: a=b\r\n", {431}),
    "a header line": (START + b"X-Pad: ", b"a" * 1000, {431}),
    "a header's name": (START, b"a" * 1000, {431}),
    "blanks in a value": (START + b"X-Pad:", b" " * 1000, {431}),
    "a folded value": (START + b"X-Pad: a\r\n", b" folded\r\n", {400}),
    "a key": (START + b"Authorization: Bearer ", b"0" * 1000, {431}),
    "a method": (b"", b"A" * 1000, {414}),
    "a request line": (b"GET /", b"a" * 1000, {414}),
    "a query": (b"GET /?", b"a=b&" * 250, {414}),
    "a version": (b"GET / HTTP/1.1", b"1" * 1000, {414}),
    "empty lines": (b"", b"\r\n", {400}),
    "line feeds": (b"", b"\n", {400}),
    "zeros": (b"", b"\0" * 1000, {414}),
    "ones that are no text": (START, b"\xff" * 1000, {431}),
    "a second request's headers": (request("GET", "/") + START, b"X-Pad: a\r\n", {200, 431}),
}


@pytest.mark.parametrize("name", ENDLESS_HEADS)
def test_a_head_without_end_is_refused_before_it_takes_memory(locked, name):
    address, process = locked
    start, piece, expected = ENDLESS_HEADS[name]
    with no_more_memory_than(process, WITHOUT_KEY), Connection(address) as connection:
        sent = connection.send(start, *repeated(piece, MUCH))
        statuses = connection.statuses()
    assert sent < MUCH and set(statuses) <= expected
    assert seconds_of_an_honest_request(address) < HONEST


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /v1/model?" + b"x" * 8000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 401),
        (b"GET /v1/model?" + b"x" * 8192 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (START + b"a: b\r\n" * 98 + b"Connection: close\r\n\r\n", 401),
        (START + b"a: b\r\n" * 99 + b"Connection: close\r\n\r\n", 431),
        (START + b"X-Pad: " + b"a" * 65000 + b"\r\nConnection: close\r\n\r\n", 401),
        (START + b"X-Pad: " + b"a" * 65536 + b"\r\nConnection: close\r\n\r\n", 431),
    ],
)
def test_the_bounds_of_a_head(locked, head, status):
    with Connection(locked[0]) as connection:
        connection.send(head)
        assert connection.statuses() == [status]


def test_many_heads_that_never_end_share_their_memory(locked):
    address, process = locked
    with no_more_memory_than(process, WITHOUT_KEY):
        connections = [Connection(address) for _ in range(CROWD)]
        for connection in connections:
            connection.send(START + b"X-Pad: " + b"a" * 60_000)
        assert seconds_of_an_honest_request(address) < HONEST
        for connection in connections:
            connection.close()


def test_a_body_is_not_read_before_the_key_is_checked(locked):
    address, process = locked
    for length in ("99999999999999", "60000000"):
        began = time.monotonic()
        with no_more_memory_than(process, WITHOUT_KEY), Connection(address) as connection:
            sent = connection.send(request("POST", "/v1/generate", f"Content-Length: {length}"), *repeated(b"x" * 65536, 1000 * MEGABYTE))
            connection.statuses()
        assert sent < 100 * MEGABYTE and time.monotonic() - began < 10


# With a key: bodies

def packed(body):
    return gzip.compress(body)


BODIES = {
    "packed": ("POST", ["Content-Encoding: gzip"], packed(b" " * MUCH), 415),
    "packed twice": ("POST", ["Content-Encoding: gzip, gzip"], packed(packed(b" " * MUCH)), 415),
    "packed by brotli": ("POST", ["Content-Encoding: br"], b"\x8b\x02\x80" * 100, 415),
    "deflated": ("POST", ["Content-Encoding: deflate"], b"x" * 1000, 415),
    "packed by its second header": ("POST", ["Content-Encoding: identity", "Content-Encoding: gzip"], packed(b" " * MUCH), 415),
    "packed, in other letters": ("POST", ["content-encoding: GZIP"], packed(b" " * MUCH), 415),
    "plain, as it says": ("POST", ["Content-Encoding: Identity"], b"[1]", 400),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_packed_body_is_refused(locked, name):
    address, process = locked
    method, headers, body, status = BODIES[name]
    with no_more_memory_than(process, WITH_KEY), Connection(address) as connection:
        connection.send(request(method, "/v1/generate", *headers, f"Content-Length: {len(body)}", "Connection: close", body=body, key=True))
        assert connection.statuses() == [status]


ENDLESS_BODIES = {
    "in chunks": (["Transfer-Encoding: chunked"], b"10000\r\n" + b" " * 65536 + b"\r\n", {411}),
    "in small chunks": (["Transfer-Encoding: chunked"], b"1\r\n \r\n", {411}),
    "in a chunk whose size has no end": (["Transfer-Encoding: chunked"], b"0" * 1000, {411}),
    "in chunks with extensions": (["Transfer-Encoding: chunked"], b"1;" + b"a" * 1000 + b"\r\n \r\n", {411}),
    "in packed chunks": (["Transfer-Encoding: gzip, chunked"], b"1\r\n \r\n", {411}),
    "in chunks, it says twice": (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], b"1\r\n \r\n", {400, 411}),
    "of no known coding": (["Transfer-Encoding: identity"], b" " * 1000, {411}),
    "of no length": ([], b" " * 1000, {411}),
    "of no length, to be closed": (["Connection: close"], b" " * 1000, {411}),
    "of too great a length": (["Content-Length: 67108865"], b" " * 1000, {413}),
    "of a very great length": (["Content-Length: 18446744073709551615"], b" " * 1000, {413}),
    "of a length beyond all": (["Content-Length: 18446744073709551616"], b" " * 1000, {400}),
}


@pytest.mark.parametrize("name", ENDLESS_BODIES)
@pytest.mark.parametrize("path", ["/v1/generate", "/v1/images/edits"])
def test_a_body_without_a_plain_length_is_refused(locked, name, path):
    address, process = locked
    headers, piece, expected = ENDLESS_BODIES[name]
    with no_more_memory_than(process, WITH_KEY), Connection(address) as connection:
        sent = connection.send(request("POST", path, *headers, key=True), *repeated(piece, MUCH))
        statuses = connection.statuses()
    assert sent < MUCH + 1000 and set(statuses) <= expected
    assert seconds_of_an_honest_request(address) < HONEST


def form(name, content):
    return b'--a\r\nContent-Disposition: form-data; name="' + name + b'"\r\n\r\n' + content + b"\r\n--a--\r\n"


def as_large_as_allowed(before, filling, after):
    return before + filling * ((LARGEST - len(before) - len(after)) // len(filling)) + after


FORM = "multipart/form-data; boundary=a"
LARGE = [
    ("/v1/generate", "application/json", b" " * LARGEST),
    ("/v1/generate", "application/json", as_large_as_allowed(b'{"image": "', b"a", b'"}')),
    ("/v1/generate", "application/json", as_large_as_allowed(b'{"prompt": "', b"a", b'"}')),
    ("/v1/generate", "application/json", as_large_as_allowed(b'{"prompt": [', b"1,", b"1]}")),
    ("/v1/generate", "application/json", as_large_as_allowed(b'{"prompt": ["', b'a","', b'"]}')),
    ("/v1/dial", "application/json", as_large_as_allowed(b'{"prompt": "a", "at": [', b"1,", b"1]}")),
    ("/v1/images/generations", "application/json", as_large_as_allowed(b'{"prompt": "', b"a", b'"}')),
    ("/v1/images/generations", "application/json", as_large_as_allowed(b'{"prompt": "a", "size": "', b"a", b'"}')),
    ("/v1/images/generations", "application/json", as_large_as_allowed(b'{"prompt": "a", "model": "', b"a", b'"}')),
    ("/sdapi/v1/txt2img", "application/json", as_large_as_allowed(b'{"prompt": "', b"a", b'"}')),
    ("/sdapi/v1/txt2img", "application/json", as_large_as_allowed(b'{"mask": "', b"a", b'"}')),
    ("/sdapi/v1/txt2img", "application/json", as_large_as_allowed(b'{"sampler_name": "', b"a", b'"}')),
    ("/sdapi/v1/txt2img", "application/json", as_large_as_allowed(b'{"styles": ["', b"a", b'"]}')),
    ("/sdapi/v1/txt2img", "application/json", as_large_as_allowed(b'{"alwayson_scripts": {"x": {"args": ["', b"a", b'"]}}}')),
    ("/sdapi/v1/img2img", "application/json", as_large_as_allowed(b'{"init_images": ["', b"a", b'"]}')),
    ("/sdapi/v1/png-info", "application/json", as_large_as_allowed(b'{"image": "', b"a", b'"}')),
    ("/v1/png-info", "image/png", as_large_as_allowed(b"\x89PNG\r\n\x1a\n", b"\0", b"")),
    ("/v1/images/edits", FORM, as_large_as_allowed(b"--a\r\n", b"X", b"")),
    ("/v1/images/edits", FORM, as_large_as_allowed(b"--a\r\n", b"X: a\r\n", b"")),
    ("/v1/images/edits", FORM, as_large_as_allowed(b"--a\r\n", b'Content-Disposition: form-data; name="x"\r\n\r\n\r\n', b"")),
    ("/v1/images/edits", FORM, form(b"image", b"a" * (LARGEST - 100))),
    ("/v1/images/edits", FORM, form(b"prompt", b"a" * (LARGEST - 100))),
    ("/v1/images/edits", FORM, form(b"steps", b"[" + b"1," * (LARGEST // 2 - 100) + b"1]")),
    ("/v1/images/edits", FORM, form(b"a" * (7 << 10), b"a" * (LARGEST - (8 << 10)))),
]


@pytest.mark.parametrize(("path", "type_", "body"), LARGE, ids=[f"{path} {body[:60]}" for path, _, body in LARGE])
def test_the_largest_body_takes_little_more_than_twice_its_size(locked, path, type_, body):
    address, process = locked
    assert len(body) <= LARGEST
    with no_more_memory_than(process, WITH_KEY):
        reply = requests.post(address + path, data=body, headers={"Authorization": f"Bearer {KEY}", "Content-Type": type_}, timeout=60)
    assert reply.status_code in (400, 404, 422), reply.text
    assert len(reply.text) < 20_000


# Ranges

RANGES = ["bytes=0-0", "bytes=-1", "bytes=0-,0-", "bytes=1-0", "bytes=0-" + ",0-" * 2600, "bytes=" + ",".join(f"{i}-" for i in range(1000)), "bytes=0-99999999999999999999", "lines=1-2", "bytes", "bytes=0-1, 3-4, -5", "=", ""]


@pytest.mark.parametrize("range_", RANGES)
@pytest.mark.parametrize("path", ["/page/style.css", "/"])
def test_a_range_is_not_heard(locked, range_, path):
    whole = requests.get(locked[0] + path, timeout=20)
    part = requests.get(locked[0] + path, headers={"Range": range_}, timeout=20)
    assert part.status_code == 200 and part.content == whole.content and "Content-Range" not in part.headers


def test_answers_that_nobody_reads_take_little_memory(locked):
    address, process = locked
    with no_more_memory_than(process, WITHOUT_KEY):
        connections = [Connection(address, buffer=1024) for _ in range(50)]
        for connection in connections:
            connection.send(request("GET", "/page/style.css", "Range: bytes=0-" + ",0-" * 2600) * 5)
        assert seconds_of_an_honest_request(address) < HONEST
        for connection in connections:
            connection.close()
