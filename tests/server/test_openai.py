"""OpenAI's images API as its unmodified PyPI client speaks it."""

import base64
import io
import json

import openai
import pytest
import requests
from PIL import Image, ImageChops, ImageStat

from live import png_bytes

SMALL = {"size": "128x128", "extra_body": {"steps": 4, "seed": 7}}


@pytest.fixture
def api(address):
    return openai.OpenAI(base_url=address + "/v1", api_key="any", max_retries=0)


def picture(data):
    return Image.open(io.BytesIO(base64.b64decode(data.b64_json)))


def test_models(api):
    assert [model.id for model in api.models.list()] == ["scenes"]
    assert api.models.retrieve("scenes").owned_by == "latentdial"
    with pytest.raises(openai.NotFoundError):
        api.models.retrieve("other")


def test_generations(api):
    reply = api.images.generate(model="scenes", prompt="a dog in the meadow", n=2, **SMALL)
    assert [picture(data).size for data in reply.data] == [(128, 128)] * 2
    assert "Seed: 7" in picture(reply.data[0]).info["parameters"] and "Seed: 8" in picture(reply.data[1]).info["parameters"]


def test_as_url(api):
    reply = api.images.generate(prompt="a dog", response_format="url", **SMALL)
    assert requests.get(reply.data[0].url, timeout=60).content.startswith(b"\x89PNG")


def test_the_dial_turns(api):
    settings = {"steps": 4, "seed": 7}
    ask = lambda **dial: picture(api.images.generate(prompt="a dog in the meadow", size="128x128", extra_body=settings | dial).data[0]).tobytes()  # noqa: E731
    assert ask() == ask(style="sketch", dial=0) != ask(style="sketch", dial=1)


def test_edits(api):
    start = ("start.png", png_bytes(Image.new("RGB", (128, 128), "green")))
    reply = api.images.edit(image=start, prompt="a dog", size="128x128", extra_body={"steps": 4, "strength": 0.5})
    assert picture(reply.data[0]).size == (128, 128)


def test_a_list_of_one_picture_is_that_picture(api):
    start = ("start.png", png_bytes(Image.new("RGB", (128, 128), "green")))
    made = [api.images.edit(image=image, prompt="a castle", **SMALL) for image in (start, [start])]
    assert made[0].data[0].b64_json == made[1].data[0].b64_json


def test_several_pictures_are_refused_in_a_line_that_says_what_is_possible(api):
    """OpenAI's models look at all of them; ours looks at words and at one picture, and takes none for another."""
    with pytest.raises(openai.BadRequestError) as refused:
        api.images.edit(image=[(name, png_bytes(Image.new("RGB", (128, 128), name))) for name in ("green", "red")], prompt="a castle", **SMALL)
    assert refused.value.param == "image"
    assert "2 pictures are given, but the model looks at words and at one picture; send each by itself" in refused.value.message


def test_a_stream_ends_with_the_picture(api):
    events = list(api.images.generate(prompt="a dog", stream=True, **SMALL))
    assert events[-1].type == "image_generation.completed"
    assert picture(events[-1]).size == (128, 128)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_stream_shows_so_many_partial_images(api, count):
    events = list(api.images.generate(prompt="a dog", stream=True, partial_images=count, **SMALL))
    assert [event.type for event in events] == ["image_generation.partial_image"] * count + ["image_generation.completed"]
    assert [event.partial_image_index for event in events[:-1]] == list(range(count))
    assert all((event.size, event.quality, event.background, event.output_format) == ("128x128", "auto", "opaque", "png") for event in events)
    assert all(event.created_at > 0 for event in events)
    pictures = [picture(event) for event in events]
    assert {image.size for image in pictures} == {(128, 128)} and len({image.tobytes() for image in pictures}) == count + 1


def test_the_stream_of_an_edit_shows_partial_images_too(api):
    start = ("start.png", png_bytes(Image.new("RGB", (128, 128), "green")))
    more = {"steps": 8, "strength": 0.5}
    events = list(api.images.edit(image=start, prompt="a dog", size="128x128", stream=True, partial_images=2, extra_body=more))
    assert [event.type for event in events] == ["image_edit.partial_image"] * 2 + ["image_edit.completed"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"size": "100x100"}, "size"),
        ({"guidance_scale": 120}, "guidance_scale"),
        ({"style": "sketch", "dial": 9}, "dial"),
        ({"negative_prompt": "(a:1000)"}, "negative_prompt"),
        ({"size": "large"}, "size"),
        ({"n": 99}, "n"),
        ({"background": "transparent"}, "background"),
        ({"output_format": "gif"}, "output_format"),
        ({"partial_images": 2}, "partial_images"),
        ({"stream": "yes"}, "stream"),
        ({"partial_images": 4, "stream": True}, "partial_images"),
        ({"partial_images": "two", "stream": True}, "partial_images"),
        ({"style": "sketch"}, "dial"),
        ({"wrong": 1}, None),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(api, body, param):
    with pytest.raises(openai.BadRequestError) as caught:
        api.images.generate(prompt="a dog", extra_body=body)
    assert caught.value.type == "invalid_request_error"
    assert caught.value.param == param
    assert param is None or caught.value.body["message"].startswith(f"{param}: ")


