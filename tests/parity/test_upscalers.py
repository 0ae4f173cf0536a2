"""Networks that enlarge pictures, at full size with random weights, against spandrel's: whole, and in the squares that they are drawn in."""

import math

import numpy
import pytest
import torch
from latentdial import Upscaler
from PIL import Image
from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact
from spandrel.architectures.ESRGAN.__arch.RRDB import RRDBNet
from upscaler_names import REAL_ESRGAN, SECOND, renamed

LEAST = 60  # dB.
ONE_SQUARE, SEVERAL = (120, 88), (344, 200)  # Width and height of the small picture.


def natural(generator: torch.Generator, network: torch.nn.Module) -> torch.nn.Module:
    """Random weights by which most of a picture stays between black and white."""
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 4:
                deviation = math.sqrt(1.5 / parameter[0].numel())
                parameter.copy_(deviation * torch.randn(parameter.shape, generator=generator))
        last = [parameter for parameter in network.parameters() if parameter.ndim == 4][-1]
        last.mul_(0.3)
        [parameter for parameter in network.parameters() if parameter.ndim == 1][-1].fill_(0.5)
    return network.eval()


def networks() -> dict:
    """The network and its state as it is shared, by a name for each form."""
    generator = torch.Generator().manual_seed(31)
    rrdb = natural(generator, RRDBNet())
    rrdb_x2 = natural(generator, RRDBNet(in_nc=12, scale=4, shuffle_factor=2, num_blocks=6))
    first_x2 = natural(generator, RRDBNet(scale=2, num_blocks=4))
    compact = natural(generator, SRVGGNetCompact(num_conv=16, upscale=4))
    return {
        "ESRGAN": (rrdb, rrdb.state_dict()),
        "ESRGAN's second names": (rrdb, renamed(rrdb.state_dict(), SECOND)),
        "Real-ESRGAN": (rrdb, {"params_ema": renamed(rrdb.state_dict(), REAL_ESRGAN)}),
        "Real-ESRGAN x2": (rrdb_x2, {"params_ema": renamed(rrdb_x2.state_dict(), REAL_ESRGAN)}),
        "ESRGAN x2": (first_x2, first_x2.state_dict()),
        "SRVGGNetCompact": (compact, {"params": compact.state_dict()}),
    }


def picture(width: int, height: int) -> numpy.ndarray:
    """Waves of all lengths, noise and edges: uint8 [height, width, 3]."""
    rng = numpy.random.default_rng(5)
    y, x = numpy.mgrid[:height, :width]
    waves = sum(numpy.sin(x * rng.normal(0, 0.3) + y * rng.normal(0, 0.3) + rng.uniform(0, 6)) for _ in range(8))
    channels = [128 + 25 * waves + 40 * (x // 17 % 2) + rng.normal(0, 6, (height, width)) for _ in range(3)]
    return numpy.clip(numpy.stack(channels, -1), 0, 255).astype(numpy.uint8)


@torch.no_grad()
def enlarged(network: torch.nn.Module, pixels: numpy.ndarray) -> numpy.ndarray:
    """In 0…255, not rounded."""
    x = torch.from_numpy(pixels.astype(numpy.float32) / 255).permute(2, 0, 1)[None]
    return 255 * network(x)[0].permute(1, 2, 0).clamp(0, 1).numpy()


def decibels(made: numpy.ndarray, wanted: numpy.ndarray) -> float:
    """Without what rounding to whole levels takes: the error beyond half a level."""
    beyond = numpy.maximum(abs(made.astype(float) - wanted) - 0.5, 0)
    return 10 * math.log10(255**2 / max(float((beyond**2).mean()), 1e-9))


@pytest.mark.parametrize("form", networks())
def test_upscaler(form, tmp_path):
    network, state = networks()[form]
    torch.save(state, tmp_path / "network.pth")
    ours = Upscaler(tmp_path / "network.pth", dtype="f32")
    found = {}
    for label, (width, height) in {"whole": ONE_SQUARE, "in squares": SEVERAL}.items():
        if label == "in squares" and form in ("ESRGAN", "ESRGAN's second names", "Real-ESRGAN"):
            continue  # The same network four times, the longest; those of x2 and SRVGGNetCompact are in squares, too.
        pixels = picture(width, height)
        wanted, made = enlarged(network, pixels), numpy.asarray(ours(Image.fromarray(pixels)))
        assert made.shape == wanted.shape
        assert 20 < wanted.std(), "a picture that says nothing"
        found[label] = decibels(made, wanted)
    print(f"\n{form}: {ours.kind}, " + ", ".join(f"{label} {value:.1f} dB" for label, value in found.items()))
    assert all(value >= LEAST for value in found.values()), found


def test_the_measure_says_no():
    """Of a network without its blocks, and of one that sees each half of the picture alone."""
    network, _ = networks()["ESRGAN x2"]
    pixels = picture(*ONE_SQUARE)
    wanted = enlarged(network, pixels)
    halves = numpy.concatenate([enlarged(network, half) for half in numpy.split(pixels, 2, axis=1)], axis=1)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "conv5" in name:
                parameter.zero_()
    bare = enlarged(network, pixels)
    print(f"\nwithout blocks {decibels(bare, wanted):.1f} dB, in halves that do not overlap {decibels(halves, wanted):.1f} dB")
    assert decibels(bare, wanted) < LEAST and decibels(halves, wanted) < LEAST
