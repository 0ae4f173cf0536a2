"""AUTOMATIC1111's API as its unmodified PyPI client `webuiapi` speaks it."""

import io
import json
import threading
import time

import pytest
import requests
import webuiapi
from PIL import Image
from sd_parsers import ParserManager

from live import png_bytes


@pytest.fixture
def api(address):
    return webuiapi.WebUIApi(port=int(address.rsplit(":", 1)[1]), steps=4)


def test_txt2img(api):
    result = api.txt2img(prompt="a dog in the meadow", negative_prompt="a cat", seed=7, width=128, height=128, cfg_scale=3.5, batch_size=2)
    assert [image.size for image in result.images] == [(128, 128)] * 2
    assert result.info["all_seeds"] == [7, 8] and result.info["sampler_name"] == "Euler a"
    assert "Negative prompt: a cat" in result.info["infotexts"][0]
    assert result.images[0].tobytes() != result.images[1].tobytes()


def test_the_dial_turns(api, address):
    ask = {"prompt": "a dog in the meadow", "seed": 7, "steps": 4, "width": 128, "height": 128}
    pictures = []
    for dial in ({}, {"style": "sketch", "dial": 0}, {"style": "sketch", "dial": 1, "method": "calibrated"}):
        reply = requests.post(address + "/sdapi/v1/txt2img", json=ask | dial, timeout=60)
        assert reply.status_code == 200, reply.text
        pictures.append(reply.json()["images"][0])
    pixels = [Image.open(io.BytesIO(webuiapi.webuiapi.base64.b64decode(text))).tobytes() for text in pictures]
    assert pixels[0] == pixels[1] != pixels[2]


def test_img2img(api):
    start = Image.new("RGB", (128, 128), "green")
    result = api.img2img(images=[start], prompt="a dog", seed=3, width=128, height=128, denoising_strength=0.5)
    assert result.image.size == (128, 128) and result.info["seed"] == 3


def test_sampler_and_scheduler_go_by_their_names_there(api):
    names = api.util_get_sampler_names()
    assert "DPM++ 2M" in names and "Karras" in [scheduler["label"] for scheduler in api.get_schedulers()]
    for name in names:
        assert api.txt2img(prompt="a dog", sampler_name=name, width=128, height=128).info["sampler_name"] == name
    info = api.txt2img(prompt="a dog", sampler_name="DPM++ 2M Karras", width=128, height=128).info
    assert "Sampler: DPM++ 2M" in info["infotexts"][0] and "Schedule type: Karras" in info["infotexts"][0]


def test_png_info_and_sd_parsers_read_our_pictures(api):
    result = api.txt2img(prompt="a dog in the meadow", seed=11, width=128, height=128)
    read = api.png_info(result.image)
    assert read.info == result.info["infotexts"][0]
    parsed = ParserManager().parse(io.BytesIO(png_bytes_with_text(result.image)))
    assert parsed is not None and parsed.generator.name == "AUTOMATIC1111"
    assert [prompt.value for prompt in parsed.prompts] == ["a dog in the meadow"]
    assert parsed.samplers[0].parameters["seed"] == "11" or str(parsed.samplers[0].parameters["seed"]) == "11"


def png_bytes_with_text(image):
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text("parameters", image.info["parameters"])
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=text)
    return buffer.getvalue()


def test_progress_and_interrupt(api):
    results = []
    thread = threading.Thread(target=lambda: results.append(api.txt2img(prompt="a dog", steps=900, width=128, height=128)))
    thread.start()
    other = webuiapi.WebUIApi(baseurl=api.baseurl)
    while (now := other.get_progress())["progress"] == 0:
        time.sleep(0.01)
    assert 0 < now["progress"] < 1 and now["state"]["sampling_steps"] >= 900 and now["eta_relative"] > 0
    other.interrupt()
    thread.join(timeout=20)
    assert not thread.is_alive() and results[0].images == []
    assert other.get_progress()["state"]["job_count"] == 0


def test_who_has_the_answer_finds_nothing_running(api):
    for seed in range(30):
        api.txt2img(prompt="a dog", seed=seed, steps=1, width=64, height=64)
        assert api.get_progress()["state"]["job_count"] == 0


def decoded(text):
    return Image.open(io.BytesIO(webuiapi.webuiapi.base64.b64decode(text)))


