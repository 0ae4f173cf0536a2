import base64

import pytest
from PIL import Image

from attacks import KEY
from live import Client, png_bytes, running_server


@pytest.fixture(scope="session")
def address():
    with running_server("--queue", "8") as (address, process):
        yield address
        assert process.poll() is None, "the server fell over"


@pytest.fixture
def client(address):
    return Client(address)


@pytest.fixture
def server():
    """For tests that need one of their own: `with server("--queue", "1") as (address, process)`."""
    return running_server


@pytest.fixture
def photo():
    """A picture to start from, as base64."""
    return base64.b64encode(png_bytes(Image.linear_gradient("L").resize((128, 128)).convert("RGB"))).decode()


@pytest.fixture(scope="module")
def locked():
    """A server with a key: its address and process."""
    with running_server("--api-key", KEY, "--queue", "64") as (address, process):
        yield address, process
        assert process.poll() is None, "the server fell over"
