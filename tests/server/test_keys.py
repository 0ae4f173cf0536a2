"""The keys of a server: where they are read, who is let in by them, and what is told of a wrong one."""

import os
import pathlib
import resource
import subprocess
import time

import pytest
import requests

from attacks import Connection, request
from live import PROGRAM

KEY, OTHER = "correct-horse-battery", "another-key-of-ours-16"


@pytest.fixture
def keys(tmp_path):
    """Writes a file of keys."""

    def write(text, mode=0o600):
        path = tmp_path / "keys"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return str(path)

    return write


def status(address, authorization=None, path="/v1/model", **headers):
    if authorization is not None:
        headers["Authorization"] = authorization
    return requests.get(address + path, headers=headers, timeout=60).status_code


def refused(*arguments, **environment):
    """What the program says, in one line, of a server that it does not start."""
    command = [PROGRAM, "serve", "--port", "0", *arguments]
    process = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment})
    assert process.returncode == 2 and process.stdout == "" and len(process.stderr.splitlines()) == 1, process
    return process.stderr


def basic(login):
    return requests.auth._basic_auth_str(*login.split(":", 1))


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer "])
def test_a_schemes_case_does_not_matter(server, keys, scheme):
    with server("--api-key-file", keys(f"# For the page.\n{KEY}\n\n  {OTHER}\r\n{KEY}\n")) as (address, _):
        for key in (KEY, OTHER):
            assert status(address, f"{scheme} {key}") == 200
        assert status(address, basic(f"anyone:{KEY}")) == status(address, basic(f":{OTHER}").replace("Basic", "basic")) == 200
        wrong = ["", KEY, "Bearer", "Bearer ", f"Bearer{KEY}", f"Token {KEY}", f"Bearer {KEY[:-1]}", f"Bearer {KEY}x", f"Bearer {KEY.upper()}", f"Bearer {KEY} {OTHER}"]
        wrong += [f"Bearer {KEY}{OTHER}", f"Bearer {KEY},{OTHER}", "Bearer # For the page.", "Basic !!", "Basic", basic(f"{KEY}:"), basic(f"a:{KEY}x"), f"Basic {KEY}"]
        assert {(text, status(address, text)) for text in wrong} == {(text, 401) for text in wrong}
        assert status(address, path=f"/v1/model?key={KEY}") == status(address, None, **{"X-Api-Key": KEY}) == 401


def test_a_key_may_be_given_by_each_way(server, keys):
    with server("--api-key", "short", "--api-key-file", keys(OTHER)) as (address, _):
        assert status(address, "Bearer short") == status(address, f"Bearer {OTHER}") == 200


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o602, 0o644, 0o666, 0o660, 0o601, 0o610, 0o777])
def test_a_file_that_others_may_read_is_refused(keys, mode):
    said = refused("--api-key-file", keys(KEY, mode))
    assert "--api-key-file" in said and "chmod 600" in said and KEY not in said


@pytest.mark.parametrize("text", ["", "\n\n", "# only words\n", " \t\r\n", "a key with blanks\n", "schlüssel-mit-umlaut\n", b"\xff\xfe\n", b"nul\0nul-nul-nul-nul\n", "\x1b[2J" * 9, "x" * 70_000])
def test_a_file_without_a_key_that_can_be_sent_is_refused(keys, text):
    said = refused("--api-key-file", keys(text))
    assert "--api-key-file" in said and said.rstrip("\n").isprintable() and "umlaut" not in said


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(0o700)
    for name in ("pipe", "folder", "missing"):
        assert name in refused("--api-key-file", str(tmp_path / name))
    assert "--api-key-file" in refused("--api-key-file", "/dev/null")


