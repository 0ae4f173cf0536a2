"""JSON of strangers in requests: a line for each field, whatever is nested in it, and memory that the body's length bounds."""

import base64
import io
import json
import pathlib

import pytest
import requests
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from attacks import status_of
from hostile import MEGABYTE, NESTED, PARTS, SANITIZED, many
from live import png_bytes, running_server

HERE = "\x00here"
A1111 = ("steps", "prompt", "seed", "sampler_name", "scheduler", "override_settings", "alwayson_scripts", "script_args", "styles", "batch_size", "n_iter", "send_images", "other")
OPENAI = ("size", "model", "n", "prompt", "quality", "user", "stream", "partial_images", "response_format", "seed", "other")
OURS = ("prompt", "preview_every", "steps", "seed", "image", "style_mask", "to_image", "dial", "sampler", "other")
FIELDS = {
    **{f"/v1/generate {field}": ("/v1/generate", {"prompt": "a dog", "steps": 1, field: HERE}) for field in OURS},
    "/v1/generate": ("/v1/generate", HERE),
    "/v1/generate within": ("/v1/generate", {"prompt": ["a dog", {"a": HERE}]}),
    **{f"/v1/dial {field}": ("/v1/dial", {"prompt": "a dog", "style": "sketch", "steps": 1, field: HERE}) for field in ("at", *OURS)},
    "/v1/dial at within": ("/v1/dial", {"prompt": "a dog", "style": "sketch", "at": [0, HERE]}),
    **{f"/sdapi/v1/txt2img {field}": ("/sdapi/v1/txt2img", {"prompt": "a dog", "steps": 1, field: HERE}) for field in A1111},
    "/sdapi/v1/txt2img scripts within": ("/sdapi/v1/txt2img", {"alwayson_scripts": {"a": {"args": HERE}}}),
    **{f"/sdapi/v1/img2img {field}": ("/sdapi/v1/img2img", {"prompt": "a dog", "steps": 1, field: HERE}) for field in ("init_images", "denoising_strength", "mask", "resize_mode")},
    **{f"/sdapi/v1/options {field}": ("/sdapi/v1/options", {field: HERE}) for field in ("live_previews_enable", "show_progress_every_n_steps", "sd_model_checkpoint", "other")},
    "/sdapi/v1/options": ("/sdapi/v1/options", HERE),
    "/sdapi/v1/png-info image": ("/sdapi/v1/png-info", {"image": HERE}),
    **{f"/v1/images/generations {field}": ("/v1/images/generations", {"prompt": "a dog", "steps": 1, field: HERE}) for field in OPENAI},
}


def body_of(field: str, harm: str) -> tuple[str, bytes]:
    path, body = FIELDS[field]
    return path, json.dumps(body).replace(json.dumps(HERE), harm).encode()


def refused(reply) -> str:
    """The one line of the answer."""
    assert 400 <= reply.status_code < 500, reply.text[:500]
    error = reply.json()["error"]
    line = error["message"] if isinstance(error, dict) else reply.json()["detail"]
    assert line and "\n" not in line and len(line) < 10_000
    return line


@pytest.fixture(scope="module")
def alone():
    """A server whose memory nobody else uses."""
    with running_server() as (address, process):
        yield address, process
        assert process.poll() is None, "the server fell over"


@pytest.fixture
def post(alone):
    """Sends a request to that server and checks what more memory than before it had at once."""
    address, process = alone

    def send(path, size, **content):
        before = status_of(process.pid, "VmRSS")
        pathlib.Path(f"/proc/{process.pid}/clear_refs").write_text("5")  # VmHWM begins anew.
        reply = requests.post(address + path, timeout=60, **content)
        assert process.poll() is None, "the server fell over"
        growth = status_of(process.pid, "VmHWM") - before
        assert SANITIZED or growth <= min(8 * size + 16 * MEGABYTE, 160 * MEGABYTE), f"{growth >> 20} MiB for {size / MEGABYTE:.1f}"
        return reply

    return send


@pytest.mark.parametrize("field", FIELDS)
def test_a_hundred_thousand_levels(post, field):
    for harm in NESTED.values():
        path, body = body_of(field, harm)
        assert "nested deeper than 64 levels" in refused(post(path, len(body), data=body))


@pytest.mark.parametrize("field", FIELDS)
def test_a_million_values(post, field):
    for part in PARTS:
        path, body = body_of(field, many(part, 4 * MEGABYTE))
        refused(post(path, len(body), data=body))


@pytest.mark.parametrize("name", ["n", "seed", "steps", "partial_images", "dial", "model", "size", "prompt", "other"])
@pytest.mark.parametrize("harm", [*NESTED, *(f"many {part}" for part in PARTS)])
def test_a_field_of_a_form(post, name, harm):
    text = NESTED[harm] if harm in NESTED else many(harm.removeprefix("many "), MEGABYTE)
    form = {"prompt": (None, "a dog"), "image": ("a.png", png_bytes(Image.new("RGB", (128, 128)))), name: (None, text)}
    refused(post("/v1/images/edits", len(text), files=form))


@pytest.mark.parametrize("part", PARTS)
def test_a_long_body_of_values(post, part):
    body = b'{"prompt": ' + many(part, 32 * MEGABYTE).encode() + b"}"
    assert "holds more values" in refused(post("/v1/generate", len(body), data=body))


def test_a_body_of_very_many_names(post):
    body = "{" + ",".join(f'"{i}":0' for i in range(1_000_000)) + "}"
    assert "more than 1024 names" in refused(post("/v1/generate", len(body), data=body))


@pytest.mark.parametrize("end", ['"}', '\x01"}', ""])
def test_a_picture_as_long_as_a_body_may_be(post, end):
    body = b'{"prompt": "a dog", "image": "' + b"QUJD" * (10 * MEGABYTE) + end.encode()
    line = refused(post("/v1/generate", len(body), data=body))
    assert {'"}': "what is given is not a picture", '\x01"}': "image: no base64", "": "not valid JSON"}[end] in line


def test_a_picture_whose_text_holds_json(post):
    for harm in (*NESTED.values(), many("arrays", MEGABYTE)):
        info, file = PngInfo(), io.BytesIO()
        info.add_text("parameters", f"a dog\nSteps: 1, Prompt text: {json.dumps(harm)}, Style: {harm}")
        Image.new("RGB", (64, 64)).save(file, "PNG", pnginfo=info)
        png = file.getvalue()
        assert post("/v1/png-info", len(png) + len(harm), data=png).status_code == 200
        assert post("/sdapi/v1/png-info", len(png) + len(harm), json={"image": base64.b64encode(png).decode()}).status_code == 200


def test_a_name_that_is_given_twice(post):
    body = '{"prompt": "a dog", "prompt": "a cat"}'
    assert refused(post("/v1/generate", len(body), data=body)) == "the body gives 'prompt' twice"
