"""A1111's extras: pictures enlarged by Lanczos' filter and by networks, as its unmodified client asks for it."""

import base64
import io
import pathlib
import shutil
import subprocess

import numpy
import pytest
import requests
import webuiapi
from PIL import Image

from live import PROGRAM, Client, png_bytes, running_server

NETWORKS = pathlib.Path(__file__).parents[1] / "golden/models/upscalers"


@pytest.fixture(scope="module")
def address():
    with running_server("--upscaler", str(NETWORKS / "rrdb.pth"), "--upscaler", str(NETWORKS / "compact.pth")) as (address, process):
        yield address
        assert process.poll() is None, "the server fell over"


@pytest.fixture
def api(address):
    return webuiapi.WebUIApi(port=int(address.rsplit(":", 1)[1]))


def picture(width=60, height=40):
    return Image.fromarray(numpy.random.default_rng(2).integers(0, 256, (height, width, 3), numpy.uint8))


def encoded(image):
    return base64.b64encode(png_bytes(image)).decode()


def decoded(text):
    return Image.open(io.BytesIO(base64.b64decode(text)))


def test_what_enlarges_is_listed(address):
    listed = Client(address).get("/sdapi/v1/upscalers").json()
    assert [(one["name"], one["scale"]) for one in listed] == [("None", 4), ("Lanczos", 4), ("rrdb", 4), ("compact", 2)]


def test_the_unmodified_client_enlarges(api):
    for name, by in (("Lanczos", 2), ("rrdb", 4), ("compact", 3)):
        assert api.extra_single_image(picture(), upscaler_1=name, upscaling_resize=by).image.size == (60 * by, 40 * by)
    assert [one.size for one in api.extra_batch_images([picture(), picture(32, 32)], upscaler_1="rrdb", upscaling_resize=2).images] == [(120, 80), (64, 64)]


def test_a_size_is_filled_and_none_leaves_the_picture(address):
    client = Client(address)
    made = client.post("/sdapi/v1/extra-single-image", image=encoded(picture()), upscaler_1="compact", resize_mode=1, upscaling_resize_w=100, upscaling_resize_h=100)
    assert decoded(made.json()["image"]).size == (100, 100)
    left = client.post("/sdapi/v1/extra-single-image", image=encoded(picture()))
    assert decoded(left.json()["image"]).tobytes() == picture().tobytes()


def test_the_picture_keeps_its_settings(address):
    client = Client(address)
    made = client.post("/sdapi/v1/txt2img", prompt="a dog", steps=1, width=64, height=64).json()["images"][0]
    large = client.post("/sdapi/v1/extra-single-image", image=made, upscaler_1="rrdb", upscaling_resize=4).json()
    text = decoded(large["image"]).info["parameters"]
    assert text == decoded(made).info["parameters"] + ", Postprocess upscale by: 4, Postprocess upscaler: rrdb" == large["html_info"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"upscaler_1": "R-ESRGAN 4x+"}, 'upscaler_1: "R-ESRGAN 4x+" is unknown; use None, Lanczos, rrdb, compact'),
        ({"upscaler_1": "rrdb", "upscaling_resize": 9}, "upscaling_resize: 9 is not a number from 1 to 8"),
        ({"upscaler_1": "rrdb", "gfpgan_visibility": 0.5}, "gfpgan_visibility: must be 0"),
        ({"upscaler_1": "rrdb", "upscaler_2": "Lanczos"}, "upscaler_2"),
        ({"upscaler_1": "rrdb", "resize_mode": 1, "upscaling_crop": False}, "upscaling_crop"),
        ({"upscaler_1": "rrdb", "sharpen": 1}, "sharpen: there is no such setting"),
        ({"upscaler_1": "rrdb", "image": "bm8="}, "image"),
        ({"upscaler_1": "rrdb", "image": ""}, "image"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(address, body, words):
    reply = Client(address).post("/sdapi/v1/extra-single-image", **({"image": encoded(picture(8, 8))} | body))
    assert reply.status_code == 422 and words in reply.json()["detail"] and "\n" not in reply.json()["detail"]


def test_too_large_is_refused_before_work(address):
    reply = Client(address).post("/sdapi/v1/extra-single-image", image=encoded(Image.new("RGB", (4000, 10))), upscaler_1="rrdb", upscaling_resize=8)
    assert reply.status_code == 422 and "4000x10 would become 8 times as large" in reply.json()["detail"]


def test_a_list_of_pictures_must_be_one(address):
    for body in ({}, {"imageList": []}, {"imageList": ["x"]}, {"imageList": [{"name": "a"}]}, {"imageList": [{"data": 3}]}):
        reply = requests.post(address + "/sdapi/v1/extra-batch-images", json=body, timeout=60)
        assert reply.status_code == 422 and "imageList" in reply.json()["detail"], body


def test_two_networks_of_one_name_are_refused(tmp_path):
    shutil.copy(NETWORKS / "rrdb.pth", tmp_path / "compact.pth")
    made = subprocess.run([PROGRAM, "serve", "--port", "0", "--upscaler", NETWORKS / "compact.pth", "--upscaler", tmp_path / "compact.pth"], capture_output=True, text=True)
    assert made.returncode == 2 and made.stderr == "latentdial: --upscaler: two files are called compact; rename one\n"


def test_our_own_api_enlarges_as_a_job(address):
    client = Client(address)
    for more, size in (({}, (120, 80)), ({"by": 3}, (180, 120)), ({"by": 1.5}, (90, 60))):
        job = client.finish(client.post("/v1/upscale", image=encoded(picture()), **{"with": "compact"}, **more))
        assert job["state"] == "done" and job["pictures"] == 1, job
        made = client.picture(job["frames"][0]["url"])
        assert made.size == size and "Postprocess upscaler: compact" in made.info["parameters"]
    by_a1111 = client.post("/sdapi/v1/extra-single-image", image=encoded(picture()), upscaler_1="compact", upscaling_resize=1.5)
    assert decoded(by_a1111.json()["image"]).tobytes() == made.tobytes()


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ({"with": "nothing", "image": ""}, 'with: "nothing" is unknown; use rrdb, compact'),
        ({"with": "compact.pth", "image": ""}, "is unknown; use rrdb, compact"),
        ({"image": ""}, "with: "),
        ({"with": "compact"}, "image: "),
        ({"with": "compact", "image": "no picture"}, "image: "),
        ({"with": "compact", "by": 9}, "by: 9 is not a number from 1 to 8"),
        ({"with": "compact", "by": "2", "image": ""}, "by: "),
    ],
)
def test_our_own_api_refuses_in_a_line(address, body, line):
    reply = Client(address).post("/v1/upscale", **body)
    assert reply.status_code == 400 and line in reply.json()["error"]["message"], reply.text


def test_our_own_api_takes_no_more_than_it_hears(address):
    reply = Client(address).post("/v1/upscale", image=encoded(picture()), steps=3, **{"with": "compact"})
    assert reply.status_code == 400 and "steps: there is no such setting" in reply.text
