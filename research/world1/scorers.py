"""What judges the pictures: a small network trained on rendered scenes that names subject and style and measures each style's strength."""

import multiprocessing
import pathlib

import numpy
import torch

from research.training.checkpoint import load_state, save_state
from research.training.fit import fit
from research.training.scorers import agreement
from research.world1.arguments import script_parser
from research.world1.captions import random_scene
from research.world1.latents import render, to_unit
from research.world1.scenes import SUBJECTS
from research.world1.styles import STYLES

PICTURES = 9000
HELD_OUT = 1000
EPOCHS = 8
BATCH = 50
CLEAR = 0.6  # From this strength on, a picture counts as being in the style.


class Scorer(torch.nn.Module):
    """Pictures [N, 3, 128, 128] in −1…1 → subject scores [N, 12], style scores [N, 7] (the last: none), strengths [N, 6]."""

    def __init__(self):
        super().__init__()
        widths = (3, 24, 32, 48, 64, 96)
        layers = []
        for before, after in zip(widths, widths[1:]):
            layers += [torch.nn.Conv2d(before, after, 3, stride=2, padding=1), torch.nn.BatchNorm2d(after), torch.nn.ReLU()]
        self.trunk = torch.nn.Sequential(*layers, torch.nn.Flatten(), torch.nn.Dropout(0.2))
        self.head = torch.nn.Linear(96 * 16, len(SUBJECTS) + len(STYLES) + 1 + len(STYLES))

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        subjects, styles, strengths = self.head(self.trunk(pictures)).split((len(SUBJECTS), len(STYLES) + 1, len(STYLES)), dim=1)
        return subjects, styles, strengths


def to_pixels(pictures: numpy.ndarray) -> torch.Tensor:
    """uint8 [N, 128, 128, 3] → [N, 3, 128, 128] in −1…1."""
    return torch.from_numpy(to_unit(pictures)).permute(0, 3, 1, 2)


def labelled(seed: int) -> tuple[numpy.ndarray, int, int, float]:
    """A rendered scene of any strength: picture, subject, style (the last: none), strength."""
    rng = numpy.random.default_rng([11, seed])
    scene = random_scene(rng, any_strength=rng.random() < 0.75)
    style = STYLES.index(scene.style) if scene.style else len(STYLES)
    return render(scene), SUBJECTS.index(scene.subject), style, scene.strength


def rendered(first: int, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pictures uint8, subjects, style classes (−1 where the style is too faint to name), strengths of all styles."""
    with multiprocessing.Pool() as pool:
        scenes = pool.map(labelled, range(first, first + count), chunksize=50)
    strengths = numpy.zeros((count, len(STYLES)), numpy.float32)
    named = []
    for i, (_, _, style, strength) in enumerate(scenes):
        if style < len(STYLES):
            strengths[i, style] = strength
        named.append(style if style == len(STYLES) or strength >= CLEAR else -1)
    pictures, subjects = numpy.stack([s[0] for s in scenes]), [s[1] for s in scenes]
    return torch.from_numpy(pictures), torch.tensor(subjects), torch.tensor(named), torch.from_numpy(strengths)


def softened(pictures: torch.Tensor) -> torch.Tensor:
    """A little noise and blur, so that the judge does not stumble over what a decoder leaves out."""
    soft = torch.nn.functional.avg_pool2d(pictures, 3, 1, 1)
    share = torch.rand(len(pictures), 1, 1, 1)
    return pictures + (soft - pictures) * share + 0.05 * torch.rand(len(pictures), 1, 1, 1) * torch.randn_like(pictures)


def train_scorer(work: pathlib.Path) -> Scorer:
    """The trained scorer, from work/scorer.pt when it is there."""
    scorer = Scorer()
    if (state := load_state(work / "scorer.pt", "cpu")) is not None:
        scorer.load_state_dict(state)
        return scorer.eval()
    torch.manual_seed(0)
    pictures, subjects, styles, strengths = rendered(0, PICTURES)
    cross_entropy = torch.nn.functional.cross_entropy

    def loss() -> torch.Tensor:
        pick = torch.randint(PICTURES, (BATCH,))
        answers = scorer(softened(to_pixels(pictures[pick].numpy())))
        named = cross_entropy(answers[0], subjects[pick]) + cross_entropy(answers[1], styles[pick], ignore_index=-1)
        return named + 5 * (answers[2] - strengths[pick]).square().mean()

    fit(scorer, loss, EPOCHS * PICTURES // BATCH, 2e-3, "scorer")
    save_state(work / "scorer.pt", scorer.state_dict())
    return scorer.eval()


@torch.no_grad()
def score(scorer: Scorer, pictures: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """uint8 pictures [N, 128, 128, 3] → subject indices, style indices, strengths [N, 6] in 0…1."""
    parts = [scorer(to_pixels(pictures[i : i + 100])) for i in range(0, len(pictures), 100)]
    subjects, styles, strengths = (torch.cat(part) for part in zip(*parts))
    return subjects.argmax(1).numpy(), styles.argmax(1).numpy(), strengths.clamp(0, 1).numpy()


def report(scorer: Scorer) -> dict:
    """Scores on rendered scenes that it never saw."""
    pictures, subjects, styles, strengths = rendered(10**6, HELD_OUT)
    subject, style, strength = score(scorer, pictures.numpy())
    clear = styles.numpy() >= 0
    figures = {"subject": float((subject == subjects.numpy()).mean()), "style": float((style == styles.numpy())[clear].mean())}
    return figures | agreement(STYLES, strengths.numpy(), strength)


def main() -> None:
    parser = script_parser(__doc__, "work")
    arguments = parser.parse_args()
    for name, figure in report(train_scorer(arguments.work)).items():
        print(name, figure)


if __name__ == "__main__":
    main()