@pytest.mark.parametrize("format_", ["png", "jpeg", "webp"])
def test_pictures_come_in_the_format_asked_for(address, format_):
    body = {"prompt": "a dog", "size": "128x128", "steps": 4, "seed": 7}
    sent = requests.post(address + "/v1/images/generations", json=body | {"output_format": format_, "output_compression": 90}, timeout=60).json()
    assert sent["output_format"] == format_
    data = base64.b64decode(sent["data"][0]["b64_json"])
    image = Image.open(io.BytesIO(data))
    assert image.format.lower() == format_ and image.size == (128, 128)
    plain = Image.open(io.BytesIO(base64.b64decode(requests.post(address + "/v1/images/generations", json=body, timeout=60).json()["data"][0]["b64_json"])))
    apart = ImageStat.Stat(ImageChops.difference(image.convert("RGB"), plain.convert("RGB"))).mean
    assert max(apart) < (6 if format_ != "png" else 1e-9)
    info = requests.post(address + "/v1/png-info", data=data, timeout=60).json()
    assert info["settings"]["seed"] == 7 and info["settings"]["prompt"] == "a dog"


def test_a_stream_has_its_format_too(address):
    body = {"prompt": "a dog", "size": "64x64", "steps": 4, "stream": True, "partial_images": 1, "output_format": "jpeg"}
    events = [json.loads(line[6:]) for line in requests.post(address + "/v1/images/generations", json=body, timeout=60).text.splitlines() if line.startswith("data: ")]
    assert [Image.open(io.BytesIO(base64.b64decode(event["b64_json"]))).format for event in events] == ["JPEG", "JPEG"]


@pytest.mark.parametrize(("body", "param"), [({"output_format": "gif"}, "output_format"), ({"output_format": 5}, "output_format"), ({"output_format": "jpeg", "output_compression": 101}, "output_compression"), ({"output_compression": "90"}, "output_compression")])
def test_a_format_that_is_not_here_is_refused(address, body, param):
    reply = requests.post(address + "/v1/images/generations", json={"prompt": "a dog", "steps": 1} | body, timeout=60)
    assert reply.status_code == 400 and reply.json()["error"]["param"] == param


def test_variations_say_what_there_is_instead(address):
    reply = requests.post(address + "/v1/images/variations", files={"image": ("a.png", b"x")}, timeout=60)
    assert reply.status_code == 400 and "/v1/images/edits" in reply.json()["error"]["message"]


def test_an_unknown_model_is_404(api):
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        api.images.generate(model="sd-xl", prompt="a dog")


@pytest.mark.parametrize("model", ["scenes", "dall-e-2", "dall-e-3", "gpt-image-1", ""])
def test_openais_own_names_stand_for_the_one_model(address, model):
    body = {"model": model, "prompt": "a dog", "size": "64x64", "steps": 1, "seed": 3, "quality": "hd"}
    reply = requests.post(address + "/v1/images/generations", json=body, timeout=60)
    assert reply.status_code == 200, reply.text


@pytest.mark.parametrize("name", ["size", "model", "prompt", "sampler", "n", "seed", "response_format", "wrong", "b\xe9"])
def test_bytes_that_are_no_text_are_told_so(address, name):
    files = {"image": ("a.png", png_bytes(Image.new("RGB", (64, 64))), "image/png"), name: (None, b"\xff\x00\xfe", None)}
    reply = requests.post(address + "/v1/images/edits", files=files, data={"steps": "1"}, timeout=60)
    assert reply.status_code in (400, 404), reply.text
    assert "exception" not in reply.text


def test_notices_come_with_the_pictures(address):
    body = {"prompt": "a dog", "size": "64x64", "steps": 2, "style": "in the", "dial": 1}
    reply = requests.post(address + "/v1/images/generations", json=body, timeout=60).json()
    assert any("shows nothing of" in notice for notice in reply["notices"])


def test_a_request_that_is_sent_again_is_not_run_again(address):
    body = {"prompt": "a dog", "size": "128x128", "steps": 4}
    ask = lambda body, **headers: requests.post(address + "/v1/images/generations", json=body, headers=headers, timeout=60)  # noqa: E731
    first, again = (ask(body, **{"Idempotency-Key": "k1"}).json()["data"] for _ in range(2))
    assert first == again
    assert ask(body | {"steps": 5}, **{"Idempotency-Key": "k1"}).status_code == 400
    fresh = ask(body, **{"x-stainless-retry-count": "0"}).json()["data"]
    assert fresh != first
    assert ask(body, **{"x-stainless-retry-count": "1"}).json()["data"] == fresh


def test_openais_own_words_and_empty_texts(address):
    def ask(path="generations", **body):
        return requests.post(f"{address}/v1/images/{path}", json={"prompt": "a dog", "size": "64x64", "steps": 1} | body, timeout=60)

    for body in ({"style": "vivid"}, {"style": "natural"}, {"seed": -1}, {"seed": None}, {"prompt": ""}, {"prompt": " "}):
        assert ask(**body).status_code == 200, body
    for body, says in (({"style": "sketch"}, "dial: say how much"), ({"seed": -2}, "seed: -2 is given, but a whole number is needed, 0 to 18446744073709551615")):
        error = ask(**body).json()["error"]
        assert error["message"].startswith(says) and error["param"] == says.split(":")[0]
    missing = requests.post(f"{address}/v1/images/generations", json={"steps": 1}, timeout=60)
    assert missing.status_code == 400 and missing.json()["error"]["param"] == "prompt"
    empty = requests.post(f"{address}/v1/images/edits", files={"image": ("a.png", b"", "image/png")}, data={"prompt": "a"}, timeout=60)
    assert empty.status_code == 400 and empty.json()["error"]["message"].startswith("image: one picture is needed, not 0")
