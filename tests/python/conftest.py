import os
import pathlib
import signal
import subprocess

import pytest

import latentdial


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c():
    """A shell that starts the tests in the background has Ctrl-C ignored in them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def pipe():
    return latentdial.Pipeline.from_pretrained()


@pytest.fixture
def program(tmp_path):
    """Runs the command line program of LATENTDIAL_BIN in an empty folder."""
    if "LATENTDIAL_BIN" not in os.environ:
        pytest.skip("LATENTDIAL_BIN does not say where the program is")
    path = pathlib.Path(os.environ["LATENTDIAL_BIN"]).resolve()
    return lambda *arguments: subprocess.run([path, *arguments], cwd=tmp_path, check=True, capture_output=True, timeout=300)
