"""Training state on disk: written under a temporary name, then renamed, so that a killed run resumes from the last whole one."""

import pathlib

import torch


def save_state(path: pathlib.Path, state: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    temporary.rename(path)


def load_state(path: pathlib.Path, device: str = "cpu") -> dict | None:
    """The stored state, or None where there is none yet."""
    return torch.load(path, map_location=device, weights_only=True) if path.exists() else None


class Average:
    """Exponential moving average of a model's parameters over about the last `examples`; the averaged weights make the better pictures."""

    def __init__(self, model: torch.nn.Module, examples: int):
        self.examples = examples
        self.weights = [p.detach().clone() for p in model.parameters()]

    @torch.no_grad()
    def update(self, model: torch.nn.Module, batch: int) -> None:
        """After a step of `batch` examples."""
        torch._foreach_lerp_(self.weights, [p.detach() for p in model.parameters()], min(1.0, batch / self.examples))

    @torch.no_grad()
    def copy_to(self, model: torch.nn.Module) -> None:
        for parameter, weight in zip(model.parameters(), self.weights, strict=True):
            parameter.copy_(weight)
