"""Judges that need no training: pictures whose first rows tell their strengths, scene and quality."""

import numpy
import torch

from research.ruler.judge import Judges, Reference, reference_of
from research.ruler.plan import CONTENTS, POSITIONS, SEEDS, Trial
from research.world.scene import ATTRIBUTES

SIZE = 16
TRIAL = Trial(CONTENTS[:2], SEEDS[:2])
SCENE, QUALITY, FADED = len(ATTRIBUTES), len(ATTRIBUTES) + 1, len(ATTRIBUTES) + 2  # Rows of pixels after those of the attributes.


class Reader(torch.nn.Module):
    """Reads rows of pixels, each 0…1."""

    def __init__(self):
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def rows(self, pictures: torch.Tensor) -> torch.Tensor:
        return (pictures[:, 0, :, 0] + 1) / 2


class Scorer(Reader):
    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.rows(pictures)[:, : len(ATTRIBUTES)]


class Content(Reader):
    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        angle = self.rows(pictures)[:, SCENE] * 2
        return torch.stack([angle.cos(), angle.sin()], 1), torch.zeros(len(pictures), 12), 1 - self.rows(pictures)[:, QUALITY]


class Ghosts(Reader):
    def forward(self, triples: torch.Tensor) -> torch.Tensor:
        return self.rows(triples)[:, FADED] - 0.5


def judges() -> Judges:
    return Judges({"A": Scorer().eval(), "B": Scorer().eval()}, Content().eval(), Ghosts().eval(), noise=0.05)


def picture(scene: float, attribute: int = 0, strength: float = 0, quality: float = 1, faded: bool = False) -> numpy.ndarray:
    """uint8 [SIZE, SIZE, 3]."""
    rows = numpy.zeros(SIZE)
    rows[attribute], rows[SCENE], rows[QUALITY], rows[FADED] = strength, scene, quality, faded
    return numpy.broadcast_to((rows * 255 + 0.5).astype(numpy.uint8)[:, None, None], (SIZE, SIZE, 3))


def scene_number(content: int, seed: int) -> float:
    return (content * 7 + seed * 3) % 11 / 20


def strips(response, trial: Trial = TRIAL, **changes) -> numpy.ndarray:
    """uint8 [contents, attributes, seeds, positions, SIZE, SIZE, 3] of a dial that shows `response(position)`; `changes` are functions of the
    position, too."""
    return numpy.array(
        [
            [[[picture(scene_number(c, k), a, response(p), **{name: change(p) for name, change in changes.items()}) for p in POSITIONS] for k in range(len(trial.seeds))] for a in range(len(ATTRIBUTES))]
            for c in range(len(trial.contents))
        ]
    )


def reference(judges: Judges, trial: Trial = TRIAL) -> Reference:
    plain = numpy.array([picture(scene_number(c, k)) for c in range(len(CONTENTS)) for k in range(len(SEEDS))])
    full = strips(lambda p: p, trial)[..., -1, :, :, :]
    return reference_of(judges, trial, plain, full.reshape(-1, *full.shape[3:]))
