"""`measure --clip`: a CLIP model's opinion beside the meter's."""

import json
import pathlib

import pytest

CLIP = str(pathlib.Path(__file__).parents[1] / "golden/models/clip")
ASK = ("measure", "dog.png", "--style", "sketch", "--evaluations", "2")


@pytest.fixture
def dog(latentdial):
    assert latentdial("generate", "-p", "a dog", "--steps", "2", "--size", "64x64", "-o", "dog.png").returncode == 0


def test_it_says_how_near_the_picture_is_with_the_styles_words_and_without(latentdial, dog):
    said = latentdial(*ASK, "--clip", CLIP).stdout
    told = json.loads(latentdial(*ASK, "--clip", CLIP, "--json").stdout)["clip"]
    assert said.endswith(f"; CLIP: {told['styled']:.3f} with the style's words, {told['plain']:.3f} without\n")
    assert -1 <= told["plain"] <= 1 and told["plain"] != told["styled"]


def test_the_meters_reading_stays_as_it_is(latentdial, dog):
    assert latentdial(*ASK, "--clip", CLIP).stdout.startswith(latentdial(*ASK).stdout.strip())


def test_words_beyond_its_window_are_told_once(latentdial, dog):
    process = latentdial("measure", "dog.png", "dog.png", "--style", "sketch", "--evaluations", "2", "-p", "dog " * 90 + "cat", "--clip", CLIP)
    assert process.returncode == 0 and len(process.stdout.splitlines()) == 2
    notices = [line for line in process.stderr.splitlines() if "CLIP" in line]
    assert len(notices) == 1 and notices[0].startswith("notice: the words are longer than CLIP's window; it reads them without \"dog "), process.stderr


def without(file: pathlib.Path, part: str) -> bytes:
    """A safetensors file without the tensors whose names begin so."""
    data = file.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    header, body = {}, b""
    for name, tensor in json.loads(data[8:begin]).items():
        if name.startswith(part) or name == "__metadata__":
            continue
        first, last = tensor["data_offsets"]
        header[name] = tensor | {"data_offsets": [len(body), len(body) + last - first]}
        body += data[begin + first : begin + last]
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def test_what_is_no_clip_model_is_refused(fails, latentdial, dog, tmp_path):
    assert "config.json" in fails(*ASK, "--clip", "missing")
    config = json.loads(pathlib.Path(CLIP, "config.json").read_text())
    (tmp_path / "sees").mkdir()
    for file in pathlib.Path(CLIP).iterdir():
        (tmp_path / "sees" / file.name).write_bytes(file.read_bytes())
    (tmp_path / "sees/config.json").write_text(json.dumps(config["vision_config"] | {"model_type": "clip_vision_model", "projection_dim": 12}))
    assert "--clip: sees: a CLIPVisionModelWithProjection has no tensor 'text_" in fails(*ASK, "--clip", "sees")
    (tmp_path / "sees/model.safetensors").write_bytes(without(pathlib.Path(CLIP, "model.safetensors"), "text_"))
    assert fails(*ASK, "--clip", "sees") == "latentdial: --clip: sees sees pictures alone; a CLIPModel with both encoders is needed"