def test_progress_shows_the_picture_under_way(api):
    thread = threading.Thread(target=lambda: api.txt2img(prompt="a dog", steps=900, width=128, height=128))
    thread.start()
    other = webuiapi.WebUIApi(baseurl=api.baseurl)
    skipping = lambda: requests.get(api.baseurl + "/progress", params={"skip_current_image": "true"}, timeout=60).json()  # noqa: E731
    try:
        while (now := skipping())["state"]["sampling_step"] < 20:
            assert now["current_image"] is None
        deadline = time.monotonic() + 20
        while (now := other.get_progress())["current_image"] is None:
            assert time.monotonic() < deadline
        assert decoded(now["current_image"]).size == (128, 128)
        assert skipping()["current_image"] is None
        api.set_options({"live_previews_enable": False})
        assert other.get_progress()["current_image"] is None
    finally:
        api.set_options({"live_previews_enable": True})
        other.interrupt()
        thread.join(timeout=20)


def test_live_previews_are_options(api, address):
    assert api.get_options()["live_previews_enable"] is True and api.get_options()["show_progress_every_n_steps"] == 10
    api.set_options({"show_progress_every_n_steps": 3, "samples_format": "png"})
    try:
        assert api.get_options()["show_progress_every_n_steps"] == 3
        for wrong in ({"show_progress_every_n_steps": 99}, {"show_progress_every_n_steps": "often"}, {"live_previews_enable": 1}):
            reply = requests.post(address + "/sdapi/v1/options", json=wrong, timeout=60)
            assert reply.status_code == 422 and next(iter(wrong)) in reply.json()["detail"]
    finally:
        api.set_options({"show_progress_every_n_steps": 10})


def test_options_and_lists(api):
    assert api.get_options()["sd_model_checkpoint"] == "scenes [2852f129c6]" == api.util_get_current_model()
    api.util_set_model("scenes")
    model = api.get_sd_models()[0]
    assert model["title"] == f"scenes [{model['hash']}]" and api.get_options()["sd_checkpoint_hash"] == model["hash"]
    assert f"Model hash: {model['hash']}, Model: scenes" in api.txt2img(prompt="a dog", steps=1, width=64, height=64).info["infotexts"][0]
    for read in (api.get_cmd_flags, api.get_sd_vae, api.get_upscalers, api.get_latent_upscale_modes, api.get_loras, api.get_hypernetworks,
                 api.get_face_restorers, api.get_realesrgan_models, api.get_prompt_styles, api.get_embeddings, api.get_scripts, api.get_memory,
                 api.get_artists, api.get_artist_categories, api.skip):
        assert read() is not None
    api.refresh_checkpoints()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"sampler_name": "Magic"}, 'sampler_name: "Magic" is unknown; use PLMS'),
        ({"sampler_name": 5}, "sampler_name: a name is needed, not 5"),
        ({"scheduler": "Magic"}, 'scheduler: "Magic" is unknown'),
        ({"width": 100}, "width: 100x128 is not a picture size; both sides must be multiples of 8"),
        ({"cfg_scale": 120}, "cfg_scale: 120 is out of range, use 0 to 100"),
        ({"cfg_scale": "seven"}, 'cfg_scale: "seven" is given, but a number is needed'),
        ({"steps": 2.5}, "steps: 2.5 is given, but a whole number is needed"),
        ({"invert": True}, "invert: no picture is given; say which by init_images"),
        ({"negative_prompt": "(a:1000)"}, "negative_prompt: emphasis makes"),
        ({"style": "sketch", "dial": 9}, "dial: 9 is out of range, use -4 to 4"),
        ({"mask": "aGVsbG8="}, "mask: \"aGVsbG8=\" is not supported"),
        ({"mask": "aGVsbG8=" * 20}, "mask: what is given is not supported"),
        ({"sampler": 1, "guidance_scale": 7}, "sampler: no such setting"),
        ({"restore_faces": True}, "restore_faces"),
        ({"alwayson_scripts": {"ControlNet": {"args": [{"model": "x"}]}}}, "alwayson_scripts.ControlNet"),
        ({"override_settings": {"CLIP_stop_at_last_layers": 4}}, "clip_skip: 4 leaves no layer of this model's text encoder; use 1 to 3"),
        ({"clip_skip": 25}, "clip_skip: 25 is out of range, use 1 to 24"),
        ({"send_images": "no"}, "send_images: true or false is needed"),
        ({"styles": ["anime"]}, "styles"),
        ({"override_settings": {"sd_vae": "other.pt"}}, "override_settings.sd_vae"),
        ({"override_settings": {"sd_model_checkpoint": "scen"}}, "override_settings.sd_model_checkpoint"),
        ({"batch_size": 0}, "batch_size: a whole number from 1 to 64"),
        ({"style": "sketch", "dial": "strong"}, 'dial: "strong" is given, but a number is needed'),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(address, body, says):
    reply = requests.post(address + "/sdapi/v1/txt2img", json={"prompt": "a dog", "width": 128, "height": 128} | body, timeout=60)
    assert reply.status_code == 422 and says in reply.json()["detail"], reply.text


