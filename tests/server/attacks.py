"""What an attacker has: sockets, patience, and a look at what the server holds."""

import contextlib
import os
import pathlib
import re
import socket
import time
import urllib.parse

import requests

from hostile import MEGABYTE, SANITIZED

KEY = "0123456789abcdef0123"
WHOLE = "LATENTDIAL_ATTACK" in os.environ  # `make attack`; else the short form.
MUCH = (300 if WHOLE else 80) * MEGABYTE
CROWD = 500 if WHOLE else 150
MANY = 10_000 if WHOLE else 1_000
HONEST = 5.0 if SANITIZED else 1.0  # Seconds.
START = b"GET /v1/model HTTP/1.1\r\nHost: localhost\r\n"


def status_of(pid, field):
    """In bytes: VmHWM, the most memory that the process ever had; VmRSS, what it has now."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


@contextlib.contextmanager
def no_more_memory_than(process, bytes_):
    """Over what it has at the beginning."""
    pathlib.Path(f"/proc/{process.pid}/clear_refs").write_text("5")  # VmHWM counts from now.
    before = status_of(process.pid, "VmRSS")
    yield
    grown = status_of(process.pid, "VmHWM") - before
    assert SANITIZED or grown <= bytes_, f"{grown / MEGABYTE:.0f} MB"


class Connection:
    def __init__(self, address, timeout=20, buffer=None):
        url = urllib.parse.urlsplit(address)
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(timeout)
        self.socket.connect((url.hostname, url.port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Hangs up without a goodbye."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def send(self, *pieces):
        """How many bytes went out before the server had enough."""
        sent = 0
        with contextlib.suppress(OSError):
            for piece in pieces:
                self.socket.sendall(piece)
                sent += len(piece)
        return sent

    def read_all(self):
        """What comes until the server ends the connection."""
        received = b""
        with contextlib.suppress(ConnectionError):
            while piece := self.socket.recv(65536):
                received += piece
        return received

    def statuses(self):
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", self.read_all())]


def repeated(piece, bytes_):
    """So many bytes, made of the piece."""
    block = piece * max(1, 65536 // len(piece))
    for _ in range(bytes_ // len(block)):
        yield block


def request(method="GET", path="/v1/model", *headers, body=b"", key=False):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    if key:
        lines.append(f"Authorization: Bearer {KEY}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def ask(address, path="/v1/model", verb="GET", headers=None, **options):
    return requests.request(verb, address + path, headers={"Authorization": f"Bearer {KEY}"} | (headers or {}), timeout=60, **options)


def seconds_of_an_honest_request(address):
    began = time.monotonic()
    assert ask(address).status_code == 200
    return time.monotonic() - began
