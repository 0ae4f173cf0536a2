"""serve --vae-dir: VAEs by name, in place of a model's own."""

import base64
import json
import shutil
import subprocess

import pytest
from test_paths import SCENES
from tiny_models import GOLDEN, retrain, retrained

from live import PROGRAM, Client, Person, running_server

DOG = {"prompt": "a dog", "steps": 2, "seed": 3}
A1111 = "/sdapi/v1/"
WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A model, another, and VAEs: a file, a diffusers folder, one of another architecture, one that is none."""
    place = tmp_path_factory.mktemp("secret-place")
    retrained(place / "alpha", 0)
    retrained(place / "models" / "beta", 1)
    vaes = place / "vaes"
    (vaes / "below").mkdir(parents=True)
    shutil.copy(GOLDEN / "vae" / WEIGHTS, vaes / "soft.safetensors")
    retrain(vaes / "soft.safetensors", 2)
    shutil.copytree(GOLDEN / "vae", vaes / "below" / "crisp")
    retrain(vaes / "below" / "crisp" / WEIGHTS, 3)
    shutil.copy(SCENES / "vae" / WEIGHTS, vaes / "scenes.safetensors")
    (vaes / "broken.pt").write_bytes(b"nothing")
    (vaes / "note.txt").write_text("no VAE")
    return place


@pytest.fixture(scope="module")
def address(place):
    with running_server("-m", str(place / "alpha"), "--models", str(place / "models"), "--vae-dir", str(place / "vaes"), "--dtype", "f32") as (address, process):
        yield address
        assert process.poll() is None


@pytest.fixture
def client(address):
    return Client(address)


@pytest.fixture(scope="module")
def drawn(place, tmp_path_factory):
    """The file that the command line makes of a model, perhaps with --vae or --clip-skip."""
    out = tmp_path_factory.mktemp("out") / "out.png"

    def draw(model, *arguments):
        command = [PROGRAM, "generate", "-m", str(place / model), "--dtype", "f32", "-p", "a dog", "--seed", "3", "--steps", "2", "-q", "-o", str(out)]
        subprocess.run([*command, *arguments], check=True, timeout=60)
        return out.read_bytes()

    return draw


def a1111(client, **body):
    reply = client.post(A1111 + "txt2img", **DOG, **body)
    assert reply.status_code == 200, reply.text
    return base64.b64decode(reply.json()["images"][0])


def test_they_are_listed_by_name(client):
    names = ["broken.pt", "crisp", "scenes.safetensors", "soft.safetensors"]
    assert [vae["model_name"] for vae in client.get(A1111 + "sd-vae").json()] == names
    assert client.get("/v1/model").json()["vaes"] == names and client.get("/v1/model").json()["vae"] is None
    assert client.get("/v1/model?vae=soft").json()["vae"] == "soft.safetensors"
    for path in (A1111 + "sd-vae", A1111 + "options", "/v1/model?vae=soft"):
        assert "secret-place" not in client.get(path).text
    assert client.post(A1111 + "refresh-vae").status_code == 200


def test_a_picture_is_the_command_lines(client, place, drawn):
    own, soft = drawn("alpha"), drawn("alpha", "--vae", str(place / "vaes" / "soft.safetensors"))
    crisp = drawn("alpha", "--vae", str(place / "vaes" / "below" / "crisp"))
    assert len({own, soft, crisp}) == 3
    for name, picture in (("soft.safetensors", soft), ("soft", soft), ("crisp", crisp), ("Automatic", own), ("None", own), (None, own)):
        assert a1111(client, override_settings={"sd_vae": name}) == picture, name
        job = client.finish(client.post("/v1/generate", vae=name, **DOG))
        assert client.get(job["frames"][0]["url"]).content == picture, name
    both = drawn("models/beta", "--vae", str(place / "vaes" / "soft.safetensors"))
    assert a1111(client, override_settings={"sd_vae": "soft", "sd_model_checkpoint": "beta"}) == both
    job = client.finish(client.post("/v1/generate", model="beta", vae="soft", **DOG))
    assert client.get(job["frames"][0]["url"]).content == both


def test_options_are_kept_until_others_are_chosen(client, place, drawn):
    options = client.get(A1111 + "options").json()
    assert (options["sd_vae"], options["CLIP_stop_at_last_layers"]) == ("Automatic", 1)
    soft = drawn("alpha", "--vae", str(place / "vaes" / "soft.safetensors"), "--clip-skip", "2")
    try:
        assert client.post(A1111 + "options", **options | {"sd_vae": "soft", "CLIP_stop_at_last_layers": 2.0}).status_code == 200
        now = client.get(A1111 + "options").json()
        assert now == options | {"sd_vae": "soft.safetensors", "CLIP_stop_at_last_layers": 2}
        assert a1111(client) == soft
        info = json.loads(client.post(A1111 + "txt2img", **DOG).json()["info"])
        assert info["sd_vae_name"] == "soft.safetensors"
        assert a1111(client, override_settings={"sd_vae": "Automatic"}, clip_skip=1) == drawn("alpha"), "for one request"
        assert client.get(A1111 + "options").json() == now
        overrides = {"sd_vae": "crisp", "CLIP_stop_at_last_layers": "1"}
        crisp = a1111(client, override_settings=overrides, override_settings_restore_afterwards=False)
        assert crisp == a1111(client) == drawn("alpha", "--vae", str(place / "vaes" / "below" / "crisp"))
        assert client.get(A1111 + "options").json() == options | {"sd_vae": "crisp"}
        assert client.post(A1111 + "options", sd_model_checkpoint="beta").status_code == 200
        assert a1111(client) == drawn("models/beta", "--vae", str(place / "vaes" / "below" / "crisp")), "the VAE stays"
        assert client.post(A1111 + "unload-checkpoint").status_code == 200
    finally:
        client.post(A1111 + "options", **options)
    assert a1111(client) == drawn("alpha")


def test_one_clients_options_are_no_others(place, drawn):
    arguments = ("-m", str(place / "alpha"), "--vae-dir", str(place / "vaes"), "--dtype", "f32", "--behind-proxy")
    with running_server(*arguments) as (address, _):
        alice, bob = Person(address, "203.0.113.7"), Person(address, "203.0.113.8")
        assert alice.ask(A1111 + "options", sd_vae="soft", CLIP_stop_at_last_layers=2).status_code == 200
        options = bob.ask(A1111 + "options", "GET").json()
        assert (options["sd_vae"], options["CLIP_stop_at_last_layers"]) == ("Automatic", 1)
        assert base64.b64decode(bob.ask(A1111 + "txt2img", **DOG).json()["images"][0]) == drawn("alpha")


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("other", '"other" is not a VAE of this server; it has broken.pt, crisp, scenes.safetensors, soft.safetensors'),
        ("../vaes/soft", '"../vaes/soft" is not a VAE of this server'),
        ("below/crisp", '"below/crisp" is not a VAE of this server'),
        (5, "5 is not a VAE of this server"),
        (["soft"], '["soft"] is not a VAE of this server'),
        ("broken", "broken.pt does not go with alpha: "),
    ],
)
def test_what_is_none_is_refused_in_each_apis_words(client, word, says):
    for path, body, field, status in (
        (A1111 + "options", {"sd_vae": word}, "sd_vae", 422),
        (A1111 + "txt2img", {"override_settings": {"sd_vae": word}}, "override_settings.sd_vae", 422),
        ("/v1/generate", {"prompt": "a dog", "vae": word}, "vae", 400),
        ("/v1/calibrate", {"style": "sketch", "vae": word}, "vae", 400),
    ):
        reply = client.post(path, **body)
        message = reply.json()["detail"] if status == 422 else reply.json()["error"]["message"]
        assert reply.status_code == status and message.startswith(f"{field}: {says}"), reply.text
        assert "secret-place" not in reply.text and "\n" not in message
    assert client.get(A1111 + "options").json()["sd_vae"] == "Automatic"


def test_one_of_another_architecture_is_refused_when_it_is_loaded(client):
    reply = client.post(A1111 + "txt2img", override_settings={"sd_vae": "scenes"}, **DOG)
    assert reply.status_code == 422 and reply.json()["detail"].startswith("sd_model_checkpoint: alpha cannot be loaded: "), reply.text
    assert "secret-place" not in reply.text and a1111(client), "the server goes on"


@pytest.mark.parametrize("skip", [25, -1, 1.5, "two", True])
def test_a_clip_skip_out_of_range_is_refused(client, skip):
    for path, body in (("options", {"CLIP_stop_at_last_layers": skip}), ("txt2img", {"override_settings": {"CLIP_stop_at_last_layers": skip}})):
        reply = client.post(A1111 + path, **body)
        assert reply.status_code == 422 and "CLIP_stop_at_last_layers: a whole number from 0 to 24 is needed" in reply.json()["detail"], reply.text


def test_an_option_is_kept_told_or_refused(client):
    for neutral in ({"eta_ancestral": 1, "sd_hypernetwork": "None"}, {"CLIP_stop_at_last_layers": 0}, {"sd_vae": None}, {"samples_format": "png"}):
        assert client.post(A1111 + "options", **neutral).status_code == 200, neutral
    for wrong in ({"samples_format": "jpg"}, {"eta_noise_seed_delta": 31337}, {"eta_ancestral": 0.5}, {"no_such_option": 1}):
        (key,) = wrong
        reply = client.post(A1111 + "options", **wrong)
        assert reply.status_code == 422 and reply.json()["detail"].startswith(f"{key}: cannot be set to "), reply.text


def test_a_file_that_has_changed_is_another(place, server, tmp_path):
    vaes = tmp_path / "vaes"
    vaes.mkdir()
    with server("-m", str(place / "alpha"), "--vae-dir", str(vaes), "--dtype", "f32") as (address, _):
        client = Client(address)
        reply = client.post(A1111 + "options", sd_vae="new")
        assert 'sd_vae: "new" is not here: this server was given no VAEs' in reply.json()["detail"]
        pictures = []
        for seed in (5, 6):
            shutil.copy(GOLDEN / "vae" / WEIGHTS, vaes / "new.safetensors")
            retrain(vaes / "new.safetensors", seed)
            assert client.post(A1111 + "options", sd_vae="new").status_code == 200
            pictures.append(a1111(client))
        assert pictures[0] != pictures[1]
        (vaes / "new.safetensors").unlink()
        gone = client.post(A1111 + "txt2img", **DOG)
        assert gone.status_code == 422 and gone.json()["detail"].startswith('sd_vae: "new.safetensors" is not a VAE of this server any more'), gone.text


def test_a_folder_that_cannot_be_read_is_refused(place):
    process = subprocess.run([PROGRAM, "serve", "--port", "0", "-m", str(place / "alpha"), "--vae-dir", "nowhere"], capture_output=True, text=True, timeout=60)
    assert process.returncode == 2 and process.stderr == "latentdial: --vae-dir: the folder cannot be read: No such file or directory\n"
