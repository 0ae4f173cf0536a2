"""How far a picture is from the truth, and whether one sees where it was mended."""

import pathlib

import numpy
import torch

from research.restoration.rivals import bytes_of
from research.ruler.content import Content, distance, look
from research.ruler.scorers import NETWORKS
from research.ruler.shipped import shipped_state
from research.training.pictures import to_unit
from research.world.subjects import SUBJECTS

NEAR_SEAM, FAR_FROM_SEAM = 4, 18  # Pixels: what a seam is measured on, and where elsewhere begins.


def chroma(picture: numpy.ndarray) -> numpy.ndarray:
    """a and b of CIE L*a*b*, of sRGB under D65."""
    linear = numpy.where(picture <= 10.31475, picture / 255 / 12.92, ((picture / 255 + 0.055) / 1.055) ** 2.4)
    xyz = linear @ numpy.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]).T / [0.95047, 1, 1.08883]
    root = numpy.where(xyz > 0.008856, numpy.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return numpy.stack([500 * (root[..., 0] - root[..., 1]), 200 * (root[..., 1] - root[..., 2])], -1)


def decibels(picture: numpy.ndarray, truth: numpy.ndarray) -> float:
    return float(10 * numpy.log10(255**2 / ((picture.clip(0, 255) - truth) ** 2).mean()))


def sharpness(picture: numpy.ndarray, truth: numpy.ndarray) -> float:
    """Mean difference of neighbours, as a share of the truth's."""
    steps = [abs(numpy.diff(x.clip(0, 255), axis=axis)).mean() for x in (picture, truth) for axis in (0, 1)]
    return float((steps[0] + steps[1]) / (steps[2] + steps[3]))


def chroma_error(picture: numpy.ndarray, truth: numpy.ndarray) -> float:
    return float(numpy.sqrt(((chroma(picture.clip(0, 255)) - chroma(truth)) ** 2).sum(-1)).mean())


def shipped(network: torch.nn.Module, autoencoder: pathlib.Path, name: str) -> torch.nn.Module:
    """A judge of the dial's ruler, with the weights that come with the project."""
    state = shipped_state(autoencoder, name)
    if state is None:
        raise SystemExit(f"{autoencoder}: {name} was trained with another autoencoder")
    network.load_state_dict(state)
    return network.eval()


class FeatureDistance:
    """As LPIPS (arXiv 1801.03924) without its trained weights: differences of features, each place's vector made a unit one, in the layers of
    scorer A, which was trained to read attributes of renders and saw none of these."""

    def __init__(self, autoencoder: pathlib.Path):
        self.scorer = shipped(NETWORKS["A"](), autoencoder, "scorer-A")

    @torch.no_grad()
    def features(self, picture: numpy.ndarray) -> list[torch.Tensor]:
        hidden = to_unit(bytes_of(picture)[None])
        layers = []
        for layer in self.scorer.trunk[:-1]:  # The last one flattens.
            hidden = layer(hidden)
            layers.append(torch.nn.functional.normalize(hidden, dim=1))
        return layers[1:]  # The first only sorts the pixels.

    def __call__(self, picture: numpy.ndarray, truth: numpy.ndarray) -> float:
        pairs = zip(self.features(picture), self.features(truth))
        return float(sum((one - other).square().sum(1).mean() for one, other in pairs))


class SceneJudge:
    """What the content judge sees in pictures of 128×128."""

    def __init__(self, autoencoder: pathlib.Path):
        self.content = shipped(Content(), autoencoder, "content")

    def scene_distance(self, picture: numpy.ndarray, truth: numpy.ndarray) -> float:
        """0 the same scene, about 1 unrelated."""
        one, other = look(self.content, numpy.stack([bytes_of(picture), bytes_of(truth)]))[0]
        return float(distance(one, other))

    def names(self, pictures: list[numpy.ndarray]) -> list[str]:
        """The subject of each."""
        return [SUBJECTS[i] for i in look(self.content, numpy.stack([bytes_of(picture) for picture in pictures]))[1]]


def seam_steps(picture: numpy.ndarray, new: int) -> tuple[float, float]:
    """Mean steps between columns about the seams, `new` columns from either side, and between those farther on both sides of them; so of rows."""
    at_seam, elsewhere = [], []
    for one in (picture, picture[:, ::-1], picture.swapaxes(0, 1), picture.swapaxes(0, 1)[:, ::-1]):
        middle = one[new:-new]  # Corners have two seams.
        steps = abs(numpy.diff(middle, axis=1)).mean((0, 2))
        at_seam.append(steps[new - NEAR_SEAM : new + NEAR_SEAM - 1].mean())
        elsewhere.append((steps[2 : new - NEAR_SEAM - 2].mean() + steps[new + FAR_FROM_SEAM : steps.size // 2].mean()) / 2)
    return float(numpy.mean(at_seam)), float(numpy.mean(elsewhere))


def seam_ratio(pictures: list[numpy.ndarray], new: int) -> float:
    """How much stronger the steps about the seams are than those elsewhere."""
    at_seam, elsewhere = numpy.array([seam_steps(picture, new) for picture in pictures]).sum(0)
    return float(at_seam / elsewhere)
