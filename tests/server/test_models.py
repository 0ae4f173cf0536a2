"""serve --models: many models by name, each loaded when it is needed, within a bound of memory."""

import base64
import concurrent.futures
import json
import pathlib
import re
import shutil
import subprocess

import pytest
import requests
from test_paths import SCENES
from test_prompt_loras import write_lora
from tiny_models import memory_in_f32, retrained

from live import PROGRAM, Client, Person, running_server

NAMES = ["alpha", "beta", "gamma"]
DOG = {"prompt": "a dog", "steps": 2, "seed": 3, "guidance_scale": 3}
A1111 = "/sdapi/v1/"
TOO_LARGE = "2048x2048"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("secret-place") / "models"
    for seed, name in enumerate(NAMES):
        retrained(folder / "below" / name, seed)
    return folder


@pytest.fixture(scope="module")
def start(folder):
    """What a server is started with, of whose models one at a time fits."""
    return ("-m", str(folder / "below" / NAMES[0]), "--dtype", "f32", "--max-memory", str(memory_in_f32(folder / "below" / NAMES[0])))


@pytest.fixture(scope="module")
def alone(folder):
    """The picture that each model draws by itself, as its file."""

    def draw(name):
        with running_server("-m", str(folder / "below" / name), "--dtype", "f32") as (address, _):
            client = Client(address)
            return client.get(client.finish(client.post("/v1/generate", **DOG))["frames"][0]["url"]).content

    pictures = {name: draw(name) for name in NAMES}
    assert len(set(pictures.values())) == len(NAMES)
    return pictures


@pytest.fixture(scope="module")
def many(start, folder):
    with running_server(*start, "--models", str(folder)) as (address, _):
        yield Client(address)


def a1111(person, name, **body):
    reply = person.post(A1111 + "txt2img", **{"prompt": DOG["prompt"], "steps": 2, "seed": 3, "cfg_scale": 3, **body})
    assert reply.status_code == 200, reply.text
    assert json.loads(reply.json()["info"])["sd_model_name"] == name
    return base64.b64decode(reply.json()["images"][0])


def own(person, name):
    job = person.finish(person.post("/v1/generate", model=name, **DOG))
    assert (job["state"], job["model"]) == ("done", name), job
    return person.get(job["frames"][0]["url"]).content


def openai(person, name):
    reply = person.post("/v1/images/generations", model=name, **DOG)
    assert reply.status_code == 200, reply.text
    return base64.b64decode(reply.json()["data"][0]["b64_json"])


WAYS = [own, openai, lambda person, name: a1111(person, name, override_settings={"sd_model_checkpoint": name})]


@pytest.mark.parametrize("way", WAYS)
def test_each_api_names_a_model(many, alone, way):
    for name in [*NAMES, *reversed(NAMES)]:
        assert way(many, name) == alone[name], name


def test_models_are_listed_by_name_without_their_places(many, folder):
    listed = many.get(A1111 + "sd-models").json()
    assert [model["model_name"] for model in listed] == NAMES
    assert all(model["title"] == f"{model['model_name']} [{model['hash']}]" for model in listed)
    assert [model["id"] for model in many.get("/v1/models").json()["data"]] == NAMES
    assert many.get("/v1/models/" + NAMES[1]).json()["id"] == NAMES[1]
    about = many.get("/v1/model?model=" + NAMES[1]).json()
    assert about["name"] == NAMES[1] and about["models"] == NAMES and about["hash"] == listed[1]["hash"]
    for path in ("sd-models", "options", "loras"):
        assert "secret-place" not in many.get(A1111 + path).text
    assert "secret-place" not in many.get("/v1/model").text


def test_an_option_is_the_clients_choice_until_it_chooses_another(many, alone):
    titles = [model["title"] for model in many.get(A1111 + "sd-models").json()]
    chosen = lambda: many.get(A1111 + "options").json()["sd_model_checkpoint"]  # noqa: E731
    assert chosen() == titles[0]
    try:
        options = many.get(A1111 + "options").json()
        assert many.post(A1111 + "options", **{**options, "sd_model_checkpoint": titles[1]}).status_code == 200
        assert chosen() == titles[1] and a1111(many, NAMES[1]) == alone[NAMES[1]]
        assert openai(many, "") == alone[NAMES[0]], "other APIs have the main one"
        other = a1111(many, NAMES[2], override_settings={"sd_model_checkpoint": NAMES[2]})
        assert other == alone[NAMES[2]] and chosen() == titles[1], "for one request"
        a1111(many, NAMES[2], override_settings={"sd_model_checkpoint": NAMES[2]}, override_settings_restore_afterwards=False)
        assert chosen() == titles[2] and a1111(many, NAMES[2]) == alone[NAMES[2]]
        assert many.post(A1111 + "unload-checkpoint").json() is None
        assert a1111(many, NAMES[2]) == alone[NAMES[2]], "it is loaded again"
    finally:
        many.post(A1111 + "options", sd_model_checkpoint=NAMES[0])


