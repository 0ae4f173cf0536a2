"""/v1: jobs that are asked for, looked at, fetched and cancelled by themselves."""

import base64
import io
import json
import subprocess
import time

import pytest
import requests
from PIL import Image, ImageChops

from live import PROGRAM, QUICK, png_bytes

DIAL = {"prompt": "a temple in the jungle", "style": "Monet style", **QUICK}
LONG = {"prompt": "a dog", "steps": 900}


def test_the_model_says_what_the_page_needs(client):
    model = client.get("/v1/model").json()
    assert model["name"] == "scenes" and model["width"] == 128 and model["decoder"] == "VAE"
    assert "Monet style" in model["styles"] and "calibrated" in model["methods"] and "pndm" in model["samplers"]
    assert {"name", "help", "default"} <= model["settings"][0].keys()


def test_the_model_says_what_each_method_can_do(client):
    model = client.get("/v1/model").json()
    methods = {method["name"]: method for method in model["dial_methods"]}
    assert list(methods) == model["methods"] and model["methods"][0] == "calibrated"
    can = lambda what: {name for name, method in methods.items() if method[what]}  # noqa: E731
    assert can("takes_dial") == {"calibrated"} and can("edits") == {"anchored", "flowslider", "veloedit"} and "sega" in can("peer")
    assert can("acts_on_part") == {"calibrated", "guide", "anchored"} and can("window") == {"guide", "anchored"} and "slerp" in can("angle")
    assert all(method["summary"] for method in methods.values())


def test_a_picture_is_the_one_that_the_command_line_makes(client, tmp_path):
    job = client.finish(client.post("/v1/generate", prompt="a dog in the meadow", seed=7, **QUICK))
    picture = client.get(job["frames"][0]["url"]).content
    out = tmp_path / "dog.png"
    subprocess.run([PROGRAM, "generate", "-p", "a dog in the meadow", "--seed", "7", "--steps", "4", "--cfg", "3.5", "-o", out], check=True, capture_output=True)
    assert picture == out.read_bytes()


def test_a_sweep_gives_each_position_in_the_order_asked(client):
    job = client.finish(client.post("/v1/dial", at=[0, 1, 0.5], **DIAL))
    assert job["state"] == "done" and job["picture"] == job["pictures"] == 3
    assert [frame["position"] for frame in sorted(job["frames"], key=lambda frame: frame["index"])] == [0, 1, 0.5]
    plain = client.finish(client.post("/v1/generate", **(DIAL | {"style": ""})))
    at_zero = next(frame for frame in job["frames"] if frame["position"] == 0)
    assert client.picture(at_zero["url"]).tobytes() == client.picture(plain["frames"][0]["url"]).tobytes()
    assert client.picture(f"/v1/jobs/{job['id']}/strip.png").width > 3 * 128


def test_a_picture_says_which_position_it_shows(client):
    at = [-1, -0.5, 0, 1]
    job = client.finish(client.post("/v1/dial", at=at, **DIAL))
    assert {frame["position"]: frame["shows"] for frame in job["frames"]} == {-1: 0, -0.5: 0, 0: 0, 1: 1}, "the prompt does not name the style"
    within = client.finish(client.post("/v1/dial", at=[0, 1], **DIAL))
    assert client.picture(f"/v1/jobs/{job['id']}/strip.png").size == client.picture(f"/v1/jobs/{within['id']}/strip.png").size
    named = DIAL | {"prompt": "a temple in the jungle, Monet style"}
    assert [frame["shows"] for frame in client.finish(client.post("/v1/dial", at=[-1], **named))["frames"]] == [-1]
    unknown = client.finish(client.post("/v1/dial", at=[0.5], **(DIAL | {"style": "in the"})))
    assert unknown["frames"][0]["shows"] is None and "shows nothing" in unknown["frames"][0]["notices"][0]


def test_a_seed_of_minus_one_is_any(client):
    seeds = [client.finish(client.post("/v1/generate", prompt="a dog", seed=seed, **QUICK))["frames"][0]["settings"]["seed"] for seed in (-1, -1, -1.0)]
    assert len(set(seeds)) == 3 and min(seeds) >= 0
    assert client.post("/v1/generate", prompt="a dog", seed=-2, **QUICK).status_code == 400


