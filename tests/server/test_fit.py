"""/v1/calibrate: a dial is fitted to a style as a job, and what came of it goes with the requests that turn it."""

import json
import subprocess

import pytest
import requests

from live import Client, PROGRAM, QUICK, wait_until

STYLE = "sketch drawing"  # None of the model's own dials is called so.
FIT = {"style": STYLE, "steps": 4, "seeds": 1, "prompts": ["a house in the meadow", "a boat by the lake"]}
DIAL = {"prompt": "a dog in the meadow", "style": STYLE, "at": [0, 0.5, 1], **QUICK}


@pytest.fixture(scope="module")
def fitted(address):
    client = Client(address)
    return client.finish(client.post("/v1/calibrate", **FIT))


def test_a_fit_is_a_job_that_ends_with_a_dial(client, fitted):
    assert fitted["state"] == "done" and fitted["fits"] and fitted["frames"] == []
    assert 0 < fitted["picture"] <= fitted["pictures"] and fitted["progress"] == 1
    dial = fitted["dial_file"]
    assert dial["style"] == STYLE and dial["fingerprint"] == client.get("/v1/model").json()["fingerprint"]
    assert dial["points"][-1][0] >= 0.8


def test_it_is_the_dial_that_the_program_fits(fitted, tmp_path):
    prompts = [word for prompt in FIT["prompts"] for word in ("-p", prompt)]
    out = tmp_path / "sketch.dial.json"
    subprocess.run([PROGRAM, "calibrate", "--style", STYLE, "--steps", "4", "--seeds", "1", *prompts, "-q", "-o", out], check=True, capture_output=True)
    assert json.loads(out.read_text()) == fitted["dial_file"]


def test_the_dial_goes_with_a_request(client, fitted):
    with_it = client.finish(client.post("/v1/dial", dial_file=fitted["dial_file"], **DIAL))
    without = client.finish(client.post("/v1/dial", **DIAL))
    assert not [notice for frame in with_it["frames"] for notice in frame["notices"]]
    half = {name: next(frame["url"] for frame in job["frames"] if frame["position"] == 0.5) for name, job in (("with", with_it), ("without", without))}
    assert client.picture(half["with"]).tobytes() != client.picture(half["without"]).tobytes()


def test_a_fit_stops_when_it_is_cancelled(client):
    job = client.post("/v1/calibrate", **(FIT | {"steps": 200})).json()
    requests.post(f"{client.address}/v1/jobs/{job['id']}/cancel", timeout=60)
    wait_until(lambda: client.job(job["id"])["state"] == "cancelled")
    assert client.job(job["id"])["dial_file"] is None


def test_words_that_the_model_does_not_know_are_said_to_show_nothing(client):
    ended = client.finish(client.post("/v1/calibrate", **(FIT | {"style": "in the"})))
    assert ended["state"] == "failed" and "so there is nothing to calibrate" in ended["error"]


@pytest.mark.parametrize("change, field", [
    ({"prompt": "a dog"}, "prompt"), ({"dial": 0.5}, "dial"), ({"position": 0.5}, "position"), ({"method": "guide"}, "method"), ({"image": "AAAA"}, "image"),
    ({"to_image": "AAAA"}, "to_image"), ({"invert": True}, "invert"), ({"style": ""}, "style"), ({"style": "  "}, "style"), ({"prompts": []}, "prompts"),
    ({"prompts": "a dog"}, "prompts"), ({"prompts": [1]}, "prompts"), ({"prompts": ["a dog"] * 49}, "seeds"), ({"seeds": 0}, "seeds"), ({"seeds": 25}, "seeds"),
    ({"seeds": "two"}, "seeds"), ({"steps": 0}, "steps"), ({"width": 100}, "width"), ({"width": 8192, "height": 8192}, "width"), ({"sampler": "best"}, "sampler"),
])
def test_what_cannot_be_fitted_is_refused_by_name(client, change, field):
    answer = client.post("/v1/calibrate", **(FIT | change))
    error = answer.json()["error"]
    assert answer.status_code == 400 and error["field"] == field and "\n" not in error["message"], error


@pytest.mark.parametrize("name", ["stpes", "dial_file", "images_of", "at", "preview_every"])
def test_what_a_fit_does_not_know_is_refused_by_name(client, name):
    answer = client.post("/v1/calibrate", **(FIT | {name: 3}))
    assert answer.status_code == 400 and f'"{name}" is unknown' in answer.json()["error"]["message"]


BROKEN = {
    "a text": lambda dial: "sketch.dial.json",
    "a list": lambda dial: [dial],
    "nothing in it": lambda dial: {},
    "another format": lambda dial: dial | {"latentdial_dial": 7},
    "another style": lambda dial: dial | {"style": "winter"},
    "another model": lambda dial: dial | {"fingerprint": "0123456789abcdef"},
    "no points": lambda dial: dial | {"points": "none"},
    "points that fall": lambda dial: dial | {"points": [[0, 0], [1, 1], [0.5, 2]]},
    "other words": lambda dial: dial | {"words": "{style}"},
    "no range": lambda dial: dial | {"points": [[0, 0]]},
    "a point that is no number": lambda dial: dial | {"points": [[0, 0], [1, 1], [2, None]]},
    "a thousand points too many": lambda dial: dial | {"points": [[i / 1e3, i / 1e3] for i in range(2000)]},
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_dial_that_does_not_fit_is_refused(client, fitted, what):
    answer = client.post("/v1/dial", dial_file=BROKEN[what](fitted["dial_file"]), **DIAL)
    message = answer.json()["error"]["message"]
    assert answer.status_code == 400 and "\n" not in message and "dial" in message, message


def test_null_is_no_dial(client):
    assert client.finish(client.post("/v1/dial", dial_file=None, **DIAL))["state"] == "done"
