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


def test_what_is_no_clip_model_is_refused(fails, latentdial, dog, tmp_path):
    assert "config.json" in fails(*ASK, "--clip", "missing")
    config = json.loads(pathlib.Path(CLIP, "config.json").read_text())
    (tmp_path / "sees").mkdir()
    for file in pathlib.Path(CLIP).iterdir():
        (tmp_path / "sees" / file.name).write_bytes(file.read_bytes())
    (tmp_path / "sees/config.json").write_text(json.dumps(config["vision_config"] | {"model_type": "clip_vision_model", "projection_dim": 12}))
    assert fails(*ASK, "--clip", "sees") == "latentdial: --clip: sees sees pictures alone; a CLIPModel with both encoders is needed"
