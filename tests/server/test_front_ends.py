"""What front ends ask, in the order in which they ask it, and the picture that each of them then has.

The shapes are those of SillyTavern, KoboldAI Lite, Open WebUI (both engines), LibreChat, text-generation-webui, aiyabot, n8n, Home Assistant,
openOutpaint, and the Photoshop plugins stable.art and Auto-Photoshop; the sizes are smaller than theirs."""

import base64
import io
import json

import pytest
import requests
from PIL import Image

from live import png_bytes

DOG = {"prompt": "a dog in the meadow", "steps": 4, "seed": 7, "width": 128, "height": 128}
A1111 = "/sdapi/v1/"
OUR_NAMES = {"Euler a": "euler_a", "Euler": "euler", "DPM++ 2M": "dpm++2m", "DDIM": "ddim", "PLMS": "pndm", "LCM": "lcm"}


@pytest.fixture
def ask(address):
    """An answer of 2xx, as JSON."""

    def send(path, body=None, verb=None, **options):
        reply = requests.request(verb or ("GET" if body is None and not options else "POST"), address + path, json=body, timeout=60, **options)
        assert reply.ok, f"{path}: {reply.status_code} {reply.text[:300]}"
        return reply.json()

    return send


@pytest.fixture(scope="module")
def drawn():
    """What our own API draws of settings; each is asked for once."""
    return {}


@pytest.fixture
def right(ask, address, drawn):
    """The pixels of the picture that is meant."""

    def draw(**settings):
        name = json.dumps(settings, sort_keys=True)
        if name not in drawn:
            job = ask("/v1/generate", DOG | settings)
            while job["state"] in ("queued", "running"):
                job = ask(f"/v1/jobs/{job['id']}")
            drawn[name] = pixels(requests.get(address + job["frames"][0]["url"], timeout=60).content)
        return drawn[name]

    return draw


def pixels(data):
    return Image.open(io.BytesIO(data)).convert("RGB").tobytes()


def of_base64(text):
    return pixels(base64.b64decode(text))


def test_sillytavern(ask, right):
    assert ask(A1111 + "options")["sd_model_checkpoint"] in [model["title"] for model in ask(A1111 + "sd-models")]
    samplers = [sampler["name"] for sampler in ask(A1111 + "samplers")]
    schedulers = [scheduler["label"] for scheduler in ask(A1111 + "schedulers")]
    for name in ("sd-vae", "sd-modules", "upscalers", "latent-upscale-modes"):
        assert isinstance(ask(A1111 + name), list)
    assert ask(A1111 + "progress")["progress"] == 0
    body = {
        **DOG, "url": "http://127.0.0.1:7860", "auth": "", "negative_prompt": "blurry", "sampler_name": samplers[0], "scheduler": schedulers[0], "cfg_scale": 5,
        "override_settings": {"CLIP_stop_at_last_layers": 1, "sd_vae": "Automatic", "forge_additional_modules": []}, "override_settings_restore_afterwards": True,
        "clip_skip": 1, "save_images": True, "send_images": True, "do_not_save_grid": False, "do_not_save_samples": False,
        "restore_faces": False, "enable_hr": False, "hr_upscaler": "Latent", "hr_scale": 1, "hr_additional_steps": 0, "hr_second_pass_steps": 0, "denoising_strength": 0.7,
    }
    reply = ask(A1111 + "txt2img", body)
    settings = json.loads(reply["info"])
    assert settings["seed"] == 7 and settings["sampler_name"] == samplers[0]
    assert of_base64(reply["images"][0]) == right(negative_prompt="blurry", guidance_scale=5, sampler=OUR_NAMES[samplers[0]])


def test_koboldai_lite(ask, right):
    title = ask(A1111 + "sd-models")[0]["title"]
    assert ask(A1111 + "options")["sd_model_checkpoint"] == title
    body = {
        **DOG, "negative_prompt": "", "sampler_name": "Euler a", "batch_size": 1, "n_iter": 1, "cfg_scale": 5, "do_not_save_samples": True, "do_not_save_grid": True,
        "enable_hr": False, "eta": 0, "s_churn": 0, "s_tmax": 0, "s_tmin": 0, "s_noise": 1, "clip_skip": 1, "save_images": True,
        "override_settings": {
            "sd_model_checkpoint": title, "eta_noise_seed_delta": 0.0, "CLIP_stop_at_last_layers": 1.0, "ddim_discretize": "uniform", "img2img_fix_steps": False,
            "sd_hypernetwork": "None", "inpainting_mask_weight": 1.0, "initial_noise_multiplier": 1.0, "comma_padding_backtrack": 20.0,
        },
    }
    assert of_base64(ask(A1111 + "txt2img", body)["images"][0]) == right(guidance_scale=5, sampler="euler_a")
    start = base64.b64encode(png_bytes(Image.new("RGB", (128, 128), "teal"))).decode()
    redrawn = ask(A1111 + "img2img", body | {"init_images": [start], "denoising_strength": 0.6})
    assert of_base64(redrawn["images"][0]) == right(guidance_scale=5, sampler="euler_a", image=start, strength=0.6)


