"""Ways to make a position of a strip from other pictures by fading, none of which is a drawn picture of its own.

Pictures are floats [N, 3, H, W] in −1…1; shares [N, 1, 1, 1] tell how much there is of the second picture."""

import torch
import torch.nn.functional as F

LEAST_CHANGED = 0.35  # Of the whole change must lie where a partial mix fades; else it fades everywhere.
COLOUR_BLUR = 17  # Pixels: what is coarser is colour and light, what is finer is things and their outlines.
PARTIAL = 0.25, 0.75  # Shares of a fade in a part of the picture: nearer to an end, it is hardly one.
FAR = 0.5  # Pictures of one strip that are nearer in strength than this are not faded in training: small steps may be.


def shares(count: int, device, low: float = 0.1, high: float = 0.9) -> torch.Tensor:
    return low + (high - low) * torch.rand(count, 1, 1, 1, device=device)


def faded(none: torch.Tensor, full: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """The cross-fade."""
    return torch.lerp(none, full, share)


def regions(count: int, size: int, device) -> torch.Tensor:
    """Smooth masks [N, 1, size, size] in 0…1 over about half of the picture, in one to three patches."""
    coarse = torch.rand(count, 1, 3, 3, device=device)
    fine = F.interpolate(coarse, (size, size), mode="bicubic", align_corners=True)
    return torch.sigmoid((fine - 0.45) * 24)


def faded_in_part(none: torch.Tensor, full: torch.Tensor, drawn: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """A cross-fade in some regions, drawn elsewhere; everywhere when too little of the change lies in the regions."""
    mask, change = regions(len(none), none.shape[-1], none.device), (full - none).abs().sum(1, keepdim=True)
    inside = (mask * change).sum((1, 2, 3), keepdim=True) / change.sum((1, 2, 3), keepdim=True).clamp_min(1e-6)
    mask = torch.where(inside < LEAST_CHANGED, torch.ones_like(mask), mask)
    return torch.lerp(drawn, faded(none, full, share), mask)


def faded_outlines(none: torch.Tensor, full: torch.Tensor, drawn: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """Colours and light as drawn, things and outlines as a cross-fade has them."""
    mix = faded(none, full, share)
    return mix + F.avg_pool2d(drawn - mix, COLOUR_BLUR, 1, COLOUR_BLUR // 2, count_include_pad=False)


def faded_to_far_end(none: torch.Tensor, full: torch.Tensor, drawn: torch.Tensor, strength: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """A drawn picture of `strength` [N] faded with the end that is farther from it, by at least half of the strip."""
    far = torch.where((strength < FAR).view(-1, 1, 1, 1), full, none)
    return torch.lerp(drawn, far, share)
