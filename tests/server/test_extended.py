"""A picture is extended beyond its sides, by our words in each API; it stays as it is."""

import base64
import io

import numpy
import openai
from live import png_bytes
from photos import CASTLE, PHOTO, a1111, drawn, encoded
from PIL import Image

SIZE, REACH = (160, 128), 10  # With 32 pixels to the right; how far the default blur goes into the picture.


def continued(picture):
    """Whether the picture is the photo with something else to its right."""
    made, given = (numpy.asarray(image.convert("RGB")) for image in (picture, PHOTO))
    return picture.size == SIZE and (made[:, : 128 - REACH] == given[:, : 128 - REACH]).all() and made[:, 128:].std() > 3


def test_our_own(client):
    job = client.finish(client.post("/v1/generate", **CASTLE, image=encoded(PHOTO), extend_right=32))
    assert job["state"] == "done", job
    assert continued(client.picture(job["frames"][0]["url"]))


def test_a1111(address):
    assert continued(drawn(a1111(address, extend_right=32, denoising_strength=0.75, mask_blur=4, width=None, height=None)))
    reply = a1111(address, extend_right=32, denoising_strength=0.4)
    assert reply.status_code == 422 and "denoising_strength: what is new is drawn whole" in reply.text


def test_openai(address):
    api = openai.OpenAI(base_url=address + "/v1", api_key="any", max_retries=0)
    more = {"steps": 4, "seed": 3, "extend_right": 32}
    reply = api.images.edit(image=("a.png", png_bytes(PHOTO)), prompt="a castle", extra_body=more)
    assert continued(Image.open(io.BytesIO(base64.b64decode(reply.data[0].b64_json))))
