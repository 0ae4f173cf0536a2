"""The average of the weights that are trained; how states are kept is the same as in research.training."""

import torch


class Average:
    """Exponential moving average of a model's parameters; the averaged weights make the better pictures."""

    def __init__(self, model: torch.nn.Module, decay: float = 0.998):
        self.decay = decay
        self.weights = [p.detach().clone() for p in model.parameters()]

    @torch.no_grad()
    def update(self, model: torch.nn.Module, step: int) -> None:
        """Early on the average is over what there is so far."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.weights, [p.detach() for p in model.parameters()], 1 - decay)

    @torch.no_grad()
    def copy_to(self, model: torch.nn.Module) -> None:
        for parameter, weight in zip(model.parameters(), self.weights):
            parameter.copy_(weight)
