"""How the judges are trained: one network, one loss, one cycle of the learning rate."""

from collections.abc import Callable

import torch


def fit(network: torch.nn.Module, loss: Callable[[], torch.Tensor], steps: int, rate: float, name: str) -> None:
    """Takes `steps` of AdamW on what `loss` gives for a fresh batch; the rate climbs to `rate` and goes back to nothing. In bf16 where a
    processor has tiles for it."""
    device = next(network.parameters()).device.type
    in_bf16 = device == "cpu" and torch.cpu._is_amx_tile_supported()
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    for step in range(1, steps + 1):
        with torch.autocast(device, torch.bfloat16, enabled=in_bf16):
            value = loss()
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        optimiser.step()
        schedule.step()
        if step % 300 == 0:
            print(f"{name} step {step}/{steps}, loss {value.item():.4f}", flush=True)