@pytest.mark.parametrize("seed", [2**64 - 1, 2**63, 2**63 - 1, 0])
def test_a_large_seed_is_itself_in_every_dialect(client, seed):
    assert client.finish(client.post("/v1/generate", prompt="a dog", seed=seed, **QUICK))["frames"][0]["settings"]["seed"] == seed
    info = json.loads(client.post("/sdapi/v1/txt2img", prompt="a dog", seed=seed, steps=1, width=64, height=64).json()["info"])
    assert info["seed"] == seed
    sent = client.post("/v1/images/generations", prompt="a dog", seed=seed, steps=1, size="64x64").json()["data"][0]["b64_json"]
    assert f"Seed: {seed}," in Image.open(io.BytesIO(base64.b64decode(sent))).info["parameters"]


@pytest.mark.parametrize("steps", [2**64 - 1, 2**63, -(2**63)])
def test_a_number_beyond_all_limits_is_out_of_range(client, steps):
    """2^64 - 1 is not -1, which asks for no previews there."""
    assert requests.post(client.address + "/sdapi/v1/options", json={"show_progress_every_n_steps": steps}, timeout=60).status_code == 422
    assert client.post("/v1/generate", prompt="a dog", preview_every=steps, **QUICK).status_code == 400


def test_a_picture_gives_its_settings_back(client):
    job = client.finish(client.post("/v1/dial", at=[0.25], seed=5, **DIAL))
    info = requests.post(client.address + "/v1/png-info", data=client.get(job["frames"][0]["url"]).content, timeout=60).json()
    assert info["settings"]["seed"] == 5 and info["settings"]["position"] == 0.25 and info["settings"]["style"] == "Monet style"


def test_an_uploaded_picture_leaves_no_path_behind(client, photo):
    job = client.finish(client.post("/v1/generate", prompt="a dog", image=photo, strength=0.5, **QUICK))
    assert job["state"] == "done"
    assert "/tmp" not in client.picture(job["frames"][0]["url"]).info["parameters"]
    assert not {"image", "to_image", "style_mask", "dial"} & job["frames"][0]["settings"].keys()


