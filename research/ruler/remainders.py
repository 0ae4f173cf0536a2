"""Fades that do not look like the nearest fade of their ends: what is in them beside it, their remainder, was made larger or put there.

A push away from the fade draws nothing, so what is half transparent stays so, however far from the fade it then is. Only what a push
leaves in place may be called a fade, though: where the share of the ends differs from place to place, the remainder is taken from the fade
of each place, since a push away from the mean share would make the places decide. A drawn picture is pushed no farther than to what a
picture that decides everywhere has; twice that would show its ends in negative, which is neither drawn nor a fade.

Pictures are floats [N, C, H, W], pixels or latents; `window` is a number of places, None the whole picture."""

import torch
import torch.nn.functional as F

MOST = 3.0  # How many times a fade's remainder is made larger, at most;
MOST_DRAWN = 2.0  # a drawn picture's.
SMALL, LARGE = 1 / 24, 1 / 5  # Windows in widths of the picture: of what is compared with the bound, and of the nearest fade.
FOREIGN = 0.3, 1.2  # How large a remainder is put into a fade, in bounds.
OPEN = 0.25  # A fade with a remainder keeps this far from both ends: beyond, it is hardly one.


def mean_around(picture: torch.Tensor, window: int | None) -> torch.Tensor:
    """The mean of what lies around each place, or of the whole: [N, C, H, W] → the same, or [N, C, 1, 1]."""
    if window is None:
        return picture.mean((2, 3), keepdim=True)
    for axis in (1, 0):  # Rows, then columns: the same mean, much cheaper.
        size, margin = ([1, window], [0, window // 2]) if axis else ([window, 1], [window // 2, 0])
        picture = F.avg_pool2d(picture, size, 1, margin, count_include_pad=False)
    return picture


def odd_window(picture: torch.Tensor, share: float) -> int:
    """Places in this share of the width, odd, three at least."""
    return max(3, round(picture.shape[-1] * share) // 2 * 2 + 1)


def nearest_share(picture: torch.Tensor, none: torch.Tensor, full: torch.Tensor, window: int | None) -> torch.Tensor:
    """How much of `full`, 0…1, is in the nearest fade of the ends: [N, 1, H, W] or [N, 1, 1, 1]."""
    change = full - none
    along, length = (mean_around(x.sum(1, keepdim=True), window) for x in ((picture - none) * change, change * change))
    return (along / length.clamp_min(1e-6)).clamp(0, 1)


def bound(share: torch.Tensor, change: torch.Tensor, window: int) -> torch.Tensor:
    """√(α(1−α))·|d|: how far from the fade a picture is that shows one end or the other at each place, [N, 1, H, W]."""
    return (share * (1 - share)).sqrt() * mean_around(change.square().sum(1, keepdim=True), window).sqrt()


def enlarged(picture: torch.Tensor, none: torch.Tensor, full: torch.Tensor, most: torch.Tensor, bounded: torch.Tensor, window: int | None) -> torch.Tensor:
    """The picture with its remainder `most` times as large; where `bounded`, no larger than the bound. `most` and `bounded` are [N, 1, 1, 1]."""
    share = nearest_share(picture, none, full, window)
    rest = picture - torch.lerp(none, full, share)
    near = odd_window(picture, SMALL)
    size = mean_around(rest.square().sum(1, keepdim=True), near).sqrt()
    allowed = (bound(share, full - none, near) / size.clamp_min(1e-6)).clamp_min(1)
    return picture + (torch.where(bounded, torch.minimum(allowed, most), most) - 1) * rest


def with_remainder(none: torch.Tensor, full: torch.Tensor, share: torch.Tensor, rest: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
    """The fade with a remainder of something else in it, where the ends differ: `size` [N, 1, 1, 1] tells how large, in bounds."""
    near = odd_window(none, SMALL)
    limit = bound(share, full - none, near)
    scale = rest.square().sum(1, keepdim=True).mean((2, 3), keepdim=True).sqrt().clamp_min(1e-6)
    return torch.lerp(none, full, share) + size * limit * rest / scale


def detail(picture: torch.Tensor) -> torch.Tensor:
    """What is finer than a small window."""
    return picture - mean_around(picture, odd_window(picture, SMALL))


def foreign(none: torch.Tensor, full: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
    """Of each strip one of three: what its drawn picture has beside a fade, that picture's detail, or noise."""
    rest = drawn - torch.lerp(none, full, nearest_share(drawn, none, full, None))
    kinds = torch.stack([rest, detail(drawn), torch.randn_like(drawn)])
    chosen = torch.randint(len(kinds), (len(drawn),), device=drawn.device)
    return kinds[chosen, torch.arange(len(drawn), device=drawn.device)]


def uniform(like: torch.Tensor, low: float, high: float) -> torch.Tensor:
    """[N, 1, 1, 1]."""
    return low + (high - low) * torch.rand(len(like), 1, 1, 1, device=like.device)


def some(like: torch.Tensor) -> torch.Tensor:
    """Half of them: bool [N, 1, 1, 1]."""
    return torch.rand(len(like), 1, 1, 1, device=like.device) < 0.5


def hidden_fade(none: torch.Tensor, full: torch.Tensor, other: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """A cross-fade with a remainder in it that belongs to other strips: their `none`, `full` and `drawn`."""
    return with_remainder(none, full, uniform(none, OPEN, 1 - OPEN), foreign(*other), uniform(none, *FOREIGN))


def pushed_fade(fade: torch.Tensor, none: torch.Tensor, full: torch.Tensor) -> torch.Tensor:
    """A fade, partial or not, with its remainder made larger, half of them within the bound."""
    return enlarged(fade, none, full, uniform(fade, 1, MOST), some(fade), odd_window(fade, LARGE))


def pushed_position(picture: torch.Tensor, none: torch.Tensor, full: torch.Tensor) -> torch.Tensor:
    """A dial's position that is a ghost, as far as a fade is pushed, and away from the fade of the whole."""
    return enlarged(picture, none, full, uniform(picture, 1, MOST), some(picture), None)


def pushed_drawing(drawn: torch.Tensor, none: torch.Tensor, full: torch.Tensor) -> torch.Tensor:
    """A drawn picture pushed away from the fade of its ends, within the bound: still drawn."""
    return enlarged(drawn, none, full, uniform(drawn, 1, MOST_DRAWN), torch.ones(len(drawn), 1, 1, 1, dtype=torch.bool, device=drawn.device), None)