def test_open_webui_with_a1111(ask, right):
    options = ask(A1111 + "options")
    assert options["sd_model_checkpoint"] in [model["title"] for model in ask(A1111 + "sd-models")]
    ask(A1111 + "options", options)  # All of them, as they are.
    assert ask(A1111 + "options") == options
    reply = ask(A1111 + "txt2img", {**DOG, "batch_size": 1, "negative_prompt": "", "cfg_scale": 5, "sampler_name": "DPM++ 2M", "scheduler": "Karras"})
    assert of_base64(reply["images"][0]) == right(guidance_scale=5, sampler="dpm++2m", scheduler="karras")
    assert json.loads(reply["info"])["prompt"] == DOG["prompt"]


@pytest.mark.parametrize("model", ["dall-e-2", "gpt-image-1", "scenes"])
def test_open_webui_with_openai(ask, right, model):
    common = {"model": model, "prompt": DOG["prompt"], "size": "128x128", "n": 1}
    reply = ask("/v1/images/generations", {**common, "response_format": "b64_json", "steps": 4, "seed": 7})
    assert of_base64(reply["data"][0]["b64_json"]) == right()
    photo = png_bytes(Image.new("RGB", (128, 128), "teal"))
    form = {"files": {"image": ("image.png", photo, "image/png")}, "data": {**common, "n": "1", "steps": "4", "seed": "7"}}
    edited = ask("/v1/images/edits", **form)
    assert of_base64(edited["data"][0]["b64_json"]) == right(image=base64.b64encode(photo).decode())


def test_librechat(ask, right):
    reply = ask(A1111 + "txt2img", {**DOG, "negative_prompt": "blurry", "cfg_scale": 4.5, "sampler_name": "DPM++ 2M Karras"})
    settings = json.loads(reply["info"])
    assert settings["seed"] == 7 and settings["width"] == 128 and settings["infotexts"][0].startswith(DOG["prompt"])
    assert of_base64(reply["images"][0]) == right(negative_prompt="blurry", guidance_scale=4.5, sampler="dpm++2m", scheduler="karras")


def test_text_generation_webui(ask, right):
    assert ask(A1111 + "samplers") and ask(A1111 + "sd-models")
    ask(A1111 + "unload-checkpoint", verb="POST")
    ask(A1111 + "reload-checkpoint", verb="POST")
    body = {
        **DOG, "negative_prompt": "", "sampler_name": "DPM++ 2M Karras", "cfg_scale": 7, "restore_faces": False, "enable_hr": False,
        "hr_upscaler": "ESRGAN_4x", "hr_scale": "1.0", "denoising_strength": 0.6,
    }
    assert of_base64(ask(A1111 + "txt2img", body)["images"][0]) == right(guidance_scale=7, sampler="dpm++2m", scheduler="karras")


def test_aiyabot(ask, right):
    for name in ("cmd-flags", "options", "sd-models", "samplers", "prompt-styles", "face-restorers", "embeddings", "hypernetworks", "upscalers", "loras"):
        ask(A1111 + name)
    body = {
        **DOG, "negative_prompt": "", "cfg_scale": "7.0", "sampler_index": "Euler a", "styles": ["None"], "seed_resize_from_h": -1, "seed_resize_from_w": 0,
        "denoising_strength": None, "tiling": False, "n_iter": 1, "override_settings": {"CLIP_stop_at_last_layers": 1}, "alwayson_scripts": {}, "script_name": None,
    }
    assert of_base64(ask(A1111 + "txt2img", body)["images"][0]) == right(guidance_scale=7, sampler="euler_a")


