"""A server with an upscaling checkpoint makes small pictures large, and says of everything else what it is for."""

import base64
import pathlib

import pytest
from PIL import Image

from live import Client, png_bytes, running_server

MODEL = pathlib.Path(__file__).parents[1] / "golden/models/upscaling"
SMALL = base64.b64encode(png_bytes(Image.linear_gradient("L").resize((20, 12)).convert("RGB"))).decode()
ASKED = {"prompt": "a dog", "image": SMALL, "restore": "upscale", "steps": 2}


@pytest.fixture(scope="module")
def client():
    with running_server("-m", MODEL) as (address, _):
        yield Client(address)


def test_it_upscales(client):
    job = client.finish(client.post("/v1/generate", **ASKED, noise_level=7))
    frame = job["frames"][0]
    assert frame["settings"]["noise_level"] == 7 and frame["settings"]["upscale_by"] == 4
    assert client.picture(frame["url"]).size == (80, 48)


@pytest.mark.parametrize(
    ("asked", "field", "line"),
    [
        ({"prompt": "a dog"}, "restore", "restore: upscaling makes a picture 4 times as wide and high, and draws nothing else; use restore upscale with an image, or another model"),
        (ASKED | {"restore": "colorize"}, "restore", "restore: upscaling makes a picture 4 times"),
        (ASKED | {"noise_level": 31}, "noise_level", "noise_level: 31 is out of range for upscaling, use 0 to 30"),
        (ASKED | {"upscale_by": 3}, "upscale_by", "upscale_by: upscaling enlarges 4 times, not 3; leave it out"),
    ],
)
def test_what_it_is_not_for_is_refused(client, asked, field, line):
    reply = client.post("/v1/generate", **asked)
    assert reply.status_code == 400 and reply.json()["error"]["field"] == field and reply.json()["error"]["message"].startswith(line)


def test_other_apis_refuse_what_it_is_not_for_too(client):
    for path, body in (("/sdapi/v1/txt2img", {"prompt": "a dog"}), ("/v1/images/generations", {"prompt": "a dog"})):
        reply = client.post(path, **body)
        assert reply.status_code in (400, 422) and "makes a picture 4 times as wide and high" in reply.text
    made = client.post("/sdapi/v1/img2img", prompt="a dog", init_images=[SMALL], restore="upscale", steps=2)
    assert made.status_code == 200, made.text
