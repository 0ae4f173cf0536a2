"""Trains the autoencoder's halves one after the other, decoder first; a killed run resumes."""

import copy
import pathlib
import signal
import sys
import time

import torch

from research.training.checkpoint import load_state, save_state
from research.world1.arguments import script_parser
from research.world1.autoencoder_halves import CROP, WHOLE, DecoderHalf, EncoderHalf, Pictures, closed_form, exported_weights, psnr
from research.world1.checkpoint import Average
from research.world1.latents import PatchBasis
from research.world1.model import make_autoencoder

WHOLE_SHARE = 0.4  # The last part sees whole pictures: the norms' statistics and the attention are those of use.
PEAK = 2e-3
WARM_UP = 100
CHECKPOINT_SECONDS = 180


class Half:
    """A half with its optimiser and average; the learning rate follows the clock, so that a run ends when it was asked to."""

    def __init__(self, model: torch.nn.Module, state: dict | None):
        self.model, self.average, self.seconds, self.step = model, Average(model), 0.0, 0
        self.optimiser = torch.optim.AdamW(model.parameters(), lr=0, betas=(0.9, 0.99), weight_decay=0, fused=True)
        if state is not None:
            model.load_state_dict(state["model"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.average.weights, self.seconds, self.step = state["average"], state["seconds"], state["step"]

    def state(self) -> dict:
        return {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average.weights,
            "seconds": self.seconds,
            "step": self.step,
        }

    def averaged(self) -> torch.nn.Module:
        """A copy with the average weights."""
        model = copy.deepcopy(self.model)
        self.average.copy_to(model)
        return model

    def advance(self, pictures: Pictures, done: float) -> dict:
        """One step, `done` (0…1) of the way through."""
        self.optimiser.param_groups[0]["lr"] = PEAK * min(1.0, (self.step + 1) / WARM_UP, max(0.01, 1 - done))
        loss, figures = self.model.loss(*pictures.draw(CROP if done < 1 - WHOLE_SHARE else WHOLE))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.average.update(self.model, self.step)
        self.step += 1
        return figures


class Trainer:
    def __init__(self, work: pathlib.Path, start_from: pathlib.Path | None, batch: int, device: str):
        self.path, self.basis = work / "autoencoder.pt", PatchBasis.load(work / "cache/basis.npz")
        state = load_state(self.path, device) or {}
        autoencoder = make_autoencoder(self.basis.scaling_factor).to(device, memory_format=torch.channels_last)
        models = {"decoder": DecoderHalf(autoencoder), "encoder": EncoderHalf(autoencoder)}
        if start_from is not None:
            autoencoder.load_state_dict(exported_weights(start_from))
        self.halves = {name: Half(model, state.get(name)) for name, model in models.items()}
        self.pictures = Pictures(work / "cache", self.basis.scaling_factor, batch, device)

    def save(self) -> None:
        save_state(self.path, {name: half.state() for name, half in self.halves.items() if half.step > 0})

    def run(self, name: str, seconds: float) -> None:
        """Trains one half until it has had `seconds` in all."""
        half, figures, saved, first = self.halves[name], {}, time.time(), self.halves[name].step
        while half.seconds < seconds:
            started = time.time()
            for key, value in half.advance(self.pictures, half.seconds / seconds).items():
                figures[key] = figures.get(key, value) + (value - figures.get(key, value)) * 0.02
            half.seconds += time.time() - started
            if half.step % 50 == 0:
                print(f"{name} step {half.step}, {', '.join(f'{k} {v:.4f}' for k, v in figures.items())}, {half.seconds:.0f}/{seconds:.0f} s", flush=True)
            if time.time() - saved > CHECKPOINT_SECONDS:
                self.save()
                self.report()
                saved = time.time()
        if half.step > first:
            self.save()
            self.report()

    @torch.no_grad()
    def report(self) -> None:
        """Held-out PSNR: the basis alone, the average decoder on the basis' latents, and on the average encoder's."""
        pictures, latents = self.pictures.held_out()
        decoder, encoder = (half.averaged() for half in self.halves.values())
        line = f"held out: closed form {psnr(closed_form(self.basis, latents) - pictures.cpu()):.2f} dB"
        line += f", decoder {psnr(decoder(latents).clamp(-1, 1) - pictures):.2f} dB"
        if self.halves["encoder"].step > 0:
            line += f", encoder and decoder {psnr(decoder(encoder(pictures)).clamp(-1, 1) - pictures):.2f} dB"
        print(line, flush=True)


def main() -> None:
    parser = script_parser(__doc__, "work")
    parser.add_argument("--minutes-decoder", type=float, default=35)
    parser.add_argument("--minutes-encoder", type=float, default=10)
    parser.add_argument("--batch", type=int, default=32, help="crops a step")
    parser.add_argument("--start-from", type=pathlib.Path, help="go on from this exported model's weights (default: from nothing)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    trainer = Trainer(arguments.work, arguments.start_from, arguments.batch, arguments.device)
    try:
        trainer.run("decoder", 60 * arguments.minutes_decoder)
        trainer.run("encoder", 60 * arguments.minutes_encoder)
    finally:
        trainer.save()


if __name__ == "__main__":
    main()
