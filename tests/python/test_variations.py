"""An unCLIP model, asked from Python."""

import pathlib

import pytest
from PIL import Image

import latentdial

MODEL = pathlib.Path(__file__).parents[1] / "golden/models/unclip"
REFERENCE = Image.linear_gradient("L").resize((40, 32)).convert("RGB")
OTHER = Image.radial_gradient("L").resize((40, 32)).convert("RGB")
SMALL = {"steps": 2, "width": 32, "height": 32}


@pytest.fixture(scope="module")
def pipe():
    return latentdial.Pipeline.from_pretrained(MODEL)


def test_it_draws_variations_of_a_picture(pipe):
    assert (pipe.info.takes_reference, pipe.info.max_noise_level) == (True, 999)
    made = [pipe("a dog", reference=picture, noise_level=level, **SMALL).images[0] for picture, level in ((REFERENCE, 0), (OTHER, 0), (REFERENCE, 800))]
    assert len({picture.tobytes() for picture in made}) == 3
    assert "Reference hash: " in made[0].info["parameters"]
    assert pipe(reference=REFERENCE, **SMALL).settings[0]["reference"] is REFERENCE


def test_it_interpolates_between_two(pipe):
    strip = pipe.interpolate("", reference=REFERENCE, to_reference=OTHER, theta=[0, 0.5, 1], **SMALL)
    ends = [pipe(reference=picture, **SMALL).images[0].tobytes() for picture in (REFERENCE, OTHER)]
    assert [strip.images[0].tobytes(), strip.images[2].tobytes()] == ends and strip.images[1].tobytes() not in ends


def test_what_does_not_fit_is_refused(pipe):
    refused = {
        "reference": lambda: pipe("a dog"),
        "noise_level": lambda: pipe("a dog", reference=REFERENCE, noise_level=1000),
        "to_reference": lambda: pipe.dial("a dog", "sketch", reference=REFERENCE, to_reference=OTHER),
        "model": lambda: pipe.calibrate("sketch"),
    }
    for field, ask in refused.items():
        with pytest.raises(latentdial.Error) as error:
            ask()
        assert error.value.field == field