@pytest.mark.parametrize("word", ["other", "../below/beta", "/etc", NAMES[1] + " [0000000000]", 5, "alp", True, ["alpha"]])
def test_what_is_no_name_is_refused_in_each_apis_words(many, word):
    says = f"is not a model of this server; it has {', '.join(NAMES)}"
    for path, body, status, field in (
        ("/v1/generate", {"model": word, **DOG}, 400, "model"),
        ("/v1/calibrate", {"model": word, "style": "sketch"}, 400, "model"),
        (A1111 + "txt2img", {"override_settings": {"sd_model_checkpoint": word}}, 422, "override_settings.sd_model_checkpoint"),
        (A1111 + "options", {"sd_model_checkpoint": word}, 422, "sd_model_checkpoint"),
    ):
        reply = many.post(path, **body)
        text = reply.json()["detail"] if status == 422 else reply.json()["error"]["message"]
        assert reply.status_code == status and says in text and text.startswith(field), reply.text
    reply = many.post("/v1/images/generations", model=word, **DOG)
    assert reply.status_code == 404 and reply.json()["error"]["code"] == "model_not_found"
    assert many.get(f"/v1/model?model={word}").status_code == 404


def test_what_a_model_cannot_make_is_told_when_it_is_loaded(many):
    large = {"prompt": "a dog", "steps": 2, "width": 2048, "height": 2048}
    for name in (NAMES[1], NAMES[2], NAMES[1]):  # One is loaded at a time.
        reply = many.post("/v1/images/generations", model=name, size="2048x2048", prompt="a dog")
        assert reply.status_code == 400 and TOO_LARGE in reply.json()["error"]["message"], reply.text
    for name in (NAMES[2], NAMES[1]):
        reply = many.post(A1111 + "txt2img", override_settings={"sd_model_checkpoint": name}, **large)
        assert reply.status_code == 422 and TOO_LARGE in reply.json()["detail"], reply.text
    own(many, NAMES[0])
    job = many.finish(many.post("/v1/generate", model=NAMES[1], **large))
    assert job["state"] == "failed" and TOO_LARGE in job["error"] and job["frames"] == []


def test_what_no_model_can_make_is_refused_before_it_is_loaded(many):
    own(many, NAMES[0])
    reply = many.post("/v1/generate", model=NAMES[1], prompt="a dog", steps=0)
    assert reply.status_code == 400 and reply.json()["error"]["field"] == "steps", reply.text
    reply = many.post("/v1/calibrate", model=NAMES[1], style="sketch", steps=0)
    assert reply.status_code == 400 and reply.json()["error"]["field"] == "steps", reply.text


def test_a_model_that_never_fits_is_refused(start, server):
    with server(*start, "--models", str(SCENES.parent)) as (address, _):
        client = Client(address)
        refused = client.post("/v1/generate", model="scenes", **DOG)
        assert refused.status_code == 400
        says = r"scenes takes \d+ MiB, but this server keeps \d+ MiB of models at a time \(latentdial serve --max-memory\)"
        assert re.fullmatch("model: " + says, refused.json()["error"]["message"]), refused.text
        assert re.fullmatch("sd_model_checkpoint: " + says, client.post(A1111 + "options", sd_model_checkpoint="scenes").json()["detail"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--max-memory", "0.001", "--dtype", "f32"), "--max-memory: the model alpha alone takes 2 MiB, so allow as much"),
        (("--max-memory", "0"), "--max-memory"),
        (("--max-memory", "much"), "--max-memory"),
        (("--models", "nowhere"), "--models: the folder cannot be read: No such file or directory"),
    ],
)
def test_bad_options_are_refused(folder, arguments, says):
    command = [PROGRAM, "serve", "--port", "0", "-m", str(folder / "below" / NAMES[0]), *arguments]
    process = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert process.returncode == 2 and says in process.stderr and process.stderr.count("\n") == 1, process.stderr


def test_what_cannot_be_read_and_what_is_there_twice_is_named(folder, server, tmp_path):
    for place in ("a", "b"):
        shutil.copytree(folder / "below" / NAMES[1], tmp_path / place / NAMES[1])
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    (tmp_path / "note.txt").write_text("not a model")
    with server("-m", str(folder / "below" / NAMES[0]), "--models", str(tmp_path)) as (address, process):
        client = Client(address)
        assert [model["model_name"] for model in client.get(A1111 + "sd-models").json()] == NAMES[:2]
        for _ in range(3):
            client.post(A1111 + "refresh-checkpoints")
    lines = [line for line in process.said.splitlines() if "is left out" in line]
    assert len(lines) == 2 and all(line.startswith("latentdial: --models: ") for line in lines), process.said
    assert f"{tmp_path / 'b' / NAMES[1]} is left out: {tmp_path / 'a' / NAMES[1]} is called {NAMES[1]} too" in process.said
    assert f"{tmp_path / 'broken.safetensors'} is left out: " in process.said and "note.txt" not in process.said


