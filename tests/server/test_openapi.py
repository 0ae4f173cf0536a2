"""/openapi.json says what is there, and nothing else."""

import re

import pytest
import requests
from openapi_spec_validator import validate


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json()


def test_it_is_valid(document):
    validate(document)


def test_every_path_is_served(client, document):
    for path, methods in document["paths"].items():
        for method in methods.keys() - {"parameters"}:
            example = path.replace("{id}", "0").replace("{index}", "0").replace("{model}", "scenes")
            reply = getattr(client, method)(example) if method in ("get", "post") else None
            assert reply is None or "there is nothing here" not in reply.text, (method, path)
            assert reply is None or str(reply.status_code) in methods[method]["responses"], (method, path, reply.status_code)


@pytest.mark.parametrize("method, path, allowed", [("PUT", "/v1/dial", "POST"), ("TRACE", "/v1/jobs/1f", "GET, HEAD"), ("DELETE", "/v1/jobs/1f", "GET, HEAD"), ("POST", "/v1/jobs/1f/frames/0.png", "GET, HEAD")])
def test_other_methods_are_refused_by_name(client, method, path, allowed):
    reply = requests.request(method, client.address + path, timeout=60)
    assert reply.status_code == 405 and reply.headers["Allow"] == allowed
    assert allowed in reply.json()["error"]["message"]


def test_every_setting_is_in_it(client, document):
    known = document["components"]["schemas"]["Dial"]["properties"]
    settings = client.get("/v1/model").json()["settings"]
    assert {setting["name"] for setting in settings} <= known.keys()
    assert known["steps"]["maximum"] == 1000 and known["at"]


def test_an_error_is_described(client, document):
    described = document["components"]["schemas"]["Error"]["properties"]["error"]
    error = client.post("/v1/generate", prompt="a dog", steps=0).json()["error"]
    assert error.keys() == described["properties"].keys() == set(described["required"]) and error["field"] == "steps"


def test_no_path_of_the_machine_is_in_a_reply(client, document):
    for path, methods in document["paths"].items():
        if "get" in methods and "{" not in path:
            assert not re.search(r"/(home|root|usr|tmp|work)/", client.get(path).text), path
