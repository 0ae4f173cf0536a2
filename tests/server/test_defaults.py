"""What the server does where a request says nothing, and what it says where a request asks for what the model cannot do."""

import json
import subprocess
import time

import pytest
import requests
from live import PROGRAM, Client, running_server
from PIL import Image

FEW = {"steps": 2}
STYLED = {"prompt": "a castle by the lake", "steps": 6, "sampler": "dpm++2m", "seed": 3}


def info_of(client, path="txt2img", **body):
    reply = client.post(f"/sdapi/v1/{path}", **body)
    assert reply.status_code == 200, reply.text
    return json.loads(reply.json()["info"])


def test_every_face_has_the_models_own_guidance(client):
    model = client.get("/v1/model").json()
    assert model["guidance_scale"] == 3.5
    assert {setting["name"]: setting["default"] for setting in model["settings"]}["guidance_scale"] == 3.5
    assert model["example"]["prompt"] == "a temple in the jungle"
    job = client.finish(client.post("/v1/generate", prompt="a dog", **FEW))
    assert job["frames"][0]["settings"]["guidance_scale"] == 3.5
    assert info_of(client, prompt="a dog", **FEW)["cfg_scale"] == 3.5
    assert info_of(client, prompt="a dog", cfg_scale=None, **FEW)["cfg_scale"] == 3.5
    image = client.post("/v1/images/generations", prompt="a dog", response_format="url", **FEW).json()["data"][0]["url"]
    assert "CFG scale: 3.5" in Image.open(requests.get(image, stream=True, timeout=60).raw).text["parameters"]


def test_a_guidance_that_is_asked_for_is_taken(client):
    assert info_of(client, prompt="a dog", cfg_scale=7, **FEW)["cfg_scale"] == 7
    assert info_of(client, prompt="a dog", cfg_scale=0, **FEW)["cfg_scale"] == 0
    job = client.finish(client.post("/v1/generate", prompt="a dog", guidance_scale=7.5, **FEW))
    assert job["frames"][0]["settings"]["guidance_scale"] == 7.5


def test_words_that_the_model_does_not_know_are_said(client):
    line = 'the model shows nothing of "in the". It knows: Monet style, '
    job = client.finish(client.post("/v1/dial", style="in the", at=[0, 0.5, 1], **STYLED))
    by_position = {frame["position"]: frame["notices"] for frame in job["frames"]}
    assert by_position[0.5][0].startswith(line) and by_position[1][0].startswith(line)
    asked = {"prompt": "a castle by the lake", "steps": 6, "sampler_name": "DPM++ 2M", "seed": 3, "dial": 1}
    assert any(notice.startswith(line) for notice in info_of(client, style="in the", **asked)["notices"])
    assert not any("shows nothing" in notice for notice in info_of(client, style="sketch", **asked)["notices"])


def test_a_size_beyond_the_model_is_said(client):
    line = "scenes was trained at 128x128; at 264x64 it shows no scene, or the same several times"
    job = client.finish(client.post("/v1/generate", prompt="a dog", width=264, height=64, **FEW))
    assert job["frames"][0]["notices"] == [line]
    assert line in info_of(client, prompt="a dog", width=264, height=64, **FEW)["notices"]
    assert not any("trained at" in notice for notice in info_of(client, prompt="a dog", width=256, height=64, **FEW)["notices"])


def test_a_size_that_would_take_hours_is_refused(client):
    reply = client.post("/v1/generate", prompt="a dog", width=4096, height=4096)
    assert reply.status_code == 400 and "4096x4096 is too large for scenes" in reply.json()["error"]["message"]


def test_a_job_counts_its_evaluations_and_shows_the_plain_picture_first(client):
    job = client.post("/v1/dial", style="sketch", at=[1, 0, 0.5], prompt="a castle", steps=60, seed=77).json()
    seen = []
    while job["state"] in ("queued", "running"):
        seen.append(job)
        job = client.job(job["id"])
    assert [frame["position"] for frame in job["frames"]] == [0, 1, 0.5]
    assert any(len(now["frames"]) == 1 for now in seen), "the plain picture is there while the others are made"
    assert job["evaluations"] == job["all_evaluations"] > 60
    shares = [now["progress"] for now in seen]
    assert shares == sorted(shares)
    for now in seen:
        if now["all_evaluations"]:
            assert now["progress"] == pytest.approx(min(0.999, now["evaluations"] / now["all_evaluations"]))


def test_the_time_left_of_many_positions_is_honest(client):
    job = client.post("/v1/dial", style="sketch", at="0:1:21", prompt="a castle", steps=40, seed=78).json()
    estimates, started = [], time.monotonic()
    while job["state"] in ("queued", "running"):
        if job["seconds_left"] and 0.1 < job["progress"] < 0.6:
            estimates.append(job["seconds_left"] + job["seconds"])
        job = client.job(job["id"])
    assert estimates and max(estimates) < 3 * (time.monotonic() - started)


def test_a_cancel_is_taken_within_a_second_at_any_size():
    with running_server() as (address, _):
        client = Client(address)
        job = client.post("/v1/generate", prompt="a dog", width=1024, height=1024, steps=50).json()
        while client.job(job["id"])["state"] == "queued":
            pass
        time.sleep(1)
        asked = time.monotonic()
        requests.post(f"{address}/v1/jobs/{job['id']}/cancel", timeout=60)
        while client.job(job["id"])["state"] == "running":
            time.sleep(0.01)
        assert time.monotonic() - asked < 1
        assert client.finish(client.post("/v1/generate", prompt="a dog", **FEW))["state"] == "done"


def test_a_dial_that_the_server_was_started_with_is_turned(tmp_path):
    few = ("--style", "castle ruins", "--steps", "6", "--sampler", "dpm++2m")
    dial = json.loads(subprocess.run([PROGRAM, "info", "--json"], capture_output=True, check=True, text=True).stdout)
    written = {"latentdial_dial": 9, "style": few[1], "model": dial["model"], "fingerprint": dial["fingerprint"], "guidance_scale": 3.5, "words": "{prompt}, {style}", "points": [[0, 0], [1, 1]], "reason": "written by hand"}
    (tmp_path / "ruins.dial.json").write_text(json.dumps(written))
    with running_server("--dial", str(tmp_path / "ruins.dial.json")) as (address, _):
        client = Client(address)
        assert few[1] in client.get("/v1/model").json()["styles"]
        job = client.finish(client.post("/v1/generate", style=few[1], position=1.5, **STYLED))
        assert job["frames"][0]["notices"][-1].endswith("written by hand")


@pytest.mark.parametrize("path", ["/sdapi/v1/txt2img", "/sdapi/v1/img2img", "/sdapi/v1/png-info", "/v1/generate", "/v1/dial", "/v1/images/generations"])
def test_a_request_without_a_body_is_told_so(address, path):
    answer = requests.post(address + path, timeout=60)
    assert answer.status_code in (400, 422) and "the body is empty" in answer.text
