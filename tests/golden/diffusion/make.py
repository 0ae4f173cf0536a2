"""Noise as torch makes it and trajectories as diffusers' schedulers make them: python tests/golden/diffusion/make.py"""

import json
import pathlib
import sys

import torch

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "parity"))
import test_samplers as parity  # noqa: E402

SEEDS = (0, 1, 42, 2**32 - 1, 2**32 + 5, 2**63, 2**64 - 1)
COUNTS = (1, 2, 15, 16, 17, 31, 100)
STEPS = 20


def noise() -> list[dict]:
    """The bits of torch.randn for several calls on one generator."""
    cases = []
    for seed in SEEDS:
        generator = torch.Generator("cpu").manual_seed(seed if seed < 2**63 else seed - 2**64)
        calls = [torch.randn(count, generator=generator).view(torch.int32).tolist() for count in COUNTS]
        cases.append({"seed": seed, "calls": calls})
    return cases


def trajectories() -> list[dict]:
    """Every sampler from noise with ε- and from a picture with v-prediction; latents after every evaluation."""
    cases = []
    for sampler, scheduler in parity.SAMPLERS:
        for prediction, strength in (("epsilon", None), ("v_prediction", 0.6)):
            config = parity.SD1 | {"prediction_type": prediction}
            first, _, timesteps, latents = parity.their_run(sampler, scheduler, config, STEPS, 3, strength)
            cases.append(
                {
                    "sampler": sampler,
                    "scheduler": scheduler,
                    "config": config,
                    "strength": strength,
                    "first": first,
                    "timesteps": [float(t) for t in timesteps],
                    "latents": [[round(float(x), 6) for x in step.flatten()] for step in latents],
                }
            )
    return cases


if __name__ == "__main__":
    parity.SHAPE = (1, 2, 3, 2)
    (HERE / "noise.json").write_text(json.dumps(noise()))
    (HERE / "trajectories.json").write_text(json.dumps({"shape": parity.SHAPE, "seed": 3, "steps": STEPS, "cases": trajectories()}))
