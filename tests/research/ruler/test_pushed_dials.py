"""The judge's own answers to a dial's positions, kept for what a push makes of them."""

import numpy
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from research.ruler import pushed_dials  # noqa: E402
from research.ruler.rendered import to_pictures  # noqa: E402
from research.training.pictures import to_unit  # noqa: E402


class Pixels:
    """A codec whose latents are pixels."""

    encode, decode = staticmethod(to_unit), staticmethod(to_pictures)


class Bright(torch.nn.Module):
    """Calls what is brighter than middle grey a fade, and is sure of what is far from it."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(10.0))

    def forward(self, triples):
        return self.scale * triples[:, :3].mean((1, 2, 3))


def strip(*levels: int) -> numpy.ndarray:
    rng = numpy.random.default_rng(0)
    return numpy.stack([numpy.clip(level + rng.integers(-9, 9, (128, 128, 3)), 0, 255).astype(numpy.uint8) for level in levels])


def test_answers_are_kept_for_pushed_pictures_and_only_sure_ones_count():
    torch.manual_seed(0)
    strips = numpy.stack([strip(20, 60, 128, 190, 230, 250), strip(10, 70, 127, 180, 240, 245)])
    found = pushed_dials.answered(Bright(), strips, Pixels())
    assert found.fades.tolist() == [False, True, True] * 2 + [False, True, True] * 2 + [True] * 4
    assert len(found.pictures) == len(found.ends) == 16
    assert (found.pictures[:6] == strips[:, [1, 3, 4]].reshape(found.pictures[:6].shape)).all()
    assert abs(found.pictures[12:].astype(float) - found.pictures[[1, 2, 4, 5]]).mean() > 1


def test_examples_are_those_that_are_asked_for():
    pictures, ends = strip(10, 200, 20, 210), numpy.zeros((4, 2, 128, 128, 3), numpy.uint8)
    found = pushed_dials.Answered(pictures, ends, numpy.array([False, True, False, True]))
    rng = numpy.random.default_rng(0)
    for fades in (False, True):
        triples = found.triples(fades, 20, rng, "cpu")
        assert triples.shape == (20, 9, 128, 128) and ((triples[:, :3].mean((1, 2, 3)) > 0) == fades).all()