@pytest.mark.parametrize("more", [{}, {"quality": "hd"}, {"style": "vivid"}, {"style": "natural"}, {"quality": "high", "output_format": "jpeg"}, {"output_format": "webp"}])
def test_n8n(ask, right, more):
    model = "gpt-image-1" if "output_format" in more else "dall-e-3"
    body = {"model": model, "prompt": DOG["prompt"], "response_format": "b64_json", "n": 1, "size": "128x128", "steps": 4, "seed": 7}
    data = base64.b64decode(ask("/v1/images/generations", body | more)["data"][0]["b64_json"])
    if "output_format" in more:
        assert Image.open(io.BytesIO(data)).format.lower() == more["output_format"]
    else:
        assert pixels(data) == right()


def test_home_assistant(ask, right):
    assert [model["id"] for model in ask("/v1/models")["data"]] == ["scenes"]
    body = {"model": "dall-e-3", "prompt": DOG["prompt"], "size": "128x128", "quality": "standard", "style": "vivid", "response_format": "url", "n": 1}
    image = ask("/v1/images/generations", body | {"steps": 4, "seed": 7})["data"][0]
    assert pixels(requests.get(image["url"], timeout=60).content) == right()


def test_open_outpaint(ask, right):
    for name in ("options", "prompt-styles", "samplers", "upscalers", "scripts", "loras", "embeddings"):
        ask(A1111 + name)
    title = ask(A1111 + "sd-models")[0]["title"]
    assert ask(A1111 + "options")["sd_model_checkpoint"] == title
    ask(A1111 + "options", {"sd_model_checkpoint": title})
    body = {
        **DOG, "negative_prompt": "", "cfg_scale": 5, "sampler_index": "DDIM", "denoising_strength": 1, "mask_blur": 0, "batch_size": 1, "n_iter": 1, "mask": "",
        "init_images": [], "inpaint_full_res": False, "inpainting_fill": 1, "outpainting_fill": 2, "enable_hr": False, "restore_faces": False, "hr_scale": 2.0,
        "hr_upscaler": "None", "hr_second_pass_steps": 0, "hr_resize_x": 0, "hr_resize_y": 0, "hr_square_aspect": False, "styles": [],
    }
    assert of_base64(ask(A1111 + "txt2img", body)["images"][0]) == right(guidance_scale=5, sampler="ddim")


def test_stable_art(ask, right):
    titles = [model["title"] for model in ask(A1111 + "sd-models")]
    assert isinstance(ask(A1111 + "prompt-styles"), list)
    ask(A1111 + "options", {"sd_model_checkpoint": titles[0]})
    reply = ask(A1111 + "txt2img", {**DOG, "negative_prompt": "", "cfg_scale": 7, "sampler_name": "DPM++ 2M Karras", "batch_size": 1, "styles": []})
    assert json.loads(reply["info"])["all_seeds"] == [7]
    assert of_base64(reply["images"][0]) == right(guidance_scale=7, sampler="dpm++2m", scheduler="karras")


def test_auto_photoshop(ask, right, address):
    assert requests.get(address + "/config", timeout=60).status_code == 404, "it asks for Gradio's, and does without"
    for name in ("options", "samplers", "prompt-styles", "embeddings", "hypernetworks", "upscalers", "scripts", "script-info", "sd-vae", "cmd-flags", "progress"):
        ask(A1111 + name)
    assert all({"name", "alias", "path"} <= lora.keys() for lora in ask(A1111 + "loras"))
    ask(A1111 + "refresh-checkpoints", {})
    models = ask(A1111 + "sd-models")
    assert {"title", "model_name", "hash", "filename"} <= models[0].keys()
    ask(A1111 + "options", {"sd_model_checkpoint": models[0]["title"]})
    unit = {"enabled": False, "input_image": "", "module": "none", "model": "None", "weight": 1.0}
    body = {
        **DOG, "negative_prompt": "", "cfg_scale": 7, "sampler_index": "Euler a", "batch_size": 1, "denoising_strength": 0.7, "hr_denoising_strength": 0.7, "restore_faces": False,
        "enable_hr": False, "use_prompt_shortcut": False, "prompt_shortcut_ui_dict": {}, "uniqueDocumentId": "1", "mode": "txt2img", "script_name": None, "script_args": [],
        "alwayson_scripts": {"ControlNet": {"args": [unit, unit]}},
    }
    assert of_base64(ask(A1111 + "txt2img", body)["images"][0]) == right(guidance_scale=7, sampler="euler_a")
