"""An upscaling checkpoint, asked from Python."""

import pathlib

import pytest
from PIL import Image

import latentdial

MODEL = pathlib.Path(__file__).parents[1] / "golden/models/upscaling"
SMALL = Image.linear_gradient("L").resize((20, 12)).convert("RGB")


@pytest.fixture(scope="module")
def pipe():
    return latentdial.Pipeline.from_pretrained(MODEL)


def test_it_upscales(pipe):
    assert (pipe.info.upscales_by, pipe.info.max_noise_level) == (4, 30)
    pictures = [pipe("a dog", image=SMALL, restore="upscale", steps=2, noise_level=level).images[0] for level in (0, 30)]
    assert pictures[0].size == (80, 48) and pictures[0].tobytes() != pictures[1].tobytes()


def test_what_it_is_not_for_is_refused(pipe):
    refused = {
        "restore": lambda: pipe("a dog"),
        "noise_level": lambda: pipe("a dog", image=SMALL, restore="upscale", noise_level=31),
        "restore_rounds": lambda: pipe("a dog", image=SMALL, restore="upscale", restore_rounds=2),
        "model": lambda: pipe.measure([SMALL], "winter"),
    }
    for field, ask in refused.items():
        with pytest.raises(latentdial.Error) as error:
            ask()
        assert error.value.field == field
