"""A start picture, as the APIs take one and give one back."""

import base64
import io

import numpy
import requests
from live import png_bytes
from PIL import Image

NOISE = numpy.random.default_rng(1).integers(0, 256, (128, 128, 3), dtype=numpy.uint8)
PHOTO = Image.fromarray(NOISE)
CASTLE = {"prompt": "a castle in the desert", "steps": 4, "seed": 3}


def a1111(address, **more):
    body = CASTLE | {"init_images": [encoded(PHOTO)], "width": 128, "height": 128, "denoising_strength": 1, "mask_blur": 0} | more
    return requests.post(address + "/sdapi/v1/img2img", json=body, timeout=120)


def encoded(image):
    return base64.b64encode(png_bytes(image)).decode()


def drawn(reply):
    assert reply.status_code == 200, reply.text
    return Image.open(io.BytesIO(base64.b64decode(reply.json()["images"][0])))