def test_img2img_names_its_own_fields(address):
    for body, says in (
        ({"denoising_strength": 2}, "denoising_strength: 2 is out of range, use 0 to 1"),
        ({"denoising_strength": "all"}, 'denoising_strength: "all" is given, but a number is needed'),
        ({"init_images": ["!!"]}, "init_images: no base64"),
        ({"init_images": ["aGVsbG8="]}, "init_images: what is given is not a picture"),
        ({"invert": True, "sampler_name": "Euler a"}, "sampler_name: euler_a draws new noise at each step"),
    ):
        image = webuiapi.webuiapi.b64_img(Image.new("RGB", (64, 64)))
        reply = requests.post(address + "/sdapi/v1/img2img", json={"prompt": "a dog", "init_images": [image]} | body, timeout=60)
        assert reply.status_code == 422 and reply.json()["detail"].startswith(says), reply.text


def test_errors_reach_the_client(api, address):
    with pytest.raises(RuntimeError, match="422"):
        api.txt2img(prompt="a dog", width=100)
    for images in ([], [""], [None], ["!!"], ["aGVsbG8="]):
        assert requests.post(address + "/sdapi/v1/img2img", json={"prompt": "a dog", "init_images": images}, timeout=60).status_code == 422
    assert requests.post(address + "/sdapi/v1/options", json={"sd_model_checkpoint": "other"}, timeout=60).status_code == 422
    half = png_bytes(Image.new("RGB", (64, 64)))[:60]
    body = {"image": webuiapi.webuiapi.base64.b64encode(half).decode()}
    assert "damaged PNG" in requests.post(address + "/sdapi/v1/png-info", json=body, timeout=60).json()["detail"]


def test_what_errors_name_is_taken(address):
    """A1111 has no word for some of our settings: they go by ours."""

    def ask(**body):
        return requests.post(address + "/sdapi/v1/txt2img", json={"steps": 1, "width": 64, "height": 64} | body, timeout=60)

    assert "with plain_prompt it is a word" in ask(prompt="a", negative_prompt="a AND b").json()["detail"]
    assert ask(prompt="a", negative_prompt="a AND b", plain_prompt=True).status_code == 200
    assert "none was given by latentdial serve --lora-dir" in ask(prompt="a <lora:x:1>").json()["detail"]
    assert ask(prompt="a", width=100).json()["detail"].startswith("width: 100x64 is not a picture size")
    assert ask(prompt="a", lora=["x"]).status_code == 422 and ask(prompt="a", guidance_scale=1).status_code == 422
    for prompt in ({"prompt": ""}, {"prompt": None}, {}):
        assert ask(**prompt).status_code == 200, prompt


def test_a_client_that_hangs_up_frees_its_place(address):
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(address + "/sdapi/v1/txt2img", json={"prompt": "a dog", "steps": 900, "width": 128, "height": 128}, timeout=1)
    deadline = time.monotonic() + 5
    while requests.get(address + "/sdapi/v1/progress", timeout=60).json()["state"]["job_count"] > 0:
        assert time.monotonic() < deadline


def info(reply):
    assert reply.status_code == 200, reply.text
    return json.loads(reply.json()["info"])


def txt2img(address, **body):
    return requests.post(address + "/sdapi/v1/txt2img", json={"prompt": "a dog", "steps": 2, "seed": 5} | body, timeout=60)


def pictures(reply):
    assert reply.status_code == 200, reply.text
    return reply.json()["images"]


