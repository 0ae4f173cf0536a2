"""Fades with a remainder: what a push leaves in place, and how far it goes."""

import pytest

torch = pytest.importorskip("torch")

from research.ruler.remainders import enlarged, hidden_fade, nearest_share, pushed_drawing, pushed_fade  # noqa: E402

SIZE = 32


def ends(count: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """Two pictures that differ everywhere."""
    torch.manual_seed(0)
    return torch.rand(count, 3, SIZE, SIZE), 1 + torch.rand(count, 3, SIZE, SIZE)


def every(count: int, value) -> torch.Tensor:
    return torch.full((count, 1, 1, 1), value)


def far_from_the_fade(picture: torch.Tensor, none: torch.Tensor, full: torch.Tensor) -> torch.Tensor:
    """Root mean square of the remainder, [N]."""
    return (picture - torch.lerp(none, full, nearest_share(picture, none, full, None))).square().mean((1, 2, 3)).sqrt()


def test_the_nearest_fade_is_found_in_the_whole_and_in_each_part():
    none, full = ends()
    assert torch.allclose(nearest_share(torch.lerp(none, full, 0.3), none, full, None), every(2, 0.3), atol=1e-5)
    mixed = torch.cat([torch.lerp(none, full, 0.2)[..., :16], torch.lerp(none, full, 0.9)[..., 16:]], -1)
    share = nearest_share(mixed, none, full, 5)
    assert torch.allclose(share[..., :12], torch.tensor(0.2), atol=1e-4) and torch.allclose(share[..., 20:], torch.tensor(0.9), atol=1e-4)


def test_a_push_moves_no_fade_and_takes_others_farther_from_it():
    none, full = ends()
    fade = torch.lerp(none, full, 0.4)
    assert torch.allclose(pushed_fade(fade, none, full), fade, atol=1e-4)
    other = fade + 0.05 * torch.randn_like(fade)
    pushed = enlarged(other, none, full, every(2, 2.0), every(2, False), None)
    assert torch.allclose(far_from_the_fade(pushed, none, full), 2 * far_from_the_fade(other, none, full), rtol=0.02)


def test_where_shares_differ_a_push_makes_no_place_decide():
    none, full = ends()
    mixed = torch.cat([torch.lerp(none, full, 0.3)[..., :16], torch.lerp(none, full, 0.7)[..., 16:]], -1)
    share = nearest_share(pushed_fade(mixed, none, full), none, full, 5)
    assert torch.allclose(share[..., :10], torch.tensor(0.3), atol=1e-3) and torch.allclose(share[..., 22:], torch.tensor(0.7), atol=1e-3)


def test_what_decides_everywhere_is_pushed_no_farther():
    none, full = torch.zeros(1, 3, SIZE, SIZE), torch.ones(1, 3, SIZE, SIZE)
    decided = torch.cat([none[..., :16], full[..., 16:]], -1)
    assert torch.allclose(pushed_drawing(decided, none, full), decided, atol=1e-4)
    faint = torch.lerp(decided, torch.full_like(decided, 0.5), 0.9)
    torch.manual_seed(0)
    assert far_from_the_fade(pushed_drawing(faint, none, full), none, full) > 1.1 * far_from_the_fade(faint, none, full)


def test_a_hidden_fade_has_anothers_remainder_where_the_ends_differ_and_nowhere_else():
    none, full = ends(200)
    full = torch.cat([none[..., :12], full[..., 12:]], -1)
    other = tuple(torch.rand(200, 3, SIZE, SIZE) for _ in range(3))
    hidden = hidden_fade(none, full, other)
    assert torch.allclose(hidden[..., :10], none[..., :10], atol=1e-4)
    assert (far_from_the_fade(hidden, none, full) > 0.05).all()
    share = nearest_share(hidden, none, full, None)
    assert 0.1 < share.min() and share.max() < 0.9
