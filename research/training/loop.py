"""The loop of every training here: steps, checkpoints, a line of progress, and an end at any moment that a later call goes on from exactly."""

import dataclasses
import pathlib
import signal
import sys
import time
from collections.abc import Callable

import torch

from research.training.checkpoint import Average, load_state, save_state
from research.training.fit import multiplies_in_bf16

WARM_UP = 200  # Steps.
COOL_DOWN = 0.3  # Of all steps, the last: the learning rate falls to nothing.
CHECKPOINT_SECONDS = 180
REPORT_SECONDS = 20
UNFINISHED = 75  # Exit status of a run that was stopped before its end (EX_TEMPFAIL): call it again.


@dataclasses.dataclass(frozen=True)
class Settings:
    """What a training run may differ in from machine to machine: the examples are the same, the batch and what computes it are not."""

    examples: int
    batch: int
    peak: float
    device: str = "cpu"
    average_over: int = 40_000  # Examples.
    decay: float = 0.01  # Of the weights.

    @property
    def steps(self) -> int:
        return self.examples // self.batch

    @property
    def bf16(self) -> bool:
        """Where matrix products in it are faster."""
        return self.device != "cpu" or multiplies_in_bf16()


class Stop:
    """Whether to stop after this step: on SIGTERM or SIGINT, or when the time is over."""

    def __init__(self, seconds: float | None = None):
        self.asked, self.end = False, time.monotonic() + seconds if seconds else None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.ask)

    def ask(self, *_) -> None:
        self.asked = True

    def __bool__(self) -> bool:
        return self.asked or (self.end is not None and time.monotonic() > self.end)

    def leave(self, what: str) -> None:
        """Ends the process when it is time to; everything must be on disk."""
        if self:
            print(f"stopped during {what}: call again with --resume", flush=True)
            sys.exit(UNFINISHED)


def learning_rate(step: int, settings: Settings, warm_from: int = 0) -> float:
    """Warm-up (from step `warm_from` on), plateau, then linear cool-down."""
    left = (settings.steps - step) / max(1, COOL_DOWN * settings.steps)
    return settings.peak * min(1.0, (step - warm_from + 1) / WARM_UP, max(0.01, left))


class Training:
    """Model, optimiser, average, step and the generator of every random number, as the checkpoint keeps them."""

    def __init__(self, model: torch.nn.Module, path: pathlib.Path, settings: Settings):
        self.model, self.path, self.settings, self.step, self.warm_from = model, path, settings, 0, 0
        self.generator = torch.Generator(settings.device).manual_seed(1)
        self.optimiser = torch.optim.AdamW(model.parameters(), lr=0, betas=(0.9, 0.99), weight_decay=settings.decay, fused=True)
        self.average = Average(model, settings.average_over)
        if (state := load_state(path, settings.device)) is not None:
            self.restore(state)

    def restore(self, state: dict) -> None:
        """From a checkpoint; one without an optimiser (see portable.py) warms up again."""
        self.model.load_state_dict(state["model"])
        self.average.weights, self.step = [w.float() for w in state["average"]], state["step"]
        if "optimiser" in state:
            self.optimiser.load_state_dict(state["optimiser"])
            self.generator.set_state(state["generator"].cpu())
            self.warm_from = state["warm_from"]
        else:
            self.generator.manual_seed(1 + self.step)
            self.warm_from = self.step

    def save(self) -> None:
        state = {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict(), "average": self.average.weights}
        save_state(self.path, state | {"step": self.step, "generator": self.generator.get_state(), "warm_from": self.warm_from})

    def advance(self, loss: torch.Tensor) -> None:
        """One step down this loss."""
        self.optimiser.param_groups[0]["lr"] = learning_rate(self.step, self.settings, self.warm_from)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.average.update(self.model, self.settings.batch)
        self.step += 1

    def run(self, loss: Callable[[], torch.Tensor], name: str, stop: Stop) -> None:
        """Takes the steps that are left; on `stop` saves and ends the process."""
        steps, saved, reported, first, losses = self.settings.steps, time.monotonic(), time.monotonic(), self.step, []
        while self.step < steps:
            value = loss()
            self.advance(value)
            losses.append(value.detach())
            now, last = time.monotonic(), self.step == steps
            if now - reported > REPORT_SECONDS or last:
                mean, speed = torch.stack(losses).mean().item(), (self.step - first) / (time.monotonic() - reported)
                left = (steps - self.step) / speed / 60
                print(f"{name} step {self.step}/{steps}, loss {mean:.4f}, {speed * self.settings.batch:.1f} examples/s, {left:.1f} min left", flush=True)
                reported, first, losses = time.monotonic(), self.step, []
            if now - saved > CHECKPOINT_SECONDS or last or stop:
                self.save()
                saved = time.monotonic()
                if not last:
                    stop.leave(name)