@pytest.mark.parametrize(
    "body",
    [
        {"save_images": True, "url": "http://127.0.0.1:7860", "auth": ""},
        {"clip_skip": 1, "alwayson_scripts": None, "batch_size": None, "n_iter": None},
        {"seed": 5.0, "steps": "2"},
        {"styles": ["None"]}, {"styles": [""]}, {"script_name": "None"},
        {"override_settings": {"sd_vae": "Automatic", "sd_hypernetwork": "None", "CLIP_stop_at_last_layers": 1, "eta_noise_seed_delta": 0.0}},
        {"override_settings": {"ddim_discretize": "uniform", "img2img_fix_steps": False, "comma_padding_backtrack": 20, "initial_noise_multiplier": 1.0}},
        {"override_settings": {"samples_format": "jpg", "grid_save": False}},
    ],
    ids=str,
)
def test_what_asks_for_nothing_changes_nothing(address, body):
    assert pictures(txt2img(address, **body)) == pictures(txt2img(address))


def test_clip_skip_is_a_setting_by_each_of_its_names(address):
    plain, *skipped = (pictures(txt2img(address, **body)) for body in ({}, {"clip_skip": 2}, {"override_settings": {"CLIP_stop_at_last_layers": 2.0}}))
    assert skipped[0] == skipped[1] != plain
    assert "Clip skip: 2" in info(txt2img(address, clip_skip="2"))["infotexts"][0]


def test_what_the_options_say_can_be_asked_for(address):
    options = requests.get(address + "/sdapi/v1/options", timeout=60).json()
    titles = [model["title"] for model in requests.get(address + "/sdapi/v1/sd-models", timeout=60).json()]
    assert options["sd_model_checkpoint"] in titles
    assert pictures(txt2img(address, override_settings=options)) == pictures(txt2img(address))
    for name in (titles[0], "scenes"):
        assert txt2img(address, override_settings={"sd_model_checkpoint": name}).status_code == 200
        assert requests.post(address + "/sdapi/v1/options", json={"sd_model_checkpoint": name}, timeout=60).status_code == 200


def test_a_key_that_nobody_knows_is_named(address):
    notices = info(txt2img(address, url="http://x", override_settings={"grid_save": True}))["notices"]
    assert notices == ["not known here, and left out: url, override_settings.grid_save"]


@pytest.mark.parametrize(
    ("body", "same", "says"),
    [
        ({"sampler_name": "DPM fast Karras"}, {"sampler_name": "DPM++ 2M", "scheduler": "Karras"}, '"DPM fast" is not here; DPM++ 2M, the nearest, is used'),
        ({"sampler_name": "Restart"}, {"sampler_name": "Euler"}, '"Restart" is not here; Euler'),
        ({"sampler_name": "Euler", "scheduler": "kl_optimal"}, {"sampler_name": "Euler Karras"}, '"kl_optimal" is not here; Karras'),
        ({"sampler_name": "DPM++ 2M", "scheduler": "Uniform"}, {"sampler_name": "DPM++ 2M"}, '"Uniform" is not here; Normal'),
        ({"scheduler": "karras"}, {"sampler_name": "Euler", "scheduler": "karras"}, "Euler is used"),
    ],
)
def test_a_sampler_that_is_not_here_gives_way_to_the_nearest(address, body, same, says):
    reply = txt2img(address, **body)
    assert pictures(reply) == pictures(txt2img(address, **same))
    assert any(says in notice for notice in info(reply)["notices"])


@pytest.mark.parametrize(
    ("joined", "apart"),
    [
        ({"sampler_name": "DPM++ 2M SDE Karras"}, {"sampler_name": "DPM++ 2M SDE", "scheduler": "Karras"}),
        ({"sampler_name": "Heun Exponential"}, {"sampler_name": "heun", "scheduler": "exponential"}),
        ({"sampler_name": "Euler", "scheduler": "SGM Uniform"}, {"sampler_name": "Euler", "scheduler": "sgm_uniform"}),
        ({"sampler_name": "UniPC", "scheduler": "Align Your Steps"}, {"sampler_name": "unipc", "scheduler": "align_your_steps"}),
    ],
)
def test_samplers_and_schedulers_go_by_each_of_their_names(address, joined, apart):
    one, other = txt2img(address, **joined), txt2img(address, **apart)
    assert pictures(one) == pictures(other) and info(one)["notices"] == info(other)["notices"] == []
    assert pictures(one) != pictures(txt2img(address, sampler_name=apart["sampler_name"], scheduler="Normal"))


@pytest.mark.parametrize("path", ["refresh-checkpoints", "refresh-vae", "refresh-loras", "unload-checkpoint", "reload-checkpoint"])
def test_what_a_server_of_one_model_has_nothing_to_do_for(address, path):
    reply = requests.post(address + "/sdapi/v1/" + path, timeout=60)
    assert reply.status_code == 200 and reply.json() is None