@pytest.mark.parametrize("key", ["x", "123456789012345", "s3cret"])
@pytest.mark.parametrize("where", [("--host", "0.0.0.0"), ("--host", "::"), ("--behind-proxy",)])
def test_a_short_key_is_for_this_machine_alone(keys, key, where):
    for given in (("--api-key", key), ("--api-key-file", keys(f"{KEY}\n{key}\n"))):
        said = refused(*where, *given)
        assert "16" in said and f" {len(key)} characters" in said and (len(key) == 1 or key not in said)
    assert "16" in refused(*where, LATENTDIAL_API_KEY=key)


def test_help_warns_that_ps_shows_the_key():
    text = " ".join(subprocess.run([PROGRAM, "serve", "--help"], capture_output=True, text=True, check=True).stdout.split())
    assert "ps shows it" in text and "--api-key-file" in text


def nobody():
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)


@pytest.mark.parametrize("key", [KEY, ""])
def test_a_server_with_a_key_leaves_no_core(key):
    """Nor can another process of its account read its memory: the kernel then gives /proc/PID/mem to root."""
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    unlimited = lambda: (resource.setrlimit(resource.RLIMIT_CORE, (most, most)), nobody())  # noqa: E731
    process = subprocess.Popen([PROGRAM, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True, preexec_fn=unlimited, env={**os.environ, "LATENTDIAL_API_KEY": key})
    try:
        assert process.stdout.readline().startswith("listening on ")
        folder = pathlib.Path(f"/proc/{process.pid}")
        core = next(line for line in (folder / "limits").read_text().splitlines() if line.startswith("Max core file size"))
        account = folder.stat().st_uid
        assert account != 0
        if key:
            assert core.split()[4:6] == ["0", "0"] and (folder / "mem").stat().st_uid == 0
        else:
            assert (folder / "mem").stat().st_uid == account
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0


def test_wrong_keys_are_logged_now_and_then_without_the_key(keys):
    process = subprocess.Popen([PROGRAM, "serve", "--port", "0", "--behind-proxy", "--api-key-file", keys(KEY)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    address = process.stdout.readline().split()[-1]
    guesses = ["guess-number-one", f"{KEY}x", "\x1b[2J", "猫" * 9]
    try:
        assert status(address) == 401
        for guess in guesses * 10:
            forwarded = {"X-Forwarded-For": "1.2.3.4, 203.0.113.7 \x1b[2J" if guess == guesses[2] else "203.0.113.7"}
            assert requests.get(address + "/v1/model", headers={"Authorization": f"Bearer {guess}".encode(), **forwarded}, timeout=60).status_code in (400, 401)
        assert status(address, f"Bearer {KEY}") == 200
        time.sleep(11)
        assert status(address, "Basic guess-two") == 401
    finally:
        process.terminate()
        lines = process.communicate(timeout=60)[1].splitlines()
    assert len(lines) == 2 and lines[0] == "latentdial: a wrong API key from 203.0.113.7"
    assert lines[1].startswith("latentdial: a wrong API key from a client that the proxy does not name; ") and "more since the last" in lines[1]
    assert not any(guess in line or KEY in line for guess in guesses for line in lines) and all(line.isprintable() for line in lines)


OTHERS = ["/v1/model", "/v1/jobs/0123", "/v1/jobs/0123/preview.png", "/openapi.json", "/sdapi/v1/progress", "/v1/models", "/v1/nothing", "/page", "//", "/page/../v1/model", "/page/%2e%2e/v1/model", "/%76%31/model"]


@pytest.mark.parametrize("path", OTHERS)
@pytest.mark.parametrize("verb", ["GET", "HEAD", "POST", "OPTIONS", "DELETE"])
def test_without_the_key_there_is_the_page_alone(locked, verb, path):
    with Connection(locked[0]) as connection:  # Which sends the path as it stands.
        connection.send(request(verb, path, "Connection: close"))
        assert connection.statuses()[0] in ((401, 404) if path.startswith("/page/") else (401,))
    assert requests.get(locked[0] + "/", timeout=20).status_code == requests.get(locked[0] + "/page/style.css", timeout=20).status_code == 200