def test_a_folder_is_looked_through_anew(folder, start, server, tmp_path, alone):
    with server(*start, "--models", str(tmp_path)) as (address, _):
        client = Client(address)
        names = lambda: [model["model_name"] for model in client.get(A1111 + "sd-models").json()]  # noqa: E731
        shutil.copytree(folder / "below" / NAMES[1], tmp_path / "new")
        assert names() == NAMES[:1]
        client.post(A1111 + "refresh-checkpoints")
        assert names() == [NAMES[0], "new"]
        client.post(A1111 + "options", sd_model_checkpoint="new")
        before = a1111(client, "new")
        assert a1111(client, NAMES[0], override_settings={"sd_model_checkpoint": NAMES[0]}) == alone[NAMES[0]]
        shutil.rmtree(tmp_path / "new")
        shutil.copytree(folder / "below" / NAMES[2], tmp_path / "new")
        refused = client.post(A1111 + "txt2img", prompt="a dog", steps=2)
        assert refused.status_code == 422 and "new cannot be loaded: its files have changed since they were listed" in refused.json()["detail"]
        client.post(A1111 + "refresh-checkpoints")
        assert a1111(client, "new") != before
        a1111(client, NAMES[0], override_settings={"sd_model_checkpoint": NAMES[0]})
        shutil.rmtree(tmp_path / "new")
        client.post(A1111 + "refresh-checkpoints")
        gone = client.post(A1111 + "txt2img", prompt="a dog", steps=2)
        assert gone.status_code == 422 and "new cannot be loaded" in gone.json()["detail"] and str(tmp_path) not in gone.text


def test_clients_choose_each_for_itself(folder, server, alone):
    with server("-m", str(folder / "below" / NAMES[0]), "--models", str(folder), "--dtype", "f32", "--behind-proxy") as (address, _):
        alice, bob = Person(address, "203.0.113.7"), Person(address, "203.0.113.8")
        assert alice.ask(A1111 + "options", sd_model_checkpoint=NAMES[2]).status_code == 200
        chosen = [person.ask(A1111 + "options", "GET").json()["sd_model_checkpoint"].split()[0] for person in (alice, bob)]
        assert chosen == [NAMES[2], NAMES[0]]
        for person, name in ((alice, NAMES[2]), (bob, NAMES[0])):
            reply = person.ask(A1111 + "txt2img", prompt=DOG["prompt"], steps=2, seed=3, cfg_scale=3)
            assert base64.b64decode(reply.json()["images"][0]) == alone[name]


def resident(process):
    lines = pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon:")).split()[1]) / 1024


@pytest.mark.parametrize(("fits", "last", "swaps"), [(1, 24, 200), (2, 14, 20)])
def test_two_hundred_swaps_between_three_models_under_sixteen_clients(folder, server, alone, fits, last, swaps):
    """One of the three fits at a time, or one beside one that is used, and two jobs run at once: each has the picture of its model, and nothing stays behind."""

    class Proxied(Client):
        def __init__(self, address, number):
            super().__init__(address)
            self.headers = {"X-Forwarded-For": f"203.0.113.{number}"}

        def post(self, path, **body):
            return requests.post(self.address + path, json=body, headers=self.headers, timeout=60)

        def get(self, path):
            return requests.get(self.address + path, headers=self.headers, timeout=60)

    main = folder / "below" / NAMES[0]
    start = ("-m", str(main), "--dtype", "f32", "--max-memory", str(fits * memory_in_f32(main)))
    with server(*start, "--models", str(folder), "--jobs", "2", "--behind-proxy", "--verbose") as (address, process), concurrent.futures.ThreadPoolExecutor(16) as threads:

        def ask(number, turns):
            for turn in turns:
                name = NAMES[(number + turn) % 3]
                assert WAYS[turn % len(WAYS)](Proxied(address, number), name) == alone[name], f"a picture of another model than {name}"

        def turns(first, last):
            list(threads.map(lambda number: ask(number, range(first, last)), range(16)))

        turns(0, 6)
        early = resident(process)
        turns(6, last)
        late = resident(process)
    loads = process.said.count(" is loaded, ")
    print(f"{loads} swaps, {early:.1f} MiB early, {late:.1f} MiB late")
    assert loads >= swaps, loads
    assert late < early + 8, (early, late)


def test_loras_are_listed_by_name(server, tmp_path):
    (tmp_path / "people").mkdir()
    write_lora(tmp_path / "ink.safetensors")
    write_lora(tmp_path / "people" / "oil.safetensors")
    with server("--lora-dir", str(tmp_path)) as (address, _):
        client = Client(address)
        listed = client.get(A1111 + "loras")
        assert [(lora["name"], lora["alias"], lora["path"]) for lora in listed.json()] == [("ink", "ink", "ink.safetensors"), ("oil", "oil", "oil.safetensors")]
        assert client.get("/v1/model").json()["loras"] == ["ink", "oil"] and str(tmp_path) not in listed.text
        (tmp_path / "ink.safetensors").unlink()
        assert [lora["name"] for lora in client.get(A1111 + "loras").json()] == ["oil"]
