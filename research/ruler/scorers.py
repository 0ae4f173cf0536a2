"""Two judges of style strength, A and B: other networks, other starting weights, other training pictures.

Calibration and the oracle remap may look at A only; what is reported is read by B.
"""

import pathlib

import numpy
import torch

from research.ruler.rendered import LATENT_NOISE, rendered, round_trip, to_pixels
from research.training.checkpoint import load_state, save_state
from research.training.fit import fit
from research.world1.styles import STYLES

PICTURES = 24000
ROUND_TRIPS = 6000  # They are drawn as often as all the others together.
MOST = 1.2  # Trained a little past full strength, so that full is no end of the scale and overshoot is seen.
OFTENER = {"monet": 2.5, "pixel art": 1.5}  # The hardest to measure are seen more often.
STEPS = 6000
BATCH = 48
STREAMS = {"A": 21, "B": 22}


def block(before: int, after: int, size: int, stride: int = 1, dilation: int = 1) -> torch.nn.Sequential:
    """Convolution, batch norm, ReLU."""
    convolution = torch.nn.Conv2d(before, after, size, stride, padding=size // 2 * dilation, dilation=dilation, bias=False)
    return torch.nn.Sequential(convolution, torch.nn.BatchNorm2d(after), torch.nn.ReLU())


class StridedScorer(torch.nn.Module):
    """A: four strided convolutions, then every place of the picture weighed by itself. [N, 3, 128, 128] in −1…1 → strengths [N, 6]."""

    def __init__(self):
        super().__init__()
        self.trunk = torch.nn.Sequential(block(3, 48, 5, 4), block(48, 64, 3, 2), block(64, 96, 3, 2), block(96, 128, 3, 2), torch.nn.Flatten())
        self.head = torch.nn.Sequential(torch.nn.Dropout(0.1), torch.nn.Linear(128 * 16, 128), torch.nn.ReLU(), torch.nn.Linear(128, len(STYLES)))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.head(self.trunk(pictures))


class TextureScorer(torch.nn.Module):
    """B: dilated residual blocks; mean and spread of the features at three scales within 4×4 regions. The same shapes as A."""

    def __init__(self):
        super().__init__()
        self.fine = torch.nn.Sequential(torch.nn.PixelUnshuffle(2), block(12, 40, 3, 2))
        self.middle = block(40, 64, 3, 2)
        self.residuals = torch.nn.ModuleList([block(64, 64, 3, dilation=dilation) for dilation in (1, 2)])
        self.coarse = torch.nn.Sequential(block(64, 96, 3, 2), block(96, 96, 3))
        features = 32 * (40 + 64 + 96)
        self.head = torch.nn.Sequential(torch.nn.BatchNorm1d(features), torch.nn.Linear(features, 128), torch.nn.ReLU(), torch.nn.Linear(128, len(STYLES)))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        fine = self.fine(pictures)  # [N, 40, 32, 32]
        middle = self.middle(fine)  # [N, 64, 16, 16]
        for residual in self.residuals:
            middle = middle + residual(middle)
        coarse = self.coarse(middle)  # [N, 96, 8, 8]
        return self.head(torch.cat([regional_statistics(features) for features in (fine, middle, coarse)], dim=1))


def regional_statistics(features: torch.Tensor) -> torch.Tensor:
    """Mean and standard deviation within each of 4×4 regions: [N, C, H, W] → [N, 32·C]."""
    size = features.shape[-1] // 4
    mean = torch.nn.functional.avg_pool2d(features, size)
    square = torch.nn.functional.avg_pool2d(features.square(), size)
    return torch.cat([mean, (square - mean.square()).clamp_min(1e-4).sqrt()], dim=1).flatten(1)


NETWORKS = {"A": StridedScorer, "B": TextureScorer}


def train_scorer(name: str, work: pathlib.Path, autoencoder: pathlib.Path) -> torch.nn.Module:
    """Scorer A or B, from work/ruler/scorer-NAME.pt when it is there."""
    torch.manual_seed(STREAMS[name])
    scorer = NETWORKS[name]().to(memory_format=torch.channels_last)
    path = work / f"ruler/scorer-{name}.pt"
    if (state := load_state(path, "cpu")) is not None:
        scorer.load_state_dict(state)
        return scorer.eval()
    drawn, strengths = rendered(STREAMS[name], PICTURES, MOST)
    pictures = numpy.concatenate([drawn, round_trip(autoencoder, drawn[:ROUND_TRIPS], LATENT_NOISE)])
    strengths = torch.from_numpy(numpy.concatenate([strengths, strengths[:ROUND_TRIPS]]))
    weights = torch.ones(len(pictures))
    for style, factor in OFTENER.items():
        weights[strengths[:, STYLES.index(style)] > 0] = factor

    def loss() -> torch.Tensor:
        pick = torch.cat([weights[:PICTURES].multinomial(BATCH // 2), PICTURES + weights[PICTURES:].multinomial(BATCH // 2)])
        answers = scorer(to_pixels(pictures[pick]))
        return torch.nn.functional.smooth_l1_loss(answers, strengths[pick], beta=0.1)

    fit(scorer, loss, STEPS, 3e-3, f"scorer {name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_state(path, scorer.state_dict())
    return scorer.eval()


def load_scorers(work: pathlib.Path, autoencoder: pathlib.Path = pathlib.Path("models/scenes/vae")) -> dict[str, torch.nn.Module]:
    """Both judges by name, trained if need be."""
    return {name: train_scorer(name, work, autoencoder) for name in NETWORKS}


@torch.inference_mode()
def strengths(scorer: torch.nn.Module, pictures: numpy.ndarray) -> numpy.ndarray:
    """uint8 pictures [N, 128, 128, 3] → strengths [N, 6]: 0 none, 1 full; not clipped, so noise and overshoot stay visible."""
    return torch.cat([scorer(to_pixels(pictures[i : i + 100])) for i in range(0, len(pictures), 100)]).numpy()
