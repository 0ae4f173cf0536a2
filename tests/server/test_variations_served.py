"""A server with an unCLIP model draws variations of the picture that a request brings."""

import base64
import pathlib

import pytest
from PIL import Image

from live import Client, png_bytes, running_server

MODEL = pathlib.Path(__file__).parents[1] / "golden/models/unclip"


def in_base64(picture: Image.Image) -> str:
    return base64.b64encode(png_bytes(picture.resize((40, 32)).convert("RGB"))).decode()


REFERENCE, OTHER = in_base64(Image.linear_gradient("L")), in_base64(Image.radial_gradient("L"))
ASKED = {"prompt": "a dog", "steps": 2, "width": 32, "height": 32, "reference": REFERENCE}


@pytest.fixture(scope="module")
def client():
    with running_server("-m", MODEL) as (address, _):
        yield Client(address)


def drawn(client, **more):
    frame = client.finish(client.post("/v1/generate", **(ASKED | more)))["frames"][0]
    return frame, client.picture(frame["url"])


def test_it_draws_variations(client):
    assert client.get("/v1/model").json()["takes_reference"]
    frame, plain = drawn(client)
    assert frame["settings"]["noise_level"] == 0 and "Reference hash: " in plain.info["parameters"]
    for more in ({"reference": OTHER}, {"noise_level": 800}, {"to_reference": OTHER, "theta": 0.5}):
        assert drawn(client, **more)[1].tobytes() != plain.tobytes(), more
    assert drawn(client, to_reference=OTHER, theta=1)[1].tobytes() == drawn(client, reference=OTHER)[1].tobytes()


def test_the_apis_of_others_take_a_reference_by_our_name(client):
    asked = {"prompt": "a dog", "steps": 2}
    for path, size in (("/sdapi/v1/txt2img", {"width": 32, "height": 32}), ("/v1/images/generations", {"size": "32x32", "response_format": "b64_json"})):
        made = [client.post(path, **asked, **size, reference=reference) for reference in (REFERENCE, OTHER)]
        assert [reply.status_code for reply in made] == [200, 200], made[0].text
        pictures = [json.get("images") or json["data"][0]["b64_json"] for json in (reply.json() for reply in made)]
        assert pictures[0] != pictures[1], path
        reply = client.post(path, **asked, **size)
        assert reply.status_code in (400, 422) and "draws variations of one" in reply.text


@pytest.mark.parametrize(
    ("asked", "field", "line"),
    [
        (ASKED | {"reference": ""}, "reference", "reference: no picture is given; unclip draws variations of one, say of which"),
        (ASKED | {"noise_level": 1000}, "noise_level", "noise_level: 1000"),
        (ASKED | {"reference": "", "to_reference": OTHER}, "to_reference", "to_reference: it is the other end of an interpolation; say by reference what is at the first"),
    ],
)
def test_what_does_not_fit_is_refused(client, asked, field, line):
    reply = client.post("/v1/generate", **asked)
    assert reply.status_code == 400 and reply.json()["error"]["field"] == field and reply.json()["error"]["message"].startswith(line)
