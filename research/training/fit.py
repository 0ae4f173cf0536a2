"""How the judges are trained: one network, one loss, one cycle of the learning rate."""

import pathlib
from collections.abc import Callable

import torch

from research.training.checkpoint import load_state, save_state

EVERY = 300  # Steps between what is said and kept.


def multiplies_in_bf16() -> bool:
    """Whether this processor does; those with AMX count too."""
    return torch.cpu._is_avx512_bf16_supported()


def in_bf16(device: str) -> torch.autocast:
    """bf16 where a processor multiplies in it; elsewhere nothing changes."""
    return torch.autocast(device, torch.bfloat16, enabled=device == "cpu" and multiplies_in_bf16())


def fit(network: torch.nn.Module, loss: Callable[[], torch.Tensor], steps: int, rate: float, name: str, kept: pathlib.Path | None = None) -> None:
    """Takes `steps` of AdamW on what `loss` gives for a fresh batch; the rate climbs to `rate` and goes back to nothing. A run that was
    stopped goes on from what lies at `kept`, which is removed at the end."""
    device = next(network.parameters()).device.type
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    under_way = {"network": network, "optimiser": optimiser, "schedule": schedule}
    done = 0
    if kept and (state := load_state(kept, device)) is not None:
        done = state["steps"]
        for part, of in under_way.items():
            of.load_state_dict(state[part])
    for step in range(done + 1, steps + 1):
        with in_bf16(device):
            value = loss()
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        optimiser.step()
        schedule.step()
        if step % EVERY == 0:
            print(f"{name} step {step}/{steps}, loss {value.item():.4f}", flush=True)
            if kept:
                save_state(kept, {"steps": step} | {part: of.state_dict() for part, of in under_way.items()})
    if kept:
        kept.unlink(missing_ok=True)
