"""What the judges' networks are built of."""

import torch


def block(before: int, after: int, size: int, stride: int = 1, dilation: int = 1) -> torch.nn.Sequential:
    """Convolution, batch norm, ReLU."""
    convolution = torch.nn.Conv2d(before, after, size, stride, padding=size // 2 * dilation, dilation=dilation, bias=False)
    return torch.nn.Sequential(convolution, torch.nn.BatchNorm2d(after), torch.nn.ReLU())


class Residual(torch.nn.Module):
    """What a block finds is added to its input: [N, C, H, W] → the same shape."""

    def __init__(self, channels: int, dilation: int = 1):
        super().__init__()
        self.change = block(channels, channels, 3, dilation=dilation)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features + self.change(features)
