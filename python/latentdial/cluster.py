"""The Ray that a sweep runs on: a cluster, or this machine alone, which nobody else reaches then."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from collections.abc import Iterator

import ray

from .errors import Error, InvalidInput

SECONDS_TO_ANSWER = 10  # Ray itself tries a port where nothing listens for minutes.
LOOPBACK = "127.0.0.1"
NO_CLUSTERS = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"  # "0": Ray listens on the loopback alone, as it does on those two systems.


def _check_listening(address: str) -> None:
    """That something answers at HOST:PORT or ray://HOST:PORT. Other addresses are Ray's to understand."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        if int(port) > 65535:
            raise ValueError("a port is at most 65535")
        socket.create_connection((host.strip("[]"), int(port)), SECONDS_TO_ANSWER).close()


@contextlib.contextmanager
def _changed_environment(**values: str) -> Iterator[None]:
    """Ray has read its variables when it was imported, and reads them anew where a version can."""
    earlier = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    _read_environment()
    try:
        yield
    finally:
        for name, value in earlier.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        _read_environment()


def _read_environment() -> None:
    ray._private.ray_constants.ENABLE_RAY_CLUSTER = os.environ.get(NO_CLUSTERS) != "0"
    with contextlib.suppress(ImportError):  # Tokens came with Ray 2.52.
        from ray._raylet import AuthenticationTokenLoader, Config

        Config.initialize("")
        AuthenticationTokenLoader.instance().reset_cache()


def _variables_alone() -> dict[str, str]:
    """With which a Ray that is started here is reached by this account alone."""
    token = {} if "RAY_AUTH_MODE" in os.environ else {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    return {NO_CLUSTERS: "0", **token}


@contextlib.contextmanager
def _in_root_folder() -> Iterator[None]:
    """Ray gives the driver's folder to its workers as the first place where they look for modules."""
    folder = os.getcwd()
    os.chdir(os.sep)
    try:
        yield
    finally:
        os.chdir(folder)


def _start(address: str) -> None:
    options = {"_node_ip_address": LOOPBACK, "include_dashboard": False} if address == "local" else {}
    try:
        _check_listening(address)
        with _in_root_folder():
            ray.init(address=address, log_to_driver=False, logging_level="ERROR", **options)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"no Ray cluster at {address}: {error}") from error
    if options and {node["NodeManagerAddress"] for node in ray.nodes()} != {LOOPBACK}:
        ray.shutdown()
        raise Error(f"Ray {ray.__version__} would listen on other addresses than {LOOPBACK}; install another version")


@contextlib.contextmanager
def connected(address: str | None) -> Iterator[None]:
    """Ray, connected to the cluster at `address`, or for "local" and None started on this machine alone, until the end.

    A Ray that the caller has started is used as it is, and stays. Raises InvalidInput where no cluster is at the address.
    """
    if ray.is_initialized():
        yield
        return
    with _changed_environment(**_variables_alone()) if address in (None, "local") else contextlib.nullcontext():
        _start(address or "local")
        try:
            yield
        finally:
            ray.shutdown()
