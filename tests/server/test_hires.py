"""A second, larger pass, as each API asks for it: A1111's by its unmodified client."""

import base64
import io
import pathlib

import pytest
import requests
import webuiapi
from PIL import Image

from live import Client, running_server

NETWORKS = pathlib.Path(__file__).parents[1] / "golden/models/upscalers"
DOG = {"prompt": "a dog in the meadow", "seed": 7, "steps": 3, "width": 64, "height": 64}


@pytest.fixture(scope="module")
def address():
    with running_server("--upscaler", str(NETWORKS / "compact.pth")) as (address, process):
        yield address
        assert process.poll() is None, "the server fell over"


def txt2img(address, **more):
    return requests.post(address + "/sdapi/v1/txt2img", json=DOG | {"enable_hr": True} | more, timeout=120)


def text_of(reply):
    assert reply.status_code == 200, reply.text
    return Image.open(io.BytesIO(base64.b64decode(reply.json()["images"][0]))).info["parameters"]


def test_the_unmodified_webuiapi_draws_twice(address):
    api = webuiapi.WebUIApi(port=int(address.rsplit(":", 1)[1]), steps=3)
    for name in (webuiapi.HiResUpscaler.Latent, webuiapi.HiResUpscaler.Lanczos, "compact"):
        result = api.txt2img(prompt="a dog", seed=3, width=64, height=64, enable_hr=True, hr_scale=1.5, hr_upscaler=name, hr_second_pass_steps=4, denoising_strength=0.6)
        assert result.image.size == (96, 96)
        written = getattr(name, "value", name)
        assert f"Hires upscale: 1.5, Hires upscaler: {written}, Hires steps: 4" in result.info["infotexts"][0]
        assert "Denoising strength: 0.6" in result.info["infotexts"][0]
        assert api.png_info(result.image).parameters["Denoising strength"] == 0.6
    off = api.txt2img(prompt="a dog", seed=3, width=64, height=64, enable_hr=False, hr_scale=2, hr_upscaler="nothing", hr_prompt="a cat")
    assert off.image.size == (64, 64) and "Hires" not in off.info["infotexts"][0]


def test_what_enlarges_is_listed(address):
    assert Client(address).get("/sdapi/v1/latent-upscale-modes").json() == [{"name": "Latent"}]
    assert "compact" in [one["name"] for one in Client(address).get("/sdapi/v1/upscalers").json()]


def test_a_size_stands_for_its_factor(address):
    by_width, by_height, by_both, by_scale = (
        text_of(txt2img(address, width=64, height=96, **more)) for more in ({"hr_resize_x": 128}, {"hr_resize_y": 192}, {"hr_resize_x": 128, "hr_resize_y": 192}, {"hr_scale": "2"})
    )
    assert by_width == by_height == by_both == by_scale and "Hires upscale: 2," in by_scale


def test_what_asks_for_the_same_is_taken(address):
    same = {"hr_prompt": DOG["prompt"], "hr_negative_prompt": "", "hr_sampler_name": "Use same sampler", "hr_scheduler": None, "hr_checkpoint_name": "Use same checkpoint",
            "hr_additional_modules": ["Use same choices"], "cfg_scale": 5, "hr_cfg": 5, "hr_upscaler": "None"}
    assert "Hires upscaler: Lanczos" in text_of(txt2img(address, **same))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"enable_hr": "on"}, "enable_hr: true or false is needed"),
        ({"hr_scale": 1}, "hr_scale: 1 times 64x64 is not possible; over 1 and up to 4 times is"),
        ({"hr_scale": 9}, "hr_scale: 9 times 64x64 is not possible"),
        ({"hr_scale": "large"}, 'hr_scale: "large" is not a number'),
        ({"hr_scale": 4, "width": 1024}, "hr_scale: 4096x256 is too large"),
        ({"hr_resize_x": 640}, "hr_resize_x: 10 times 64x64 is not possible"),
        ({"hr_resize_x": 128, "hr_resize_y": 96}, "hr_resize_y: 128x96 has not the shape of 64x64"),
        ({"hr_resize_x": -8}, "hr_resize_x: a whole number from 0 to 8192"),
        ({"hr_upscaler": "Latent (bicubic)"}, 'hr_upscaler: "Latent (bicubic)" is unknown; use None, Latent, Lanczos, compact'),
        ({"hr_upscaler": str(NETWORKS / "compact.pth")}, "hr_upscaler: "),
        ({"hr_upscaler": 5}, "hr_upscaler: 5 is unknown"),
        ({"hr_second_pass_steps": -1}, "hr_second_pass_steps: -1 is out of range"),
        ({"denoising_strength": 2}, "denoising_strength: 2 is out of range"),
        ({"hr_prompt": "a cat"}, 'hr_prompt: "a cat" is not supported'),
        ({"hr_negative_prompt": "a cat"}, "hr_negative_prompt"),
        ({"hr_sampler_name": "Euler"}, "hr_sampler_name"),
        ({"hr_scheduler": "Karras"}, "hr_scheduler"),
        ({"hr_checkpoint_name": "other"}, "hr_checkpoint_name"),
        ({"cfg_scale": 5, "hr_cfg": 1}, "hr_cfg"),
        ({"style": "winter", "dial": 0.5, "method": "anchored"}, "hr_scale: method anchored edits the finished picture"),
        ({"hires": 2}, "hires: no such setting"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(address, more, says):
    reply = txt2img(address, **more)
    assert reply.status_code == 422 and says in reply.json()["detail"], reply.text


def test_a_start_picture_has_no_second_pass(address):
    image = webuiapi.webuiapi.b64_img(Image.new("RGB", (64, 64)))
    reply = requests.post(address + "/sdapi/v1/img2img", json=DOG | {"init_images": [image], "enable_hr": True}, timeout=60)
    assert reply.status_code == 422 and reply.json()["detail"].startswith("hr_scale: a picture that starts from another")


@pytest.mark.parametrize("path", ["/v1/generate", "/v1/images/generations"])
def test_a_network_goes_by_its_name_and_no_file_is_opened(address, tmp_path, path):
    secret = tmp_path / "secret.pth"
    secret.write_bytes((NETWORKS / "compact.pth").read_bytes())
    for named in (str(secret), str(NETWORKS / "compact.pth"), "compact.pth", "./latent", "Latent"):
        reply = requests.post(address + path, json=DOG | {"hires": 2, "hires_with": named}, timeout=60)
        assert reply.status_code == 400 and "unknown; use latent, lanczos, compact" in reply.text, reply.text


def test_our_own_api_and_openais(address):
    client = Client(address)
    assert client.get("/v1/model").json()["upscalers"] == ["compact"]
    now = client.finish(client.post("/v1/generate", **DOG, hires=2, hires_with="compact", hires_strength=0.4))
    assert now["state"] == "done" and now["frames"][0]["settings"]["hires_with"] == "compact", now
    png = requests.get(address + now["frames"][0]["url"], timeout=60).content
    assert Image.open(io.BytesIO(png)).size == (128, 128)
    made = client.post("/v1/images/generations", **DOG, hires=2, hires_with="compact", hires_strength=0.4).json()
    assert made["size"] == "128x128" and base64.b64decode(made["data"][0]["b64_json"]) == png
    strip = client.post("/v1/dial", **DOG, style="winter", at=[0, 1], hires=1.5)
    assert strip.status_code == 202, strip.text
