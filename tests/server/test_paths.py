"""No answer says where on the server's machine something lies."""

import json
import pathlib
import shutil

import pytest
import requests

SCENES = pathlib.Path(__file__).resolve().parents[2] / "models" / "scenes"
STYLE = "Monet style"
DIAL = "monet-style.dial.json"
GOOD = json.loads((SCENES / "dials" / DIAL).read_text())
WRONG = {
    "of another model": json.dumps({**GOOD, "fingerprint": "0123456789abcdef"}),
    "of another style": json.dumps({**GOOD, "style": "sketch"}),
    "of another format": json.dumps({**GOOD, "latentdial_dial": 1}),
    "without points": json.dumps({**GOOD, "points": {}}),
    "without a style": json.dumps({key: value for key, value in GOOD.items() if key != "style"}),
    "that is no JSON": "{",
    "that is a list": "[]",
    "that is empty": "",
    "that is large": " " * (1 << 21),
    "of bytes": b"\xff\0\xfe",
}
ASK = {"prompt": "a dog", "style": STYLE, "steps": 2}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("secret-place") / "model"
    folder.mkdir()
    for path in SCENES.iterdir():
        if path.name != "dials":
            (folder / path.name).symlink_to(path)
    (folder / "dials").mkdir()
    return folder


@pytest.mark.parametrize("name", [*WRONG, "that is a folder", "that is a broken link"])
def test_a_models_own_wrong_dial_is_told_without_its_place(server, model, name):
    path = model / "dials" / DIAL
    if name == "that is a folder":
        path.mkdir()
    elif name == "that is a broken link":
        path.symlink_to(model / "nowhere" / "nowhere")
    else:
        path.write_bytes(WRONG[name] if isinstance(WRONG[name], bytes) else WRONG[name].encode())
    try:
        with server("-m", str(model)) as (address, _):
            for way, body in (("/v1/generate", {"position": 0.5}), ("/sdapi/v1/txt2img", {"dial": 0.5}), ("/v1/images/generations", {"dial": 0.5})):
                reply = requests.post(address + way, json=ASK | body, timeout=60)
                assert "secret-place" not in reply.text and str(model) not in reply.text
                if name != "that is a broken link":
                    assert reply.status_code in (400, 422) and f"dials/{DIAL}" in reply.text, reply.text
    finally:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
