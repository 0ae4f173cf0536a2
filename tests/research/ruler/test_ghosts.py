"""Fades, and whether a judge of ghosts can learn to tell them: on stand-ins of 32 pixels, squares that move."""

import numpy
import pytest

torch = pytest.importorskip("torch")

from research.ruler import mixes  # noqa: E402
from research.ruler.ghost_strips import Strips  # noqa: E402
from research.ruler.ghosts import Ghosts, faintness, ghost_loss, ghosts_of  # noqa: E402
from research.training.fit import fit  # noqa: E402

SIZE = 32


def square(left: float, top: int, rng: numpy.random.Generator) -> numpy.ndarray:
    """uint8 [SIZE, SIZE, 3]: a bright square on dark noise."""
    picture = rng.integers(20, 50, (SIZE, SIZE, 3)).astype(numpy.uint8)
    picture[top : top + 10, round(left) : round(left) + 8] = 220
    return picture


def moving_squares(count: int, seed: int) -> Strips:
    """Strength moves the square from left to right."""
    rng = numpy.random.default_rng(seed)
    strengths = rng.uniform(0.15, 0.85, (count, 2)).astype(numpy.float32)
    rows = [[square(22 * s, top, numpy.random.default_rng(top)) for s in (0, 1, *row)] for row, top in zip(strengths, rng.integers(2, 20, count))]
    pictures = numpy.array(rows)
    return Strips(pictures[:, :2], pictures[:, 2:], strengths, numpy.zeros(count, int))


def half(count: int, value: float = 0.5) -> torch.Tensor:
    return torch.full((count, 1, 1, 1), value)


def test_a_fade_runs_from_one_end_to_the_other():
    none, full = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8)
    assert torch.allclose(mixes.faded(none, full, half(2, 0.0)), none) and torch.allclose(mixes.faded(none, full, half(2, 1.0)), full)
    assert torch.allclose(mixes.faded(none, full, half(2)), (none + full) / 2)


def test_a_partial_fade_is_drawn_elsewhere_but_always_fades_a_part_of_the_change():
    torch.manual_seed(0)
    none, full, drawn = torch.zeros(200, 3, 32, 32), torch.zeros(200, 3, 32, 32), torch.full((200, 3, 32, 32), -1.0)
    full[:, :, 20:28, 4:12] = 1  # The change is in one place, which a region often misses.
    result = mixes.faded_in_part(none, full, drawn, half(200))
    inside = result[:, 0, 20:28, 4:12].mean((1, 2))  # −1 where drawn, 0.5 where faded.
    assert (inside >= -1 + 1.5 * mixes.LEAST_CHANGED - 0.01).all()
    elsewhere = (result[:, 0] < -0.9).float().mean((1, 2))
    assert 0.05 < elsewhere.mean() < 0.8


def test_faded_outlines_keep_the_colours_that_were_drawn():
    none, full, drawn = torch.zeros(1, 3, 64, 64), torch.zeros(1, 3, 64, 64), torch.full((1, 3, 64, 64), 0.4)
    full[:, :, :, 30:34] = 1
    result = mixes.faded_outlines(none, full, drawn, half(1))
    assert result[..., :10].mean() == pytest.approx(0.4, abs=1e-5)
    assert result[..., 30:34].mean() > 0.4 + 0.3


def test_a_drawn_picture_fades_with_the_farther_end():
    none, full, drawn = torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 4, 4), torch.full((2, 3, 4, 4), 0.5)
    result = mixes.faded_to_far_end(none, full, drawn, torch.tensor([0.2, 0.9]), half(2))
    assert result[0].mean() == pytest.approx(0.75) and result[1].mean() == pytest.approx(0.25)


@pytest.fixture(scope="module")
def judge():
    torch.manual_seed(1)
    network = Ghosts()
    fit(network, ghost_loss(network, [moving_squares(200, 1)], 1), 60, 3e-3, "squares")
    return network.eval()


def share_called(judge, pictures: numpy.ndarray, ends: numpy.ndarray) -> float:
    return float((faintness(judge, pictures, ends[:, 0], ends[:, 1]) > 0).mean())


def test_it_learns_to_tell_what_moved_from_what_faded(judge):
    held_back = moving_squares(100, 2)
    fades = held_back.ends.astype(float).mean(1).astype(numpy.uint8)
    assert share_called(judge, held_back.drawn[:, 0], held_back.ends) <= 0.05
    assert share_called(judge, fades, held_back.ends) >= 0.95


def test_a_jump_and_a_dead_dial_are_no_ghosts(judge):
    ends = moving_squares(60, 3).ends
    for end in (0, 1):
        assert share_called(judge, ends[:, end], ends) <= 0.05
    assert share_called(judge, ends[:, 0], ends[:, [0, 0]]) <= 0.05


def test_the_ends_of_a_strip_are_never_called(judge):
    ends = moving_squares(4, 4).ends.astype(float)
    shares = numpy.linspace(0, 1, 11)[:, None, None, None]
    strips = (ends[:, :1] * (1 - shares) + ends[:, 1:] * shares).astype(numpy.uint8)
    found = ghosts_of(judge, strips.reshape(2, 2, *strips.shape[1:]))
    assert found.shape == (2, 2, 11) and found.dtype == bool
    assert not found[..., [0, -1]].any() and found[..., 3:8].mean() > 0.9
