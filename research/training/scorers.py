"""What judges the pictures: a small network trained on rendered scenes that names subject and attribute and measures each one's strength."""

import pathlib
from collections.abc import Sequence

import numpy
import torch

from research.training.arguments import script_parser
from research.training.checkpoint import load_state, save_state
from research.training.fit import fit
from research.training.pictures import renderers, to_unit
from research.world.places import PLACES
from research.world.render import render
from research.world.scene import ATTRIBUTES, Scene
from research.world.subjects import SUBJECTS

PICTURES = 24_000
HELD_OUT = 1400
STEPS = 3000
BATCH = 50
PEAK = 2e-3
CLEAR = 0.6  # From this strength on, an attribute counts as being there.


class Scorer(torch.nn.Module):
    """Pictures [N, 3, 128, 128] in −1…1 → subject scores [N, 12], attribute scores [N, 14] (the last: none), strengths [N, 13]."""

    def __init__(self):
        super().__init__()
        widths = (3, 24, 48, 64, 96, 128)
        layers = []
        for before, after in zip(widths, widths[1:]):
            layers += [torch.nn.Conv2d(before, after, 3, stride=2, padding=1), torch.nn.BatchNorm2d(after), torch.nn.ReLU()]
        self.trunk = torch.nn.Sequential(*layers, torch.nn.Flatten(), torch.nn.Dropout(0.2), torch.nn.Linear(128 * 16, 256), torch.nn.ReLU())
        self.parts = len(SUBJECTS), len(ATTRIBUTES) + 1, len(ATTRIBUTES)
        self.head = torch.nn.Linear(256, sum(self.parts))

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return self.head(self.trunk(pictures)).split(self.parts, dim=1)


def labelled(index: int) -> tuple[numpy.ndarray, int, int, float]:
    """A scene of any combination with one attribute at most: picture, subject, attribute (the last: none), strength."""
    rng = numpy.random.default_rng([47, index])
    attribute, strength = int(rng.integers(len(ATTRIBUTES) + 1)), float(min(1, rng.random() / 0.9))
    strengths = {ATTRIBUTES[attribute]: strength} if attribute < len(ATTRIBUTES) else {}
    subject = int(rng.integers(len(SUBJECTS)))
    scene = Scene(SUBJECTS[subject], str(rng.choice(PLACES)), strengths, int(rng.integers(2**31)))
    return render(scene), subject, attribute, strength if strengths else 0.0


def rendered(first: int, count: int, processes: int) -> tuple[numpy.ndarray, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pictures uint8, subjects, attributes (−1 where one is too faint to name), strengths of all attributes."""
    with renderers(processes) as pool:
        scenes = pool.map(labelled, range(first, first + count), chunksize=50)
    strengths = torch.zeros(count, len(ATTRIBUTES))
    named = []
    for i, (_, _, attribute, strength) in enumerate(scenes):
        if attribute < len(ATTRIBUTES):
            strengths[i, attribute] = strength
        named.append(attribute if attribute == len(ATTRIBUTES) or strength >= CLEAR else -1)
    return numpy.stack([s[0] for s in scenes]), torch.tensor([s[1] for s in scenes]), torch.tensor(named), strengths


def softened(pictures: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """A little noise and blur, so that the judge does not stumble over what a decoder leaves out."""
    options = {"generator": generator, "device": pictures.device}
    soft, share, noise = torch.nn.functional.avg_pool2d(pictures, 3, 1, 1), *torch.rand(2, len(pictures), 1, 1, 1, **options)
    return pictures + (soft - pictures) * share + 0.05 * noise * torch.randn(pictures.shape, **options)


def train_scorer(work: pathlib.Path, processes: int, device: str) -> Scorer:
    """The trained scorer, from work/scorer.pt when it is there."""
    torch.manual_seed(0)
    scorer = Scorer()
    if (state := load_state(work / "scorer.pt")) is not None:
        scorer.load_state_dict(state)
        return scorer.to(device).eval()
    scorer.to(device)
    pictures, *labels = rendered(0, PICTURES, processes)
    subjects, attributes, strengths = (label.to(device) for label in labels)
    generator, cross_entropy = torch.Generator(device).manual_seed(0), torch.nn.functional.cross_entropy

    def loss() -> torch.Tensor:
        pick = torch.randint(PICTURES, (BATCH,))
        answers = scorer(softened(to_unit(pictures[pick]).to(device), generator))
        named = cross_entropy(answers[0], subjects[pick]) + cross_entropy(answers[1], attributes[pick], ignore_index=-1)
        return named + 5 * (answers[2] - strengths[pick]).square().mean()

    fit(scorer, loss, STEPS, PEAK, "scorer")
    save_state(work / "scorer.pt", scorer.state_dict())
    return scorer.eval()


@torch.inference_mode()
def score(scorer: Scorer, pictures: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """uint8 pictures [N, 128, 128, 3] → subject indices, attribute indices, strengths [N, 13] in 0…1."""
    device = scorer.head.weight.device
    parts = [scorer(to_unit(pictures[i : i + 100]).to(device)) for i in range(0, len(pictures), 100)]
    subjects, attributes, strengths = (torch.cat(part).cpu() for part in zip(*parts))
    return subjects.argmax(1).numpy(), attributes.argmax(1).numpy(), strengths.clamp(0, 1).numpy()


def agreement(names: Sequence[str], wanted: numpy.ndarray, read: numpy.ndarray) -> dict[str, dict[str, float]]:
    """How the strengths that were `read` [N, names] agree with those `wanted`, name by name, where there is some."""
    figures = {}
    for i, name in enumerate(names):
        shown = wanted[:, i] > 0
        true, got = wanted[shown, i], read[shown, i]
        figures[name] = {"mean absolute error": float(abs(true - got).mean()), "correlation": float(numpy.corrcoef(true, got)[0, 1])}
    return figures


def report(scorer: Scorer, processes: int) -> dict:
    """Scores on rendered scenes that it never saw."""
    pictures, subjects, attributes, strengths = rendered(10**6, HELD_OUT, processes)
    subject, attribute, strength = score(scorer, pictures)
    clear = attributes.numpy() >= 0
    figures = {"subject": float((subject == subjects.numpy()).mean()), "attribute": float((attribute == attributes.numpy())[clear].mean())}
    return figures | agreement(ATTRIBUTES, strengths.numpy(), strength)


def main() -> None:
    arguments = script_parser(__doc__, "work").parse_args()
    torch.set_num_threads(arguments.threads)
    for name, figure in report(train_scorer(arguments.work, arguments.threads, arguments.device), arguments.threads).items():
        print(name, figure)


if __name__ == "__main__":
    main()