def same_pixels(photo, kind):
    """The picture of a PNG in base64, saved anew."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(base64.b64decode(photo))).save(buffer, kind, **({"lossless": True} if kind == "WEBP" else {"compress_level": 1}))
    return base64.b64encode(buffer.getvalue()).decode()


def test_a_photo_that_comes_again_is_inverted_once(client, photo):
    steps = []
    for position, picture in ((0.25, photo), (0.75, same_pixels(photo, "WEBP")), (0.5, same_pixels(photo, "PNG"))):
        ask = {"prompt": "a hill", "style": "sketch", "method": "slerp", "position": position, "image": picture, "invert": True, "strength": 1}
        job = client.finish(client.post("/v1/generate", preview_every=1, **ask, **QUICK))
        assert job["state"] == "done", job
        steps.append(job["preview"]["step"])  # The job's last but one: an inversion's come before.
    assert steps[0] >= 3 * steps[1] and steps[1] == steps[2] <= QUICK["steps"] + 1


def test_a_photo_is_sent_once(client, photo):
    ask = {"prompt": "a hill", "strength": 0.5, "seed": 3, **QUICK}
    first = client.finish(client.post("/v1/generate", image=photo, **ask))
    again = client.finish(client.post("/v1/generate", images_of=first["id"], **ask))
    assert client.get(again["frames"][0]["url"]).content == client.get(first["frames"][0]["url"]).content
    third = client.finish(client.post("/v1/dial", images_of=again["id"], style="sketch", at=[0], **ask))
    assert third["state"] == "done", "a job that was given another's pictures has them too"
    other = Image.new("RGB", (128, 128), "red")
    own = client.finish(client.post("/v1/generate", images_of=first["id"], image=base64.b64encode(png_bytes(other)).decode(), **ask))
    assert client.get(own["frames"][0]["url"]).content != client.get(first["frames"][0]["url"]).content
    without = client.finish(client.post("/v1/generate", images_of=None, **ask))
    assert client.get(without["frames"][0]["url"]).content != client.get(first["frames"][0]["url"]).content


@pytest.mark.parametrize(("job", "status", "says"), [("0123", 404, "images_of: no picture of job \"0123\" is kept here; send it again"), ("", 404, "no picture"), (7, 400, "id of a job"), ({}, 400, "id of a job"), ("../x", 404, "no picture"), ("x" * 500, 404, "job what is given")])
def test_pictures_of_a_job_that_is_not_here(client, job, status, says):
    reply = client.post("/v1/generate", prompt="a hill", images_of=job, **QUICK)
    assert reply.status_code == status and says in reply.json()["error"]["message"], reply.text


def test_a_job_without_pictures_has_none_to_give(client):
    job = client.finish(client.post("/v1/generate", prompt="a hill", **QUICK))
    assert client.post("/v1/generate", prompt="a hill", images_of=job["id"], **QUICK).status_code == 404


def test_pictures_that_would_take_much_memory_are_forgotten_with_their_job(client):
    small = base64.b64encode(png_bytes(Image.new("RGB", (64, 64), "red"))).decode()
    large = base64.b64encode(png_bytes(Image.new("RGB", (8192, 8192)))).decode()
    first = client.finish(client.post("/v1/generate", prompt="a hill", image=small, **QUICK))
    job = client.finish(client.post("/v1/generate", prompt="a hill", image=large, **QUICK))
    assert job["state"] == "done"
    assert client.post("/v1/generate", prompt="a hill", images_of=job["id"], **QUICK).status_code == 404
    assert client.post("/v1/generate", prompt="a hill", images_of=first["id"], **QUICK).status_code == 404, "the oldest go first"


def test_the_style_acts_where_an_uploaded_style_mask_is_white(client):
    mask = Image.new("L", (128, 128))
    mask.paste(255, (0, 0, 64, 128))
    ask = {**DIAL, "method": "anchored", "seed": 3}
    pictures = []
    for more in ({"position": 0}, {"position": 1}, {"position": 1, "style_mask": base64.b64encode(png_bytes(mask)).decode()}):
        job = client.finish(client.post("/v1/generate", **ask, **more))
        assert job["state"] == "done", job
        pictures.append(client.picture(job["frames"][0]["url"]))
    changed = lambda a, b, box: sum(ImageChops.difference(a.crop(box), b.crop(box)).convert("L").histogram()[8:])  # noqa: E731
    plain, full, half = pictures
    left, right = (0, 0, 48, 128), (80, 0, 128, 128)
    assert changed(plain, half, left) > 4 * changed(plain, half, right) and changed(plain, full, right) > 4 * changed(plain, half, right)
    enlarged = base64.b64encode(png_bytes(mask.resize((256, 256), Image.NEAREST))).decode()
    job = client.finish(client.post("/v1/generate", **ask, position=1, style_mask=enlarged))
    scaled = client.picture(job["frames"][0]["url"])
    assert changed(half, scaled, left) < changed(plain, half, left) / 4 and changed(half, scaled, right) < changed(plain, full, right) / 4


def test_a_running_job_tells_how_far_it_is_and_stops_when_told(client):
    job = client.post("/v1/generate", **LONG).json()
    while (now := client.job(job["id"]))["step"] == 0:
        assert now["state"] in ("queued", "running")
    assert now["steps"] >= 900 and now["seconds_left"] > 0
    started = time.monotonic()
    requests.post(f"{client.address}/v1/jobs/{job['id']}/cancel", timeout=60)
    while client.job(job["id"])["state"] == "running":
        pass
    assert time.monotonic() - started < 5
    assert client.job(job["id"])["state"] == "cancelled"


def test_a_running_job_shows_previews_where_they_are_asked_for(client):
    job = client.post("/v1/generate", preview_every=2, **LONG).json()
    assert job["preview"] is None and client.get(f"/v1/jobs/{job['id']}/preview.png").status_code == 404
    while (now := client.job(job["id"]))["preview"] is None:
        assert now["state"] in ("queued", "running")
    assert now["preview"]["picture"] == 0 and now["preview"]["step"] % 2 == 0
    first = client.picture(now["preview"]["url"])
    assert first.size == (128, 128) and "parameters" not in first.info
    while client.job(job["id"])["preview"]["step"] == now["preview"]["step"]:
        pass
    assert client.picture(now["preview"]["url"]).tobytes() != first.tobytes()
    requests.post(f"{client.address}/v1/jobs/{job['id']}/cancel", timeout=60)


def test_previews_change_no_picture(client):
    ask = {"prompt": "a dog in the meadow", "seed": 7, **QUICK}
    plain, seen = (client.finish(client.post("/v1/generate", **ask, preview_every=every)) for every in (0, 1))
    assert plain["preview"] is None and seen["preview"]["step"] == seen["frames"][0]["settings"]["steps"]
    assert client.get(plain["frames"][0]["url"]).content == client.get(seen["frames"][0]["url"]).content


def test_the_previews_of_a_sweep_say_where_on_the_dial_they_are(client):
    job = client.finish(client.post("/v1/dial", at=[0.4, 0.8], preview_every=1, seed=31, **DIAL))
    assert job["preview"]["picture"] == 0 and job["preview"]["position"] == 0.4


def test_each_job_is_cancelled_by_itself(client):
    first, second = (client.post("/v1/generate", **LONG).json()["id"] for _ in range(2))
    third = client.post("/v1/generate", prompt="a cat", **QUICK)
    assert client.job(second)["ahead"] == 1
    requests.post(f"{client.address}/v1/jobs/{second}/cancel", timeout=60)
    assert client.job(second)["state"] == "cancelled" and client.job(first)["state"] in ("queued", "running")
    requests.post(f"{client.address}/v1/jobs/{first}/cancel", timeout=60)
    assert client.finish(third)["state"] == "done"


def test_a_full_queue_says_when_to_come_again(server):
    with server("--queue", "1") as (address, _):
        replies = [requests.post(address + "/v1/generate", json=LONG, timeout=60) for _ in range(4)]
        refused = [reply for reply in replies if reply.status_code == 429]
        assert len(refused) >= 2 and int(refused[0].headers["Retry-After"]) > 0
        assert refused[0].json()["error"]["code"] == "queue_full"


def test_stopping_the_server_stops_its_work(server):
    with server() as (address, process):
        requests.post(address + "/v1/generate", json=LONG, timeout=60)
        time.sleep(0.5)
        process.terminate()
        assert process.wait(timeout=20) == 0


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/v1/generate", {"prompt": "a dog", "stepz": 3}, '"stepz" is unknown'),
        ("/v1/generate", {"prompt": "a dog", "steps": "many"}, "a whole number is needed"),
        ("/v1/generate", {"prompt": "a dog", "width": 100}, "multiples of 8"),
        ("/v1/generate", {"prompt": "a dog", "sampler": "fast"}, "pndm"),
        ("/v1/generate", {"prompt": "a dog", "image": "!!!"}, "image: no base64"),
        ("/v1/generate", {"prompt": "a dog", "image": "aGVsbG8="}, "image: what is given is not a picture"),
        ("/v1/generate", {"prompt": "a dog", "image": "/etc/passwd"}, "image: what is given is not a picture"),
        ("/v1/generate", {"prompt": "a dog", "dial": "/etc/passwd"}, "a file of this machine cannot be named"),
        ("/v1/generate", {"prompt": "a dog", "preview_every": -1}, "preview_every: a whole number from 0 to 1000"),
        ("/v1/dial", {"prompt": "a dog", "style": "sketch", "preview_every": "2"}, "preview_every: a whole number"),
        ("/v1/dial", {"prompt": "a dog", "at": [0]}, "style: say what the dial turns"),
        ("/v1/dial", {"prompt": "a dog", "style": "sketch", "at": "x"}, "A:B:N"),
        ("/v1/dial", {"prompt": "a dog", "style": "sketch", "at": [9]}, "-4 to 4"),
        ("/v1/dial", {"prompt": "a dog", "style": "sketch", "at": [0] * 500}, "1 to 201 positions"),
    ],
)
def test_a_wrong_setting_is_named(client, path, body, says):
    reply = client.post(path, **body)
    assert reply.status_code == 400, reply.text
    assert reply.json()["error"]["code"] == "invalid_input" and says in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({"guidance_scale": 120}, "guidance_scale", "guidance_scale: 120 is out of range, use 0 to 100"),
        ({"guidance_start": 0.7, "guidance_end": 0.6}, "guidance_start", "guidance_start: 0.7 is behind guidance_end, 0.6"),
        ({"invert": True}, "invert", "invert: no picture is given; say which by image"),
        ({"strength": 2}, "strength", "strength: 2 is out of range"),
        ({"sampler": "magic"}, "sampler", 'sampler: "magic" is unknown'),
        ({"steps": "many"}, "steps", 'steps: "many" is given, but a whole number is needed'),
        ({"width": 64, "height": 63}, "height", "height: 64x63 is not a picture size"),
        ({"negative_prompt": "(a:1000)"}, "negative_prompt", "negative_prompt: emphasis makes"),
        ({"image": "!!!"}, "image", "image: no base64"),
        ({"image": "aGVsbG8="}, "image", "image: what is given is not a picture"),
        ({"style_mask": "/etc/passwd"}, "style_mask", "style_mask: what is given is not a picture"),
        ({"style_mask": 1}, "style_mask", "style_mask: a picture in base64 is needed"),
        ({"to_image": "aGVsbG8="}, "to_image", "to_image: what is given is not a picture"),
        ({"mask": "aGVsbG8="}, "mask", "mask: what is given is not a picture"),
        ({"blur_kernel": "/etc/passwd"}, "blur_kernel", "blur_kernel: what is given is not a picture"),
        ({"redraw_words": "dog"}, "redraw_words", "redraw_words: no picture is given"),
        ({"preview_every": -1}, "preview_every", "preview_every: a whole number"),
        ({"stepz": 3}, None, 'the setting "stepz" is unknown'),
    ],
)
def test_an_error_has_its_field(client, body, field, says):
    error = client.post("/v1/generate", **{"prompt": "a dog"} | body).json()["error"]
    assert error["code"] == "invalid_input" and error["field"] == field and error["message"].startswith(says)


def test_an_error_of_no_setting_has_no_field(client):
    for reply in (client.get("/v1/jobs/0123"), client.get("/v1/nothing"), client.post("/v1/jobs/0123")):
        assert reply.json()["error"]["field"] is None, reply.text


@pytest.mark.parametrize("text", ["@(guidance_scale)", "@(steps" * 15_000, "\x1b[2J\n@(nonsense)\0", "猫" * 33_000])
def test_marks_in_a_clients_text_make_no_other_line(client, text):
    for body in ({"sampler": text}, {text: 1}, {"style": "sketch", "method": text}):
        error = client.post("/v1/generate", **{"prompt": "a dog"} | body).json()["error"]
        assert error["message"].isprintable() and len(error["message"].encode()) <= 8192


@pytest.mark.parametrize("type_", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "text/plain", "text/json", "application/x-www-form-urlencoded", "application/octet-stream", "multipart/form-data; boundary=x", "no type", "", None])
@pytest.mark.parametrize("size", [100, 8191, 8192, 8193, 100_000])
@pytest.mark.parametrize("path", ["/v1/generate", "/sdapi/v1/txt2img"])
def test_json_is_read_whatever_its_size_and_type(client, path, type_, size):
    """As curl sends it without a header."""
    body = '{"prompt": "a dog", "steps": 0, "style": ""' + " " * size + "}"
    headers = {} if type_ is None else {"Content-Type": type_}
    error = requests.post(client.address + path, data=body.encode(), headers=headers, timeout=60).json()
    assert "steps: 0 is out of range" in str(error), error


def test_what_is_not_there_is_404(client):
    for path in ("/v1/jobs/0123", "/v1/jobs/0123/frames/0.png", "/v1/nothing", "/page/../../etc/passwd"):
        assert client.get(path).status_code == 404, path
        assert client.get(path).json()["error"]["code"] == "not_found"


def test_a_body_that_is_no_object_is_refused(client):
    for body in (b"[1]", b"{", b"\xff\xfe", b"[" * 100_000):
        assert requests.post(client.address + "/v1/generate", data=body, timeout=60).status_code == 400


def test_other_sites_and_other_names_are_refused(client):
    assert requests.get(client.address + "/v1/model", headers={"Host": "example.org"}, timeout=60).status_code == 403
    reply = requests.post(client.address + "/v1/generate", json=DIAL, headers={"Origin": "http://example.org"}, timeout=60)
    assert reply.status_code == 403 and "Access-Control-Allow-Origin" not in reply.headers


def test_a_key_is_asked_for_where_one_is_set(server):
    with server("--api-key", "s3cret") as (address, _):
        ask = lambda **options: requests.get(address + "/v1/model", timeout=60, **options).status_code  # noqa: E731
        assert ask() == 401
        assert ask(headers={"Authorization": "Bearer s3creT"}) == 401
        assert ask(headers={"Authorization": "Bearer s3cret"}) == 200
        assert ask(auth=("anyone", "s3cret")) == 200
        assert requests.get(address + "/", timeout=60).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "127.example.org"])
def test_other_hosts_need_a_key(host):
    process = subprocess.run([PROGRAM, "serve", "--host", host, "--port", "0"], capture_output=True, text=True, timeout=60)
    assert process.returncode == 2 and "--api-key" in process.stderr


def test_a_port_that_is_taken_is_named(server):
    with server() as (address, _):
        port = address.rsplit(":", 1)[1]
        process = subprocess.run([PROGRAM, "serve", "--port", port], capture_output=True, text=True, timeout=60)
        assert process.returncode == 2 and f"127.0.0.1:{port} cannot be listened on" in process.stderr
