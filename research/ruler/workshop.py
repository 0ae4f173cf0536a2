"""Where the judges are trained and kept, and of what."""

import argparse
import dataclasses
import pathlib
from collections.abc import Callable

import torch

from research.ruler.shipped import shipped_state
from research.training.arguments import path_parser
from research.training.checkpoint import load_state, save_state
from research.training.fit import fit

WORK = pathlib.Path.home() / ".cache/latentdial/ruler2"
FLAGS = {
    "work": (WORK, "the trained judges and what they were trained on"),
    "program": (pathlib.Path("build/release/bin/latentdial"), "what makes the pictures"),
    "model": (pathlib.Path("models/scenes"), "the embedded model"),
}


def ruler_parser(description: str, *flags: str) -> argparse.ArgumentParser:
    """A parser with these of FLAGS."""
    return path_parser(description, {flag: FLAGS[flag] for flag in flags})


@dataclasses.dataclass(frozen=True)
class Maker:
    """What makes the model's own pictures."""

    program: pathlib.Path
    model: pathlib.Path


@dataclasses.dataclass(frozen=True)
class Workshop:
    """Judges that have seen the maker's pictures lie in a folder of their own, apart from those of renders alone."""

    work: pathlib.Path
    autoencoder: pathlib.Path
    maker: Maker | None = None
    share: float = 1  # Of all training pictures and steps; less, to see soon whether a judge gets there.
    device: str = "cpu"

    @property
    def folder(self) -> pathlib.Path:
        return self.work / ("renders" if self.maker is None else "model")

    def count(self, full: int) -> int:
        """How many of `full` pictures or steps this training takes."""
        return max(1, round(full * self.share))


def trained(workshop: Workshop, name: str, network: Callable[[], torch.nn.Module], seed: int, steps: int, prepare: Callable, rate: float = 3e-3) -> torch.nn.Module:
    """The network with the state of NAME.pt; or with that of the shipped judge of that name; or trained, on from NAME.part:
    `prepare(network)` returns what gives the loss of a fresh batch."""
    torch.manual_seed(seed)
    path, judge = workshop.folder / f"{name}.pt", network().to(workshop.device, memory_format=torch.channels_last)
    state = load_state(path, workshop.device)
    if state is None and workshop.maker and workshop.share == 1:
        state = shipped_state(workshop.autoencoder, name, workshop.device)
    if state is not None:
        judge.load_state_dict(state)
        return judge.eval()
    fit(judge, prepare(judge), workshop.count(steps), rate, name, path.with_suffix(".part"))
    save_state(path, judge.state_dict())
    return judge.eval()
